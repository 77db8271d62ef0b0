/*
 * json_write.h - writes JSON into a buffer, indented for people or compact for machines.
 *
 * Commas, quotes, escapes and indentation are the writer's; the caller opens, names, closes:
 *
 *     json_open(&w, '{');
 *     json_key(&w, "valid");   json_put_bool(&w, true);
 *     json_key(&w, "mx");      json_open(&w, '[');  json_put_str(&w, mx);  json_close(&w);
 *     json_close(&w);
 *
 * Output is ASCII-safe where it matters for a terminal (see escape_json). It cannot fail but by its
 * buffer's maximum (out->failed).
 */
#ifndef SEALPOST_BASE_JSON_WRITE_H
#define SEALPOST_BASE_JSON_WRITE_H

#include "base/buf.h"
#include "base/msg.h"

#define JSON_WRITE_DEPTH_MAX 64

struct json_writer {
    struct buf *out;
    bool pretty; /* a line a member, two blanks a level */
    unsigned depth;
    bool after_key; /* a key was written, its value is due */
    char closer[JSON_WRITE_DEPTH_MAX];
    bool has_member[JSON_WRITE_DEPTH_MAX + 1];
};

void json_writer_init(struct json_writer *w, struct buf *out, bool pretty);

/* bracket is '{' or '['. */
void json_open(struct json_writer *w, char bracket);
void json_close(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);

void json_put_str(struct json_writer *w, struct str s);
void json_put_u64(struct json_writer *w, uint64_t value);
void json_put_i64(struct json_writer *w, int64_t value);
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);

/* Text that is JSON already, copied as it is. */
void json_put_raw(struct json_writer *w, struct str json);

/* A time as an RFC 3339 string. */
void json_put_time(struct json_writer *w, int64_t unix_seconds);

/* One part of a message in that language, as a string; null when the part has no text. */
void json_put_msg(struct json_writer *w, enum lang lang, enum msg_part part, const struct msg *m);

#endif
