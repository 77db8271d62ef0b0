/*
 * log.h - one logfmt line an event, on standard error.
 *
 *     LOG(LOG_INFO, "host.started", LOG_STR("listen", address), LOG_U64("workers", 2));
 *
 * prints `level=info event=host.started listen=[::1]:8443 workers=2`, in one write, so that
 * lines of several processes do not mix. Under systemd (JOURNAL_STREAM) lines begin with the
 * priority that the journal understands; elsewhere with a time. Event names are stable and listed
 * in sealpost-log(7). Foreign text is escaped and clipped. Only roles, web and cli log.
 */
#ifndef SEALPOST_BASE_LOG_H
#define SEALPOST_BASE_LOG_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
    const char *key;
    enum { LOG_FIELD_STR, LOG_FIELD_I64, LOG_FIELD_U64, LOG_FIELD_MSG } type;
    union {
        struct str str;
        int64_t i64;
        uint64_t u64;
        const struct msg *msg;
    };
};

#define LOG_STR(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .str = (v)})
#define LOG_CSTR(k, v) LOG_STR(k, str_from(v))
#define LOG_I64(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_I64, .i64 = (v)})
#define LOG_U64(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_U64, .u64 = (v)})
/* A message, by its English text: lost="...". */
#define LOG_MSG(k, m) ((struct log_field){.key = (k), .type = LOG_FIELD_MSG, .msg = (m)})
/* The code and the English text of an error, and its remedy where it has one:
 * code=... error="..." fix="...". */
#define LOG_ERR(e) ((struct log_field){.key = "error", .type = LOG_FIELD_MSG, .msg = &(e)->msg})

#define LOG(level, event, ...)                                                                     \
    log_event(level, event, (struct log_field[]){{.key = NULL}, ##__VA_ARGS__},                    \
              ARRAY_LEN(((struct log_field[]){{.key = NULL}, ##__VA_ARGS__})))

/* Use LOG. The first field of the array is empty and passed over. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n);

/* Appends the line of an event, its end included, whatever the level: for who writes it himself. */
void log_line(struct buf *line, enum log_level level, const char *event,
              const struct log_field *fields, size_t n);

/* Lines below this level are dropped; LOG_INFO at the start. */
void log_set_level(enum log_level level);

/* A name for this process in every line (role=host); NULL for none. */
void log_set_role(const char *role);

bool log_level_parse(struct str name, enum log_level *out);

#endif
