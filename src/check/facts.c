#include "check/facts.h"

const struct str check_subdomain_labels[CHECK_SUBDOMAINS] = {STR_INIT("mail"), STR_INIT("lists"),
                                                             STR_INIT("news"), STR_INIT("bounce")};
