/* unzip: the walk ends, every file lies within the archive and its content within the limit. */
#include <stdint.h>

#include "mail/unzip.h"

#define LIMIT ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(struct unzip *u, struct inflater *z, const struct unzip_entry *entry)
{
    struct buf out CLEANUP(buf_done);
    bool too_large;
    buf_init(&out, 2 * LIMIT);
    if (entry->start > u->bytes.n || entry->packed > u->bytes.n - entry->start)
        abort();
    if (unzip_read(u, z, entry, LIMIT, &out, &too_large, NULL) == 0 && out.n > LIMIT)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = {(const char *)data, size};
    struct inflater *z = inflater_new();
    struct unzip u;
    struct unzip_entry entry;
    int result = unzip_open(&u, in, NULL);
    for (unsigned n = 0; result == 0 && n <= 65536; n++) {
        int next = unzip_next(&u, &entry, NULL);
        if (next == 0)
            break;
        if (n == 65536)
            abort();
        if (next > 0)
            read_file(&u, z, &entry);
    }
    inflater_free(z);
    return 0;
}
