#include "acme/issuer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/job_list.h"
#include "acme/live_folder.h"
#include "acme/messages.h"
#include "acme/world.h"
#include "base/clock.h"
#include "base/log.h"

/* How often the store is looked at for changes and for jobs that are due. Milliseconds. */
#define POLL_MS 1000
/* How often the folder of somebody else's certificates is looked at. */
#define LIVE_MS 2000
/* After a failure of the store. */
#define RETRY_MS 5000

/* Between two counts of the certificates, when nothing says that there are others. */
#define COUNT_MS 60000
/* The first round goes through all domains, of which there may be a million. */
#define FOLLOW_MOST_MS 300000

#define THREADS_MAX 64
/* A job with everything that its order brings. */
#define ARENA_MAX ((size_t)16 * 1024 * 1024)

struct acme_issuer {
    const struct config *config;
    struct counters *counters;
    struct dns_settings dns;
    struct publish publish;
    struct acme_dns by_publish;
    char machine[STORE_NODE_ID_MAX + 1];
    atomic_uint workers; /* that have begun */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* when it stops */
    atomic_bool stopping;
    pthread_t threads[THREADS_MAX];
    unsigned count;
    atomic_bool no_ca;        /* and that was said */
    _Atomic int64_t followed; /* when the thread that follows last did; clock_monotonic_ms */
};

/* ---- waiting ---- */

/* False: it is to stop. */
static bool rest(struct acme_issuer *issuer, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&issuer->mutex);
    while (!issuer->stopping &&
           pthread_cond_timedwait(&issuer->wake, &issuer->mutex, &until) == 0) {
    }
    bool go_on = !issuer->stopping;
    pthread_mutex_unlock(&issuer->mutex);
    return go_on;
}

/* ---- the world of a thread ---- */

struct worker {
    struct acme_issuer *issuer;
    char owner[STORE_NODE_ID_MAX + 32];
    bool empty_handed; /* as the store has it */
    struct store *store;
    struct acme_real_world real;
    struct acme_world world;
    struct arena arena;
};

static int open_store(struct acme_issuer *issuer, struct store **out, struct error *err)
{
    const struct store_options options = {
        .access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_WRITE}};
    return *out ? 0 : store_open(out, issuer->config->store.path.p, &options, err);
}

static int worker_begin(struct worker *w, struct acme_issuer *issuer, struct error *err)
{
    *w = (struct worker){.issuer = issuer};
    /* The name lasts: after a kill -9 the jobs that were in hand are this thread's again. */
    snprintf(w->owner, sizeof w->owner, "%s-keeper-%u", issuer->machine,
             atomic_fetch_add(&issuer->workers, 1));
    const struct api_settings settings = {.ca_file = issuer->config->acme.ca_file.p,
                                          .stop = &issuer->stopping};
    w->real.stop = &issuer->stopping;
    w->world = acme_world_real(&w->real);
    arena_init(&w->arena, ARENA_MAX);
    return api_client_new(&w->real.client, &settings, err);
}

static void worker_end(struct worker *w)
{
    store_close(w->store);
    api_client_free(w->real.client);
    arena_done(&w->arena);
}

/* ---- a job ---- */

static void on_told(void *context, enum acme_stage stage, struct str name, struct str ca,
                    const struct error *err)
{
    struct counters_block *counts = context;
    switch (stage) {
    case ACME_STAGE_ACCOUNT:
        LOG(LOG_INFO, "acme.account", LOG_STR("ca", ca));
        return;
    case ACME_STAGE_ORDER:
        LOG(LOG_DEBUG, "acme.order", LOG_STR("host", name), LOG_STR("ca", ca));
        return;
    case ACME_STAGE_STORED:
        counters_add(counts, COUNTER_ACME_ISSUED, 1);
        LOG(LOG_INFO, "acme.issued", LOG_STR("host", name), LOG_STR("ca", ca));
        return;
    case ACME_STAGE_REFUSED:
        counters_add(counts, COUNTER_ACME_REFUSED, 1);
        LOG(LOG_WARN, "acme.refused", LOG_STR("host", name), LOG_STR("ca", ca), LOG_ERR(err));
        return;
    case ACME_STAGE_SILENT:
        LOG(LOG_WARN, "acme.ca_silent", LOG_STR("ca", ca));
        return;
    case ACME_STAGE_BACK:
        LOG(LOG_INFO, "acme.ca_back", LOG_STR("ca", ca));
        return;
    case ACME_STAGE_PREFLIGHT:
        return;
    }
}

/* A copy of the row whose texts live as long as the arena. */
struct taken {
    struct arena *arena;
    struct store_job job;
};

static int take_job(void *context, const struct store_job *row)
{
    struct taken *taken = context;
    struct store_job *job = &taken->job;
    struct str *texts[] = {&job->name,           &job->problem, &job->ca,  &job->profile,
                           &job->certificate_id, &job->order,   &job->key, &job->owner};
    *job = *row;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(taken->arena, *texts[i]);
    return 1;
}

static void run_job(struct worker *w, struct store_job *job)
{
    struct error err;
    const struct acme_issue_settings settings = {
        .world = &w->world,
        .store = w->store,
        .dns = &w->issuer->dns,
        .publish = w->issuer->config->publisher_count ? &w->issuer->by_publish : NULL,
        .webroot = w->issuer->config->acme.webroot.p,
        .told = on_told,
        .context = counters_block(w->issuer->counters, 0),
    };
    w->empty_handed = false;
    if (acme_issue(&settings, job, &w->arena, &err) >= 0 || error_is(&err, &MSG_ACME_STOPPED))
        return;
    counters_add(counters_block(w->issuer->counters, 0), COUNTER_ACME_FAILED, 1);
    LOG(LOG_WARN, "acme.failed", LOG_STR("host", job->name), LOG_ERR(&err),
        LOG_U64("failures", job->failures), LOG_I64("again", job->due));
}

/* Without a CA, or while none may be asked, there is nothing to be tried, and nothing to be told of
 * every domain. 1: there is one. */
static int any_ca(struct worker *w, int64_t now, struct error *err)
{
    int64_t at;
    int result = store_ca_any(w->store, err);
    if (result == 0 && !atomic_exchange(&w->issuer->no_ca, true))
        LOG(LOG_INFO, "acme.no_ca");
    else if (result == 1)
        w->issuer->no_ca = false;
    return result == 1 ? acme_cas_free(w->store, now, &at, err) : result;
}

/* What a kill left in hand, or a job that could not be written back, is free again. */
static int let_go(struct worker *w, struct error *err)
{
    int result = w->empty_handed ? 0 : store_jobs_release(w->store, str_from(w->owner), err);
    w->empty_handed = result >= 0;
    return result < 0 ? result : 0;
}

/* 1: a job was run; 0: there is none; negative: the store failed. */
static int next_job(struct worker *w, struct error *err)
{
    int64_t now = clock_now();
    arena_reset(&w->arena);
    struct taken taken = {.arena = &w->arena};
    int result = open_store(w->issuer, &w->store, err);
    if (result == 0)
        result = let_go(w, err);
    if (result == 0)
        result = any_ca(w, now, err);
    if (result == 1)
        result = store_jobs_take(w->store, str_from(w->owner), now, now + ACME_LEASE_S, 1, take_job,
                                 &taken, err);
    if (result == 1)
        run_job(w, &taken.job);
    return result;
}

/* Names the store's failure when it begins, and when it ends. */
static void tell_store(bool *failing, int result, const struct error *err)
{
    if (result < 0 && !*failing)
        LOG(LOG_ERROR, "acme.store_failed", LOG_ERR(err));
    else if (result >= 0 && *failing)
        LOG(LOG_INFO, "acme.store_recovered");
    *failing = result < 0;
}

static void *work(void *context)
{
    struct worker w;
    struct error err;
    bool failing = false;
    int64_t wait = 0;
    if (worker_begin(&w, context, &err) < 0)
        LOG(LOG_ERROR, "acme.thread_failed", LOG_ERR(&err));
    while (w.real.client && rest(w.issuer, wait)) {
        int result = next_job(&w, &err);
        tell_store(&failing, result, &err);
        counters_store(w.issuer->counters, COUNTER_STORE_WRITE_ERRORS, result >= 0, clock_now());
        if (result < 0) {
            store_close(w.store);
            w.store = NULL;
        }
        wait = result < 0 ? RETRY_MS : result == 0 ? POLL_MS : 0;
    }
    worker_end(&w);
    return NULL;
}

/* ---- following the domains ---- */

struct follower {
    struct store *store;
    bool matched; /* all domains were gone through */
    uint64_t seq, secrets_seq;
    int64_t count_at; /* when the certificates are counted next; clock_monotonic_ms */
};

static int begin_following(struct follower *f, struct error *err)
{
    uint64_t added = 0, removed = 0;
    int64_t now = clock_now();
    int result = store_changes_last(f->store, STORE_CONTROL, &f->seq, err);
    if (result == 0)
        result = store_changes_last(f->store, STORE_SECRETS, &f->secrets_seq, err);
    if (result >= 0)
        result = store_challenges_prune(f->store, now, NULL, err);
    if (result >= 0)
        result = acme_jobs_match(f->store, now, &added, &removed, err);
    if (result < 0)
        return result;
    f->matched = true;
    LOG(LOG_INFO, "acme.started", LOG_U64("added", added), LOG_U64("removed", removed));
    return 0;
}

/* How the certificates stand is counted from time to time. */
static int count_certificates(const struct acme_issuer *issuer, struct follower *f,
                              struct error *err)
{
    struct store_certificate_state state;
    struct counters *counters = issuer->counters;
    int64_t now = clock_monotonic_ms();
    if (now < f->count_at)
        return 0;
    int result = store_certificate_state_read(f->store, clock_now(), &state, err);
    if (result < 0)
        return result;
    f->count_at = now + COUNT_MS;
    for (unsigned i = 0; i < STORE_CERTIFICATE_AGES; i++)
        counters_set(counters, GAUGE_CERTIFICATES + i, (int64_t)state.left[i]);
    counters_set(counters, GAUGE_JOBS_FAILING, (int64_t)state.failing);
    counters_set(counters, GAUGE_AT_RISK, (int64_t)state.at_risk);
    counters_set(counters, GAUGE_CERTIFICATES_COUNTED_AT, clock_now());
    return 0;
}

static int follow_once(struct acme_issuer *issuer, struct follower *f, struct error *err)
{
    uint64_t added = 0, removed = 0;
    int result = open_store(issuer, &f->store, err);
    if (result == 0 && !f->matched)
        return begin_following(f, err);
    if (result == 0)
        result = store_changed(f->store, STORE_CONTROL, err);
    if (result == 1)
        result = acme_jobs_follow(f->store, &f->seq, clock_now(), &added, &removed, err);
    if (added || removed)
        LOG(LOG_INFO, "acme.jobs", LOG_U64("added", added), LOG_U64("removed", removed));
    if (result >= 0)
        result = store_changed(f->store, STORE_SECRETS, err);
    if (result == 1)
        result = acme_jobs_follow_certificates(f->store, &f->secrets_seq, clock_now(), err);
    return result < 0 ? result : count_certificates(issuer, f, err);
}

static void *follow(void *context)
{
    struct acme_issuer *issuer = context;
    struct follower f = {.store = NULL};
    struct error err;
    bool failing = false;
    int64_t wait = 0;
    while (rest(issuer, wait)) {
        issuer->followed = clock_monotonic_ms();
        int result = follow_once(issuer, &f, &err);
        tell_store(&failing, result, &err);
        counters_store(issuer->counters, COUNTER_STORE_READ_ERRORS, result >= 0, clock_now());
        if (result < 0) {
            store_close(f.store);
            f = (struct follower){.store = NULL};
        }
        wait = result < 0 ? RETRY_MS : POLL_MS;
    }
    store_close(f.store);
    return NULL;
}

/* ---- somebody else's certificates ---- */

static void on_live(void *context, enum live_event event, struct str name, const struct error *err)
{
    (void)context;
    if (event == LIVE_IMPORTED)
        LOG(LOG_INFO, "live.imported", LOG_STR("name", name));
    else
        LOG(LOG_WARN, "live.bad", LOG_STR("name", name), LOG_ERR(err));
}

static int look_at_live(struct acme_issuer *issuer, struct live_folder *folder,
                        struct store **store, struct error *err)
{
    int result = open_store(issuer, store, err);
    return result < 0 ? result : live_folder_look(folder, *store, clock_now(), on_live, NULL, err);
}

/* Names that there is no room for are told of when there are any, and when there are none again. */
static void tell_passed_over(size_t before, size_t now)
{
    if (now && !before)
        LOG(LOG_WARN, "live.too_many", LOG_U64("passed_over", now),
            LOG_U64("limit", LIVE_NAMES_MAX));
    else if (before && !now)
        LOG(LOG_INFO, "live.all_read");
}

static void *watch_live(void *context)
{
    struct acme_issuer *issuer = context;
    struct live_folder *folder =
        live_folder_new(issuer->config->keeper.certificates_from.p, LIVE_NAMES_MAX);
    struct store *store = NULL;
    bool failing = false;
    size_t passed_over = 0;
    int64_t wait = 0;
    while (folder && rest(issuer, wait)) {
        struct error err;
        int result = look_at_live(issuer, folder, &store, &err);
        tell_passed_over(passed_over, live_folder_passed_over(folder));
        passed_over = live_folder_passed_over(folder);
        if (result < 0 && !failing)
            LOG(LOG_ERROR, "live.failed", LOG_ERR(&err));
        else if (result == 0 && failing)
            LOG(LOG_INFO, "live.recovered");
        failing = result < 0;
        wait = LIVE_MS;
    }
    store_close(store);
    live_folder_free(folder);
    return NULL;
}

/* ---- beginning and ending ---- */

static void name_machine(char name[STORE_NODE_ID_MAX + 1])
{
    if (gethostname(name, STORE_NODE_ID_MAX) != 0 || !name[0])
        memcpy(name, "node", sizeof "node");
    name[STORE_NODE_ID_MAX] = 0;
}

static int start_thread(struct acme_issuer *issuer, void *(*run)(void *), struct error *err)
{
    int errnum = pthread_create(&issuer->threads[issuer->count], NULL, run, issuer);
    if (errnum)
        return error_set_errno(err, errnum, STR("pthread_create"));
    issuer->count++;
    return 0;
}

int acme_issuer_start(struct acme_issuer **out, const struct config *config,
                      const struct dns_settings *dns, struct counters *counters, struct error *err)
{
    struct acme_issuer *issuer = calloc(1, sizeof *issuer);
    pthread_condattr_t monotonic;
    if (!issuer)
        return error_set_memory(err);
    issuer->config = config;
    issuer->dns = *dns;
    issuer->dns.stop = &issuer->stopping;
    issuer->publish = (struct publish){config, &issuer->dns, &issuer->stopping};
    issuer->by_publish = acme_dns_by(&issuer->publish);
    name_machine(issuer->machine);
    issuer->counters = counters;
    issuer->followed = clock_monotonic_ms();
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&issuer->mutex, NULL);
    pthread_cond_init(&issuer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int result = start_thread(issuer, follow, err);
    if (result == 0 && config->keeper.certificates_from.n)
        result = start_thread(issuer, watch_live, err);
    for (uint64_t i = 0; i < config->acme.jobs && i + 2 < THREADS_MAX && result == 0; i++)
        result = start_thread(issuer, work, err);
    if (result < 0)
        acme_issuer_stop(issuer);
    else
        *out = issuer;
    return result;
}

bool acme_issuer_is_alive(const struct acme_issuer *issuer, int64_t now)
{
    return now - issuer->followed <= FOLLOW_MOST_MS;
}

void acme_issuer_stop(struct acme_issuer *issuer)
{
    if (!issuer)
        return;
    pthread_mutex_lock(&issuer->mutex);
    issuer->stopping = true;
    pthread_cond_broadcast(&issuer->wake);
    pthread_mutex_unlock(&issuer->mutex);
    for (unsigned i = 0; i < issuer->count; i++)
        pthread_join(issuer->threads[i], NULL);
    pthread_cond_destroy(&issuer->wake);
    pthread_mutex_destroy(&issuer->mutex);
    free(issuer);
}
