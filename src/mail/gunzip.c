#include "mail/gunzip.h"

#include <string.h>

#include "mail/messages.h"

/* RFC 1952 2.3 */
#define HEAD_SIZE  10
#define FLAG_EXTRA 4
#define FLAG_NAME  8

static bool is_member(struct str in)
{
    return str_starts(in, STR("\x1f\x8b"));
}

static struct str member_name(struct str in)
{
    if (in.n <= HEAD_SIZE || !(in.p[3] & FLAG_NAME))
        return (struct str){0};
    struct str rest = str_skip(in, HEAD_SIZE);
    if (in.p[3] & FLAG_EXTRA) {
        if (rest.n < 2)
            return (struct str){0};
        rest = str_skip(rest, 2 + (unsigned char)rest.p[0] + 256U * (unsigned char)rest.p[1]);
    }
    ssize_t end = str_chr(rest, '\0');
    return end < 0 ? (struct str){0} : str_head(rest, (size_t)end);
}

static size_t count_trailing(struct str rest)
{
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i])
            return rest.n;
    return 0;
}

/* The members one after the other; *at is how far it came, on any result. */
static enum inflate_status quick_members(struct inflater *z, struct str in, struct buf *out,
                                         size_t *at)
{
    enum inflate_status status = INFLATE_OK;
    while (status == INFLATE_OK && is_member(str_skip(in, *at))) {
        size_t used = 0, room = 0;
        do {
            room = inflate_room(out, room);
            status = room ? inflate_quick(z, INFLATE_GZIP, str_skip(in, *at), out, room, &used)
                          : INFLATE_SPACE;
        } while (status == INFLATE_SPACE && room);
        if (status == INFLATE_OK)
            *at += used;
    }
    return status;
}

static enum inflate_status count_members(struct inflater *z, struct str in, size_t limit,
                                         size_t *at, size_t *total)
{
    enum inflate_status status = INFLATE_OK;
    *at = *total = 0;
    while (status == INFLATE_OK && is_member(str_skip(in, *at))) {
        size_t used = 0, made = 0;
        status = inflate_count(z, INFLATE_GZIP, str_skip(in, *at), limit - *total, &used, &made);
        *at += used;
        if (status == INFLATE_OK)
            *total += made;
    }
    return status;
}

/* After counting: everything once more, into exactly the memory it needs. */
static enum inflate_status write_members(struct inflater *z, struct str in, size_t total,
                                         struct buf *out)
{
    enum inflate_status status = INFLATE_OK;
    size_t at = 0;
    out->n = 0;
    while (status == INFLATE_OK && is_member(str_skip(in, at))) {
        size_t used = 0;
        status = inflate_quick(z, INFLATE_GZIP, str_skip(in, at), out, total - out->n, &used);
        at += used;
    }
    return status;
}

static int fail(enum inflate_status status, struct gunzip_result *result, size_t limit,
                struct error *err)
{
    switch (status) {
    case INFLATE_TRUNCATED:
        return error_set(err, ERROR_PERMANENT, msg_mail_gzip_truncated(result->offset));
    case INFLATE_LARGE:
        result->too_large = true;
        return error_set(err, ERROR_POLICY, msg_mail_json_too_large(limit));
    case INFLATE_MEMORY:
        return error_set_memory(err);
    case INFLATE_OK:
    case INFLATE_SPACE:
    case INFLATE_CORRUPT:
        break;
    }
    return error_set(err, ERROR_PERMANENT, msg_mail_gzip_corrupt(result->offset));
}

int gunzip(struct inflater *z, struct str in, size_t limit, struct buf *out,
           struct gunzip_result *result, struct error *err)
{
    size_t at = 0;
    buf_reset(out);
    *result = (struct gunzip_result){.first_name = member_name(in)};
    enum inflate_status status = quick_members(z, in, out, &at);
    if (status != INFLATE_OK || out->n > limit) {
        size_t total = 0;
        status = count_members(z, in, limit, &at, &total);
        result->offset = at;
        if (status == INFLATE_OK)
            status = write_members(z, in, total, out);
        if (status != INFLATE_OK) {
            out->n = 0;
            return fail(status, result, limit, err);
        }
    }
    result->trailing = count_trailing(str_skip(in, at));
    return 0;
}
