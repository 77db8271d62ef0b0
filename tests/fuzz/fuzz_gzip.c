/* gunzip: any bytes stay within the limit; what was packed comes back. */
#include <libdeflate.h>
#include <stdint.h>

#include "mail/gunzip.h"

#define LIMIT ((size_t)4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void there_and_back(struct inflater *z, struct libdeflate_compressor *c, struct str in,
                           struct buf *packed, struct buf *out)
{
    struct gunzip_result result;
    size_t room = libdeflate_gzip_compress_bound(c, in.n);
    buf_reset(packed);
    char *to = buf_reserve(packed, room);
    if (!to)
        return;
    packed->n = libdeflate_gzip_compress(c, in.p, in.n, to, room);
    if (gunzip(z, buf_view(packed), LIMIT, out, &result, NULL) < 0 || result.trailing ||
        !str_eq(buf_view(out), in))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size};
    struct inflater *z = inflater_new();
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    struct buf packed CLEANUP(buf_done), out CLEANUP(buf_done);
    struct gunzip_result result;
    buf_init(&packed, LIMIT);
    buf_init(&out, LIMIT);
    if (gunzip(z, in, LIMIT, &out, &result, NULL) < 0 ? out.n != 0 || result.offset > size
                                                      : out.n > LIMIT || result.trailing > size)
        abort();
    there_and_back(z, c, in, &packed, &out);
    libdeflate_free_compressor(c);
    inflater_free(z);
    return 0;
}
