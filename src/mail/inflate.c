#include "mail/inflate.h"

#include <libdeflate.h>
#include <zlib.h>

#define WINDOW_SIZE ((size_t)32 * 1024)
#define FIRST_SIZE  ((size_t)16 * 1024) /* most reports fit */

struct inflater {
    struct libdeflate_decompressor *quick;
    z_stream counter;
    bool counter_ready;
    unsigned char window[WINDOW_SIZE]; /* what is counted passes through here */
};

struct inflater *inflater_new(void)
{
    struct inflater *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->quick = libdeflate_alloc_decompressor();
    if (!z->quick) {
        free(z);
        return NULL;
    }
    return z;
}

void inflater_free(struct inflater *z)
{
    if (!z)
        return;
    libdeflate_free_decompressor(z->quick);
    if (z->counter_ready)
        inflateEnd(&z->counter);
    free(z);
}

enum inflate_status inflate_quick(struct inflater *z, enum inflate_format format, struct str in,
                                  struct buf *out, size_t room, size_t *used)
{
    size_t made = 0;
    char *to = buf_reserve(out, room);
    if (!to)
        return INFLATE_MEMORY;
    enum libdeflate_result result =
        format == INFLATE_GZIP
            ? libdeflate_gzip_decompress_ex(z->quick, in.p, in.n, to, room, used, &made)
            : libdeflate_deflate_decompress_ex(z->quick, in.p, in.n, to, room, used, &made);
    if (result == LIBDEFLATE_SUCCESS)
        out->n += made;
    out->p[out->n] = '\0';
    if (result == LIBDEFLATE_SUCCESS)
        return INFLATE_OK;
    return result == LIBDEFLATE_INSUFFICIENT_SPACE ? INFLATE_SPACE : INFLATE_CORRUPT;
}

size_t inflate_room(const struct buf *out, size_t tried)
{
    size_t left = INFLATE_EXEMPT > out->n ? INFLATE_EXEMPT - out->n : 0;
    size_t room = out->p ? out->cap - out->n - 1 : 0;
    if (room < FIRST_SIZE)
        room = FIRST_SIZE;
    if (room <= tried)
        room = tried * 8;
    if (room > left)
        room = left;
    return room > tried ? room : 0;
}

size_t inflate_limit(size_t origin, size_t ratio_max, size_t max)
{
    size_t limit = origin > max / ratio_max ? max : origin * ratio_max;
    return limit > INFLATE_EXEMPT ? limit : INFLATE_EXEMPT < max ? INFLATE_EXEMPT : max;
}

static bool counter_start(struct inflater *z, enum inflate_format format)
{
    int bits = format == INFLATE_GZIP ? 15 + 16 : -15;
    if (z->counter_ready)
        return inflateReset2(&z->counter, bits) == Z_OK;
    z->counter_ready = inflateInit2(&z->counter, bits) == Z_OK;
    return z->counter_ready;
}

enum inflate_status inflate_count(struct inflater *z, enum inflate_format format, struct str in,
                                  size_t limit, size_t *used, size_t *made)
{
    if (!counter_start(z, format))
        return INFLATE_MEMORY;
    z_stream *c = &z->counter;
    /* zlib does not write to its input; its type predates const. */
    c->next_in = (unsigned char *)(uintptr_t)in.p;
    c->avail_in = in.n > UINT32_MAX ? UINT32_MAX : (uInt)in.n;
    int result = Z_OK;
    size_t total = 0;
    while (result == Z_OK && total <= limit) {
        c->next_out = z->window;
        c->avail_out = sizeof z->window;
        result = inflate(c, Z_NO_FLUSH);
        total += sizeof z->window - c->avail_out;
    }
    *used = in.n - c->avail_in;
    *made = total;
    if (total > limit)
        return INFLATE_LARGE;
    switch (result) {
    case Z_STREAM_END:
        return INFLATE_OK;
    case Z_BUF_ERROR:
        return INFLATE_TRUNCATED;
    case Z_MEM_ERROR:
        return INFLATE_MEMORY;
    default:
        return INFLATE_CORRUPT;
    }
}
