#include "host/access_log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_BYTES_MAX   ((size_t)4096)
#define CLIENT_BYTES_MAX ((size_t)64)
/* What a pipe takes in one piece, so that lines of others do not come between. */
#define WRITE_MAX ((size_t)4096)

struct access_log {
    enum access_detail detail;
    int fd;
    struct counters_block *counts;
    pthread_mutex_t mutex; /* of what follows, up to stopping */
    pthread_cond_t news;
    char *filling;
    size_t filled;
    uint64_t dropped; /* since the last line that said so */
    bool stopping;
    char *writing; /* the thread's */
    pthread_t thread;
};

/* ---- addresses ---- */

void access_address(struct buf *out, const struct address *client, enum access_detail detail)
{
    struct address shown = *client;
    bool v4 = client->family == AF_INET, whole = detail != ACCESS_ANONYMOUS;
    size_t kept = whole ? sizeof shown.bytes : v4 ? 3 : 6;
    if (!v4 && client->family != AF_INET6) {
        buf_byte(out, '-');
        return;
    }
    memset(shown.bytes + kept, 0, sizeof shown.bytes - kept);
    address_print(&shown, out);
    if (!whole)
        buf_cstr(out, v4 ? "/24" : "/48");
}

/* ---- writing ---- */

/* Waits for as long as it takes. */
static void write_piece(int fd, const char *p, size_t n)
{
    struct pollfd ready = {fd, POLLOUT, 0};
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written > 0) {
            p += written;
            n -= (size_t)written;
        } else if (errno == EAGAIN) {
            poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return; /* a log that cannot be written has nowhere to complain */
        }
    }
}

/* Whole lines together, as many as a pipe takes in one piece. */
static void write_lines(int fd, const char *p, size_t n)
{
    while (n) {
        const char *end = n > WRITE_MAX ? memrchr(p, '\n', WRITE_MAX) : p + n - 1;
        size_t piece = end ? (size_t)(end - p) + 1 : n;
        write_piece(fd, p, piece);
        p += piece;
        n -= piece;
    }
}

static void write_dropped(int fd, uint64_t dropped)
{
    struct buf line CLEANUP(buf_done);
    const struct log_field fields[] = {{.key = NULL}, LOG_U64("lines", dropped)};
    buf_init(&line, LINE_BYTES_MAX);
    log_line(&line, LOG_WARN, "host.access_dropped", fields, ARRAY_LEN(fields));
    write_piece(fd, line.p, line.n);
}

static void *run(void *context)
{
    struct access_log *log = context;
    bool go_on = true;
    while (go_on) {
        pthread_mutex_lock(&log->mutex);
        while (!log->filled && !log->stopping)
            pthread_cond_wait(&log->news, &log->mutex);
        char *full = log->filling;
        size_t n = log->filled;
        uint64_t dropped = log->dropped;
        log->filling = log->writing;
        log->filled = 0;
        log->dropped = 0;
        go_on = n || !log->stopping;
        pthread_mutex_unlock(&log->mutex);
        log->writing = full;
        write_lines(log->fd, full, n);
        if (dropped)
            write_dropped(log->fd, dropped);
    }
    return NULL;
}

/* ---- adding ---- */

static void print(const struct access_log *log, const struct access *a, struct buf *line)
{
    struct buf client CLEANUP(buf_done);
    bool read = !a->request->status;
    struct str dash = STR("-");
    buf_init(&client, CLIENT_BYTES_MAX);
    access_address(&client, a->client, log->detail);
    const struct log_field fields[] = {
        {.key = NULL},
        LOG_STR("client", buf_view(&client)),
        LOG_STR("host", a->host),
        LOG_STR("method", read ? a->request->method_name : dash),
        LOG_STR("path", read ? str_head(a->request->path, ACCESS_PATH_MAX) : dash),
        LOG_U64("status", a->status),
        LOG_CSTR("tls", a->tls),
    };
    log_line(line, LOG_INFO, "host.request", fields, ARRAY_LEN(fields));
}

void access_log_add(struct access_log *log, const struct access *a)
{
    struct buf line CLEANUP(buf_done);
    buf_init(&line, LINE_BYTES_MAX);
    print(log, a, &line);
    pthread_mutex_lock(&log->mutex);
    bool fits = !line.failed && line.n <= ACCESS_LOG_BYTES - log->filled;
    if (fits) {
        memcpy(log->filling + log->filled, line.p, line.n);
        log->filled += line.n;
    } else {
        log->dropped++;
    }
    pthread_cond_signal(&log->news);
    pthread_mutex_unlock(&log->mutex);
    if (!fits)
        counters_add(log->counts, COUNTER_ACCESS_DROPPED, 1);
}

/* ---- beginning and ending ---- */

static void access_log_free(struct access_log *log)
{
    pthread_cond_destroy(&log->news);
    pthread_mutex_destroy(&log->mutex);
    free(log->filling);
    free(log->writing);
    free(log);
}

int access_log_new(struct access_log **out, enum access_detail detail, int fd,
                   struct counters_block *counts, struct error *err)
{
    struct access_log *log = calloc(1, sizeof *log);
    if (!log)
        return error_set_memory(err);
    *log = (struct access_log){.detail = detail, .fd = fd, .counts = counts};
    pthread_mutex_init(&log->mutex, NULL);
    pthread_cond_init(&log->news, NULL);
    log->filling = malloc(ACCESS_LOG_BYTES);
    log->writing = malloc(ACCESS_LOG_BYTES);
    int failed =
        log->filling && log->writing ? pthread_create(&log->thread, NULL, run, log) : ENOMEM;
    if (failed) {
        access_log_free(log);
        return error_set_errno(err, failed, STR("access log"));
    }
    *out = log;
    return 0;
}

void access_log_end(struct access_log *log, unsigned patience_ms)
{
    struct timespec until;
    if (!log)
        return;
    pthread_mutex_lock(&log->mutex);
    log->stopping = true;
    pthread_cond_signal(&log->news);
    pthread_mutex_unlock(&log->mutex);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += patience_ms / 1000;
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (pthread_clockjoin_np(log->thread, NULL, CLOCK_MONOTONIC, &until) == 0)
        access_log_free(log);
}
