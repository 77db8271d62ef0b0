#include "net/http_tls.h"

#include <openssl/x509.h>

#define VERIFY_BYTES_MAX ((size_t)1024 * 1024)

static int fault_code(const struct tls_verified *v)
{
    static const int chain_codes[] = {
        [TLS_CHAIN_OK] = X509_V_OK,
        [TLS_CHAIN_ABSENT] = X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        [TLS_CHAIN_UNREADABLE] = X509_V_ERR_UNSPECIFIED,
        [TLS_CHAIN_SELF_SIGNED] = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        [TLS_CHAIN_INCOMPLETE] = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        [TLS_CHAIN_UNKNOWN_ISSUER] = X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
        [TLS_CHAIN_WEAK] = X509_V_ERR_EE_KEY_TOO_SMALL,
        [TLS_CHAIN_INVALID] = X509_V_ERR_CERT_REJECTED,
    };
    if (v->chain != TLS_CHAIN_OK)
        return chain_codes[v->chain];
    if (v->date != TLS_DATE_OK)
        return v->date == TLS_DATE_EXPIRED ? X509_V_ERR_CERT_HAS_EXPIRED
                                           : X509_V_ERR_CERT_NOT_YET_VALID;
    return X509_V_ERR_HOSTNAME_MISMATCH;
}

int http_tls_fault(const struct tls_trust *trust, const struct tls_peer *peer, struct str host,
                   int64_t now)
{
    struct arena arena CLEANUP(arena_done);
    struct tls_verified verified;
    arena_init(&arena, VERIFY_BYTES_MAX);
    if (tls_verify(trust, peer, host, now, &arena, &verified, NULL) < 0)
        return X509_V_ERR_OUT_OF_MEM;
    return verified.trusted ? X509_V_OK : fault_code(&verified);
}
