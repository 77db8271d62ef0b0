#include "net/certificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/timefmt.h"

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

void certificate_chain_freep(STACK_OF(X509) * *chain)
{
    sk_X509_pop_free(*chain, X509_free);
}

void certificate_store_ctx_freep(X509_STORE_CTX **ctx)
{
    X509_STORE_CTX_free(*ctx);
}

/* NULL for what is no certificate, or more than one. */
static X509 *read_one(struct str der)
{
    const unsigned char *at = (const unsigned char *)der.p, *end = at + der.n;
    X509 *certificate = der.n && der.n <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.n) : NULL;
    if (certificate && at == end)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* What OpenSSL has read already, as far as the chain is kept. */
static STACK_OF(X509) * share(const struct tls_peer *peer)
{
    STACK_OF(X509) *chain = X509_chain_up_ref(peer->read);
    while (chain && (size_t)sk_X509_num(chain) > peer->chain_count)
        X509_free(sk_X509_pop(chain));
    return chain;
}

STACK_OF(X509) * certificate_chain_read(const struct tls_peer *peer)
{
    if (peer->read)
        return share(peer);
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (size_t i = 0; chain && i < peer->chain_count; i++) {
        X509 *certificate = read_one(peer->chain[i]);
        bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
        if (!certificate && !no_memory)
            break;
        if (!certificate || sk_X509_push(chain, certificate) <= 0) {
            X509_free(certificate);
            certificate_chain_freep(&chain);
            chain = NULL;
        }
    }
    ERR_clear_error();
    return chain;
}

void certificate_chain_keep(STACK_OF(X509) * chain, struct arena *arena, struct tls_peer *peer)
{
    size_t bytes = 0;
    int count = sk_X509_num(chain) < TLS_CHAIN_MAX ? sk_X509_num(chain) : TLS_CHAIN_MAX;
    peer->chain_count = 0;
    peer->chain = count > 0 ? arena_array(arena, (size_t)count, sizeof *peer->chain) : NULL;
    for (int i = 0; peer->chain && i < count; i++) {
        int n = i2d_X509(sk_X509_value(chain, i), NULL);
        if (n <= 0 || (size_t)n > TLS_CHAIN_BYTES_MAX - bytes)
            return;
        unsigned char *der = arena_alloc(arena, (size_t)n), *at = der;
        if (!der || i2d_X509(sk_X509_value(chain, i), &at) != n)
            return;
        bytes += (size_t)n;
        peer->chain[peer->chain_count++] = (struct str){(const char *)der, (size_t)n};
    }
}

int64_t certificate_time(const ASN1_TIME *time)
{
    struct tm tm = {0};
    if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
        return 0;
    struct civil_time t = {.year = tm.tm_year + 1900,
                           .month = (unsigned)tm.tm_mon + 1,
                           .day = (unsigned)tm.tm_mday,
                           .hour = (unsigned)tm.tm_hour,
                           .minute = (unsigned)tm.tm_min,
                           .second = (unsigned)tm.tm_sec};
    return time_from_civil(&t);
}

/* The first attribute of the kind, as UTF-8; empty where there is none. */
static struct str attribute(const X509_NAME *name, int nid, struct arena *arena)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0)
        return STR("");
    unsigned char *text = NULL;
    int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n < 0) {
        ERR_clear_error();
        return STR("");
    }
    struct str whole = {(const char *)text, (size_t)n};
    struct str copy = arena_str(arena, str_head(whole, CERTIFICATE_NAME_MAX));
    OPENSSL_free(text);
    return copy;
}

struct str certificate_name(const X509_NAME *name, struct arena *arena)
{
    struct str common = attribute(name, NID_commonName, arena);
    if (common.n)
        return common;
    BIO *bio CLEANUP(free_bio) = BIO_new(BIO_s_mem());
    char *text;
    if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        ERR_clear_error();
        return STR("");
    }
    long n = BIO_get_mem_data(bio, &text);
    struct str whole = {text, n > 0 ? (size_t)n : 0};
    return arena_str(arena, str_head(whole, CERTIFICATE_NAME_MAX));
}

static struct str lower_copy(const ASN1_IA5STRING *from, struct arena *arena)
{
    struct str name = {(const char *)ASN1_STRING_get0_data(from), (size_t)ASN1_STRING_length(from)};
    char *copy = arena_cstr(arena, name);
    for (size_t i = 0; copy && i < name.n; i++)
        copy[i] = ascii_lower(copy[i]);
    return (struct str){copy, copy ? name.n : 0};
}

static void describe_names(X509 *certificate, struct arena *arena, struct tls_certificate *out)
{
    GENERAL_NAMES *all CLEANUP(free_names) =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    int n = all ? sk_GENERAL_NAME_num(all) : 0;
    size_t count = n > TLS_NAMES_MAX ? TLS_NAMES_MAX : (size_t)n;
    out->names = count ? arena_array(arena, count, sizeof *out->names) : NULL;
    for (int i = 0; out->names && i < n && out->name_count < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            out->names[out->name_count++] = lower_copy(name->d.dNSName, arena);
    }
}

void certificate_describe(X509 *certificate, struct arena *arena, struct tls_certificate *out)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    *out = (struct tls_certificate){
        .subject = certificate_name(subject, arena),
        .issuer = certificate_name(issuer, arena),
        .issuer_organisation = attribute(issuer, NID_organizationName, arena),
        .common_name = attribute(subject, NID_commonName, arena),
        .not_before = certificate_time(X509_get0_notBefore(certificate)),
        .not_after = certificate_time(X509_get0_notAfter(certificate)),
    };
    describe_names(certificate, arena, out);
}

int certificate_is_for(X509 *certificate, struct str host)
{
    /* A trailing dot only says that the name is whole; a leading one would ask OpenSSL for every
     * name below it, and no length at all for a C string. */
    if (str_ends(host, STR(".")))
        host.n--;
    if (host.n == 0 || host.p[0] == '.')
        return 0;
    int found = X509_check_host(certificate, host.p, host.n, CERTIFICATE_HOST_FLAGS, NULL);
    ERR_clear_error();
    return found == -2 ? 0 : found; /* -2: a name that no host can have */
}

static int on_verified(int ok, X509_STORE_CTX *ctx)
{
    struct certificate_faults *faults = X509_STORE_CTX_get_app_data(ctx);
    if (!ok && faults->count < CERTIFICATE_FAULTS_MAX) {
        faults->at[faults->count].error = X509_STORE_CTX_get_error(ctx);
        faults->at[faults->count].depth = X509_STORE_CTX_get_error_depth(ctx);
        faults->count++;
    }
    /* It would tell a fault that is known again in the place of the next one. */
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

bool certificate_verify(X509_STORE_CTX *ctx, struct certificate_faults *out)
{
    *out = (struct certificate_faults){.count = 0};
    if (!X509_STORE_CTX_set_app_data(ctx, out)) {
        ERR_clear_error();
        return false;
    }
    X509_STORE_CTX_set_verify_cb(ctx, on_verified);
    int result = X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    /* The verifier leaves without asking where it cannot go on: for want of memory, or with a key
     * that cannot be read. */
    if (result <= 0 && out->count == 0)
        on_verified(0, ctx);
    bool no_memory = error == X509_V_ERR_OUT_OF_MEM ||
                     ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    for (size_t i = 0; i < out->count; i++)
        no_memory = no_memory || out->at[i].error == X509_V_ERR_OUT_OF_MEM;
    return !no_memory;
}
