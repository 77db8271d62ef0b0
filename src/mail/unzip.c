#include "mail/unzip.h"

#include <libdeflate.h>

#include "mail/messages.h"

/* The zip format (APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16): sizes of the fixed parts. */
#define LOCAL_SIZE   30
#define CENTRAL_SIZE 46
#define END_SIZE     22
#define COMMENT_MAX  65535
#define FLAG_SECRET  0x2041U /* encrypted, strongly encrypted, masked directory */
#define METHOD_STORE 0
#define METHOD_FLATE 8
#define ZIP64_16     0xffffU
#define ZIP64_32     0xffffffffU

static unsigned get16(struct str s, size_t at)
{
    return (unsigned char)s.p[at] | (unsigned)(unsigned char)s.p[at + 1] << 8;
}

static uint32_t get32(struct str s, size_t at)
{
    return get16(s, at) | (uint32_t)get16(s, at + 2) << 16;
}

static bool fits(struct str s, size_t at, size_t n)
{
    return at <= s.n && n <= s.n - at;
}

static int corrupt(struct unzip *u, size_t at, struct error *err)
{
    u->offset = at;
    return error_set(err, ERROR_PERMANENT, msg_mail_zip_corrupt(at));
}

/* A fault of the directory itself: there is no way to the next entry. */
static int stop(struct unzip *u, int result)
{
    u->left = 0;
    return result;
}

/* The end record is the last one whose comment ends where the bytes end; a mail program that adds
 * a line end makes that "or earlier". */
static bool find_end(struct str s, size_t *at)
{
    if (s.n < END_SIZE)
        return false;
    size_t lowest = s.n - END_SIZE > COMMENT_MAX ? s.n - END_SIZE - COMMENT_MAX : 0;
    for (size_t i = s.n - END_SIZE + 1; i-- > lowest;) {
        if (s.p[i] == 'P' && str_starts(str_skip(s, i), STR("PK\5\6")) &&
            fits(s, i + END_SIZE, get16(s, i + 20))) {
            *at = i;
            return true;
        }
    }
    return false;
}

int unzip_open(struct unzip *u, struct str bytes, struct error *err)
{
    size_t end = 0;
    *u = (struct unzip){.bytes = bytes, .offset = bytes.n};
    if (!find_end(bytes, &end))
        return error_set(err, ERROR_PERMANENT, msg_mail_zip_truncated());
    u->offset = end;
    unsigned disk = get16(bytes, end + 4), here = get16(bytes, end + 8);
    u->left = get16(bytes, end + 10);
    u->at = get32(bytes, end + 16);
    if (disk || here != u->left || u->left == ZIP64_16 || u->at == ZIP64_32)
        return error_set(err, ERROR_PERMANENT, msg_mail_zip_large());
    if (u->at > end)
        return corrupt(u, end, err);
    if (u->left == 0)
        return error_set(err, ERROR_PERMANENT, msg_mail_zip_empty());
    return 0;
}

/* Where the packed bytes begin is said only by the file's own head, not by the directory. */
static int find_start(struct unzip *u, struct unzip_entry *entry, size_t head, struct error *err)
{
    if (!fits(u->bytes, head, LOCAL_SIZE) || !str_starts(str_skip(u->bytes, head), STR("PK\3\4")))
        return corrupt(u, head, err);
    entry->start = head + LOCAL_SIZE + get16(u->bytes, head + 26) + get16(u->bytes, head + 28);
    if (!fits(u->bytes, entry->start, entry->packed))
        return corrupt(u, head, err);
    u->packed += LOCAL_SIZE + entry->packed;
    if (u->packed > u->bytes.n) {
        u->offset = head;
        return stop(u, error_set(err, ERROR_POLICY, msg_mail_zip_overlap(head)));
    }
    return 0;
}

int unzip_next(struct unzip *u, struct unzip_entry *entry, struct error *err)
{
    if (u->left == 0)
        return 0;
    struct str s = u->bytes;
    size_t at = u->at;
    if (!fits(s, at, CENTRAL_SIZE) || !str_starts(str_skip(s, at), STR("PK\1\2")))
        return stop(u, corrupt(u, at, err));
    size_t name = get16(s, at + 28), extra = get16(s, at + 30), comment = get16(s, at + 32);
    size_t head = get32(s, at + 42);
    if (!fits(s, at + CENTRAL_SIZE, name + extra + comment))
        return stop(u, corrupt(u, at, err));
    *entry = (struct unzip_entry){.name = {s.p + at + CENTRAL_SIZE, name},
                                  .flags = get16(s, at + 8),
                                  .method = get16(s, at + 10),
                                  .crc = get32(s, at + 16),
                                  .packed = get32(s, at + 20),
                                  .size = get32(s, at + 24)};
    entry->folder = str_ends(entry->name, STR("/"));
    if (entry->packed == ZIP64_32 || entry->size == ZIP64_32 || head == ZIP64_32) {
        u->offset = at;
        return stop(u, error_set(err, ERROR_PERMANENT, msg_mail_zip_large()));
    }
    u->at = at + CENTRAL_SIZE + name + extra + comment;
    u->left--;
    int result = find_start(u, entry, head, err);
    return result < 0 ? result : 1;
}

static enum inflate_status read_deflated(struct inflater *z, struct str packed, size_t limit,
                                         struct buf *out)
{
    size_t used = 0, made = 0, room = 0;
    enum inflate_status status = INFLATE_SPACE;
    while (status == INFLATE_SPACE && (room = inflate_room(out, room)) > 0)
        status = inflate_quick(z, INFLATE_RAW, packed, out, room, &used);
    if (status == INFLATE_OK && out->n <= limit)
        return INFLATE_OK;
    out->n = 0;
    status = inflate_count(z, INFLATE_RAW, packed, limit, &used, &made);
    if (status != INFLATE_OK)
        return status;
    return inflate_quick(z, INFLATE_RAW, packed, out, made, &used);
}

static enum inflate_status read_stored(struct str packed, size_t limit, struct buf *out)
{
    if (packed.n > limit)
        return INFLATE_LARGE;
    buf_str(out, packed);
    return out->failed ? INFLATE_MEMORY : INFLATE_OK;
}

int unzip_read(struct unzip *u, struct inflater *z, const struct unzip_entry *entry, size_t limit,
               struct buf *out, bool *too_large, struct error *err)
{
    struct str packed = {u->bytes.p + entry->start, entry->packed};
    enum inflate_status status;
    buf_reset(out);
    *too_large = false;
    u->offset = entry->start;
    if (entry->flags & FLAG_SECRET)
        return error_set(err, ERROR_PERMANENT, msg_mail_zip_encrypted());
    if (entry->method == METHOD_STORE)
        status = read_stored(packed, limit, out);
    else if (entry->method == METHOD_FLATE)
        status = read_deflated(z, packed, limit, out);
    else
        return error_set(err, ERROR_PERMANENT, msg_mail_zip_method(entry->method));
    if (status == INFLATE_OK && libdeflate_crc32(0, out->p, out->n) == entry->crc)
        return 0;
    out->n = 0;
    *too_large = status == INFLATE_LARGE;
    if (*too_large)
        return error_set(err, ERROR_POLICY, msg_mail_json_too_large(limit));
    return status == INFLATE_MEMORY ? error_set_memory(err) : corrupt(u, entry->start, err);
}
