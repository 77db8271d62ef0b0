#include "net/http_tls.h"

#include <openssl/err.h>
#include <stdio.h>

#include "net/certificate.h"

#define VERIFY_BYTES_MAX ((size_t)1024 * 1024)

static void keep_reason(struct http_tls *tls, const char *reason)
{
    if (reason && !*tls->reason)
        snprintf(tls->reason, sizeof tls->reason, "%s", reason);
}

/* OpenSSL chooses the alert by this code (RFC 8446 6.2). */
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

/* The peer's place in the handshake is kept by OpenSSL: 1 goes on, 0 ends it with an alert. */
static int judge(struct http_tls *tls, X509_STORE_CTX *ctx)
{
    struct arena arena CLEANUP(arena_done);
    struct tls_verified verified;
    arena_init(&arena, VERIFY_BYTES_MAX);
    if (tls_verify(tls->trust, &tls->peer, tls->host, tls->now, &arena, &verified, NULL) < 0) {
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
        keep_reason(tls, X509_verify_cert_error_string(X509_V_ERR_OUT_OF_MEM));
        return 0;
    }
    if (verified.trusted)
        return 1;
    int code = fault_code(&verified);
    X509_STORE_CTX_set_error(ctx, code);
    keep_reason(tls, X509_verify_cert_error_string(code));
    return 0;
}

static int on_certificate(X509_STORE_CTX *ctx, void *context)
{
    struct http_tls *tls = context;
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(ctx);
    certificate_chain_keep(chain, tls->arena, &tls->peer);
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return tls->trust ? judge(tls, ctx) : 1;
}

/* A step of the handshake ended; whether for good, the error queue says and, when the connection
 * itself broke, nothing does: later steps then overwrite `closed`. */
static void on_step_end(struct http_tls *tls, int value)
{
    unsigned long error = ERR_peek_last_error();
    tls->closed = value <= 0 && !tls->done;
    if (!tls->closed || error == 0 || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return;
    tls->closed = false;
    keep_reason(tls, ERR_reason_error_string(error));
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct http_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!tls)
        return;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
        if (value >> 8 == SSL3_AL_FATAL)
            keep_reason(tls, SSL_alert_desc_string_long(value));
        else if ((value & 0xff) == SSL_AD_CLOSE_NOTIFY)
            tls->goodbye = true;
    }
    if (where & SSL_CB_HANDSHAKE_DONE && !tls->done) {
        tls->done = true;
        tls->peer.version = (unsigned)SSL_version(ssl);
        tls->peer.cipher = arena_str(tls->arena, str_from(SSL_get_cipher_name(ssl)));
    }
    if ((where & SSL_CB_CONNECT_EXIT) == SSL_CB_CONNECT_EXIT)
        on_step_end(tls, value);
}

void http_tls_detach(struct http_tls *tls)
{
    if (!tls->ctx)
        return;
    SSL_CTX_set_app_data(tls->ctx, NULL);
    SSL_CTX_free(tls->ctx);
    tls->ctx = NULL;
}

bool http_tls_attach(struct http_tls *tls, SSL_CTX *ctx)
{
    tls->begun = true;
    http_tls_detach(tls);
    if (!SSL_CTX_set_app_data(ctx, tls) || !SSL_CTX_up_ref(ctx))
        return false;
    tls->ctx = ctx;
    SSL_CTX_set_cert_verify_callback(ctx, on_certificate, tls);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return true;
}
