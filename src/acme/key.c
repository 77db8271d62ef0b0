#include "acme/key.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "acme/messages.h"
#include "base/domain.h"

const char *const acme_key_types[] = {"p256", "p384", "rsa2048", "rsa4096", NULL};

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

static void free_request(X509_REQ **request)
{
    X509_REQ_free(*request);
}

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void free_extensions(X509_EXTENSIONS **extensions)
{
    sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

bool acme_key_type_read(struct str name, enum acme_key_type *out)
{
    for (int i = 0; acme_key_types[i]; i++) {
        if (str_eq(name, str_from(acme_key_types[i]))) {
            *out = (enum acme_key_type)i;
            return true;
        }
    }
    return false;
}

int acme_key_new(enum acme_key_type type, EVP_PKEY **out, struct error *err)
{
    EVP_PKEY *key = NULL;
    switch (type) {
    case ACME_KEY_P256:
        key = EVP_EC_gen("P-256");
        break;
    case ACME_KEY_P384:
        key = EVP_EC_gen("P-384");
        break;
    case ACME_KEY_RSA2048:
        key = EVP_RSA_gen(2048);
        break;
    case ACME_KEY_RSA4096:
        key = EVP_RSA_gen(4096);
        break;
    }
    ERR_clear_error();
    if (!key)
        return error_set_memory(err);
    *out = key;
    return 0;
}

int acme_key_write(EVP_PKEY *key, struct arena *arena, struct str *der, struct error *err)
{
    PKCS8_PRIV_KEY_INFO *info CLEANUP(free_pkcs8) = EVP_PKEY2PKCS8(key);
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    unsigned char *bytes = n > 0 ? arena_alloc(arena, (size_t)n) : NULL, *at = bytes;
    if (!bytes || i2d_PKCS8_PRIV_KEY_INFO(info, &at) != n) {
        ERR_clear_error();
        return error_set_memory(err);
    }
    *der = (struct str){(const char *)bytes, (size_t)n};
    return 0;
}

int acme_key_read(struct str der, EVP_PKEY **out, struct error *err)
{
    const unsigned char *at = (const unsigned char *)der.p, *end = at + der.n;
    PKCS8_PRIV_KEY_INFO *info CLEANUP(free_pkcs8) =
        der.n && der.n <= LONG_MAX ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n) : NULL;
    EVP_PKEY *key = info && at == end ? EVP_PKCS82PKEY(info) : NULL;
    ERR_clear_error();
    if (!key)
        return error_set(err, ERROR_PERMANENT, msg_acme_key_unreadable());
    *out = key;
    return 0;
}

/* ---- the request for a certificate ---- */

static bool is_name(struct str name)
{
    return domain_check(str_starts(name, STR("*.")) ? str_skip(name, 2) : name) == DOMAIN_OK;
}

static bool add_name(GENERAL_NAMES *names, struct str name)
{
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (general && text && ASN1_STRING_set(text, name.p, (int)name.n) == 1) {
        GENERAL_NAME_set0_value(general, GEN_DNS, text);
        if (sk_GENERAL_NAME_push(names, general) > 0)
            return true;
        text = NULL;
    }
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(general);
    return false;
}

static bool add_extension(X509_REQ *request, GENERAL_NAMES *names)
{
    X509_EXTENSIONS *extensions CLEANUP(free_extensions) = NULL;
    return X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
           X509_REQ_add_extensions(request, extensions) == 1;
}

static int write_request(X509_REQ *request, struct arena *arena, struct str *der, struct error *err)
{
    int n = i2d_X509_REQ(request, NULL);
    unsigned char *bytes = n > 0 ? arena_alloc(arena, (size_t)n) : NULL, *at = bytes;
    if (!bytes || i2d_X509_REQ(request, &at) != n)
        return error_set_memory(err);
    *der = (struct str){(const char *)bytes, (size_t)n};
    return 0;
}

int acme_request_new(EVP_PKEY *key, const struct str *names, size_t count, struct arena *arena,
                     struct str *der, struct error *err)
{
    X509_REQ *request CLEANUP(free_request) = X509_REQ_new();
    GENERAL_NAMES *general CLEANUP(free_names) = GENERAL_NAMES_new();
    bool made = request && general;
    for (size_t i = 0; made && i < count; i++) {
        if (!is_name(names[i]))
            return error_set(err, ERROR_PERMANENT, msg_acme_name(names[i]));
        made = add_name(general, names[i]);
    }
    made = made && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && add_extension(request, general) &&
           X509_REQ_sign(request, key, EVP_sha256()) > 0;
    ERR_clear_error();
    return made ? write_request(request, arena, der, err) : error_set_memory(err);
}
