#include "acme/order.h"

#include "acme/jose.h"
#include "acme/key.h"
#include "acme/messages.h"
#include "acme/order_run.h"
#include "acme/reading.h"
#include "base/domain.h"
#include "base/json_write.h"

#define PAYLOAD_MAX  ((size_t)16 * 1024)
#define PROFILES_MAX ((size_t)400) /* bytes of their names in a message */

static void free_scratch(struct order_run *run)
{
    arena_done(&run->scratch);
}

int order_ask(struct order_run *run, struct str url, struct str payload)
{
    arena_reset(&run->scratch);
    return acme_session_post(run->session, url, payload, &run->scratch, &run->answer, run->refusal,
                             run->err);
}

int order_pause(struct order_run *run, struct order_pace *pace)
{
    const struct acme_world *world = acme_session_world(run->session);
    int64_t now = world->now(world->context), at = acme_retry_at(&run->answer, now);
    int64_t seconds = at > now ? at - now : pace->next_s;
    int64_t left = ACME_ORDER_WAIT_S - pace->waited_s;
    if (left <= 0)
        return error_set(
            run->err, ERROR_TEMPORARY,
            msg_acme_timeout(run->request->name, str_from(pace->step), ACME_ORDER_WAIT_S));
    seconds = seconds < left ? seconds : left;
    pace->waited_s += seconds;
    pace->next_s = 2 * pace->next_s < ORDER_PACE_MAX_S ? 2 * pace->next_s : ORDER_PACE_MAX_S;
    return world->wait_ms(world->context, seconds * 1000, run->err);
}

/* ---- the order itself ---- */

/* The order that the last answer is. */
static int read_order(struct order_run *run, struct str url, struct acme_order *out)
{
    int rc = acme_order_read(url, run->answer.body, &run->scratch, out, run->err);
    if (rc == 0 && !domain_eq(out->name, run->request->name))
        return error_set(run->err, ERROR_TEMPORARY, msg_acme_answer(url, STR("identifiers")));
    return rc;
}

static int fetch_order(struct order_run *run, struct acme_order *out)
{
    int rc = order_ask(run, run->url, STR(""));
    return rc < 0 ? rc : read_order(run, run->url, out);
}

/* What is needed of the order for as long as it lasts. */
static int keep(struct order_run *run, const struct acme_order *order)
{
    run->authorization_count = order->authorization_count;
    for (size_t i = 0; i < order->authorization_count; i++)
        run->authorizations[i] = arena_str(run->arena, order->authorizations[i]);
    return run->arena->failed ? error_set_memory(run->err) : 0;
}

static int refuse_order(struct order_run *run, const struct acme_order *order)
{
    struct str name = run->request->name;
    if (!order->has_problem)
        return error_set(run->err, ERROR_TEMPORARY,
                         msg_acme_order_invalid(name, order->status_text, STR("-")));
    *run->refusal = (struct acme_refusal){.problem = order->problem.problem};
    return error_set(run->err, acme_problem_class(order->problem.problem),
                     msg_acme_order_invalid(name, order->problem.type, order->problem.detail));
}

/* ---- newOrder, 7.4 ---- */

static int refuse_profile(struct order_run *run, const struct acme_directory *directory)
{
    struct buf known CLEANUP(buf_done);
    struct str ca = acme_url_host(directory->url), profile = run->request->profile;
    buf_init(&known, PROFILES_MAX);
    for (size_t i = 0; i < directory->profile_count; i++) {
        if (i)
            buf_cstr(&known, ", ");
        buf_str(&known, directory->profiles[i].name);
    }
    return error_set(run->err, ERROR_PERMANENT,
                     directory->profile_count
                         ? msg_acme_profile_unknown(ca, profile, buf_view(&known))
                         : msg_acme_profiles_absent(ca, profile));
}

static int print_new_order(const struct acme_order_request *request, bool replaces, struct buf *out,
                           struct error *err)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_open(&w, '{');
    json_key(&w, "identifiers");
    json_open(&w, '[');
    json_open(&w, '{');
    json_key(&w, "type");
    json_put_str(&w, STR("dns"));
    json_key(&w, "value");
    json_put_str(&w, request->name);
    json_close(&w);
    json_close(&w);
    if (request->profile.n) {
        json_key(&w, "profile");
        json_put_str(&w, request->profile);
    }
    if (replaces) {
        json_key(&w, "replaces");
        json_put_str(&w, request->replaces);
    }
    json_close(&w);
    return out->failed ? error_set_memory(err) : 0;
}

static int send_new_order(struct order_run *run, bool replaces)
{
    struct buf payload CLEANUP(buf_done);
    const struct acme_directory *directory;
    buf_init(&payload, PAYLOAD_MAX);
    int rc = acme_session_directory(run->session, &directory, run->refusal, run->err);
    if (rc == 0)
        rc = print_new_order(run->request, replaces, &payload, run->err);
    if (rc < 0)
        return rc;
    struct str url = arena_str(run->arena, directory->new_order);
    return run->arena->failed ? error_set_memory(run->err)
                              : order_ask(run, url, buf_view(&payload));
}

/* RFC 9773 5: what may be refused because of `replaces` alone. */
static bool may_be_replaces(enum acme_problem problem)
{
    return problem == ACME_ALREADY_REPLACED || problem == ACME_MALFORMED ||
           problem == ACME_UNAUTHORIZED;
}

static int ask_new_order(struct order_run *run, bool *replaces_refused)
{
    const struct acme_directory *directory;
    int rc = acme_session_directory(run->session, &directory, run->refusal, run->err);
    if (rc < 0)
        return rc;
    if (run->request->profile.n && !acme_directory_has_profile(directory, run->request->profile))
        return refuse_profile(run, directory);
    bool replaces = run->request->replaces.n && directory->renewal_info.n;
    rc = send_new_order(run, replaces);
    if (rc == 0 || !replaces || !may_be_replaces(run->refusal->problem))
        return rc;
    *replaces_refused = true;
    return send_new_order(run, false);
}

static int begin(struct order_run *run, bool *replaces_refused)
{
    const struct acme_order_request *request = run->request;
    struct acme_order order;
    int rc = ask_new_order(run, replaces_refused);
    if (rc < 0)
        return rc;
    struct str location = api_header_get(&run->answer, STR("location"));
    run->url = acme_url_is_good(location) ? arena_str(run->arena, location) : STR("");
    run->resumed = false;
    rc = read_order(run, run->url, &order);
    if (rc == 0 && !run->url.n)
        rc = error_set(run->err, ERROR_TEMPORARY, msg_acme_answer(order.finalize, STR("Location")));
    if (rc == 0)
        rc = keep(run, &order);
    if (rc == 0 && request->begun)
        rc = request->begun(request->context, run->url, run->err);
    return rc;
}

/* Goes on with an order that was begun. 1; 0: that one leads nowhere. */
static int take_up(struct order_run *run)
{
    struct acme_order order = {ACME_PENDING};
    run->url = run->request->order;
    run->resumed = true;
    int rc = order_ask(run, run->url, STR(""));
    /* Forgotten, or of an account that is no longer ours. */
    if (rc < 0 && run->refusal->status >= 400 && run->refusal->status <= 499 &&
        run->refusal->problem != ACME_RATE_LIMITED && run->refusal->problem != ACME_BAD_NONCE)
        return 0;
    if (rc == 0)
        rc = acme_order_read(run->url, run->answer.body, &run->scratch, &order, run->err);
    if (rc < 0)
        return rc;
    if (order.status == ACME_INVALID || order.status == ACME_GONE ||
        !domain_eq(order.name, run->request->name))
        return 0;
    rc = keep(run, &order);
    return rc < 0 ? rc : 1;
}

/* ---- finalize, 7.4 ---- */

/* 1: the CA says that it is not ready yet. */
static int finalize(struct order_run *run, struct acme_order *order)
{
    struct buf payload CLEANUP(buf_done);
    struct arena *arena = &run->scratch;
    struct str csr = STR(""), text = STR(""), url = arena_str(run->arena, order->finalize);
    buf_init(&payload, PAYLOAD_MAX);
    int rc = run->arena->failed ? error_set_memory(run->err) : 0;
    if (rc == 0)
        rc = acme_request_new(run->request->key, &run->request->name, 1, arena, &csr, run->err);
    if (rc == 0)
        rc = jose_base64url(csr, arena, &text, run->err);
    if (rc < 0)
        return rc;
    buf_printf(&payload, "{\"csr\":\"%.*s\"}", STR_ARG(text));
    if (payload.failed)
        return error_set_memory(run->err);
    rc = order_ask(run, url, buf_view(&payload));
    if (rc < 0)
        return run->refusal->problem == ACME_ORDER_NOT_READY ? 1 : rc;
    return read_order(run, run->url, order);
}

/* From all authorizations valid to the URL of the certificate. */
static int settle(struct order_run *run, struct str *certificate)
{
    struct order_pace pace = {"order", 1, 0};
    struct acme_order order = {ACME_PENDING};
    bool finalized = false;
    int rc = fetch_order(run, &order);
    while (rc == 0 && order.status != ACME_VALID) {
        if (order.status == ACME_INVALID || order.status == ACME_GONE)
            return refuse_order(run, &order);
        if (order.status == ACME_READY && !finalized) {
            rc = finalize(run, &order);
            finalized = true;
            if (rc == 0)
                continue;
        }
        if (rc >= 0)
            rc = order_pause(run, &pace);
        if (rc == 0)
            rc = fetch_order(run, &order);
        finalized = finalized && order.status != ACME_READY;
    }
    if (rc < 0)
        return rc;
    if (!order.certificate.n)
        return error_set(run->err, ERROR_TEMPORARY, msg_acme_answer(run->url, STR("certificate")));
    *certificate = arena_str(run->arena, order.certificate);
    return run->arena->failed ? error_set_memory(run->err) : 0;
}

/* ---- all of it ---- */

static int go_on(struct order_run *run, struct acme_order_result *result)
{
    struct str certificate = STR("");
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->authorization_count; i++)
        rc = order_authorize(run, run->authorizations[i]);
    if (rc == 0)
        rc = settle(run, &certificate);
    return rc < 0 ? rc : order_download(run, certificate, result);
}

static int go(struct order_run *run, struct acme_order_result *result)
{
    int rc = run->request->order.n ? take_up(run) : 0;
    if (rc < 0)
        return rc;
    if (rc == 1) {
        rc = go_on(run, result);
        /* Finalised with another key, say: nothing will come of it any more. */
        if (!error_is(run->err, &MSG_ACME_CERTIFICATE) || rc == 0)
            return rc;
    }
    *run->refusal = (struct acme_refusal){ACME_NO_PROBLEM};
    rc = begin(run, &result->replaces_refused);
    return rc < 0 ? rc : go_on(run, result);
}

int acme_order_run(struct acme_session *session, const struct acme_order_request *request,
                   struct arena *arena, struct acme_order_result *result,
                   struct acme_refusal *refusal, struct error *err)
{
    struct acme_order_result made = {.replaces_refused = false};
    struct acme_refusal heard = {ACME_NO_PROBLEM};
    struct error why = {0};
    struct order_run run CLEANUP(free_scratch) = {
        .session = session,
        .request = request,
        .arena = arena,
        .refusal = &heard,
        .err = &why,
    };
    arena_init(&run.scratch, ACME_ARENA_MAX);
    int rc = go(&run, &made);
    if (refusal)
        *refusal = heard;
    if (rc < 0)
        return error_copy(err, &why);
    *result = made;
    return 0;
}
