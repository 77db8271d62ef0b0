#include "tlsrpt/near.h"

#include "base/domain.h"

/* Shorter names are too easily one slip apart by chance. */
#define SPELLING_NAME_MIN 6
#define SPELLING_SLIPS    2

static struct str without_dot(struct str s)
{
    return str_ends(s, STR(".")) ? str_head(s, s.n - 1) : s;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* How many letters must be added, left out, replaced or exchanged with their neighbour (optimal
 * string alignment). Both names are at most DOMAIN_NAME_MAX bytes. */
static unsigned slips_between(struct str a, struct str b)
{
    unsigned rows[3][DOMAIN_NAME_MAX + 1];
    for (unsigned j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        const unsigned *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        unsigned *row = rows[i % 3], least = (unsigned)i;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && y == ascii_lower(a.p[i - 2]) &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
            least = row[j] < least ? row[j] : least;
        }
        if (least > SPELLING_SLIPS)
            return least;
    }
    return rows[a.n % 3][b.n];
}

/* mx1 and mx2 are two hosts, not one host misspelt: whether the names differ in digits only. */
static bool only_digits_differ(struct str a, struct str b)
{
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        if (i < a.n && ascii_is_digit(a.p[i]))
            i++;
        else if (j < b.n && ascii_is_digit(b.p[j]))
            j++;
        else if (i < a.n && j < b.n && ascii_lower(a.p[i]) == ascii_lower(b.p[j]))
            i++, j++;
        else
            return false;
    }
    return true;
}

static bool nearly_spelt(struct str pattern, struct str host)
{
    struct str label;
    if (str_starts(pattern, STR("*."))) {
        pattern = str_skip(pattern, 2);
        if (!str_cut(host, '.', &label, &host))
            return false;
    }
    size_t longer = pattern.n > host.n ? pattern.n : host.n;
    size_t shorter = pattern.n > host.n ? host.n : pattern.n;
    if (longer > DOMAIN_NAME_MAX || longer - shorter > SPELLING_SLIPS ||
        shorter < SPELLING_NAME_MIN || only_digits_differ(pattern, host))
        return false;
    return slips_between(pattern, host) <= SPELLING_SLIPS;
}

enum rpt_near rpt_near(struct str pattern, struct str host)
{
    pattern = without_dot(pattern);
    host = without_dot(host);
    if (str_starts(pattern, STR("*."))) {
        struct str base = str_skip(pattern, 2);
        if (domain_is_below(host, base))
            return RPT_NEAR_ONE_LABEL;
        if (domain_eq(host, base))
            return RPT_NEAR_BASE;
    } else if (domain_is_below(host, pattern)) {
        /* A pattern that is a mere top level says nothing about this host. */
        return str_chr(pattern, '.') >= 0 ? RPT_NEAR_PARENT : RPT_NEAR_NOT;
    }
    return nearly_spelt(pattern, host) ? RPT_NEAR_SPELLING : RPT_NEAR_NOT;
}
