/* Header lines, cut at line feeds as libcurl cuts them: what is kept stays within its limits. */
#include <stdint.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "net/http_response.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_kept(const struct http_response *r)
{
    const struct str kept[] = {r->content_type, r->location, r->cache_control, r->age,
                               r->expires,      r->date,     r->server,        r->retry_after};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        MUST(kept[i].n <= HTTP_RESPONSE_VALUE_MAX);
        MUST(kept[i].n == str_trim(kept[i]).n);
        MUST(str_chr(kept[i], '\n') < 0 && str_chr(kept[i], '\r') < 0 &&
             str_chr(kept[i], '\0') < 0);
    }
}

/* What is read as a date is one: written and read again it is the same. */
static void check_date(struct str text)
{
    struct buf out CLEANUP(buf_done);
    int64_t time = 0, again = 0;
    buf_init(&out, 100);
    if (!time_parse_http(text, &time))
        return;
    time_print_http(&out, time);
    MUST(time_parse_http(buf_view(&out), &again) && again == time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena CLEANUP(arena_done);
    struct http_response r;
    struct str rest = {(const char *)data, size};
    arena_init(&arena, 32 * HTTP_RESPONSE_VALUE_MAX);
    http_response_init(&r, &arena);
    while (rest.n) {
        ssize_t end = str_chr(rest, '\n');
        struct str line = end < 0 ? rest : str_head(rest, (size_t)end + 1);
        rest = str_skip(rest, line.n);
        if (http_response_line(&r, line) != HTTP_LINE_TAKEN)
            break;
        check_kept(&r);
        check_date(r.expires);
        MUST(r.status >= 100 && r.status <= 999);
        MUST(r.bytes <= HTTP_RESPONSE_HEAD_MAX);
    }
    MUST(!arena.failed);
    return 0;
}
