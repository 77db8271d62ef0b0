#include "check/suffix.h"

#include <libpsl.h>
#include <string.h>

#include "base/domain.h"

/* A name with its NUL; false when it is longer than a name can be. */
static bool as_cstring(struct str name, char out[DOMAIN_NAME_MAX + 1])
{
    if (name.n == 0 || name.n > DOMAIN_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++)
        out[i] = ascii_lower(name.p[i]);
    out[name.n] = '\0';
    return true;
}

bool suffix_is_public(struct str name)
{
    char text[DOMAIN_NAME_MAX + 1];
    const psl_ctx_t *list = psl_builtin();
    return list && as_cstring(name, text) &&
           psl_is_public_suffix2(list, text, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE);
}

bool suffix_same_owner(struct str a, struct str b)
{
    char one[DOMAIN_NAME_MAX + 1], other[DOMAIN_NAME_MAX + 1];
    const psl_ctx_t *list = psl_builtin();
    if (!list || !as_cstring(a, one) || !as_cstring(b, other))
        return false;
    const char *x = psl_registrable_domain(list, one);
    const char *y = psl_registrable_domain(list, other);
    return x && y && strcmp(x, y) == 0;
}
