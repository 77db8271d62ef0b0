#include "fake_ca_call.h"

#include <string.h>

/* ---- orders ---- */

static void show_order(struct fake_call *c, unsigned status, unsigned number)
{
    struct fake_order *o = c->ca->orders[number - 1];
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 4096);
    buf_printf(&b,
               "{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}],"
               "\"authorizations\":[\"" FAKE_BASE "/authz/%u\"],\"finalize\":\"" FAKE_BASE
               "/finalize/%u\"",
               o->status, o->name, number, number);
    if (!strcmp(o->status, "valid"))
        buf_printf(&b, ",\"certificate\":\"" FAKE_BASE "/cert/%u\"", number);
    if (!strcmp(o->status, "invalid"))
        buf_printf(&b,
                   ",\"error\":{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"failed\"}",
                   o->problem);
    buf_cstr(&b, "}");
    fake_add_url_header(c, "location", FAKE_BASE "/order/", number);
    fake_answer(c, status, buf_view(&b));
}

static bool was_validated(const struct fake_ca *ca, const struct fake_order *like)
{
    for (unsigned i = 0; i + 1 < ca->order_count; i++) {
        const struct fake_order *o = ca->orders[i];
        if (o->account == like->account && !strcmp(o->name, like->name) &&
            !strcmp(o->authorization, "valid"))
            return true;
    }
    return false;
}

static void add_order(struct fake_call *c, const json_t *payload)
{
    struct fake_ca *ca = c->ca;
    struct fake_order *o = ca->orders[ca->order_count++] = calloc(1, sizeof *o);
    struct str name =
        fake_text(json_array_get(json_object_get(payload, "identifiers"), 0), "value");
    snprintf(o->name, sizeof o->name, "%.*s", STR_ARG(name));
    snprintf(o->profile, sizeof o->profile, "%.*s", STR_ARG(fake_text(payload, "profile")));
    snprintf(o->replaces, sizeof o->replaces, "%.*s", STR_ARG(fake_text(payload, "replaces")));
    o->account = c->account;
    o->polls = ca->settings.polls;
    bool valid = ca->settings.reuse && was_validated(ca, o);
    o->authorization = valid ? "valid" : "pending";
    o->status = valid ? "ready" : "pending";
    show_order(c, 201, ca->order_count);
}

void fake_new_order(struct fake_call *c)
{
    const struct fake_ca *ca = c->ca;
    json_t *payload = fake_payload(c);
    struct str profile = fake_text(payload, "profile"), replaces = fake_text(payload, "replaces");
    if (json_array_size(json_object_get(payload, "identifiers")) != 1)
        fake_complain(c, "not one identifier");
    if (replaces.n && !ca->settings.renewal_info)
        fake_complain(c, "replaces without renewalInfo");
    if (profile.n &&
        (!ca->settings.profiles || str_find(str_from(ca->settings.profiles), profile) < 0))
        fake_refuse(c, 400, "invalidProfile", "no such profile");
    else if (ca->order_count == FAKE_ROWS_MAX)
        fake_refuse(c, 503, "serverInternal", "full");
    else
        add_order(c, payload);
    json_decref(payload);
}

static void authorization(struct fake_call *c, struct fake_order *o, unsigned number)
{
    const char *list = c->ca->settings.challenges;
    struct str rest = str_from(list ? list : "http-01 dns-01 tls-alpn-01"), type;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 8192);
    if (!strcmp(o->authorization, "processing") && o->polls-- == 0) {
        o->authorization = *o->problem ? "invalid" : "valid";
        o->status = *o->problem ? "invalid" : "ready";
        o->polls = c->ca->settings.polls;
    }
    /* RFC 8555 7.1.6: an authorization has no "processing". */
    bool processing = !strcmp(o->authorization, "processing");
    buf_printf(&b,
               "{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},"
               "\"challenges\":[",
               processing ? "pending" : o->authorization, o->name);
    while (rest.n) {
        str_cut(rest, ' ', &type, &rest);
        bool this = str_eq(type, str_from(o->tried));
        buf_printf(&b,
                   "{\"type\":\"%.*s\",\"url\":\"" FAKE_BASE
                   "/chall/%u/%.*s\",\"token\":\"t%u-%.*s\","
                   "\"status\":\"%s\"",
                   STR_ARG(type), number, STR_ARG(type), number, STR_ARG(type),
                   this ? o->authorization : "pending");
        if (this && !strcmp(o->authorization, "invalid"))
            buf_printf(&b,
                       ",\"error\":{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"no "
                       "answer\"}",
                       o->problem);
        buf_cstr(&b, rest.n ? "}," : "}");
    }
    buf_cstr(&b, "]}");
    fake_answer(c, 200, buf_view(&b));
}

/* The key authorization as the CA reckons it (8.1), from the account's JWK. */
static struct str key_authorization(struct fake_call *c, struct str token)
{
    EVP_PKEY *key = c->ca->accounts[c->account - 1].key;
    unsigned char point[65], hash[32];
    char x[64], y[64], jwk[256], text[64];
    size_t n = 0;
    EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &n);
    for (int i = 0; i < 2; i++) {
        char *to = i ? y : x;
        int length = EVP_EncodeBlock((unsigned char *)to, point + 1 + 32 * i, 32);
        to[length - 1] = '\0';
        for (; *to; to++)
            *to = *to == '+' ? '-' : *to == '/' ? '_' : *to;
    }
    int m = snprintf(jwk, sizeof jwk,
                     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    EVP_Digest(jwk, (size_t)m, hash, NULL, EVP_sha256(), NULL);
    int length = EVP_EncodeBlock((unsigned char *)text, hash, 32);
    text[length - 1] = '\0';
    for (char *p = text; *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 512);
    buf_printf(&b, "%.*s.%s", STR_ARG(token), text);
    return arena_str(c->arena, buf_view(&b));
}

static void challenge(struct fake_call *c, struct fake_order *o, unsigned number, struct str type)
{
    const struct fake_ca_settings *s = &c->ca->settings;
    struct buf token CLEANUP(buf_done);
    buf_init(&token, 256);
    buf_printf(&token, "t%u-%.*s", number, STR_ARG(type));
    if (!str_eq(c->jws.payload, STR("{}")))
        fake_complain(c, "a challenge is answered by {}");
    if (strcmp(o->authorization, "pending") != 0)
        fake_complain(c, "an authorization that is not pending");
    struct str keyed = key_authorization(c, buf_view(&token));
    const char *problem =
        s->validate ? s->validate(s->context, type, str_from(o->name), buf_view(&token), keyed)
                    : NULL;
    snprintf(o->problem, sizeof o->problem, "%s", problem ? problem : "");
    snprintf(o->tried, sizeof o->tried, "%.*s", STR_ARG(type));
    o->authorization = "processing";
    fake_answer(c, 200, STR("{\"status\":\"processing\"}"));
}

static void finalize(struct fake_call *c, struct fake_order *o, unsigned number)
{
    struct fake_ca_settings *s = &c->ca->settings;
    json_t *payload = fake_payload(c);
    struct str csr = STR("");
    int64_t now = fake_now(c->ca);
    bool brief = str_eq(str_from(o->profile), STR("shortlived"));
    o->until = now + (brief ? s->short_life : s->life);
    if (strcmp(o->status, "ready") != 0) {
        fake_refuse(c, 403, "orderNotReady", o->status);
    } else if (!fake_base64url(fake_text(payload, "csr"), c->arena, &csr) ||
               !fake_issuer_sign(&c->ca->issuer, csr, o->name, s->wrong_name, s->wrong_key, now,
                                 o->until, &c->ca->arena, &o->leaf)) {
        fake_complain(c, "a bad request for a certificate");
        fake_refuse(c, 400, "badCSR", "no");
    } else {
        s->wrong_name = NULL;
        s->wrong_key = false;
        c->ca->issued++;
        o->polls = s->polls;
        o->status = "processing";
        show_order(c, 200, number);
    }
    json_decref(payload);
}

static void order(struct fake_call *c, struct fake_order *o, unsigned number)
{
    if (!strcmp(o->status, "processing") && o->polls-- == 0)
        o->status = "valid";
    show_order(c, 200, number);
}

static void certificate(struct fake_call *c, const struct fake_order *o, unsigned number)
{
    bool alternate = str_ends(c->path, STR("/1"));
    struct buf link CLEANUP(buf_done);
    buf_init(&link, 256);
    buf_printf(&link, "<" FAKE_BASE "/cert/%u/1>;rel=\"alternate\"", number);
    fake_add_header(c, "link", STR("<" FAKE_BASE "/directory>;rel=\"index\""));
    if (!alternate)
        fake_add_header(c, "link", buf_view(&link));
    fake_answer(c, 200, alternate ? o->leaf.alternate : o->leaf.chain);
}

void fake_revoke(struct fake_call *c)
{
    json_t *payload = fake_payload(c);
    struct str der;
    struct fake_order *found = NULL;
    if (fake_base64url(fake_text(payload, "certificate"), c->arena, &der)) {
        const unsigned char *at = (const unsigned char *)der.p;
        X509 *x = d2i_X509(NULL, &at, (long)der.n);
        for (unsigned i = 0; x && i < c->ca->order_count; i++) {
            struct fake_order *o = c->ca->orders[i];
            if (o->leaf.key && EVP_PKEY_eq(o->leaf.key, X509_get0_pubkey(x)) == 1)
                found = o;
        }
        X509_free(x);
    }
    json_decref(payload);
    if (!found) {
        fake_refuse(c, 404, "malformed", "no such certificate");
    } else if (c->account ? found->account != c->account
                          : EVP_PKEY_eq(found->leaf.key, c->key) != 1) {
        fake_refuse(c, 403, "unauthorized", "not yours");
    } else if (found->revoked) {
        fake_refuse(c, 400, "alreadyRevoked", "twice");
    } else {
        found->revoked = true;
        c->ca->revoked++;
        fake_answer(c, 200, STR(""));
    }
}

void fake_order_resource(struct fake_call *c, struct str resource, struct str rest)
{
    struct str number, more;
    uint64_t n;
    str_cut(rest, '/', &number, &more);
    struct fake_order *o = NULL;
    if (str_to_u64(number, &n) && n >= 1 && n <= c->ca->order_count)
        o = c->ca->orders[n - 1];
    if (!o || o->account != c->account)
        fake_refuse(c, 404, "malformed", "no such resource");
    else if (str_eq(resource, STR("order")))
        order(c, o, (unsigned)n);
    else if (str_eq(resource, STR("authz")))
        authorization(c, o, (unsigned)n);
    else if (str_eq(resource, STR("chall")))
        challenge(c, o, (unsigned)n, more);
    else if (str_eq(resource, STR("finalize")))
        finalize(c, o, (unsigned)n);
    else
        certificate(c, o, (unsigned)n);
}
