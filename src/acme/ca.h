/*
 * ca.h - the CAs that are known by name, and what is asked of one for one name.
 */
#ifndef SEALPOST_ACME_CA_H
#define SEALPOST_ACME_CA_H

#include "base/str.h"

struct acme_known_ca {
    const char *name;      /* what `cert ca add` takes */
    const char *directory; /* URL */
    const char *staging;   /* URL of the directory for trying; NULL: none */
    bool external_account; /* it wants a binding */
};

/* Ended by a name of NULL. */
extern const struct acme_known_ca acme_known_cas[];

/* By name / by directory; NULL: not known. */
const struct acme_known_ca *acme_known_ca(struct str name);
const struct acme_known_ca *acme_known_ca_at(struct str directory);

#endif
