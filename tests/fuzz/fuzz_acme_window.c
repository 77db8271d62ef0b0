/* A CA's answer on when to renew (RFC 9773): a window that is taken ends after it starts, and what
 * is made of it never comes in the last tenth of a life. */
#include <stdint.h>
#include <stdlib.h>

#include "acme/renewal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN INT64_C(1795518000)
#define LIFE  (INT64_C(90) * 86400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct acme_window window;
    arena_init(&arena, 100000);
    if (acme_window_read((struct str){(const char *)data, size}, &arena, &window, NULL) == 0 &&
        (window.end <= window.start ||
         acme_renew_at(BEGIN, BEGIN + LIFE, &window, UINT32_MAX) > BEGIN + LIFE - LIFE / 10))
        abort();
    arena_done(&arena);
    return 0;
}
