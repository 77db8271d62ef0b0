#include "net/tls_server.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "net/messages.h"

#define CHAIN_MAX 16 /* certificates, the leaf included */

#define CIPHERS_1_2                                                                                \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
/* AES-128 first: as strong as the rest of the handshake, and cheaper. */
#define CIPHERS_1_3 "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
#define GROUPS      "X25519:P-256:P-384"

struct tls_identity {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * rest; /* the chain without the leaf */
};

static int refuse(struct error *err, struct msg m)
{
    ERR_clear_error();
    return error_set(err, ERROR_PERMANENT, m);
}

/* The certificate and its key, each by itself. */
static int read_pair(struct tls_identity *identity, struct str name, struct str *chain,
                     struct str key, struct error *err)
{
    identity->leaf = tls_reader_issuer(NULL, chain);
    if (!identity->leaf)
        return refuse(err, msg_tls_certificate_unreadable(name));
    identity->key = tls_reader_key(NULL, key);
    if (!identity->key)
        return refuse(err, msg_tls_key_unreadable(name));
    if (X509_check_private_key(identity->leaf, identity->key) != 1)
        return refuse(err, msg_tls_key_of_another(name));
    return 0;
}

static bool read_rest(struct tls_identity *identity, struct str chain, struct tls_reader *reader)
{
    identity->rest = sk_X509_new_null();
    if (!identity->rest)
        return false;
    while (chain.n) {
        X509 *x =
            sk_X509_num(identity->rest) < CHAIN_MAX - 1 ? tls_reader_issuer(reader, &chain) : NULL;
        if (!x || !sk_X509_push(identity->rest, x)) {
            X509_free(x);
            return false;
        }
    }
    return true;
}

int tls_identity_new(struct tls_identity **out, struct str name, struct str chain, struct str key,
                     struct tls_reader *reader, struct error *err)
{
    if (chain.n > INT_MAX || key.n > INT_MAX)
        return refuse(err, msg_tls_certificate_unreadable(name));
    struct tls_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return error_set_memory(err);
    int result = 0;
    if (!reader || !tls_reader_pair(reader, &chain, key, &identity->leaf, &identity->key))
        result = read_pair(identity, name, &chain, key, err);
    if (result == 0 && !read_rest(identity, chain, reader))
        result = refuse(err, msg_tls_certificate_unreadable(name));
    if (result < 0) {
        tls_identity_free(identity);
        return result;
    }
    *out = identity;
    return 0;
}

void tls_identity_free(struct tls_identity *identity)
{
    if (!identity)
        return;
    X509_free(identity->leaf);
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->rest, X509_free);
    free(identity);
}

bool tls_identity_use(const struct tls_identity *identity, SSL *ssl)
{
    return SSL_use_cert_and_key(ssl, identity->leaf, identity->key, identity->rest, 1) == 1;
}

/* OpenSSL calls this for clients without SNI too. */
static int on_server_name(SSL *ssl, int *alert, void *context)
{
    tls_choose *const *choose = context;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name && (*choose)(SSL_get_app_data(ssl), ssl, str_from(name)))
        return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Before the name is looked at: whether the client offers acme-tls/1 alone. The extension's data
 * is a list in a vector of two bytes' length, RFC 7301 3.1. */
static int on_client_hello(SSL *ssl, int *alert, void *context)
{
    static const unsigned char acme[] = "\x00\x0b\x0a"
                                        "acme-tls/1";
    struct tls_guest *guest = SSL_get_app_data(ssl);
    const unsigned char *offered;
    size_t n;
    (void)alert;
    (void)context;
    guest->greeted = true;
    guest->validates =
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &offered,
                                  &n) == 1 &&
        n == sizeof acme - 1 && memcmp(offered, acme, n) == 0;
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                   const unsigned char *offered, unsigned n, void *context)
{
    static const unsigned char http[] = "\x08http/1.1", acme[] = "\x0a"
                                                                 "acme-tls/1";
    const struct tls_guest *guest = SSL_get_app_data(ssl);
    struct str ours = guest->validates ? (struct str){(const char *)acme, sizeof acme - 1}
                                       : (struct str){(const char *)http, sizeof http - 1};
    unsigned char *chosen;
    (void)context;
    if (SSL_select_next_proto(&chosen, out_n, (const unsigned char *)ours.p, (unsigned)ours.n,
                              offered, n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A function pointer does not fit a void pointer in C: the context owns a copy of it. */
static void free_choose(void *parent, void *p, CRYPTO_EX_DATA *data, int index, long n, void *more)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)n;
    (void)more;
    free(p);
}

static bool keep_choose(SSL_CTX *ctx, tls_choose *choose)
{
    int index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_choose);
    tls_choose **copy = malloc(sizeof *copy);
    if (!copy || index < 0 || !SSL_CTX_set_ex_data(ctx, index, copy)) {
        free(copy);
        return false;
    }
    *copy = choose;
    SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, copy);
    return true;
}

static bool set_up(SSL_CTX *ctx, tls_choose *choose)
{
    char groups[] = GROUPS; /* the macro casts const away */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1); /* one read(2) a flight instead of two a record */
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
           SSL_CTX_set_cipher_list(ctx, CIPHERS_1_2) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, CIPHERS_1_3) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1 && keep_choose(ctx, choose);
}

int tls_server_new(SSL_CTX **out, tls_choose *choose, struct error *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx && set_up(ctx, choose)) {
        *out = ctx;
        return 0;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    int result = refuse(err, msg_tls_set_up(str_from(reason ? reason : "unknown error")));
    SSL_CTX_free(ctx);
    return result;
}
