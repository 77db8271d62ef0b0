#include "net/tls_verify.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_chain.h"
#include "net/tls_trust.h"

/* OpenSSL's level for 112 bits: RSA of 2048 bits, no SHA-1. */
#define AUTH_LEVEL 2

/* Which faults of the verifier are of which kind of ours. */
enum kind { KIND_EXPIRED, KIND_NOT_YET, KIND_SELF_SIGNED, KIND_ISSUER, KIND_WEAK, KIND_OTHER };

static enum kind kind_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return KIND_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return KIND_NOT_YET;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return KIND_SELF_SIGNED;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return KIND_ISSUER;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return KIND_WEAK;
    default:
        return KIND_OTHER;
    }
}

static int place_of(STACK_OF(X509) * sent, const X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(sent); i++) {
        if (X509_cmp(sk_X509_value(sent, i), certificate) == 0)
            return i;
    }
    return -1;
}

/* ---- looking: RFC 5280 section 6, from the leaf to a root of the store, for a server ---- */

/* The certificate of the chain that was built at that depth, by its place in what was sent; for one
 * that was not sent (a root of the trust store) the nearest before it, and *ours. */
static size_t sent_place(STACK_OF(X509) * sent, STACK_OF(X509) * built, int depth, bool *ours)
{
    int last = sk_X509_num(built) - 1, place = -1;
    *ours = false;
    for (int i = depth < last ? depth : last; i >= 0 && place < 0; i--) {
        place = place_of(sent, sk_X509_value(built, i));
        *ours = *ours || place < 0;
    }
    return place < 0 ? 0 : (size_t)place;
}

/* What is found changes at a date, or at the second behind it. */
static void narrow(struct tls_chain *chain, STACK_OF(X509) * certificates, int64_t now)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        const X509 *one = sk_X509_value(certificates, i);
        const int64_t dates[] = {certificate_time(X509_get0_notBefore(one)),
                                 certificate_time(X509_get0_notAfter(one))};
        for (size_t k = 0; k < ARRAY_LEN(dates); k++) {
            if (dates[k] >= now)
                chain->until = dates[k] - 1 < chain->until ? dates[k] - 1 : chain->until;
            if (dates[k] <= now)
                chain->from = dates[k] + 1 > chain->from ? dates[k] + 1 : chain->from;
        }
    }
}

static bool look(X509_STORE_CTX *ctx, const struct tls_trust *trust, int64_t now,
                 struct tls_chain *chain)
{
    struct certificate_faults faults;
    if (!X509_STORE_CTX_init(ctx, tls_trust_store(trust), sk_X509_value(chain->sent, 0),
                             chain->sent) ||
        !X509_STORE_CTX_set_default(ctx, "ssl_server"))
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, now);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    /* What stands in the trust store is trusted, a root or not. */
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    if (!certificate_verify(ctx, &faults))
        return false;
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
    for (; chain->count < faults.count; chain->count++) {
        size_t i = chain->count;
        chain->found[i].error = faults.at[i].error;
        chain->found[i].at =
            sent_place(chain->sent, built, faults.at[i].depth, &chain->found[i].ours);
    }
    narrow(chain, chain->sent, now);
    narrow(chain, built, now);
    return true;
}

bool tls_chain_look(const struct tls_trust *trust, const struct tls_peer *peer, int64_t now,
                    struct tls_chain *chain)
{
    X509_STORE_CTX *ctx CLEANUP(certificate_store_ctx_freep) = X509_STORE_CTX_new();
    *chain = (struct tls_chain){
        .sent = certificate_chain_read(peer), .from = INT64_MIN, .until = INT64_MAX};
    bool done =
        ctx && chain->sent && (sk_X509_num(chain->sent) == 0 || look(ctx, trust, now, chain));
    if (!done)
        ERR_clear_error();
    return done;
}

void tls_chain_done(struct tls_chain *chain)
{
    certificate_chain_freep(&chain->sent);
    chain->sent = NULL;
}

/* ---- judging ---- */

/* One chain, shown for one host. */
struct verification {
    const struct tls_chain *chain;
    struct arena *arena;
    struct tls_verified *out;
};

static void set_chain(struct verification *v, enum tls_chain_fault fault, size_t at)
{
    v->out->chain = fault;
    v->out->chain_at = at;
    X509 *certificate = sk_X509_value(v->chain->sent, (int)at);
    if (fault == TLS_CHAIN_INCOMPLETE || fault == TLS_CHAIN_UNKNOWN_ISSUER)
        v->out->missing_issuer = certificate_name(X509_get_issuer_name(certificate), v->arena);
}

static void take_chain_fault(struct verification *v, enum kind kind, int error, size_t at)
{
    enum tls_chain_fault known = v->out->chain;
    /* The first one counts; a weak key is the least of all. */
    if (known != TLS_CHAIN_OK && !(known == TLS_CHAIN_WEAK && kind != KIND_WEAK))
        return;
    v->out->chain_reason = str_from(X509_verify_cert_error_string(error));
    if (kind == KIND_SELF_SIGNED)
        set_chain(v, TLS_CHAIN_SELF_SIGNED, at);
    else if (kind == KIND_ISSUER)
        set_chain(v, at == 0 ? TLS_CHAIN_INCOMPLETE : TLS_CHAIN_UNKNOWN_ISSUER, at);
    else if (kind == KIND_WEAK)
        set_chain(v, TLS_CHAIN_WEAK, at);
    else
        set_chain(v, TLS_CHAIN_INVALID, at);
}

static void take_fault(struct verification *v, int error, size_t at, bool ours)
{
    enum kind kind = kind_of(error);
    bool date = kind == KIND_EXPIRED || kind == KIND_NOT_YET;
    if (!date) {
        take_chain_fault(v, kind, error, at);
    } else if (ours) { /* the root is out of date: nobody but us can mend that */
        if (v->out->chain == TLS_CHAIN_OK || v->out->chain == TLS_CHAIN_WEAK) {
            v->out->chain_reason = str_from(X509_verify_cert_error_string(error));
            set_chain(v, TLS_CHAIN_UNKNOWN_ISSUER, at);
        }
    } else if (v->out->date == TLS_DATE_OK || at < v->out->date_at) {
        v->out->date = kind == KIND_EXPIRED ? TLS_DATE_EXPIRED : TLS_DATE_NOT_YET;
        v->out->date_at = at;
    }
}

static bool verify_name(struct verification *v, struct str host)
{
    int found = certificate_is_for(sk_X509_value(v->chain->sent, 0), host);
    if (found == 1)
        v->out->name = TLS_NAME_OK;
    else
        v->out->name = v->out->certificates[0].name_count ? TLS_NAME_MISMATCH : TLS_NAME_NONE;
    return found >= 0;
}

static bool describe(struct verification *v)
{
    size_t count = (size_t)sk_X509_num(v->chain->sent);
    v->out->certificates = arena_array(v->arena, count, sizeof *v->out->certificates);
    if (!v->out->certificates)
        return false;
    for (size_t i = 0; i < count; i++)
        certificate_describe(sk_X509_value(v->chain->sent, (int)i), v->arena,
                             &v->out->certificates[i]);
    v->out->certificate_count = count;
    return true;
}

int tls_chain_judge(const struct tls_chain *chain, const struct tls_peer *peer, struct str host,
                    struct arena *arena, struct tls_verified *out, struct error *err)
{
    struct tls_verified verified = {.chain = TLS_CHAIN_OK};
    struct verification v = {.chain = chain, .arena = arena, .out = &verified};
    size_t readable = (size_t)sk_X509_num(chain->sent);
    bool done = true;
    for (size_t i = 0; i < chain->count; i++)
        take_fault(&v, chain->found[i].error, chain->found[i].at, chain->found[i].ours);
    if (readable)
        done = describe(&v) && verify_name(&v, host);
    if (!done || arena->failed) {
        ERR_clear_error();
        return error_set_memory(err);
    }
    if (peer->chain_count == 0) {
        verified.chain = TLS_CHAIN_ABSENT;
        verified.chain_reason = STR("no-certificate");
    } else if (readable < peer->chain_count) {
        verified.chain = TLS_CHAIN_UNREADABLE;
        verified.chain_at = readable;
        verified.chain_reason = STR("unreadable-certificate");
        verified.missing_issuer = STR("");
    }
    verified.trusted = verified.chain == TLS_CHAIN_OK && verified.name == TLS_NAME_OK &&
                       verified.date == TLS_DATE_OK;
    *out = verified;
    return 0;
}

int tls_verify(const struct tls_trust *trust, const struct tls_peer *peer, struct str host,
               int64_t now, struct arena *arena, struct tls_verified *out, struct error *err)
{
    struct tls_chain chain CLEANUP(tls_chain_done);
    if (!tls_chain_look(trust, peer, now, &chain))
        return error_set_memory(err);
    return tls_chain_judge(&chain, peer, host, arena, out, err);
}
