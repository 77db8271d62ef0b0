/*
 * tls_chain.h - what the verifier finds wrong with a chain, whoever shows it: no name is looked at.
 * Internal to src/net; tls_verify.h says what it means for a host.
 */
#ifndef SEALPOST_NET_TLS_CHAIN_H
#define SEALPOST_NET_TLS_CHAIN_H

#include "net/certificate.h"

struct tls_chain {
    STACK_OF(X509) * sent; /* up to the first that cannot be read */
    struct {
        int error; /* X509_V_ERR_... */
        size_t at; /* place in `sent`; of a certificate that was not sent, the nearest before it */
        bool ours; /* it was not sent: it is of the trust store */
    } found[CERTIFICATE_FAULTS_MAX];
    size_t count;
    int64_t from, until; /* at any second from the one to the other the same is found; `from` lies
                            behind `until` where that is none but the one that was asked for */
};

/* False: no memory. tls_chain_done is safe in any case. */
bool tls_chain_look(const struct tls_trust *trust, const struct tls_peer *peer, int64_t now,
                    struct tls_chain *chain) NODISCARD;
void tls_chain_done(struct tls_chain *chain);

/* What it means; as tls_verify. peer is the one whose chain it is. */
int tls_chain_judge(const struct tls_chain *chain, const struct tls_peer *peer, struct str host,
                    struct arena *arena, struct tls_verified *out, struct error *err) NODISCARD;

#endif
