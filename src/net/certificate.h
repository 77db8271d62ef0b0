/*
 * certificate.h - X.509 certificates as the files of src/net read them: a peer's chain, what people
 * want to know of a certificate, the names it is for, and all that OpenSSL's verifier finds wrong
 * with a chain. Internal to src/net; no opinion is made here.
 */
#ifndef SEALPOST_NET_CERTIFICATE_H
#define SEALPOST_NET_CERTIFICATE_H

#include <openssl/x509.h>

#include "net/tls_verify.h"

/* For CLEANUP. */
void certificate_chain_freep(STACK_OF(X509) * *chain);
void certificate_store_ctx_freep(X509_STORE_CTX **ctx);

/* A peer's chain up to its first certificate that cannot be read; what was read in the handshake is
 * shared, not read again. NULL: no memory. */
STACK_OF(X509) * certificate_chain_read(const struct tls_peer *peer);

/* Keeps the chain that a peer sent as DER, within the limits of peer.h; arena->failed says whether
 * there was memory. */
void certificate_chain_keep(STACK_OF(X509) * chain, struct arena *arena, struct tls_peer *peer);

/* Seconds since 1970; 0 for what is no time. */
int64_t certificate_time(const ASN1_TIME *time);

/* The common name, else the whole name on one line; at most CERTIFICATE_NAME_MAX bytes. */
struct str certificate_name(const X509_NAME *name, struct arena *arena);

#define CERTIFICATE_NAME_MAX 1000

/* What is to be known of a certificate; arena->failed says whether there was memory. */
void certificate_describe(X509 *certificate, struct arena *arena, struct tls_certificate *out);

/* Whether the certificate is for the host: by DNS names only (RFC 6125), an asterisk stands for the
 * whole left-most label. Negative: no memory. */
int certificate_is_for(X509 *certificate, struct str host);

/* The options of X509_check_host that certificate_is_for uses. */
#define CERTIFICATE_HOST_FLAGS                                                                     \
    (X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)

/* What the verifier objected to, in its order: X509_V_ERR_... and the place in the chain that it
 * built. */
#define CERTIFICATE_FAULTS_MAX 32

struct certificate_faults {
    struct {
        int error, depth;
    } at[CERTIFICATE_FAULTS_MAX];
    size_t count;
};

/* Verifies to the end, whatever is found on the way. False: no memory. */
bool certificate_verify(X509_STORE_CTX *ctx, struct certificate_faults *out) NODISCARD;

#endif
