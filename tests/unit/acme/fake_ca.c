#include "fake_ca.h"

#include <string.h>

#include "base/timefmt.h"
#include "fake_ca_call.h"
#include "net/messages.h"

#define START INT64_C(1795518000)
#define DAY   INT64_C(86400)

struct fake_ca *fake_ca_new(void)
{
    struct fake_ca *ca = calloc(1, sizeof *ca);
    pthread_mutex_init(&ca->lock, NULL);
    arena_init(&ca->arena, (size_t)512 << 20);
    ca->requests = calloc(FAKE_ROWS_MAX * 32, sizeof *ca->requests);
    ca->now_ms = START * 1000;
    ca->settings.life = 90 * DAY;
    ca->settings.short_life = 6 * DAY;
    fake_issuer_init(&ca->issuer, START);
    return ca;
}

void fake_ca_free(struct fake_ca *ca)
{
    for (unsigned i = 0; i < ca->account_count; i++)
        EVP_PKEY_free(ca->accounts[i].key);
    for (unsigned i = 0; i < ca->order_count; i++) {
        EVP_PKEY_free(ca->orders[i]->leaf.key);
        free(ca->orders[i]);
    }
    fake_issuer_done(&ca->issuer);
    arena_done(&ca->arena);
    pthread_mutex_destroy(&ca->lock);
    free(ca->requests);
    free(ca);
}

struct fake_ca_settings *fake_ca_settings(struct fake_ca *ca)
{
    return &ca->settings;
}

struct str fake_ca_directory(void)
{
    return STR(FAKE_BASE "/directory");
}

/* ---- answers ---- */

void fake_complain(struct fake_call *c, const char *what)
{
    if (!*c->ca->complaint)
        snprintf(c->ca->complaint, sizeof c->ca->complaint, "%.*s: %s", STR_ARG(c->path), what);
}

void fake_add_header(struct fake_call *c, const char *name, struct str value)
{
    c->headers[c->response->header_count++] =
        (struct api_header){str_from(name), arena_str(c->arena, value)};
}

void fake_add_url_header(struct fake_call *c, const char *name, const char *format, unsigned number)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 512);
    buf_cstr(&text, format);
    buf_u64(&text, number);
    fake_add_header(c, name, buf_view(&text));
}

void fake_answer(struct fake_call *c, unsigned status, struct str body)
{
    c->response->status = status;
    c->response->body = arena_str(c->arena, body);
}

void fake_refuse(struct fake_call *c, unsigned status, const char *type, const char *detail)
{
    struct buf body CLEANUP(buf_done);
    buf_init(&body, 4096);
    buf_printf(&body,
               "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"%s\",\"status\":%u}", type,
               detail, status);
    fake_add_header(c, "content-type", STR("application/problem+json"));
    fake_answer(c, status, buf_view(&body));
}

int64_t fake_now(const struct fake_ca *ca)
{
    return ca->now_ms / 1000;
}

struct str fake_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

json_t *fake_payload(const struct fake_call *c)
{
    return json_loadb(c->jws.payload.n ? c->jws.payload.p : "", c->jws.payload.n, 0, NULL);
}

static void give_nonce(struct fake_call *c)
{
    unsigned number = c->ca->nonce_count++;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 64);
    buf_printf(&text, "nonce-%u", number);
    c->ca->nonces[number % FAKE_NONCES_MAX] = true;
    fake_add_header(c, "replay-nonce", buf_view(&text));
}

static bool take_nonce(struct fake_ca *ca, struct str nonce)
{
    uint64_t number;
    if (!str_starts(nonce, STR("nonce-")) || !str_to_u64(str_skip(nonce, 6), &number) ||
        number >= ca->nonce_count || ca->nonce_count - number > FAKE_NONCES_MAX)
        return false;
    bool good = ca->nonces[number % FAKE_NONCES_MAX];
    ca->nonces[number % FAKE_NONCES_MAX] = false;
    return good;
}

/* ---- directory, renewalInfo ---- */

static void directory(struct fake_call *c)
{
    const struct fake_ca_settings *s = &c->ca->settings;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 8192);
    buf_cstr(&b,
             "{\"newNonce\":\"" FAKE_BASE "/new-nonce\",\"newAccount\":\"" FAKE_BASE
             "/new-account\",\"newOrder\":\"" FAKE_BASE "/new-order\",\"revokeCert\":\"" FAKE_BASE
             "/revoke\",\"keyChange\":\"" FAKE_BASE "/key-change\",");
    if (s->renewal_info)
        buf_cstr(&b, "\"renewalInfo\":\"" FAKE_BASE "/renewal-info\",");
    buf_cstr(&b, "\"meta\":{");
    if (!s->no_terms)
        buf_cstr(&b, "\"termsOfService\":\"" FAKE_BASE "/terms\",");
    if (s->profiles)
        buf_printf(&b, "\"profiles\":{%s},", s->profiles);
    buf_printf(&b, "\"caaIdentities\":[%s],", s->caa ? s->caa : "");
    buf_printf(&b, "\"externalAccountRequired\":%s}}", s->eab_required ? "true" : "false");
    fake_answer(c, 200, buf_view(&b));
}

static struct fake_order *order_of_id(struct fake_ca *ca, struct str id)
{
    for (unsigned i = ca->order_count; i > 0; i--) {
        if (ca->orders[i - 1]->leaf.key && str_eq(str_from(ca->orders[i - 1]->leaf.id), id))
            return ca->orders[i - 1];
    }
    return NULL;
}

/* RFC 9773 4.2; a certificate that was revoked has a window that has passed. */
static void renewal_info(struct fake_call *c)
{
    const struct fake_order *o = order_of_id(c->ca, str_skip(c->path, strlen("/renewal-info/")));
    unsigned days = c->ca->settings.window_days ? c->ca->settings.window_days : 30;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1024);
    if (!o) {
        fake_refuse(c, 404, "malformed", "no such certificate");
        return;
    }
    int64_t start = o->revoked ? fake_now(c->ca) - 2 * DAY : o->until - days * DAY;
    buf_cstr(&b, "{\"suggestedWindow\":{\"start\":\"");
    time_print(&b, start);
    buf_cstr(&b, "\",\"end\":\"");
    time_print(&b, start + DAY);
    buf_cstr(&b, "\"}}");
    fake_add_header(c, "retry-after", STR("21600"));
    fake_answer(c, 200, buf_view(&b));
}

/* ---- requests ---- */

static void route(struct fake_call *c)
{
    struct str resource, rest;
    str_cut(str_skip(c->path, 1), '/', &resource, &rest);
    if (str_eq(c->path, STR("/new-account")))
        fake_new_account(c);
    else if (str_eq(c->path, STR("/revoke")))
        fake_revoke(c);
    else if (!c->account)
        fake_refuse(c, 401, "accountDoesNotExist", "who is this?");
    else if (str_eq(c->path, STR("/new-order")))
        fake_new_order(c);
    else if (str_eq(c->path, STR("/key-change")))
        fake_key_change(c);
    else if (str_eq(resource, STR("account")))
        fake_account(c);
    else
        fake_order_resource(c, resource, rest);
}

/* RFC 8555 6.2: exactly one of jwk and kid. */
static EVP_PKEY *signer(struct fake_call *c)
{
    struct str kid = fake_jws_text(&c->jws, "kid");
    json_t *jwk = json_object_get(c->jws.header, "jwk");
    uint64_t number;
    if ((jwk != NULL) == (kid.n != 0)) {
        fake_complain(c, "not one of jwk and kid");
        return NULL;
    }
    if (jwk)
        return c->key = fake_jwk_key(jwk, c->arena);
    if (!str_starts(kid, STR(FAKE_BASE "/account/")) ||
        !str_to_u64(str_skip(kid, strlen(FAKE_BASE "/account/")), &number) || number < 1 ||
        number > c->ca->account_count)
        return NULL;
    c->account = (unsigned)number;
    return c->ca->accounts[number - 1].key;
}

static bool has_type(const struct api_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_ieq(request->headers[i].name, STR("content-type")))
            return str_eq(request->headers[i].value, STR("application/jose+json"));
    }
    return false;
}

static void post(struct fake_call *c)
{
    bool read = fake_jws_read(c->request->body, c->arena, &c->jws);
    EVP_PKEY *key = read ? signer(c) : NULL;
    if (!has_type(c->request))
        fake_complain(c, "not application/jose+json");
    if (!read || !key) {
        fake_refuse(c, read && !c->key ? 401 : 400, read ? "accountDoesNotExist" : "malformed",
                    "JWS");
    } else if (!fake_jws_verify(&c->jws, key)) {
        fake_complain(c, "a bad signature");
        fake_refuse(c, 403, "unauthorized", "signature");
    } else if (!str_eq(fake_jws_text(&c->jws, "url"), c->request->url)) {
        fake_complain(c, "another url");
        fake_refuse(c, 403, "unauthorized", "url");
    } else if (!take_nonce(c->ca, fake_jws_text(&c->jws, "nonce"))) {
        fake_refuse(c, 400, "badNonce", "not a nonce of ours, or used");
    } else {
        route(c);
    }
    EVP_PKEY_free(c->key);
    fake_jws_done(&c->jws);
}

static const struct fake_fault *next_fault(struct fake_ca *ca, struct str path)
{
    for (unsigned i = 0; i < ca->fault_count; i++) {
        struct fake_fault *f = &ca->faults[i];
        if (!f->times || !str_starts(path, str_from(f->path)))
            continue;
        if (f->skip) {
            f->skip--;
            continue;
        }
        f->times--;
        return f;
    }
    return NULL;
}

static int act_fault(struct fake_call *c, const struct fake_fault *f, struct error *err)
{
    if (!f->status)
        return error_set(err, ERROR_TEMPORARY, msg_api_timeout(STR("ca.test"), 30));
    if (f->header)
        fake_add_header(c, f->header, str_from(f->value));
    if (f->type)
        fake_refuse(c, f->status, f->type, f->detail ? f->detail : "no");
    else
        fake_answer(c, f->status, str_from(f->body));
    return 0;
}

static int answer_call(struct fake_call *c, struct error *err)
{
    const struct fake_fault *fault = next_fault(c->ca, c->path);
    bool is_post = str_eq(c->request->method, STR("POST"));
    if (fault && !fault->status)
        return act_fault(c, fault, err);
    if (is_post || str_eq(c->path, STR("/new-nonce")))
        give_nonce(c);
    if (fault)
        return act_fault(c, fault, err);
    if (is_post)
        post(c);
    else if (str_eq(c->path, STR("/directory")))
        directory(c);
    else if (str_starts(c->path, STR("/renewal-info/")))
        renewal_info(c);
    else if (str_eq(c->path, STR("/new-nonce")))
        fake_answer(c, str_eq(c->request->method, STR("HEAD")) ? 200 : 204, STR(""));
    else
        fake_refuse(c, 405, "malformed", "only by POST");
    return 0;
}

static int send(void *context, const struct api_request *request, struct arena *arena,
                struct api_response *response, struct error *err)
{
    struct fake_ca *ca = context;
    *response = (struct api_response){0};
    struct fake_call c = {.ca = ca,
                          .request = request,
                          .arena = arena,
                          .response = response,
                          .headers = arena_array(arena, 16, sizeof *c.headers),
                          .path = str_skip(request->url, strlen(FAKE_BASE))};
    response->headers = c.headers;
    pthread_mutex_lock(&ca->lock);
    if (!str_starts(request->url, STR(FAKE_BASE "/")))
        fake_complain(&c, "another host");
    if (ca->request_count < FAKE_ROWS_MAX * 32)
        snprintf(ca->requests[ca->request_count++], sizeof *ca->requests, "%.*s", STR_ARG(c.path));
    int rc = answer_call(&c, err);
    pthread_mutex_unlock(&ca->lock);
    return rc;
}

static int64_t now(void *context)
{
    return fake_ca_now(context);
}

static int wait_ms(void *context, int64_t ms, struct error *err)
{
    struct fake_ca *ca = context;
    (void)err;
    pthread_mutex_lock(&ca->lock);
    ca->now_ms += ms;
    pthread_mutex_unlock(&ca->lock);
    return 0;
}

struct acme_world fake_ca_world(struct fake_ca *ca)
{
    return (struct acme_world){.now = now, .wait_ms = wait_ms, .send = send, .context = ca};
}

int64_t fake_ca_now(struct fake_ca *ca)
{
    pthread_mutex_lock(&ca->lock);
    int64_t at = fake_now(ca);
    pthread_mutex_unlock(&ca->lock);
    return at;
}

void fake_ca_set_now(struct fake_ca *ca, int64_t at)
{
    pthread_mutex_lock(&ca->lock);
    if (at * 1000 > ca->now_ms)
        ca->now_ms = at * 1000;
    pthread_mutex_unlock(&ca->lock);
}

void fake_ca_fault(struct fake_ca *ca, const struct fake_fault *fault)
{
    pthread_mutex_lock(&ca->lock);
    if (ca->fault_count < FAKE_FAULTS_MAX) {
        ca->faults[ca->fault_count] = *fault;
        if (!fault->times)
            ca->faults[ca->fault_count].times = 1;
        ca->fault_count++;
    }
    pthread_mutex_unlock(&ca->lock);
}

void fake_ca_faults_end(struct fake_ca *ca)
{
    pthread_mutex_lock(&ca->lock);
    ca->fault_count = 0;
    pthread_mutex_unlock(&ca->lock);
}

const char *fake_ca_complaint(struct fake_ca *ca)
{
    return *ca->complaint ? ca->complaint : NULL;
}

unsigned fake_ca_requests(struct fake_ca *ca, const char *path)
{
    unsigned n = 0;
    pthread_mutex_lock(&ca->lock);
    for (unsigned i = 0; i < ca->request_count; i++)
        n += str_starts(str_from(ca->requests[i]), str_from(path));
    pthread_mutex_unlock(&ca->lock);
    return n;
}

const char *fake_ca_last_profile(struct fake_ca *ca)
{
    return ca->order_count ? ca->orders[ca->order_count - 1]->profile : NULL;
}

const char *fake_ca_last_replaces(struct fake_ca *ca)
{
    return ca->order_count ? ca->orders[ca->order_count - 1]->replaces : NULL;
}

unsigned fake_ca_issued(struct fake_ca *ca)
{
    return ca->issued;
}

unsigned fake_ca_revoked(struct fake_ca *ca)
{
    return ca->revoked;
}

unsigned fake_ca_accounts(struct fake_ca *ca)
{
    return ca->account_count;
}

const char *fake_ca_contact(struct fake_ca *ca)
{
    return ca->account_count ? ca->accounts[ca->account_count - 1].contact : "";
}
