#include "acme/ca.h"

#include <stddef.h>

#define LETSENCRYPT_STAGING "https://acme-staging-v02.api.letsencrypt.org/directory"
#define GOOGLE_STAGING      "https://dv.acme-v02.test-api.pki.goog/directory"

const struct acme_known_ca acme_known_cas[] = {
    {"letsencrypt", "https://acme-v02.api.letsencrypt.org/directory", LETSENCRYPT_STAGING, false},
    {"letsencrypt-staging", LETSENCRYPT_STAGING, LETSENCRYPT_STAGING, false},
    {"google", "https://dv.acme-v02.api.pki.goog/directory", GOOGLE_STAGING, true},
    {"zerossl", "https://acme.zerossl.com/v2/DV90", NULL, true},
    {.name = NULL},
};

const struct acme_known_ca *acme_known_ca(struct str name)
{
    for (const struct acme_known_ca *ca = acme_known_cas; ca->name; ca++) {
        if (str_eq(name, str_from(ca->name)))
            return ca;
    }
    return NULL;
}

const struct acme_known_ca *acme_known_ca_at(struct str directory)
{
    for (const struct acme_known_ca *ca = acme_known_cas; ca->name; ca++) {
        if (str_eq(directory, str_from(ca->directory)))
            return ca;
    }
    return NULL;
}
