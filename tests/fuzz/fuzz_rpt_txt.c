/* The _smtp._tls record: each line of the input is a record; what is accepted prints to a record
 * that is accepted without a word and has the same URIs. A typed address becomes such a URI. */
#include <stdint.h>

#include "base/arena.h"
#include "tlsrpt/txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct rpt_txt *txt, struct arena *arena)
{
    struct buf printed CLEANUP(buf_done);
    buf_init(&printed, SIZE_MAX / 4);
    rpt_txt_print(txt, &printed);
    struct rpt_txt again;
    struct findings findings;
    findings_init(&findings, arena);
    struct str record = buf_view(&printed);
    if (rpt_txt_parse(&again, &record, 1, &findings) < 0 || again.rua_count != txt->rua_count)
        abort();
    for (size_t i = 0; i < txt->rua_count; i++) {
        if (!str_eq(txt->rua[i].uri, again.rua[i].uri) ||
            !str_eq(txt->rua[i].target, again.rua[i].target))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct findings findings;
    struct rpt_txt txt;
    struct rpt_rua rua;
    struct str records[16], rest = {(const char *)data, size};
    size_t count = 0;
    arena_init(&arena, 64 * 1024 * 1024);
    findings_init(&findings, &arena);
    if (rpt_rua_from_user(&rua, rest, &findings) == 0)
        check_again(&(struct rpt_txt){.rua_count = 1, .rua = &rua}, &arena);
    while (count < ARRAY_LEN(records) && str_cut(rest, '\n', &records[count], &rest))
        count++;
    if (count < ARRAY_LEN(records))
        count++;
    findings_init(&findings, &arena);
    if (rpt_txt_parse(&txt, records, count, &findings) == 0)
        check_again(&txt, &arena);
    else if (findings.errors == 0)
        abort();
    arena_done(&arena);
    return 0;
}
