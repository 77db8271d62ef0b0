/* The domains of a file: however it comes in pieces, the same lines are read, each within its
 * limit, without control characters at their ends. */
#include <stdlib.h>
#include <string.h>

#include "cli/check_lines.h"

struct seen {
    uint64_t lines, last, bytes, refused;
};

static struct seen read_all(struct str text, size_t piece)
{
    struct check_lines l CLEANUP(check_lines_done);
    struct seen seen = {0};
    struct str domain;
    enum check_lines_result result;
    check_lines_init(&l);
    while ((result = check_lines_next(&l, &domain)) != CHECK_LINES_END) {
        if (result == CHECK_LINES_MORE) {
            check_lines_feed(&l, str_head(text, piece));
            text = str_skip(text, piece);
            continue;
        }
        if (l.number <= seen.last || domain.n > CHECK_LINE_MAX || str_chr(domain, '\n') >= 0 ||
            str_chr(domain, '#') >= 0 || str_trim(domain).n != domain.n)
            abort();
        seen.last = l.number;
        seen.lines++;
        seen.bytes = seen.bytes * 31 + domain.n;
        seen.refused += result == CHECK_LINES_TOO_LONG;
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct seen whole = read_all(text, size + 1), parts = read_all(text, size ? data[0] + 1U : 1);
    if (memcmp(&whole, &parts, sizeof whole) != 0)
        abort();
    return 0;
}
