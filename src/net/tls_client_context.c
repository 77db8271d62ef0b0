#include "net/tls_client_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/certificate.h"
#include "net/messages.h"

/* Level 0: a key that is too weak is to be seen. No cipher without authentication. */
#define CIPHERS "DEFAULT:!aNULL:!eNULL:@SECLEVEL=0"

struct tls_client_context {
    SSL_CTX *ctx;
    BIO_METHOD *method;
    struct tls_client *leaving; /* the first of those that say goodbye */
};

struct tls_client **tls_client_context_leaving(struct tls_client_context *context)
{
    return &context->leaving;
}

/* ---- OpenSSL's own socket BIO would raise SIGPIPE, and does not tell how a socket ended ---- */

static int on_write(BIO *bio, const char *bytes, int n)
{
    struct tls_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = send(wire->fd, bytes, n > 0 ? (size_t)n : 0, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    if (errno == EAGAIN || errno == EINTR)
        BIO_set_retry_write(bio);
    else
        wire->broken = errno;
    return -1;
}

static int on_read(BIO *bio, char *to, int n)
{
    struct tls_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = recv(wire->fd, to, n > 0 ? (size_t)n : 0, 0);
    if (got > 0)
        return (int)got;
    if (got == 0)
        wire->ended = true;
    else if (errno == EAGAIN || errno == EINTR)
        BIO_set_retry_read(bio);
    else
        wire->broken = errno;
    return got == 0 ? 0 : -1;
}

static long on_control(BIO *bio, int command, long value, void *p)
{
    const struct tls_wire *wire = BIO_get_data(bio);
    (void)value;
    (void)p;
    if (command == BIO_CTRL_EOF)
        return wire->ended;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *make_method(void)
{
    /* Of no type of its own: OpenSSL has about a hundred to give, for ever. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sealpost");
    if (method && BIO_meth_set_write(method, on_write) && BIO_meth_set_read(method, on_read) &&
        BIO_meth_set_ctrl(method, on_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- what a handshake shows ---- */

/* In the place of OpenSSL's verification, which would take its time and whose verdict nobody asks
 * for. */
static int on_chain(X509_STORE_CTX *ctx, void *unused)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_wire *wire = SSL_get_app_data(ssl);
    (void)unused;
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(ctx);
    certificate_chain_keep(chain, wire->arena, &wire->peer);
    sk_X509_pop_free(wire->peer.read, X509_free);
    wire->peer.read = X509_chain_up_ref(chain);
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct tls_wire *wire = SSL_get_app_data(ssl);
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        wire->alert = value & 0xff;
}

static bool set_up(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_cert_list(ctx, TLS_CHAIN_BYTES_MAX); /* what is kept */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_chain, NULL);
    SSL_CTX_set_info_callback(ctx, on_info);
    return SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
           SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, 0) == 1;
}

int tls_client_context_new(struct tls_client_context **out, struct error *err)
{
    struct tls_client_context *context = calloc(1, sizeof *context);
    if (!context)
        return error_set_memory(err);
    context->method = make_method();
    context->ctx = SSL_CTX_new(TLS_client_method());
    if (context->method && context->ctx && set_up(context->ctx)) {
        *out = context;
        return 0;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    int result = error_set(err, ERROR_PERMANENT,
                           msg_tls_set_up(str_from(reason ? reason : "unknown error")));
    ERR_clear_error();
    tls_client_context_free(context);
    return result;
}

void tls_client_context_free(struct tls_client_context *context)
{
    if (!context)
        return;
    tls_client_end_leaving(context->leaving);
    SSL_CTX_free(context->ctx);
    BIO_meth_free(context->method);
    free(context);
}

static bool offer(SSL *ssl, struct str alpn)
{
    /* 0 is success. */
    return alpn.n == 0 ||
           SSL_set_alpn_protos(ssl, (const unsigned char *)alpn.p, (unsigned)alpn.n) == 0;
}

SSL *tls_client_context_open(struct tls_client_context *context, struct tls_wire *wire,
                             struct str sni)
{
    char name[TLS_SNI_MAX + 1] = ""; /* the macro casts const away */
    SSL *ssl = SSL_new(context->ctx);
    BIO *bio = ssl ? BIO_new(context->method) : NULL;
    if (sni.n && sni.n <= TLS_SNI_MAX)
        memcpy(name, sni.p, sni.n);
    if (!bio || !SSL_set_app_data(ssl, wire) || !offer(ssl, wire->alpn) ||
        (*name && SSL_set_tlsext_host_name(ssl, name) != 1)) {
        BIO_free(bio);
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_connect_state(ssl);
    return ssl;
}
