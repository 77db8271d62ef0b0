/* What a CA answers; the first byte chooses what it is read as. What is kept stays within limits.
 */
#include <stdint.h>
#include <stdlib.h>

#include "acme/directory.h"
#include "acme/order_object.h"
#include "acme/problem.h"
#include "acme/reading.h"
#include "net/pem.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_url(struct str url)
{
    MUST(url.n == 0 || acme_url_is_good(url));
}

static void directory(struct str text, struct arena *arena)
{
    struct acme_directory d;
    struct error err;
    if (acme_directory_read(STR("https://ca.test/"), text, arena, &d, &err) < 0)
        return;
    const struct str urls[] = {d.new_nonce,  d.new_account,  d.new_order, d.revoke_cert,
                               d.key_change, d.renewal_info, d.terms,     d.website};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        must_be_url(urls[i]);
    MUST(d.new_nonce.n && d.new_account.n && d.new_order.n);
    MUST(d.profile_count <= ACME_PROFILES_MAX && d.caa_identities.n <= ACME_CAA_MAX);
    for (size_t i = 0; i < d.profile_count; i++)
        MUST(d.profiles[i].name.n <= ACME_PROFILE_NAME_MAX && d.profiles[i].name.n &&
             acme_directory_has_profile(&d, d.profiles[i].name));
}

static void order(struct str text, struct arena *arena)
{
    struct acme_order o;
    struct error err;
    if (acme_order_read(STR("https://ca.test/"), text, arena, &o, &err) < 0)
        return;
    MUST(o.authorization_count >= 1 && o.authorization_count <= ACME_AUTHORIZATIONS_MAX);
    MUST(acme_url_is_good(o.finalize));
    must_be_url(o.certificate);
    for (size_t i = 0; i < o.authorization_count; i++)
        MUST(acme_url_is_good(o.authorizations[i]));
}

static void authorization(struct str text, struct arena *arena)
{
    struct acme_authorization a;
    struct error err;
    if (acme_authorization_read(STR("https://ca.test/"), text, arena, &a, &err) < 0)
        return;
    MUST(a.name.n && a.offer_count <= ACME_OFFERS_MAX);
    for (size_t i = 0; i < a.offer_count; i++)
        must_be_url(a.offers[i].url);
}

static void chain(struct str text, struct arena *arena)
{
    struct pem_certificate pem;
    struct error err;
    if (pem_chain_read(&pem, text, STR("chain"), NULL, STR("key"), arena, &err) == 0)
        MUST(pem.chain.n && !pem.key.n && pem.name_count && pem.name_count <= PEM_NAMES_MAX);
}

/* The first line is a Link header, the second Retry-After, the rest a body that is no success. */
static void answer(struct str text, struct arena *arena)
{
    struct str link, retry, url;
    size_t at = 0, within = 0;
    str_cut(text, '\n', &link, &text);
    str_cut(text, '\n', &retry, &text);
    const struct api_header headers[] = {
        {STR("link"), link}, {STR("retry-after"), retry}, {STR("link"), link}};
    const struct api_response response = {
        .status = 403, .headers = headers, .header_count = 3, .body = text};
    struct acme_refusal refusal;
    struct error err;
    MUST(acme_problem_answer(&response, STR("https://ca.test/"), 1000, arena, &refusal, &err) < 0);
    MUST(refusal.retry_at == 0 ||
         (refusal.retry_at >= 1000 && refusal.retry_at <= 1000 + ACME_RETRY_AFTER_MAX));
    for (size_t n = 0; acme_link_next(&response, STR("alternate"), &at, &within, &url); n++)
        MUST(n <= 2 * link.n && acme_url_is_good(url));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, (size_t)4 << 20);
    void (*const readers[])(struct str, struct arena *) = {directory, order, authorization, chain,
                                                           answer};
    if (size)
        readers[data[0] % ARRAY_LEN(readers)](str_skip(text, 1), &arena);
    return 0;
}
