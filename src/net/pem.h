/*
 * pem.h - a certificate chain and its key as files hold them, turned into what the store keeps.
 *
 * PEM (RFC 7468) comes in, DER comes out: the leaf first, its issuers behind it, and the key as
 * PKCS #8. Checked is what would make a TLS server useless: that the key belongs to the leaf, that
 * each certificate was signed by the next, that the leaf has DNS names. Not checked are dates (the
 * caller has the clock) and trust (the senders decide that).
 */
#ifndef SEALPOST_NET_PEM_H
#define SEALPOST_NET_PEM_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/error.h"

/* The most bytes of a chain's file and of a key's. */
#define PEM_CHAIN_MAX ((size_t)256 * 1024)
#define PEM_KEY_MAX   ((size_t)64 * 1024)

/* The most certificates of one chain. */
#define PEM_CERTIFICATES_MAX 10

/* The most DNS names of a leaf. */
#define PEM_NAMES_MAX 100

struct pem_certificate {
    struct str *names; /* DNS names of the subjectAltName, in lower case, in their order */
    size_t name_count;
    struct str chain;              /* DER, one right behind the other */
    struct str key;                /* DER of PKCS #8; secret: wipe the arena's copy with pem_wipe */
    int64_t not_before, not_after; /* of the leaf; seconds since 1970 */
};

/* Reads chain and key; a file may hold both, and other things between: what is no certificate, or
 * no key, is passed over. chain_name and key_name are what errors call them. A root at the chain's
 * end is left out: who trusts it has it.
 *
 * Errors, all permanent but the last: pem-no-certificate, pem-bad-certificate, pem-too-many,
 * pem-no-key, pem-key-encrypted, pem-key-mismatch, pem-chain-order, pem-no-names; no memory. */
int pem_certificate_read(struct pem_certificate *out, struct str chain, struct str chain_name,
                         struct str key, struct str key_name, struct arena *arena,
                         struct error *err) NODISCARD;

/* The same for a chain without a key: out->key is empty. That the leaf has this key is checked when
 * it is given (key_name is what errors call it); NULL: any. */
int pem_chain_read(struct pem_certificate *out, struct str chain, struct str chain_name,
                   EVP_PKEY *key, struct str key_name, struct arena *arena,
                   struct error *err) NODISCARD;

/* Overwrites the key. */
void pem_wipe(struct pem_certificate *certificate);

#endif
