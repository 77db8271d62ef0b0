#include "cli/check_progress.h"

#include <event2/event.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/messages.h"

#define TICK_MS  200
#define LINE_MAX 512

/* A terminal that is gone, or that does not keep up, is no reason to stop. */
static void put(const struct check_progress_line *p, struct str bytes)
{
    struct pollfd ready = {.fd = p->fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1)
        return;
    ssize_t written = write(p->fd, bytes.p, bytes.n);
    (void)written;
}

void check_progress_show(struct check_progress_line *p)
{
    struct buf line CLEANUP(buf_done) = {0};
    if (p->fd < 0)
        return;
    buf_init(&line, LINE_MAX);
    uint64_t seconds = (uint64_t)(clock_monotonic_ms() - p->begun) / 1000;
    struct msg m = p->of_domains ? msg_check_progress_domains(p->done, p->open, seconds)
                                 : msg_check_progress_steps(p->done, p->open, seconds);
    buf_byte(&line, '\r');
    msg_render(p->lang, MSG_TEXT, &m, &line);
    buf_cstr(&line, "\033[K");
    put(p, buf_view(&line));
    p->shown = true;
}

void check_progress_hide(struct check_progress_line *p)
{
    if (p->shown)
        put(p, STR("\r\033[K"));
    p->shown = false;
}

static void on_tick(evutil_socket_t fd, short events, void *user)
{
    (void)fd;
    (void)events;
    check_progress_show(user);
}

int check_progress_begin(struct check_progress_line *p, struct event_base *base, enum lang lang,
                         int fd, struct error *err)
{
    static const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    *p = (struct check_progress_line){.lang = lang, .fd = fd, .begun = clock_monotonic_ms()};
    if (fd < 0)
        return 0;
    p->tick = event_new(base, -1, EV_PERSIST, on_tick, p);
    if (!p->tick || event_add(p->tick, &interval) != 0) {
        check_progress_end(p);
        return error_set_memory(err);
    }
    return 0;
}

void check_progress_end(struct check_progress_line *p)
{
    check_progress_hide(p);
    if (p->tick)
        event_free(p->tick);
    p->tick = NULL;
    p->fd = -1;
}
