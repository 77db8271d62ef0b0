#include "net/tls_issuers.h"

#include <stdlib.h>
#include <string.h>

static void forget(struct tls_issuer *issuer)
{
    free(issuer->der);
    X509_free(issuer->certificate);
    *issuer = (struct tls_issuer){NULL};
}

void tls_issuers_done(struct tls_issuers *issuers)
{
    for (size_t i = 0; i < TLS_ISSUERS_MAX; i++)
        forget(&issuers->kept[i]);
}

/* A failure to keep it only costs time. */
static void keep(struct tls_issuers *issuers, struct str der, X509 *certificate)
{
    struct tls_issuer *issuer = &issuers->kept[issuers->oldest];
    char *copy = malloc(der.n);
    if (!copy || !X509_up_ref(certificate)) {
        free(copy);
        return;
    }
    memcpy(copy, der.p, der.n);
    forget(issuer);
    *issuer = (struct tls_issuer){copy, der.n, certificate};
    issuers->oldest = (issuers->oldest + 1) % TLS_ISSUERS_MAX;
}

/* The length stands in the encoding, so bytes that begin alike are the same certificate. */
static X509 *find(struct tls_issuers *issuers, struct str *der)
{
    for (size_t i = 0; i < TLS_ISSUERS_MAX; i++) {
        struct tls_issuer *issuer = &issuers->kept[i];
        if (issuer->certificate && str_starts(*der, (struct str){issuer->der, issuer->n})) {
            *der = str_skip(*der, issuer->n);
            return X509_up_ref(issuer->certificate) ? issuer->certificate : NULL;
        }
    }
    return NULL;
}

X509 *tls_issuers_take(struct tls_issuers *issuers, struct str *der)
{
    const unsigned char *p = (const unsigned char *)der->p, *start = p;
    X509 *certificate = issuers ? find(issuers, der) : NULL;
    if (certificate)
        return certificate;
    certificate = d2i_X509(NULL, &p, (long)der->n);
    if (!certificate)
        return NULL;
    size_t n = (size_t)(p - start);
    if (issuers)
        keep(issuers, str_head(*der, n), certificate);
    *der = str_skip(*der, n);
    return certificate;
}
