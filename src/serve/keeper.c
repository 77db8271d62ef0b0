#include "serve/keeper.h"

#include <signal.h>

#include "acme/issuer.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/dns_config.h"
#include "net/notify.h"

#define CANNOT_START 3
#define POLL_MS      500
#define ARENA_MAX    ((size_t)64 * 1024)

struct keeper {
    const struct config *config;
    struct counters *counters;
    struct dns_settings dns;
    struct acme_issuer *issuer;
};

static int start(struct keeper *k, struct error *err)
{
    return acme_issuer_start(&k->issuer, k->config, &k->dns, k->counters, err);
}

static void stop(struct keeper *k)
{
    acme_issuer_stop(k->issuer);
    k->issuer = NULL;
}

/* Waits for signals until one says to end, or until it cannot go on. */
static int wait_until_told(struct keeper *k, const sigset_t *signals, struct error *err)
{
    unsigned interval = notify_watchdog_interval();
    int64_t due = 0;
    for (;;) {
        const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        int signal = sigtimedwait(signals, NULL, &pause);
        if (signal == SIGTERM || signal == SIGINT)
            return 0;
        if (signal == SIGHUP) {
            notify_reloading();
            stop(k);
            int result = start(k, err);
            if (result < 0)
                return result;
            notify_ready();
        }
        int64_t now = clock_monotonic_ms();
        if (acme_issuer_is_alive(k->issuer, now))
            counters_beat(k->counters, now);
        if (interval && now >= due && counters_alive(k->counters, now, interval)) {
            notify_watchdog();
            due = now + interval;
        }
    }
}

static int work(struct keeper *k, const sigset_t *signals, struct arena *arena, struct error *err)
{
    int result = dns_settings_from(k->config, arena, &k->dns, err);
    if (result == 0)
        result = start(k, err);
    if (result < 0)
        return result;
    notify_ready();
    result = wait_until_told(k, signals, err);
    notify_stopping();
    stop(k);
    return result;
}

int keeper_run(const struct config *config, const struct listener *listeners, size_t count,
               struct counters *counters)
{
    struct arena arena CLEANUP(arena_done);
    struct keeper keeper = {.config = config, .counters = counters};
    struct error err;
    sigset_t signals;
    (void)listeners;
    (void)count;
    arena_init(&arena, ARENA_MAX);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the threads inherit it */
    signal(SIGPIPE, SIG_IGN);
    if (work(&keeper, &signals, &arena, &err) == 0) {
        LOG(LOG_INFO, "keeper.stopped");
        return 0;
    }
    LOG(LOG_ERROR, "keeper.failed", LOG_ERR(&err));
    return CANNOT_START;
}
