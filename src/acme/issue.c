#include "acme/issue.h"

#include <string.h>

#include "acme/attempt.h"
#include "acme/messages.h"
#include "base/msg_record.h"

#define PROBLEM_MAX STORE_JOB_TEXT_MAX

/* After a CA refused for a limit, others' jobs leave it alone for so long. Seconds. Its Retry-After
 * for this name can be much longer. */
#define PAUSE_S 60

/* A certificate from elsewhere that nobody has renewed when it has this long to live, or a quarter
 * of its life if that is less, is replaced. Seconds. */
#define RESCUE_S (INT64_C(7) * 86400)

struct cas {
    struct store_ca at[ACME_CAS_MAX];
    size_t count;
    struct arena *arena;
    struct str only;
};

struct issue {
    const struct acme_issue_settings *settings;
    struct store_job *job;
    struct arena *arena;
    int64_t earliest;            /* of the CAs that may not be asked yet; 0: there is none */
    int64_t order_at;            /* when there is an order again at one that may; 0: likewise */
    struct acme_refusal refusal; /* of the last CA that was asked */
    bool preflight_said_no;
};

static int64_t now_of(const struct issue *i)
{
    return i->settings->world->now(i->settings->world->context);
}

/* ---- the lease ---- */

/* The world in which each wait and each request says that the owner of the job lives. */
struct leased {
    const struct acme_world *world;
    struct store *store;
    struct store_job *job;
};

static int64_t leased_now(void *context)
{
    const struct leased *l = context;
    return l->world->now(l->world->context);
}

/* A lease that cannot be made longer ends: another owner then does the same once more. */
static void stay(struct leased *l, int64_t seconds)
{
    int64_t now = leased_now(l), until = now + seconds + ACME_LEASE_S;
    if (!l->job->owner.n || l->job->lease >= until - ACME_LEASE_S / 2)
        return;
    if (store_job_take(l->store, l->job->name, l->job->owner, now, until, NULL) == 1)
        l->job->lease = until;
}

static int leased_wait_ms(void *context, int64_t ms, struct error *err)
{
    struct leased *l = context;
    stay(l, ms / 1000);
    return l->world->wait_ms(l->world->context, ms, err);
}

static int leased_send(void *context, const struct api_request *request, struct arena *arena,
                       struct api_response *response, struct error *err)
{
    struct leased *l = context;
    stay(l, 0);
    return l->world->send(l->world->context, request, arena, response, err);
}

/* ---- the CAs ---- */

static int take_ca(void *context, const struct store_ca *row)
{
    struct cas *cas = context;
    if (cas->only.n && !str_eq(cas->only, row->name))
        return 0;
    struct store_ca *ca = &cas->at[cas->count++];
    struct str *texts[] = {&ca->name,    &ca->directory,       &ca->challenge,   &ca->key_type,
                           &ca->profile, &ca->preferred_chain, &ca->contact,     &ca->terms,
                           &ca->eab_kid, &ca->eab_key,         &ca->account_key, &ca->account,
                           &ca->next_key};
    *ca = *row;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(cas->arena, *texts[i]);
    return cas->count == ACME_CAS_MAX;
}

static int read_cas(struct issue *i, struct cas *cas, struct error *err)
{
    *cas = (struct cas){.arena = i->arena, .only = i->settings->only};
    int result = store_ca_each(i->settings->store, take_ca, cas, err);
    if (result < 0)
        return result;
    if (i->arena->failed)
        return error_set_memory(err);
    if (!cas->count)
        return error_set(err, ERROR_PERMANENT,
                         cas->only.n ? msg_acme_ca_unknown(cas->only) : msg_acme_no_ca());
    return 0;
}

static void wait_until(struct issue *i, int64_t at)
{
    if (!i->earliest || at < i->earliest)
        i->earliest = at;
}

/* Whether the CA may be asked anything now. 1: yes; of one that gave no answer, *claimed says that
 * this job is the one that looks. */
static int may_ask(struct issue *i, struct store_ca *ca, bool *claimed, struct error *err)
{
    int64_t now = now_of(i), until = now + ACME_LEASE_S;
    *claimed = false;
    if (i->settings->dry_run || (i->settings->by_hand && ca->failures))
        return 1;
    if (acme_is_blocked(ca->blocked_until, now)) {
        wait_until(i, ca->blocked_until);
        return 0;
    }
    if (!ca->failures)
        return 1;
    int result = store_ca_claim(i->settings->store, ca->name, ca->blocked_until, until, err);
    if (result == 0)
        wait_until(i, until);
    if (result != 1)
        return result;
    ca->blocked_until = until;
    *claimed = true;
    return 1;
}

/* Whether there is an order left in the CA's bucket. 1: yes, and one is taken out. */
static int may_order(struct issue *i, struct store_ca *ca, struct error *err)
{
    if (i->job->order.n || i->settings->dry_run)
        return 1;
    struct acme_bucket bucket = {ACME_BUCKET_SIZE, ACME_BUCKET_PERIOD, ca->bucket_ms,
                                 ca->bucket_at};
    int64_t at = acme_bucket_take(&bucket, now_of(i));
    if (at) {
        wait_until(i, at);
        i->order_at = i->order_at && i->order_at < at ? i->order_at : at;
        return 0;
    }
    ca->bucket_ms = bucket.level_ms;
    ca->bucket_at = bucket.at;
    int result =
        store_ca_set_bucket(i->settings->store, ca->name, ca->bucket_ms, ca->bucket_at, err);
    return result < 0 ? result : 1;
}

struct free_at {
    int64_t now, at;
    bool any_free, any;
};

static int look_at_ca(void *context, const struct store_ca *row)
{
    struct free_at *f = context;
    bool blocked = acme_is_blocked(row->blocked_until, f->now);
    if (blocked && (!f->any || row->blocked_until < f->at))
        f->at = row->blocked_until;
    f->any = true;
    f->any_free |= !blocked;
    return f->any_free;
}

int acme_cas_free(struct store *store, int64_t now, int64_t *at, struct error *err)
{
    struct free_at f = {.now = now};
    int result = store_ca_each(store, look_at_ca, &f, err);
    if (result < 0)
        return result;
    *at = f.at;
    return f.any_free || !f.any;
}

/* ---- after a refusal ---- */

/* Whether another CA might do better: not when it is the name that is at fault. */
static bool ca_at_fault(const struct acme_attempt *a, const struct error *err)
{
    static const enum acme_problem of_the_name[] = {
        ACME_CAA,
        ACME_CONNECTION,
        ACME_DNS,
        ACME_INCORRECT_RESPONSE,
        ACME_REJECTED_IDENTIFIER,
        ACME_TLS,
        ACME_UNAUTHORIZED,
        ACME_UNSUPPORTED_IDENTIFIER,
    };
    if (a->name_at_fault || error_is(err, &MSG_ACME_NO_HOST) || error_is(err, &MSG_ACME_STOPPED) ||
        str_starts(str_from(err->msg.def->id), STR("publish-")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(of_the_name); i++) {
        if (a->refusal.problem == of_the_name[i])
            return false;
    }
    return true;
}

static void tell_ca(const struct issue *i, enum acme_stage stage, const struct store_ca *ca,
                    const struct error *err)
{
    if (i->settings->told)
        i->settings->told(i->settings->context, stage, i->job->name, ca->name, err);
}

/* What this attempt means for the other jobs. What cannot be written is learned once more in vain.
 */
static void settle(struct issue *i, struct acme_attempt *a, bool claimed,
                   const struct error *failed)
{
    struct store_ca *ca = a->ca;
    enum acme_ca_state state = acme_session_state(a->session);
    bool limited = a->refusal.problem == ACME_RATE_LIMITED || a->refusal.status == 429;
    int64_t now = now_of(i), until = ca->blocked_until;
    uint64_t failures = ca->failures;
    struct error err;
    if (state == ACME_CA_SILENT)
        until = acme_outage_until(&a->refusal, ++failures, now);
    else if (state == ACME_CA_ANSWERS)
        failures = 0, until = failed && limited ? now + PAUSE_S : 0;
    else if (claimed)
        until = now; /* it was not asked: let the next one look */
    if (failures == ca->failures && until == ca->blocked_until)
        return;
    if (store_ca_set_blocked(i->settings->store, ca->name, failures, until, &err) < 0)
        return;
    if (failures && !ca->failures)
        tell_ca(i, ACME_STAGE_SILENT, ca, failed);
    else if (!failures && ca->failures)
        tell_ca(i, ACME_STAGE_BACK, ca, NULL);
}

/* What fails while the program ends is nobody's fault. */
static int unless_stopped(const struct issue *i, int result, struct error *err)
{
    const struct acme_world *world = i->settings->world;
    return result < 0 && world->wait_ms(world->context, 0, err) < 0 ? -ERROR_TEMPORARY : result;
}

/* 1: the certificate is there; 0: it is not time, or (*next) this CA's orders are used up. */
static int ask_ca(struct issue *i, struct acme_attempt *a, bool *next, struct error *err)
{
    int result = i->settings->now || i->settings->dry_run ? 1 : acme_attempt_is_time(a, err);
    if (result != 1)
        return result;
    result = may_order(i, a->ca, err);
    *next = result == 0;
    if (result != 1)
        return result;
    result = unless_stopped(i, acme_attempt_run(a, err), err);
    *next = result < 0 && ca_at_fault(a, err);
    return result < 0 ? result : 1;
}

/* Likewise; *next also when the CA is being left alone. */
static int try_ca(struct issue *i, struct store_ca *ca, bool *next, struct error *err)
{
    struct acme_attempt a = {.settings = i->settings, .ca = ca, .job = i->job, .arena = i->arena};
    bool claimed;
    int result = may_ask(i, ca, &claimed, err);
    *next = result == 0;
    if (result != 1)
        return result;
    result = acme_attempt_begin(&a, err);
    if (result == 0)
        result = ask_ca(i, &a, next, err);
    bool failed = result < 0 && !error_is(err, &MSG_ACME_STOPPED);
    if (failed) {
        i->refusal = a.refusal;
        i->preflight_said_no = a.name_at_fault;
        tell_ca(i, ACME_STAGE_REFUSED, ca, err);
    }
    if (a.session && !i->settings->dry_run)
        settle(i, &a, claimed, failed ? err : NULL);
    acme_attempt_end(&a);
    return result;
}

/* The first CA that gives it; else what the last one said that was asked. */
static int try_cas(struct issue *i, struct cas *cas, struct error *err)
{
    bool next = true, asked = false;
    int result = 0;
    struct error said;
    for (size_t n = 0; n < cas->count && next; n++) {
        int got = try_ca(i, &cas->at[n], &next, &said);
        if (got == 1 || (got == 0 && !next))
            return got;
        if (got < 0) {
            asked = true;
            result = error_copy(err, &said);
        }
    }
    return asked ? result : error_set(err, ERROR_TEMPORARY, msg_acme_cas_wait(i->earliest));
}

/* ---- certificates from elsewhere ---- */

/* Whether a certificate that somebody brings in by himself covers the name, and will for a while:
 * he renews it. 1: yes, and job->due is when it will have to be looked at. */
static int is_covered(struct issue *i, struct error *err)
{
    struct store_certificate row;
    int64_t id;
    int result = store_certificate_find(i->settings->store, i->job->name, &id, err);
    if (result == 1)
        result = store_certificate_by_id(i->settings->store, id, i->arena, &row, err);
    if (result != 1)
        return result;
    int64_t quarter = (row.not_after - row.not_before) / 4;
    int64_t due = row.not_after - (quarter < RESCUE_S ? quarter : RESCUE_S);
    if (str_eq(row.source, STR("acme")) || due <= now_of(i))
        return 0;
    i->job->due = due;
    return 1;
}

/* 1: there is a new certificate; 0: it is not time. */
static int get(struct issue *i, struct error *err)
{
    struct cas cas;
    bool whatever = i->settings->now || i->settings->dry_run;
    int result = whatever ? 0 : is_covered(i, err);
    if (result != 0)
        return result < 0 ? result : 0;
    result = read_cas(i, &cas, err);
    return result < 0 ? result : try_cas(i, &cas, err);
}

/* ---- the job ---- */

static struct str write_problem(struct arena *arena, const struct error *err)
{
    struct buf out CLEANUP(buf_done);
    struct json_writer w;
    buf_init(&out, PROBLEM_MAX);
    json_writer_init(&w, &out, false);
    msg_record_write(&w, &err->msg);
    return out.failed ? STR("{}") : arena_str(arena, buf_view(&out));
}

static void note_failure(struct issue *i, const struct error *err)
{
    struct store_job *job = i->job;
    int64_t now = now_of(i);
    if (error_is(err, &MSG_ACME_STOPPED)) {
        job->due = now;
        return;
    }
    job->tried = now;
    job->problem = write_problem(i->arena, err);
    if (error_is(err, &MSG_ACME_CAS_WAIT)) {
        /* Where all are being left alone, it is due all the same: any moment one may be back. */
        job->due = i->order_at ? i->earliest : now;
        return;
    }
    job->failures++;
    unsigned failures = job->failures < UINT16_MAX ? (unsigned)job->failures : UINT16_MAX;
    job->due = i->preflight_said_no ? acme_look_again(failures, now, arc4random())
                                    : acme_retry_time(&i->refusal, failures, now, arc4random());
    if (error_is(err, &MSG_ACME_ORDER_INVALID) || error_is(err, &MSG_ACME_CHALLENGE_FAILED))
        job->order = job->key = STR("");
}

static void note_success(struct issue *i, int result)
{
    i->job->failures = 0;
    i->job->problem = STR("");
    if (result == 1)
        i->job->tried = now_of(i);
}

static int put_back(struct issue *i, int result, struct error *err)
{
    struct error put;
    if (result < 0)
        note_failure(i, err);
    else
        note_success(i, result);
    i->job->lease = 0;
    int written = store_job_put(i->settings->store, i->job, &put);
    return result >= 0 && written < 0 ? error_copy(err, &put) : result;
}

int acme_issue(const struct acme_issue_settings *settings, struct store_job *job,
               struct arena *arena, struct error *err)
{
    struct leased leased = {settings->world, settings->store, job};
    const struct acme_world world = {leased_now, leased_wait_ms, leased_send, &leased};
    struct acme_issue_settings within = *settings;
    struct issue i = {.settings = &within, .job = job, .arena = arena};
    struct error local;
    const struct store_job before = *job;
    within.world = &world;
    if (!err)
        err = &local;
    int result = get(&i, err);
    if (!settings->dry_run)
        return put_back(&i, result, err);
    *job = before;
    return result;
}
