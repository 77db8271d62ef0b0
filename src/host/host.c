#include "host/host.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/tally.h"
#include "host/watch.h"
#include "host/worker.h"
#include "net/notify.h"

#define CANNOT_START    3
#define OWN_FILES       64 /* descriptors of the role itself: store, loops, log */
#define PLACES_MIN      16
#define WITH_TLS_MAX    4096 /* connections that have begun TLS; together 180 MB at most */
#define LIFE_MS         1000 /* between two looks at the workers */
#define LOG_PATIENCE_MS 1000 /* for the last lines of the access log */

struct host {
    const struct config *config;
    struct watch watch;
    struct worker **workers;
    struct counters *counters;
    struct access_log *access; /* NULL: off */
    unsigned count;            /* of workers that were made */
    uint64_t serial;           /* of the snapshot that they were given last */
    int64_t asked_at;          /* when the workers were last asked for a sign of life */
};

/* Connections for which there are descriptors beside those of the role itself, which needs some for
 * the store at any time. */
static uint64_t places_for(const struct config *config, size_t listeners)
{
    uint64_t wanted = config->host.max_connections, own = OWN_FILES + listeners;
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= own + wanted)
        return wanted;
    uint64_t places = limit.rlim_cur > own + PLACES_MIN ? limit.rlim_cur - own : PLACES_MIN;
    LOG(LOG_WARN, "host.few_places", LOG_U64("wanted", wanted), LOG_U64("places", places),
        LOG_U64("open_files", limit.rlim_cur));
    return places;
}

static struct worker_limits limits_of(const struct config *config, unsigned workers,
                                      size_t listeners)
{
    uint64_t each = places_for(config, listeners) / workers;
    uint64_t one = (config->host.max_connections_per_address + workers - 1) / workers;
    return (struct worker_limits){
        .max_connections = (size_t)(each ? each : 1),
        .max_with_tls = (WITH_TLS_MAX + workers - 1) / workers,
        .of_one_client = (size_t)one,
        .header_size = (size_t)config->host.header_size,
        .max_requests = (unsigned)config->host.max_requests,
        .certificates = (size_t)(config->host.cache_certificates / workers),
        .handshake_ms = (int64_t)config->host.handshake_timeout * 1000,
        .header_ms = (int64_t)config->host.header_timeout * 1000,
        .write_ms = (int64_t)config->host.write_timeout * 1000,
        .idle_ms = (int64_t)config->host.idle_timeout * 1000,
        .balancers = config->host.proxy_protocol_from,
    };
}

/* Accepted sockets take it over, so that a response never waits for an acknowledgement. */
static void set_no_delay(const struct listener *listeners, size_t count)
{
    const int on = 1;
    for (size_t i = 0; i < count; i++)
        (void)setsockopt(listeners[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int make_workers(struct host *host, const struct listener *listeners, size_t count,
                        struct snapshot *snapshot, struct error *err)
{
    unsigned wanted = config_workers(host->config);
    struct worker_limits limits = limits_of(host->config, wanted, count);
    struct listener *own = calloc(count + 1, sizeof *own);
    host->workers = calloc(wanted, sizeof(struct worker *));
    if (!own || !host->workers) {
        free(own);
        return error_set_memory(err);
    }
    int result = 0;
    for (unsigned i = 0; i < wanted && !result; i++) {
        size_t n = listeners_for_worker(listeners, count, i, wanted, own);
        const struct worker_parts parts = {
            &limits, host->config->store.path.p, own, n, snapshot, host->counters, host->access, i};
        result = worker_new(&host->workers[i], &parts, err);
        if (!result)
            host->count++;
    }
    free(own);
    for (unsigned i = 0; i < host->count && !result; i++)
        result = worker_start(host->workers[i], err);
    return result;
}

static void end_workers(struct host *host, int64_t grace_ms)
{
    for (unsigned i = 0; i < host->count; i++)
        worker_stop(host->workers[i], grace_ms);
    for (unsigned i = 0; i < host->count; i++)
        worker_finish(host->workers[i]);
    free(host->workers);
    host->workers = NULL;
}

static bool all_have_it(const struct host *host)
{
    for (unsigned i = 0; i < host->count; i++) {
        if (worker_serial(host->workers[i]) != host->serial)
            return false;
    }
    return true;
}

static void tell_size(const struct host *host)
{
    counters_set(host->counters, GAUGE_POLICIES, (int64_t)site_table_count(host->watch.sites));
    counters_set(host->counters, GAUGE_CHALLENGES,
                 (int64_t)challenges_count(host->watch.challenges));
}

/* Gives a sign of life when every worker has given one since it was last asked. */
static void look_at_workers(struct host *host, int64_t now)
{
    bool alive = true;
    if (now < host->asked_at + LIFE_MS)
        return;
    host->asked_at = now;
    for (unsigned i = 0; i < host->count; i++)
        alive = worker_is_alive(host->workers[i]) && alive;
    if (alive)
        counters_beat(host->counters, now);
}

/* Says that this node has what is in the store once every worker does: workers are woken for a
 * snapshot, so that is soon. */
static void look_at_store(struct host *host)
{
    struct snapshot *fresh;
    if (watch_poll(&host->watch, &fresh)) {
        host->serial = fresh->serial;
        for (unsigned i = 0; i < host->count; i++)
            worker_publish(host->workers[i], fresh);
        snapshot_unref(fresh);
        tell_size(host);
        LOG(LOG_INFO, "host.loaded", LOG_U64("policies", site_table_count(host->watch.sites)),
            LOG_U64("challenges", challenges_count(host->watch.challenges)));
    }
    if (all_have_it(host))
        watch_report(&host->watch);
}

/* Waits for signals and looks at the store between them, until one says to end. */
static void watch_until_told(struct host *host, const sigset_t *signals)
{
    unsigned interval = notify_watchdog_interval();
    int64_t due = 0;
    for (;;) {
        const struct timespec pause = {.tv_nsec = WATCH_POLL_MS * 1000000L};
        int signal = sigtimedwait(signals, NULL, &pause);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP) {
            notify_reloading();
            watch_reload(&host->watch);
        }
        look_at_store(host);
        if (signal == SIGHUP)
            notify_ready();
        int64_t now = clock_monotonic_ms();
        look_at_workers(host, now);
        if (interval && now >= due && counters_alive(host->counters, now, interval)) {
            notify_watchdog();
            due = now + interval;
        }
    }
}

/* The rest of the time is the supervisor's, which kills what has not ended in time. */
static int64_t grace_of(const struct config *config)
{
    int64_t all = (int64_t)config->serve.stop_timeout * 1000;
    return all > 2000 ? all - 1000 : all / 2;
}

static int serve(struct host *host, const struct listener *listeners, size_t count,
                 const sigset_t *signals, struct error *err)
{
    struct tally begun;
    tally_take(&begun, host->counters);
    int result = watch_init(&host->watch, host->config->store.path.p, host->counters, err);
    if (result < 0)
        return result;
    if (host->config->host.access_log != ACCESS_OFF)
        result = access_log_new(&host->access, (enum access_detail)host->config->host.access_log,
                                STDERR_FILENO, counters_block(host->counters, 0), err);
    struct snapshot *first = watch_snapshot(&host->watch);
    host->serial = first ? first->serial : 0;
    if (!result)
        result = first ? make_workers(host, listeners, count, first, err) : error_set_memory(err);
    snapshot_unref(first);
    if (!result) {
        tell_size(host);
        LOG(LOG_INFO, "host.started", LOG_U64("policies", site_table_count(host->watch.sites)),
            LOG_U64("challenges", challenges_count(host->watch.challenges)),
            LOG_U64("workers", host->count));
        notify_ready();
        watch_until_told(host, signals);
        notify_stopping();
    }
    end_workers(host, result < 0 ? 0 : grace_of(host->config));
    access_log_end(host->access, LOG_PATIENCE_MS);
    tally_log(&begun, host->counters);
    watch_done(&host->watch);
    return result;
}

int host_run(const struct config *config, const struct listener *listeners, size_t count,
             struct counters *counters)
{
    struct host host = {.config = config, .counters = counters};
    struct error err;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the workers inherit it */
    signal(SIGPIPE, SIG_IGN);
    set_no_delay(listeners, count);
    if (serve(&host, listeners, count, &signals, &err) == 0)
        return 0;
    LOG(LOG_ERROR, "host.start_failed", LOG_ERR(&err));
    return CANNOT_START;
}
