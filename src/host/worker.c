#include "host/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "host/connection.h"
#include "host/host.h"
#include "host/messages.h"
#include "host/response.h"

/* Room for reading beside a head of the largest kind. */
#define READ_ROOM ((size_t)4096)
/* How often a client may cause a line in the log, per worker. */
#define LOG_PAUSE_MS 5000

static const struct timeval tick_time = {.tv_usec = TICK_MS * 1000};
static const struct timeval pause_time = {.tv_usec = ACCEPT_PAUSE_MS * 1000};

static int refuse(struct error *err, const char *call)
{
    const char *reason = strerrordesc_np(errno);
    return error_set(err, ERROR_TEMPORARY,
                     msg_host_start(str_from(call), str_from(reason ? reason : "unknown error")));
}

bool worker_may_log(struct worker *w)
{
    int64_t now = clock_monotonic_ms();
    if (w->logged_at && now - w->logged_at < LOG_PAUSE_MS)
        return false;
    w->logged_at = now;
    return true;
}

struct str worker_date(struct worker *w)
{
    int64_t now = clock_now();
    if (now != w->date_at) {
        buf_reset(&w->date);
        time_print_http(&w->date, now);
        w->date_at = now;
    }
    return buf_view(&w->date);
}

void worker_refresh(struct worker *w)
{
    if (!atomic_load_explicit(&w->mailbox, memory_order_relaxed))
        return;
    struct snapshot *s = atomic_exchange_explicit(&w->mailbox, NULL, memory_order_acq_rel);
    if (!s)
        return;
    snapshot_unref(w->snapshot);
    w->snapshot = s;
    atomic_store_explicit(&w->serial, s->serial, memory_order_release);
}

uint64_t worker_serial(const struct worker *w)
{
    return atomic_load_explicit(&w->serial, memory_order_acquire);
}

static void wake(struct worker *w)
{
    uint64_t one = 1;
    /* Fails only when the counter is full: then the worker is being woken anyway. */
    ssize_t n = write(w->wake_fd, &one, sizeof one);
    (void)n;
}

void worker_publish(struct worker *w, struct snapshot *s)
{
    snapshot_unref(atomic_exchange_explicit(&w->mailbox, snapshot_ref(s), memory_order_acq_rel));
    wake(w);
}

bool worker_is_alive(struct worker *w)
{
    bool turned = atomic_exchange(&w->turned, false);
    wake(w);
    return turned;
}

void worker_stop(struct worker *w, int64_t grace_ms)
{
    atomic_store(&w->stop_at, clock_monotonic_ms() + grace_ms);
    wake(w);
}

/* ---- accepting ---- */

static void set_accepting(struct worker *w, bool on)
{
    if (w->accepting == on)
        return;
    w->accepting = on;
    for (size_t i = 0; i < w->listening_count; i++) {
        if (on)
            event_add(&w->listening[i].event, NULL);
        else
            event_del(&w->listening[i].event);
    }
}

/* Whether a makes room before b. */
static bool goes_before(const struct connection *a, const struct connection *b)
{
    bool idle = a->phase == PHASE_IDLE;
    size_t of_a = crowd_connections(a->member), of_b = crowd_connections(b->member);
    if (idle != (b->phase == PHASE_IDLE))
        return idle; /* it has had its answer */
    return of_a != of_b ? of_a > of_b : a->since < b->since;
}

/* Who makes room, among the first of each list from there on. NULL: there is none. */
static struct connection *who_makes_room(const struct worker *w, int from)
{
    struct connection *found = NULL;
    for (int i = from; i < LISTS; i++) {
        struct connection *c = w->lists[i].first;
        for (int n = 0; c && n < ROOM_LOOKS; n++, c = c->next) {
            if (!found || goes_before(c, found))
                found = c;
        }
    }
    return found;
}

/* From there on: LIST(0, false), or LIST(0, true) for those with TLS alone. */
static bool make_room(struct worker *w, int from)
{
    struct connection *c = who_makes_room(w, from);
    if (!c)
        return false;
    c->ended = COUNTER_ENDED_ROOM;
    connection_close(c);
    return true;
}

/* The socket stays readable, so it must not be looked at for a while. */
static void pause_accepting(struct worker *w)
{
    counters_add(w->counts, COUNTER_ACCEPT_PAUSED, 1);
    set_accepting(w, false);
    event_add(&w->resume, &pause_time);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    (void)fd;
    (void)what;
    if (!w->stopping)
        set_accepting(w, true);
}

static void welcome(struct worker *w, const struct arrival *arrival)
{
    if (w->connections >= w->limits.max_connections)
        make_room(w, LIST(0, false));
    if (!w->connections)
        event_add(&w->tick, &tick_time);
    connection_start(w, arrival);
}

/* No descriptors or no memory for one more: a connection makes room, once; if that was not enough,
 * or there is none, accepting pauses. True: it may be tried again at once. */
static bool relieve(struct worker *w, int errnum, bool again)
{
    struct error err;
    error_set_errno(&err, errnum, STR("accept"));
    if (!again && make_room(w, LIST(0, false))) {
        if (worker_may_log(w))
            LOG(LOG_WARN, "host.descriptors_short", LOG_U64("connections", w->connections),
                LOG_ERR(&err));
        return true;
    }
    if (worker_may_log(w))
        LOG(LOG_WARN, "host.accept_paused", LOG_U64("connections", w->connections), LOG_ERR(&err));
    pause_accepting(w);
    return false;
}

static void on_accept(evutil_socket_t listener, short what, void *context)
{
    const struct listening *l = context;
    struct worker *w = l->worker;
    (void)what;
    worker_refresh(w);
    bool short_before = false;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        struct config_address peer;
        socklen_t length = sizeof peer;
        int fd = accept4(listener, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            const struct arrival arrival = {fd, l->use, address_of_socket(&peer.any)};
            welcome(w, &arrival);
            short_before = false;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (!relieve(w, errno, short_before))
                return;
            short_before = true;
        } else if (errno == EAGAIN) {
            return;
        } /* else the client went away before it was accepted: the next one */
    }
}

void worker_connection_gone(struct worker *w)
{
    if (!w->connections) {
        event_del(&w->tick);
        w->ended = w->stopping;
    }
}

/* ---- handshakes ---- */

static void answer_greetings(struct worker *w)
{
    struct connection *c;
    for (int i = 0; i < GREETING_BATCH && (c = crowd_next(&w->crowd)); i++) {
        if (w->with_tls >= w->limits.max_with_tls)
            make_room(w, LIST(0, true));
        connection_greet(c);
    }
}

/* ---- time and the end ---- */

static void close_all(struct worker *w)
{
    for (int i = 0; i < LISTS; i++) {
        while (w->lists[i].first) {
            w->lists[i].first->ended = COUNTER_ENDED_STOPPING;
            connection_close(w->lists[i].first);
        }
    }
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    int64_t now = clock_monotonic_ms();
    (void)fd;
    (void)what;
    worker_refresh(w);
    for (int i = 0; i < LISTS; i++) {
        struct connection_list *list = &w->lists[i];
        while (list->first && list->first->end <= now)
            connection_time_out(list->first);
    }
    if (w->stopping && now >= atomic_load(&w->stop_at))
        close_all(w);
}

static void begin_to_stop(struct worker *w)
{
    w->stopping = true;
    set_accepting(w, false);
    event_del(&w->resume);
    for (int tls = 0; tls < 2; tls++) {
        const struct connection_list *idle = &w->lists[LIST(PHASE_IDLE, tls)];
        while (idle->first)
            connection_time_out(idle->first);
    }
    w->ended = !w->connections;
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
    (void)what;
    atomic_store(&w->turned, true);
    worker_refresh(w);
    if (atomic_load(&w->stop_at) && !w->stopping)
        begin_to_stop(w);
}

/* ---- making and ending ---- */

static void worker_free(struct worker *w)
{
    if (w->base) {
        close_all(w);
        set_accepting(w, false);
        event_base_free(w->base);
    }
    crowd_done(&w->crowd);
    SSL_CTX_free(w->tls);
    identity_cache_free(w->identities);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
    snapshot_unref(w->snapshot);
    snapshot_unref(atomic_load(&w->mailbox));
    buf_done(&w->out);
    buf_done(&w->date);
    free(w->listening);
    free(w->in);
    free(w);
}

static struct event_base *make_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        base = event_base_new_with_config(config);
        event_config_free(config);
    }
    return base;
}

static enum socket_use use_of(const char *name)
{
    if (strcmp(name, HOST_SOCKET_HTTP) == 0)
        return USE_HTTP;
    return strcmp(name, HOST_SOCKET_CHALLENGE) == 0 ? USE_CHALLENGE : USE_HTTPS;
}

static int set_up(struct worker *w, const struct worker_parts *parts, struct error *err)
{
    w->in = malloc(w->in_max);
    w->listening = calloc(parts->count, sizeof *w->listening);
    w->base = make_base();
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->identities = identity_cache_new(parts->store, w->limits.certificates);
    if (!w->in || !w->listening || !w->base || !w->identities)
        return error_set_memory(err);
    if (w->wake_fd < 0)
        return refuse(err, "eventfd");
    for (size_t i = 0; i < parts->count; i++) {
        struct listening *l = &w->listening[w->listening_count++];
        l->worker = w;
        l->use = use_of(parts->listeners[i].name);
        event_assign(&l->event, w->base, parts->listeners[i].fd, EV_READ | EV_PERSIST, on_accept,
                     l);
    }
    event_assign(&w->tick, w->base, -1, EV_PERSIST, on_tick, w);
    event_assign(&w->resume, w->base, -1, 0, on_resume, w);
    event_assign(&w->wake, w->base, w->wake_fd, EV_READ | EV_PERSIST, on_wake, w);
    set_accepting(w, true);
    if (event_add(&w->wake, NULL) < 0)
        return refuse(err, "event_add");
    return tls_server_new(&w->tls, connection_choose, err);
}

int worker_new(struct worker **out, const struct worker_parts *parts, struct error *err)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return error_set_memory(err);
    w->limits = *parts->limits;
    w->wake_fd = -1;
    w->in_max = parts->limits->header_size + READ_ROOM;
    w->date_at = -1;
    buf_init(&w->out, RESPONSE_MAX);
    buf_init(&w->date, 64);
    uint64_t seed[2];
    arc4random_buf(seed, sizeof seed);
    crowd_init(&w->crowd, parts->limits->of_one_client, seed);
    w->snapshot = snapshot_ref(parts->snapshot);
    w->counters = parts->counters;
    w->access = parts->access;
    w->counts = counters_block(parts->counters, parts->number);
    atomic_init(&w->turned, true);
    atomic_init(&w->serial, parts->snapshot->serial);
    int result = set_up(w, parts, err);
    if (result < 0)
        worker_free(w);
    else
        *out = w;
    return result;
}

static void *run(void *context)
{
    struct worker *w = context;
    int turned = 0;
    while (!turned && !w->ended) {
        int wait = crowd_waits(&w->crowd) ? EVLOOP_NONBLOCK : 0;
        turned = event_base_loop(w->base, EVLOOP_ONCE | wait);
        worker_refresh(w);
        answer_greetings(w);
    }
    return NULL;
}

int worker_start(struct worker *w, struct error *err)
{
    int errnum = pthread_create(&w->thread, NULL, run, w);
    if (errnum) {
        errno = errnum;
        return refuse(err, "pthread_create");
    }
    w->started = true;
    return 0;
}

void worker_finish(struct worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    worker_free(w);
}
