#include "net/pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/domain.h"
#include "net/certificate.h"
#include "net/messages.h"

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_certificates(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

/* Never asks on a terminal: a key that needs a passphrase is refused. *context says that it did. */
static int refuse_passphrase(char *to, int size, int for_writing, void *context)
{
    (void)to;
    (void)size;
    (void)for_writing;
    *(bool *)context = true;
    return -1;
}

static BIO *open_text(struct str text)
{
    return text.n > INT32_MAX ? NULL : BIO_new_mem_buf(text.n ? text.p : "", (int)text.n);
}

/* All certificates of the text, in their order. */
static int read_certificates(struct str text, struct str name, STACK_OF(X509) * out,
                             struct error *err)
{
    BIO *bio CLEANUP(free_bio) = open_text(text);
    if (!bio)
        return error_set_memory(err);
    bool asked = false;
    for (;;) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, refuse_passphrase, &asked);
        if (!certificate)
            break;
        if (sk_X509_num(out) >= PEM_CERTIFICATES_MAX || sk_X509_push(out, certificate) <= 0) {
            X509_free(certificate);
            return error_set(err, ERROR_PERMANENT, msg_pem_too_many(name, PEM_CERTIFICATES_MAX));
        }
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!at_end)
        return error_set(err, ERROR_PERMANENT,
                         msg_pem_bad_certificate(name, (uint64_t)sk_X509_num(out) + 1));
    if (sk_X509_num(out) == 0)
        return error_set(err, ERROR_PERMANENT, msg_pem_no_certificate(name));
    return 0;
}

/* The first key of the text, of any kind that OpenSSL knows. */
static int read_key(struct str text, struct str name, EVP_PKEY **out, struct error *err)
{
    BIO *bio CLEANUP(free_bio) = open_text(text);
    if (!bio)
        return error_set_memory(err);
    bool asked = false;
    *out = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &asked);
    ERR_clear_error();
    if (*out)
        return 0;
    return error_set(err, ERROR_PERMANENT,
                     asked ? msg_pem_key_encrypted(name) : msg_pem_no_key(name));
}

/* Each certificate must have been issued by the one behind it (RFC 8446 4.4.2); a root at the
 * end goes. */
static int check_order(STACK_OF(X509) * chain, struct str name, struct error *err)
{
    int n = sk_X509_num(chain);
    for (int i = 0; i + 1 < n; i++) {
        X509 *issuer = sk_X509_value(chain, i + 1);
        if (X509_check_issued(issuer, sk_X509_value(chain, i)) != X509_V_OK ||
            X509_verify(sk_X509_value(chain, i), X509_get0_pubkey(issuer)) != 1) {
            ERR_clear_error();
            return error_set(err, ERROR_PERMANENT,
                             msg_pem_chain_order(name, (uint64_t)i + 1, (uint64_t)i + 2));
        }
    }
    X509 *last = sk_X509_value(chain, n - 1);
    if (n > 1 && X509_check_issued(last, last) == X509_V_OK)
        X509_free(sk_X509_pop(chain));
    return 0;
}

/* The name in lower case, when it is a DNS name with at most a leading wildcard. */
static bool take_name(const ASN1_IA5STRING *from, struct arena *arena, struct str *out)
{
    struct str name = {(const char *)ASN1_STRING_get0_data(from), (size_t)ASN1_STRING_length(from)};
    struct str rest = str_starts(name, STR("*.")) ? str_skip(name, 2) : name;
    if (domain_check(rest) != DOMAIN_OK)
        return false;
    char *copy = arena_cstr(arena, name);
    if (!copy)
        return false;
    for (size_t i = 0; i < name.n; i++)
        copy[i] = ascii_lower(copy[i]);
    *out = (struct str){copy, name.n};
    return true;
}

/* RFC 6125 6.4.4: names are those of the subjectAltName; the common name does not count. */
static int read_names(X509 *leaf, struct str file, struct arena *arena, struct pem_certificate *out,
                      struct error *err)
{
    GENERAL_NAMES *all CLEANUP(free_names) =
        X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    int n = all ? sk_GENERAL_NAME_num(all) : 0;
    out->name_count = 0;
    out->names = arena_array(arena, PEM_NAMES_MAX, sizeof *out->names);
    for (int i = 0; i < n && !arena->failed; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type != GEN_DNS)
            continue;
        if (out->name_count == PEM_NAMES_MAX)
            return error_set(err, ERROR_PERMANENT, msg_pem_too_many_names(file, PEM_NAMES_MAX));
        if (take_name(name->d.dNSName, arena, &out->names[out->name_count]))
            out->name_count++;
    }
    if (arena->failed)
        return error_set_memory(err);
    if (out->name_count == 0)
        return error_set(err, ERROR_PERMANENT, msg_pem_no_names(file));
    return 0;
}

/* All certificates as DER, one behind the other. */
static int write_chain(STACK_OF(X509) * chain, struct arena *arena, struct str *out,
                       struct error *err)
{
    size_t size = 0;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int n = i2d_X509(sk_X509_value(chain, i), NULL);
        size += n > 0 ? (size_t)n : 0;
    }
    unsigned char *bytes = arena_alloc(arena, size), *at = bytes;
    if (!bytes)
        return error_set_memory(err);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (i2d_X509(sk_X509_value(chain, i), &at) < 0)
            return error_set_memory(err);
    }
    *out = (struct str){(const char *)bytes, size};
    return 0;
}

static int write_key(EVP_PKEY *key, struct arena *arena, struct str *out, struct error *err)
{
    PKCS8_PRIV_KEY_INFO *info CLEANUP(free_pkcs8) = EVP_PKEY2PKCS8(key);
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    unsigned char *bytes = n > 0 ? arena_alloc(arena, (size_t)n) : NULL, *at = bytes;
    if (!bytes || i2d_PKCS8_PRIV_KEY_INFO(info, &at) != n) {
        ERR_clear_error();
        return error_set_memory(err);
    }
    *out = (struct str){(const char *)bytes, (size_t)n};
    return 0;
}

/* All of *out but the key. */
static int read_chain(STACK_OF(X509) * certificates, struct str name, EVP_PKEY *key,
                      struct str key_name, struct arena *arena, struct pem_certificate *out,
                      struct error *err)
{
    X509 *leaf = sk_X509_value(certificates, 0);
    if (key && X509_check_private_key(leaf, key) != 1) {
        ERR_clear_error();
        return error_set(err, ERROR_PERMANENT, msg_pem_key_mismatch(key_name, name));
    }
    int rc = check_order(certificates, name, err);
    if (rc == 0)
        rc = read_names(leaf, name, arena, out, err);
    if (rc == 0)
        rc = write_chain(certificates, arena, &out->chain, err);
    out->not_before = certificate_time(X509_get0_notBefore(leaf));
    out->not_after = certificate_time(X509_get0_notAfter(leaf));
    return rc;
}

int pem_certificate_read(struct pem_certificate *out, struct str chain, struct str chain_name,
                         struct str key, struct str key_name, struct arena *arena,
                         struct error *err)
{
    STACK_OF(X509) * certificates CLEANUP(free_certificates) = sk_X509_new_null();
    EVP_PKEY *pkey CLEANUP(free_key) = NULL;
    struct pem_certificate read = {NULL};
    if (!certificates)
        return error_set_memory(err);
    int rc = read_certificates(chain, chain_name, certificates, err);
    if (rc == 0)
        rc = read_key(key, key_name, &pkey, err);
    if (rc == 0)
        rc = read_chain(certificates, chain_name, pkey, key_name, arena, &read, err);
    if (rc == 0)
        rc = write_key(pkey, arena, &read.key, err);
    if (rc == 0)
        *out = read;
    return rc;
}

int pem_chain_read(struct pem_certificate *out, struct str chain, struct str chain_name,
                   EVP_PKEY *key, struct str key_name, struct arena *arena, struct error *err)
{
    STACK_OF(X509) * certificates CLEANUP(free_certificates) = sk_X509_new_null();
    struct pem_certificate read = {NULL};
    if (!certificates)
        return error_set_memory(err);
    int rc = read_certificates(chain, chain_name, certificates, err);
    if (rc == 0)
        rc = read_chain(certificates, chain_name, key, key_name, arena, &read, err);
    if (rc == 0)
        *out = read;
    return rc;
}

void pem_wipe(struct pem_certificate *certificate)
{
    /* The arena's bytes are ours to write, though a struct str only shows them. */
    if (certificate->key.n)
        OPENSSL_cleanse((void *)(uintptr_t)certificate->key.p, certificate->key.n);
    certificate->key = (struct str){NULL, 0};
}
