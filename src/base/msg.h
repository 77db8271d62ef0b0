/*
 * msg.h - what this program says, as codes with typed arguments.
 *
 * Below the commands, the web pages and the alerts nothing builds a sentence. It makes a struct
 * msg: a code and the values that belong to it. The texts stand in catalogues, one folder a module
 * (src/MODULE/po/en.po and zh_CN.po), and tools/messages.py turns them, when the program is built,
 * into MODULE/messages.h: for each code a constant and a function with typed parameters,
 *
 *     #. mx:str line:uint
 *     msgid "policy-mx-address"
 *     msgstr "Line {line}: {mx} is an address; ..."
 *
 * gives `extern const struct msg_def MSG_POLICY_MX_ADDRESS;` and
 * `struct msg msg_policy_mx_address(struct str mx, uint64_t line)`. A code that lacks one of the
 * languages, or a placeholder of the other text, does not build.
 *
 * A code can have further texts, told apart by msgctxt: "cause" (the likely reason), "meaning"
 * (what follows from it for mail) and "fix" (what to do, as a line that can be pasted where
 * possible).
 *
 * Placeholders: {name} prints the argument, {name?one:other} chooses by whether it is 1.
 */
#ifndef SEALPOST_BASE_MSG_H
#define SEALPOST_BASE_MSG_H

#include "base/buf.h"
#include "base/str.h"

enum lang { LANG_EN, LANG_ZH_CN, LANG_COUNT };

enum msg_part { MSG_TEXT, MSG_CAUSE, MSG_MEANING, MSG_FIX, MSG_PART_COUNT };

enum msg_arg_type {
    MSG_ARG_STR,      /* bytes, foreign or ours; escaped when printed */
    MSG_ARG_INT,      /* a signed number */
    MSG_ARG_UINT,     /* an unsigned number */
    MSG_ARG_SIZE,     /* bytes, printed as bytes, KiB, MiB */
    MSG_ARG_DURATION, /* seconds, printed in the largest unit that divides them well */
    MSG_ARG_TIME,     /* seconds since 1970, printed as 2026-01-31T08:00:00Z */
    MSG_ARG_DATE,     /* the same, printed as 2026-01-31 */
};

struct msg_arg {
    enum msg_arg_type type;
    union {
        struct str str;
        int64_t i;
        uint64_t u;
    };
};

#define MSG_ARGS_MAX 6

/* One code of a catalogue; made by tools/messages.py, never by hand. */
struct msg_def {
    const char *id; /* stable, kebab-case; what JSON output carries as "code" */
    unsigned nargs;
    struct {
        const char *name;
        enum msg_arg_type type;
    } args[MSG_ARGS_MAX];
    const char *text[LANG_COUNT][MSG_PART_COUNT]; /* NULL where a part has no text */
};

/* A message. Its string arguments are borrowed: it lives as long as what they point at. */
struct msg {
    const struct msg_def *def; /* NULL: no message */
    struct msg_arg args[MSG_ARGS_MAX];
};

/* Appends the text of one part. Foreign bytes in arguments are made harmless (control characters,
 * bidi marks, bytes that are no UTF-8 appear as \x.. or \u....), so that the result is clean
 * UTF-8 for a terminal, a log or, escaped once more, HTML and JSON. A part without text appends
 * nothing and gives false. */
bool msg_render(enum lang lang, enum msg_part part, const struct msg *m, struct buf *out);

/* Whether two messages say the same: the same code with the same arguments. */
bool msg_eq(const struct msg *a, const struct msg *b);

/* Whether the code has a text for that part. */
bool msg_has(const struct msg *m, enum msg_part part);

/* The language that a --lang argument or a LANG value names ("zh_CN.UTF-8", "zh", "zh-Hans", "en",
 * "C"): *out and true, or false when the program does not speak it. */
bool lang_parse(const char *name, enum lang *out);

/* "en", "zh-CN". */
const char *lang_name(enum lang lang);

#endif
