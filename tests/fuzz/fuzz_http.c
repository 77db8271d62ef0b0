#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_request.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

#define HEAD_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut into single bytes or not, a request reads the same, and what was read stands in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request whole, cut;
    struct str all = {(const char *)data, size};
    enum http_progress once, got = HTTP_MORE;
    size_t n = 0;
    http_request_init(&whole, HEAD_MAX);
    once = http_request_read(&whole, all);
    http_request_init(&cut, HEAD_MAX);
    while (n < size && got == HTTP_MORE)
        got = http_request_read(&cut, str_head(all, ++n));
    MUST(once == got);
    if (once == HTTP_REFUSED)
        MUST(whole.status >= 400 && whole.status == cut.status);
    if (once != HTTP_DONE)
        return 0;
    MUST(whole.head_size == n && cut.head_size == n && n <= HEAD_MAX);
    MUST(str_eq(whole.path, cut.path) && str_eq(whole.host, cut.host));
    MUST(whole.keep_alive == cut.keep_alive && whole.length == cut.length);
    MUST(!(whole.chunked && whole.has_length));
    MUST(whole.http_1_0 || str_ifind(str_head(all, n), STR("\r\nhost:")) >= 0);
    MUST(str_eq(str_skip(str_head(all, n), n - 4), STR("\r\n\r\n")));
    return 0;
}
