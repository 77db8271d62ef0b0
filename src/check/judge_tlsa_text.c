/* TLSA records as text, and the record that a certificate would need. */
#include "check/judge_mx.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A whole certificate as association data (matching type 0) is cut. */
#define DATA_SHOWN 64

static void add_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        buf_byte(out, digits[bytes[i] >> 4]);
        buf_byte(out, digits[bytes[i] & 15]);
    }
}

struct str judge_tlsa_text(struct judgement *j, const struct dns_record *record)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 2 * DATA_SHOWN + 32);
    struct str shown = str_head(record->text, DATA_SHOWN);
    buf_printf(&out, "%u %u %u ", record->usage, record->selector, record->matching);
    add_hex(&out, (const unsigned char *)shown.p, shown.n);
    buf_cstr(&out, shown.n < record->text.n ? "..." : "");
    return arena_str(j->arena, buf_view(&out));
}

/* The SHA-256 of a certificate's SubjectPublicKeyInfo. */
static bool key_digest(struct str der, unsigned char digest[EVP_MAX_MD_SIZE], unsigned *n)
{
    const unsigned char *at = (const unsigned char *)der.p;
    unsigned char *spki = NULL;
    if (der.n > TLS_CHAIN_BYTES_MAX)
        return false;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.n);
    int length = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki) : -1;
    bool ok = length > 0 && EVP_Digest(spki, (size_t)length, digest, n, EVP_sha256(), NULL);
    OPENSSL_free(spki);
    X509_free(certificate);
    return ok;
}

struct str judge_tlsa_wanted(struct judgement *j, const struct tls_peer *peer)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 2 * EVP_MAX_MD_SIZE + 32);
    if (peer->chain_count == 0 || !key_digest(peer->chain[0], digest, &n))
        return STR("3 1 1 SHA256-OF-THE-KEY");
    buf_cstr(&out, "3 1 1 ");
    add_hex(&out, digest, n);
    return arena_str(j->arena, buf_view(&out));
}
