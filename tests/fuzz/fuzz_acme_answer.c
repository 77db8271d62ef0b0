/* What a port answers when it is asked for a challenge over HTTP: it is ours only when the text is
 * there. */
#include <stdint.h>
#include <stdlib.h>

#include "acme/port_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str answer = {(const char *)data, size}, what;
    struct arena arena;
    arena_init(&arena, (size_t)1024 * 1024);
    if (acme_probe_read_answer(answer, STR("t.p"), &arena, &what) == ACME_PORT_OURS &&
        !str_ends(str_rtrim(answer), STR("\nt.p")))
        abort();
    arena_done(&arena);
    return 0;
}
