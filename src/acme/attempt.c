#include "acme/attempt.h"

#include "acme/account.h"
#include "acme/ca.h"
#include "acme/jose.h"
#include "acme/key.h"
#include "acme/messages.h"
#include "acme/roll.h"
#include "base/map.h"

#define NOTES_MAX 16
#define TLS_PORT  443
#define HTTP_PORT 80

/* A new certificate is not looked at again before, or before a third of its life is over. Seconds.
 */
#define LEAST_LIFE_S 3600

static int64_t now_of(const struct acme_attempt *a)
{
    return a->settings->world->now(a->settings->world->context);
}

static void tell(const struct acme_attempt *a, enum acme_stage stage)
{
    if (a->settings->told)
        a->settings->told(a->settings->context, stage, a->job->name, a->ca->name, NULL);
}

/* The same for one certificate each time, so that looking often does not choose the earliest. */
static uint32_t spread(const struct store_job *job)
{
    const uint64_t seed[2] = {(uint64_t)job->certificate, 0};
    return (uint32_t)siphash(job->name, seed);
}

/* ---- the session and its account ---- */

int acme_attempt_begin(struct acme_attempt *a, struct error *err)
{
    struct str directory = a->ca->directory;
    if (a->settings->dry_run) {
        const struct acme_known_ca *known = acme_known_ca_at(directory);
        if (!known || !known->staging)
            return error_set(err, ERROR_PERMANENT, msg_acme_staging_absent(a->ca->name));
        directory = str_from(known->staging);
        a->ca->account_key = a->ca->account = a->ca->next_key = STR("");
    }
    return acme_session_new(&a->session, a->settings->world, directory, err);
}

void acme_attempt_end(struct acme_attempt *a)
{
    acme_session_free(a->session);
    a->session = NULL;
}

/* Keeps it before the CA hears of it: an account whose key is lost cannot be used again. */
static int make_account_key(struct acme_attempt *a, EVP_PKEY **key, struct error *err)
{
    struct str der;
    int result = acme_key_new(ACME_KEY_P256, key, err);
    if (result == 0)
        result = acme_key_write(*key, a->arena, &der, err);
    if (result == 0 && !a->settings->dry_run)
        result = store_ca_set_account(a->settings->store, a->ca->name, der, STR(""), err);
    if (result < 0)
        return result;
    a->ca->account_key = der;
    return 0;
}

static int open_account(struct acme_attempt *a, EVP_PKEY *key, struct error *err)
{
    struct acme_account_request request = {
        .contact = a->ca->contact,
        .terms_agreed = a->ca->terms.n > 0,
        .eab_kid = a->settings->dry_run ? STR("") : a->ca->eab_kid,
    };
    tell(a, ACME_STAGE_ACCOUNT);
    acme_session_sign_by(a->session, key, STR(""));
    int result = jose_base64url_decode(a->ca->eab_key, a->arena, &request.eab_key, err);
    if (result == 0)
        result = acme_account_open(a->session, key, &request, a->arena, &a->ca->account,
                                   &a->refusal, err);
    if (result == 0 && !a->settings->dry_run)
        result =
            store_ca_set_account(a->settings->store, a->ca->name, STR(""), a->ca->account, err);
    return result < 0 ? result : 0;
}

/* The account's key; the session signs by it from now on. */
static int use_account(struct acme_attempt *a, EVP_PKEY **key, struct error *err)
{
    int result = a->ca->next_key.n ? acme_roll_settle(a->session, a->settings->store, a->ca,
                                                      a->arena, &a->refusal, err)
                                   : 0;
    if (result >= 0)
        result = a->ca->account_key.n ? acme_key_read(a->ca->account_key, key, err)
                                      : make_account_key(a, key, err);
    if (result == 0 && !a->ca->account.n)
        result = open_account(a, *key, err);
    if (result == 0)
        acme_session_sign_by(a->session, *key, a->ca->account);
    return result;
}

/* ---- before the order ---- */

struct solving {
    struct acme_store_solver store;
    struct acme_webroot_solver webroot;
    struct acme_dns_solver dns;
    struct acme_solver solver;
};

static int choose_solver(const struct acme_attempt *a, struct solving *s, struct error *err)
{
    enum acme_challenge_type type;
    if (!acme_challenge_read(a->ca->challenge, &type))
        return error_set(err, ERROR_PERMANENT, msg_acme_challenge_kind(a->ca->challenge));
    if (type == ACME_DNS_01 && !a->settings->publish)
        return error_set(err, ERROR_PERMANENT, msg_acme_no_publisher());
    s->store = (struct acme_store_solver){.store = a->settings->store, .world = a->settings->world};
    s->webroot = (struct acme_webroot_solver){a->settings->webroot};
    s->dns = (struct acme_dns_solver){.publish = a->settings->publish, .dns = a->settings->dns};
    if (type == ACME_DNS_01)
        s->solver = acme_solver_dns(&s->dns);
    else if (type == ACME_HTTP_01 && a->settings->webroot && a->settings->webroot[0])
        s->solver = acme_solver_webroot(&s->webroot);
    else
        s->solver = acme_solver_store(&s->store, type);
    return 0;
}

static int preflight(struct acme_attempt *a, const struct solving *s, struct error *err)
{
    const struct acme_directory *directory;
    struct msg notes[NOTES_MAX];
    size_t count;
    if (!a->settings->dns)
        return 0;
    tell(a, ACME_STAGE_PREFLIGHT);
    int result = acme_session_directory(a->session, &directory, &a->refusal, err);
    if (result < 0)
        return result;
    const struct acme_preflight_request request = {
        .name = a->job->name,
        .challenge = s->solver.type,
        .caa_identities = a->settings->dry_run ? STR("") : directory->caa_identities,
        .account = a->settings->dry_run ? STR("") : a->ca->account,
        .dns = a->settings->dns,
        .solver = &s->solver,
        .tls_port = TLS_PORT,
        .http_port = HTTP_PORT,
    };
    result = acme_preflight(&request, notes, NOTES_MAX, &count, a->arena, err);
    a->name_at_fault = result < 0 && !error_is(err, &MSG_ACME_NO_HOST);
    return result;
}

/* ---- the order ---- */

/* The order's key goes with its URL: one is of no use without the other. */
static int on_begun(void *context, struct str order, struct error *err)
{
    struct acme_attempt *a = context;
    a->job->order = order;
    if (a->settings->dry_run)
        return 0;
    int result = store_job_put(a->settings->store, a->job, err);
    return result < 0 ? result : 0;
}

static int certificate_key(struct acme_attempt *a, EVP_PKEY **key, struct error *err)
{
    enum acme_key_type type;
    if (a->job->order.n && a->job->key.n && str_eq(a->job->ca, a->ca->name))
        return acme_key_read(a->job->key, key, err);
    a->job->order = STR("");
    if (!acme_key_type_read(a->ca->key_type, &type))
        return error_set(err, ERROR_PERMANENT, msg_acme_key_type(a->ca->key_type));
    int result = acme_key_new(type, key, err);
    return result < 0 ? result : acme_key_write(*key, a->arena, &a->job->key, err);
}

static int keep_certificate(struct acme_attempt *a, const struct acme_order_result *order,
                            struct error *err)
{
    const struct store_certificate row = {
        .names = &a->job->name,
        .name_count = 1,
        .chain = order->chain,
        .key = a->job->key,
        .not_before = order->not_before,
        .not_after = order->not_after,
        .source = STR("acme"),
        .created = now_of(a),
    };
    int result = store_certificate_put(a->settings->store, &row, &a->job->certificate, err);
    return result < 0 ? result : 0;
}

/* A fault of what only helps to renew is no reason to lose the certificate. */
static void plan_renewal(struct acme_attempt *a, const struct acme_order_result *order)
{
    struct store_job *job = a->job;
    struct acme_window window;
    struct error err;
    bool has_window =
        acme_certificate_id(order->chain, a->arena, &job->certificate_id, &err) == 0 &&
        acme_renewal_window(a->session, job->certificate_id, a->arena, &window, &err) == 1;
    job->window_start = has_window ? window.start : 0;
    job->window_end = has_window ? window.end : 0;
    job->window_asked = now_of(a);
    job->due = acme_renew_at(order->not_before, order->not_after, has_window ? &window : NULL,
                             spread(job));
    if (has_window && window.ask_again < job->due)
        job->due = window.ask_again;
    int64_t now = now_of(a), third = (order->not_after - now) / 3;
    int64_t least = now + (third < LEAST_LIFE_S ? third : LEAST_LIFE_S);
    if (job->due < least) /* whatever the CA says */
        job->due = least;
}

static int order(struct acme_attempt *a, EVP_PKEY *account_key, const struct solving *s,
                 struct acme_order_result *result, struct error *err)
{
    EVP_PKEY *key = NULL;
    int rc = certificate_key(a, &key, err);
    if (rc < 0)
        return rc;
    bool same_ca = str_eq(a->job->ca, a->ca->name);
    const struct acme_order_request request = {
        .name = a->job->name,
        .account_key = account_key,
        .key = key,
        .profile = a->ca->profile,
        .replaces = same_ca && !a->settings->dry_run ? a->job->certificate_id : STR(""),
        .preferred_chain = a->ca->preferred_chain,
        .order = a->job->order,
        .solvers = &s->solver,
        .solver_count = 1,
        .begun = on_begun,
        .context = a,
    };
    a->job->ca = a->ca->name;
    tell(a, ACME_STAGE_ORDER);
    rc = acme_order_run(a->session, &request, a->arena, result, &a->refusal, err);
    EVP_PKEY_free(key);
    return rc;
}

static int run_once(struct acme_attempt *a, struct error *err)
{
    EVP_PKEY *account_key = NULL;
    struct acme_order_result result;
    struct solving solving;
    a->refusal = (struct acme_refusal){.problem = ACME_NO_PROBLEM};
    int rc = choose_solver(a, &solving, err);
    if (rc == 0)
        rc = use_account(a, &account_key, err);
    if (rc == 0 && !a->job->order.n)
        rc = preflight(a, &solving, err);
    if (rc == 0)
        rc = order(a, account_key, &solving, &result, err);
    if (rc == 0 && !a->settings->dry_run)
        rc = keep_certificate(a, &result, err);
    if (rc == 0) {
        tell(a, ACME_STAGE_STORED);
        a->job->profile = a->ca->profile;
        a->job->order = a->job->key = STR("");
        if (!a->settings->dry_run)
            plan_renewal(a, &result);
    }
    EVP_PKEY_free(account_key);
    return rc;
}

/* A CA that has forgotten the account is asked for another, once. */
int acme_attempt_run(struct acme_attempt *a, struct error *err)
{
    int result = run_once(a, err);
    if (result == 0 || a->refusal.problem != ACME_ACCOUNT_DOES_NOT_EXIST)
        return result;
    a->ca->account = STR("");
    return run_once(a, err);
}

/* ---- renewal ---- */

int acme_attempt_is_time(struct acme_attempt *a, struct error *err)
{
    struct store_job *job = a->job;
    struct store_certificate row;
    struct acme_window window = {.start = job->window_start, .end = job->window_end};
    int64_t now = now_of(a);
    int rc = job->certificate ? store_certificate_by_id(a->settings->store, job->certificate,
                                                        a->arena, &row, err)
                              : 0;
    if (rc < 0)
        return rc;
    if (rc == 0)
        return 1;
    if (job->certificate_id.n && str_eq(job->ca, a->ca->name)) {
        rc = acme_renewal_window(a->session, job->certificate_id, a->arena, &window, err);
        if (rc < 0 && error_is(err, &MSG_ACME_STOPPED))
            return rc;
        job->window_asked = now;
        if (rc == 1) {
            job->window_start = window.start;
            job->window_end = window.end;
        }
    }
    bool has_window = window.end > 0;
    int64_t at =
        acme_renew_at(row.not_before, row.not_after, has_window ? &window : NULL, spread(job));
    if (at <= now)
        return 1;
    job->due = rc == 1 && window.ask_again < at ? window.ask_again : at;
    return 0;
}
