/*
 * ini.h - a pull reader for the INI form that the configuration file has.
 *
 *     # a comment; so is a line that begins with ;
 *     [host]
 *     listen = 192.0.2.1:443, [2001:db8::1]:443     # a comment after a blank and #
 *     user = "a value in quotes; \" and \\ inside"
 *
 * A pure function over bytes: it knows no section and no key, opens no file, and gives one item a
 * call, in order. A line that it cannot read is an item too (INI_FAULT), and the reading goes on
 * behind it, so that one run names every fault of a file.
 *
 * The form: UTF-8, with or without a byte order mark, lines ending in LF or CRLF. A section name or
 * key is a letter followed by letters, digits and underscores. The value is what stands between `=`
 * and the line's end, or a comment, without the blanks around it. There is no continuation: a list
 * that becomes too long for a line is written as the same key again.
 */
#ifndef SEALPOST_CONFIG_INI_H
#define SEALPOST_CONFIG_INI_H

#include "base/arena.h"
#include "base/msg.h"
#include "base/str.h"

#define INI_LINE_MAX 4096 /* bytes of a line, without its end */

enum ini_type { INI_SECTION, INI_KEY, INI_FAULT };

struct ini_item {
    enum ini_type type;
    uint64_t line;        /* from 1 */
    uint64_t column;      /* in bytes, from 1: of the value of a key, otherwise of the fault */
    uint64_t name_column; /* where the section's name or the key begins */
    struct str name;      /* the section's name or the key */
    struct str label;     /* of a section [NAME LABEL]: letters, digits, - and _; mostly empty */
    struct str value;     /* of a key; may be empty */
    struct msg fault;     /* of a fault; its arguments live as long as the text */
};

struct ini_reader {
    struct str rest;
    uint64_t line;
    struct arena *arena; /* for values in quotes that hold an escape */
};

/* Begins to read text, which must stay as long as the items are used. */
void ini_init(struct ini_reader *r, struct str text, struct arena *arena);

/* The next item; false at the end. When the arena is full, a value is empty and arena->failed is
 * set. */
bool ini_next(struct ini_reader *r, struct ini_item *item);

/* Appends a value so that ini_next reads it back: in quotes where it needs them. The value must be
 * UTF-8 without control characters. */
void ini_put_value(struct buf *out, struct str value);

#endif
