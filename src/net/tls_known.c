#include "net/tls_known.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_chain.h"

struct known_chain {
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct tls_chain chain; /* sent is NULL: the place is free */
};

struct tls_known {
    const struct tls_trust *trust;
    EVP_MD *sha256;
    EVP_MD_CTX *digesting;
    size_t next; /* the place that is the longest in use */
    struct known_chain at[TLS_KNOWN_MAX];
};

struct tls_known *tls_known_new(const struct tls_trust *trust)
{
    struct tls_known *known = calloc(1, sizeof *known);
    if (!known)
        return NULL;
    known->trust = trust;
    known->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    known->digesting = EVP_MD_CTX_new();
    if (known->sha256 && known->digesting)
        return known;
    ERR_clear_error();
    tls_known_free(known);
    return NULL;
}

void tls_known_free(struct tls_known *known)
{
    if (!known)
        return;
    for (size_t i = 0; i < TLS_KNOWN_MAX; i++)
        tls_chain_done(&known->at[i].chain);
    EVP_MD_CTX_free(known->digesting);
    EVP_MD_free(known->sha256);
    free(known);
}

/* With the lengths: where one certificate ends and the next begins is part of the chain. */
static bool digest(struct tls_known *known, const struct tls_peer *peer, unsigned char *out)
{
    bool done = EVP_DigestInit_ex2(known->digesting, known->sha256, NULL) == 1;
    for (size_t i = 0; done && i < peer->chain_count; i++) {
        struct str der = peer->chain[i];
        done = EVP_DigestUpdate(known->digesting, &der.n, sizeof der.n) == 1 &&
               EVP_DigestUpdate(known->digesting, der.p, der.n) == 1;
    }
    return done && EVP_DigestFinal_ex(known->digesting, out, NULL) == 1;
}

static struct known_chain *find(struct tls_known *known, const unsigned char *wanted, int64_t now)
{
    for (size_t i = 0; i < TLS_KNOWN_MAX; i++) {
        struct known_chain *k = &known->at[i];
        if (k->chain.sent && now >= k->chain.from && now <= k->chain.until &&
            memcmp(k->digest, wanted, sizeof k->digest) == 0)
            return k;
    }
    return NULL;
}

int tls_known_verify(struct tls_known *known, const struct tls_peer *peer, struct str host,
                     int64_t now, struct arena *arena, struct tls_verified *out, struct error *err)
{
    unsigned char wanted[EVP_MAX_MD_SIZE] = {0};
    if (!digest(known, peer, wanted)) {
        ERR_clear_error();
        return error_set_memory(err);
    }
    struct known_chain *k = find(known, wanted, now);
    if (!k) {
        k = &known->at[known->next];
        tls_chain_done(&k->chain);
        if (!tls_chain_look(known->trust, peer, now, &k->chain)) {
            tls_chain_done(&k->chain);
            return error_set_memory(err);
        }
        memcpy(k->digest, wanted, sizeof wanted);
        known->next = (known->next + 1) % TLS_KNOWN_MAX;
    }
    return tls_chain_judge(&k->chain, peer, host, arena, out, err);
}
