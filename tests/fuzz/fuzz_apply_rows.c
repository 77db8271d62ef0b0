/* The rows of `domain apply`: however they come in pieces, the same are read, and what is read is
 * what the store takes. */
#include <stdlib.h>
#include <string.h>

#include "cli/apply_rows.h"

struct seen {
    uint64_t rows, faults, last, bytes;
};

static void check(const struct apply_rows *r, const struct apply_row *row)
{
    if (domain_check(row->domain) != DOMAIN_OK || str_chr(row->rua, '\n') >= 0 ||
        (row->has_policy && (!row->policy.mx_count || row->policy.max_age > STS_MAX_AGE_MAX)))
        abort();
    for (size_t i = 0; row->has_policy && i < row->policy.mx_count; i++) {
        if (sts_mx_pattern_check(row->policy.mx[i]) != DOMAIN_OK)
            abort();
    }
    if (r->record.n > APPLY_RECORD_MAX)
        abort();
}

static struct seen read_all(struct str text, size_t piece)
{
    struct apply_rows r CLEANUP(apply_rows_done) = {0};
    struct seen seen = {0};
    struct apply_row row;
    struct msg fault;
    enum apply_rows_result result;
    apply_rows_init(&r, APPLY_BY_LOOK);
    while ((result = apply_rows_next(&r, &row, &fault)) != APPLY_ROWS_END) {
        if (result == APPLY_ROWS_MORE) {
            apply_rows_feed(&r, str_head(text, piece));
            text = str_skip(text, piece);
            continue;
        }
        if (r.line <= seen.last)
            abort();
        seen.last = r.line;
        seen.rows += result == APPLY_ROWS_ROW;
        seen.faults += result != APPLY_ROWS_ROW;
        if (result == APPLY_ROWS_ROW) {
            check(&r, &row);
            seen.bytes = seen.bytes * 31 + row.domain.n + row.rua.n * 7 + row.policy.mx_count;
        }
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct seen whole = read_all(text, size + 1),
                parts = read_all(text, size ? data[size - 1] % 16 + 1U : 1);
    if (memcmp(&whole, &parts, sizeof whole) != 0)
        abort();
    return 0;
}
