/*
 * json_read.h - a pull reader for JSON (RFC 8259) that knows where it is.
 *
 * The caller walks the text with the shape that it expects in its hands:
 *
 *     struct json_reader r;
 *     json_reader_init(&r, text, &arena);
 *     if (json_peek(&r) == JSON_OBJECT && json_enter(&r)) {
 *         struct str key;
 *         while (json_next_key(&r, &key)) {
 *             if (str_eq(key, STR("count")))
 *                 json_number(&r, &digits);
 *             else
 *                 json_skip(&r);
 *         }
 *     }
 *     if (r.error) ... json_error_msg(&r), json_path(&r, ...), r.error_at
 *
 * Nothing is built in memory: strings without escapes point into the text, others are decoded
 * into the arena. After the first error every call returns nothing found, so that loops end by
 * themselves and the error is looked at once. The grammar is strict, unless the caller sets
 * `tolerated` after json_reader_init: then the slips of enum json_slip are told to it and read
 * over. Keys in any order and bytes behind the value are the caller's decision anyway.
 *
 * Limits: JSON_DEPTH_MAX levels; the text is at most 4 GiB.
 */
#ifndef SEALPOST_BASE_JSON_READ_H
#define SEALPOST_BASE_JSON_READ_H

#include "base/arena.h"
#include "base/msg.h"
#include "base/str.h"

#define JSON_DEPTH_MAX 64

enum json_type {
    JSON_NONE, /* no value here: the end of the text, or an error */
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

enum json_error {
    JSON_OK,
    JSON_ERROR_SYNTAX,    /* not JSON at error_at */
    JSON_ERROR_TRUNCATED, /* the text ends within a value */
    JSON_ERROR_DEPTH,     /* deeper than JSON_DEPTH_MAX */
    JSON_ERROR_MEMORY,    /* the arena is full */
};

/* What a tolerant reader reads over. */
enum json_slip {
    JSON_SLIP_CONTROL, /* control characters in a string, not escaped; they are kept */
    JSON_SLIP_COMMA,   /* a comma behind the last member */
};

/* Hears of a slip, json_path being that of its string or of the object or array. */
typedef void json_tolerated(void *user, enum json_slip slip);

struct json_level {
    struct str key; /* the member being read, as decoded; empty before the first */
    uint32_t index; /* its number within the array or object, from 0 */
    bool is_array;
    bool started; /* a member was read */
};

struct json_reader {
    struct str text;
    size_t at; /* byte offset of what is read next */
    struct arena *arena;
    unsigned depth;
    enum json_error error;
    size_t error_at;
    json_tolerated *tolerated; /* NULL: strict */
    void *user;                /* handed to it */
    bool bad_utf8;             /* a string held bytes that are no UTF-8, or a lone surrogate */
    struct json_level levels[JSON_DEPTH_MAX];
};

/* Begins at the first byte of text. arena takes decoded strings and must outlive them. */
void json_reader_init(struct json_reader *r, struct str text, struct arena *arena);

/* The type of the value that comes next, without reading it. */
enum json_type json_peek(struct json_reader *r);

/* Goes into the object or array that comes next; false when it is neither. */
bool json_enter(struct json_reader *r);

/* In an object: true and the next member's key, with its value next to be read; false, and the
 * object is left, after the last one. The value must be read or skipped before the next call. */
bool json_next_key(struct json_reader *r, struct str *key);

/* In an array: true when another element comes next; false, and the array is left, after the
 * last one. */
bool json_next_element(struct json_reader *r);

/* Reads the value that comes next when it has that type, else reads nothing and gives false.
 * A number is given as its text ("1e3", "-0.5"). */
bool json_string(struct json_reader *r, struct str *out);
bool json_number(struct json_reader *r, struct str *out);
bool json_bool(struct json_reader *r, bool *out);
bool json_null(struct json_reader *r);

/* Reads over the value that comes next, whatever it is; *raw, if not NULL, is its text. */
bool json_skip(struct json_reader *r, struct str *raw);

/* What stands behind the top value, without white space around it; to be called at depth 0. */
struct str json_rest(struct json_reader *r);

/* Appends the path of the value being read: $.policies[0].summary. Keys that are no plain words
 * are written ["in this form"], escaped. */
void json_path(const struct json_reader *r, struct buf *out);

/* The error as a message with its line and column. */
struct msg json_error_msg(const struct json_reader *r);

#endif
