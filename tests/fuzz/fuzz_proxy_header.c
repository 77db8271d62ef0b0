#include <stdint.h>
#include <stdlib.h>

#include "net/proxy_header.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut into single bytes or not, a header reads the same, ends where it says, and passes no limit.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = {(const char *)data, size};
    struct proxy_header whole, cut;
    enum proxy_progress once = proxy_header_read(all, &whole), got = PROXY_MORE;
    size_t n = 0;
    while (n < size && got == PROXY_MORE)
        got = proxy_header_read(str_head(all, ++n), &cut);
    MUST(once == got);
    MUST(once != PROXY_MORE || size < PROXY_HEADER_MAX);
    if (once != PROXY_DONE)
        return 0;
    MUST(whole.size == n && cut.size == n && n <= PROXY_HEADER_MAX);
    MUST(whole.has_client == cut.has_client);
    MUST(!whole.has_client || whole.client.family == AF_INET || whole.client.family == AF_INET6);
    return 0;
}
