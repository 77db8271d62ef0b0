#include "check/messages.h"
#include "check/result.h"

const struct check_rule check_rules[] = {
    /* 1 the domain */
    {&MSG_CHECK_DOMAIN_INVALID, CHECK_DOMAIN, CHECK_ERROR, "RFC 5890 2.3.2"},
    /* 2 the _mta-sts record */
    /* 3 the policy host */
    /* 4 the policy */
    /* 5 each MX */
    /* 6 DANE */
    /* 7 the _smtp._tls record */
    /* 8 the verdict */
    {.def = NULL},
};
