#include "cli/check_output.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAITING_MAX ((size_t)64 * 1024)

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    const struct check_output *o = context;
    (void)fd;
    (void)what;
    o->taken(o->user);
}

bool check_output_begin(struct check_output *o, struct event_base *base, int fd, struct buf *text,
                        void (*taken)(void *user), void *user)
{
    struct stat st;
    *o = (struct check_output){.text = text, .fd = fd, .taken = taken, .user = user};
    if (fstat(fd, &st) != 0 ||
        !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode)))
        return true;
    struct pollfd asked = {.fd = fd, .events = POLLOUT};
    /* Some devices cannot be waited for; /dev/null is one. */
    if (poll(&asked, 1, 0) < 0 || (S_ISCHR(st.st_mode) && !isatty(fd)))
        return true;
    o->writable = event_new(base, fd, EV_WRITE, on_writable, o);
    return o->writable != NULL;
}

void check_output_end(struct check_output *o)
{
    if (o->writable)
        event_free(o->writable);
    o->writable = NULL;
}

static bool is_taken(const struct check_output *o)
{
    struct pollfd asked = {.fd = o->fd, .events = POLLOUT};
    return !o->writable || poll(&asked, 1, 0) != 0;
}

bool check_output_write(struct check_output *o)
{
    struct str left = buf_view(o->text);
    bool good = true;
    while (left.n && is_taken(o)) {
        /* So much a pipe takes without a wait when it says that it takes something (POSIX). */
        ssize_t n = write(o->fd, left.p, left.n < PIPE_BUF ? left.n : PIPE_BUF);
        if (n >= 0)
            left = str_skip(left, (size_t)n);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            good = false;
        if (!good)
            left.n = 0;
    }
    if (left.n)
        memmove(o->text->p, left.p, left.n);
    o->text->n = left.n;
    if (left.n && o->writable)
        event_add(o->writable, NULL);
    return good;
}

bool check_output_is_full(const struct check_output *o)
{
    return o->text->n > WAITING_MAX;
}
