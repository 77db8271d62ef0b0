#include "mtasts/policy_host.h"

#include <stdio.h>

struct str policy_host_of(struct str domain, char text[POLICY_HOST_SIZE])
{
    text[0] = '\0';
    if (!domain.n || POLICY_HOST_LABEL.n + domain.n > DOMAIN_NAME_MAX)
        return STR("");
    int n =
        snprintf(text, POLICY_HOST_SIZE, "%.*s%.*s", STR_ARG(POLICY_HOST_LABEL), STR_ARG(domain));
    return (struct str){text, (size_t)n};
}

bool policy_host_covered(struct str certificate_name, struct str *domain)
{
    struct str prefix = str_starts(certificate_name, STR("*.")) ? STR("*.") : POLICY_HOST_LABEL;
    if (!str_starts(certificate_name, prefix) || certificate_name.n == prefix.n)
        return false;
    *domain = str_skip(certificate_name, prefix.n);
    return true;
}
