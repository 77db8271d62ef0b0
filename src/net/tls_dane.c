#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/certificate.h"
#include "net/tls_verify.h"

#define USAGE_TA 2 /* RFC 7671 5.2 */
#define USAGE_EE 3 /* RFC 7671 5.1 */

/* OpenSSL's default for what a handshake accepts; weak keys are tls_verify's to tell. */
#define AUTH_LEVEL 1

/* What one set of records makes of the chain. */
struct dane_trial {
    const struct tls_tlsa *records;
    size_t count;
    bool *usable; /* filled in when it is not NULL */
};

struct dane_world {
    SSL_CTX *ctx;
    X509_STORE *none; /* DANE needs no root */
    STACK_OF(X509) * sent;
    const struct str *names;
    size_t name_count;
    int64_t now;
};

static void free_ssl(SSL **ssl)
{
    SSL_free(*ssl);
}

static void end_world(struct dane_world *w)
{
    SSL_CTX_free(w->ctx);
    X509_STORE_free(w->none);
    certificate_chain_freep(&w->sent);
    ERR_clear_error();
}

/* RFC 7672 3.1.3: usages 0 and 1 are not for SMTP. OpenSSL knows the rest. Negative: no memory. */
static int add_record(SSL *ssl, const struct tls_tlsa *r)
{
    if (r->usage != USAGE_TA && r->usage != USAGE_EE)
        return 0;
    int added = SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->matching,
                                  (const unsigned char *)r->data.p, r->data.n);
    bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    return no_memory ? -1 : added == 1;
}

/* One name at least, or OpenSSL would look at none: where the caller has none, one that no host has
 * (RFC 6761 6.4). */
static bool set_names(const struct dane_world *w, X509_VERIFY_PARAM *param)
{
    static const struct str nobody = STR_INIT("invalid");
    bool any = false;
    X509_VERIFY_PARAM_set_hostflags(param, CERTIFICATE_HOST_FLAGS);
    for (size_t i = 0; i < w->name_count; i++) {
        struct str name = w->names[i];
        if (str_ends(name, STR(".")))
            name.n--;
        /* What begins with a dot would stand for every name below. */
        if (name.n == 0 || name.p[0] == '.' || str_chr(name, '\0') >= 0)
            continue;
        if (!X509_VERIFY_PARAM_add1_host(param, name.p, name.n))
            return false;
        any = true;
    }
    return any || X509_VERIFY_PARAM_set1_host(param, nobody.p, nobody.n);
}

static enum tls_dane_status status_of(const struct certificate_faults *faults)
{
    bool name = false, date = false;
    for (size_t i = 0; i < faults->count; i++) {
        switch (faults->at[i].error) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
            name = true;
            break;
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
            date = true;
            break;
        default:
            return TLS_DANE_MISMATCH;
        }
    }
    return name ? TLS_DANE_NAME : date ? TLS_DANE_DATE : TLS_DANE_MATCH;
}

static bool verify_by(const struct dane_world *w, SSL *ssl, enum tls_dane_status *out)
{
    struct certificate_faults faults;
    X509_STORE_CTX *ctx CLEANUP(certificate_store_ctx_freep) = X509_STORE_CTX_new();
    if (!ctx || !X509_STORE_CTX_init(ctx, w->none, sk_X509_value(w->sent, 0), w->sent) ||
        !X509_STORE_CTX_set_default(ctx, "ssl_server"))
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, w->now);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_STORE_CTX_set0_dane(ctx, SSL_get0_dane(ssl));
    if (!set_names(w, param) || !certificate_verify(ctx, &faults))
        return false;
    *out = status_of(&faults);
    return true;
}

/* An SSL that never connects carries the records to the verifier. */
static bool try_records(const struct dane_world *w, const struct dane_trial *trial,
                        enum tls_dane_status *out)
{
    SSL *ssl CLEANUP(free_ssl) = SSL_new(w->ctx);
    bool any = false;
    if (!ssl || SSL_dane_enable(ssl, NULL) <= 0)
        return false;
    /* RFC 7672 3.1.1 */
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (size_t i = 0; i < trial->count; i++) {
        int added = add_record(ssl, &trial->records[i]);
        if (added < 0)
            return false;
        any = any || added;
        if (trial->usable)
            trial->usable[i] = added;
    }
    *out = any ? TLS_DANE_MISMATCH : TLS_DANE_NONE_USABLE;
    return !any || sk_X509_num(w->sent) == 0 || verify_by(w, ssl, out);
}

/* All records together first: RFC 7671 section 9 lets a stronger digest overrule a weaker one. */
static bool look(const struct dane_world *w, const struct tls_tlsa *records, struct tls_dane *dane)
{
    struct dane_trial all = {.records = records, .count = dane->count, .usable = dane->usable};
    if (!try_records(w, &all, &dane->status))
        return false;
    for (size_t i = dane->count; i-- > 0;) {
        struct dane_trial alone = {.records = &records[i], .count = 1};
        enum tls_dane_status status;
        if (!dane->usable[i])
            continue;
        if (!try_records(w, &alone, &status))
            return false;
        dane->matches[i] = status == TLS_DANE_MATCH;
        if (dane->matches[i])
            dane->matched = i;
    }
    return true;
}

int tls_verify_dane(const struct tls_peer *peer, const struct tls_tlsa *records, size_t count,
                    const struct str *names, size_t name_count, int64_t now, struct arena *arena,
                    struct tls_dane *out, struct error *err)
{
    struct tls_dane dane = {.count = count < TLS_TLSA_MAX ? count : TLS_TLSA_MAX};
    struct dane_world w CLEANUP(end_world) = {.ctx = SSL_CTX_new(TLS_client_method()),
                                              .none = X509_STORE_new(),
                                              .sent = certificate_chain_read(peer),
                                              .names = names,
                                              .name_count = name_count,
                                              .now = now};
    dane.usable = arena_array(arena, dane.count, sizeof *dane.usable);
    dane.matches = arena_array(arena, dane.count, sizeof *dane.matches);
    if (!w.ctx || !w.none || !w.sent || !dane.usable || !dane.matches ||
        SSL_CTX_dane_enable(w.ctx) <= 0 || !look(&w, records, &dane))
        return error_set_memory(err);
    if (dane.status != TLS_DANE_MATCH)
        dane.matched = 0;
    *out = dane;
    return 0;
}
