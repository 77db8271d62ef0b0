/* The certificate of an order: RFC 8555 7.4.2. */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "acme/messages.h"
#include "acme/order_run.h"
#include "acme/reading.h"
#include "base/domain.h"
#include "net/pem.h"

#define ALTERNATES_MAX 8 /* chains that are looked at besides the first */

static void free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

/* The parts of the program that read files speak of files; here only what is wrong counts. */
static int refuse_chain(struct order_run *run, struct str url, const struct error *why)
{
    if (why->class == ERROR_TEMPORARY)
        return error_copy(run->err, why);
    return error_set(run->err, ERROR_TEMPORARY,
                     msg_acme_certificate(url, str_from(why->msg.def->id)));
}

static int check(struct order_run *run, struct str url, struct acme_order_result *result)
{
    struct pem_certificate read;
    struct error why;
    if (pem_chain_read(&read, run->answer.body, url, run->request->key, STR("key"), run->arena,
                       &why) < 0)
        return refuse_chain(run, url, &why);
    for (size_t i = 0; i < read.name_count; i++) {
        if (domain_eq(read.names[i], run->request->name)) {
            result->chain = read.chain;
            result->not_before = read.not_before;
            result->not_after = read.not_after;
            return 0;
        }
    }
    return error_set(run->err, ERROR_TEMPORARY, msg_acme_certificate_name(url, run->request->name));
}

static int fetch(struct order_run *run, struct str url, struct acme_order_result *result)
{
    int rc = order_ask(run, url, STR(""));
    return rc < 0 ? rc : check(run, url, result);
}

/* Whether the issuer of the chain's last certificate has that common name. */
static bool ends_by(struct str chain, struct str issuer)
{
    const unsigned char *at = (const unsigned char *)chain.p, *end = at + chain.n;
    X509 *last CLEANUP(free_certificate) = NULL;
    char name[256] = "";
    while (at < end && end - at <= LONG_MAX) {
        X509 *next = d2i_X509(NULL, &at, end - at);
        if (!next)
            break;
        X509_free(last);
        last = next;
    }
    int n = last ? X509_NAME_get_text_by_NID(X509_get_issuer_name(last), NID_commonName, name,
                                             sizeof name)
                 : -1;
    ERR_clear_error();
    return n > 0 && str_ieq(str_from(name), issuer);
}

/* The answer's alternates, in the caller's arena. */
static size_t list_alternates(struct order_run *run, struct str *out)
{
    size_t at = 0, within = 0, n = 0;
    struct str url;
    while (n < ALTERNATES_MAX && acme_link_next(&run->answer, STR("alternate"), &at, &within, &url))
        out[n++] = arena_str(run->arena, url);
    return run->arena->failed ? 0 : n;
}

int order_download(struct order_run *run, struct str url, struct acme_order_result *result)
{
    struct str preferred = run->request->preferred_chain, alternates[ALTERNATES_MAX];
    int rc = fetch(run, url, result);
    if (rc < 0 || !preferred.n || ends_by(result->chain, preferred))
        return rc;
    size_t count = list_alternates(run, alternates);
    for (size_t i = 0; i < count; i++) {
        struct acme_order_result other = *result;
        /* The first chain is good: an alternate that is not is no reason to be without. */
        if (fetch(run, alternates[i], &other) == 0 && ends_by(other.chain, preferred)) {
            *result = other;
            break;
        }
    }
    *run->refusal = (struct acme_refusal){ACME_NO_PROBLEM};
    return 0;
}
