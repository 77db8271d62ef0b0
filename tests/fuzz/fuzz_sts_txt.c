/* The `_mta-sts` record, one a line of the input: what is usable has a legal id, which is read
 * back from what is printed for it. */
#include <stdint.h>

#include "mtasts/txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, records[RECORDS_MAX];
    size_t count = 0;
    bool more = size > 0;
    while (more && count < RECORDS_MAX)
        more = str_cut(rest, '\n', &records[count++], &rest);
    struct arena arena;
    struct findings findings;
    struct sts_txt txt, again;
    struct buf printed CLEANUP(buf_done);
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    findings_init(&findings, &arena);
    buf_init(&printed, 256);
    int result = sts_txt_parse(&txt, records, count, &findings);
    if ((result == 0) != (findings.errors == 0) || (result == 0 && !sts_id_ok(txt.id)))
        abort();
    if (result == 0) {
        sts_txt_print(&txt, &printed);
        struct str record = buf_view(&printed);
        if (sts_txt_parse(&again, &record, 1, &findings) < 0 || !str_eq(txt.id, again.id))
            abort();
    }
    arena_done(&arena);
    return 0;
}
