#include "net/stop.h"

#include <event2/event.h>
#include <event2/event_struct.h>

static void on_time(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    (void)user; /* that the loop turns is enough */
}

bool stop_turn(struct event_base *base, const atomic_bool *stop)
{
    const struct timeval look = {.tv_usec = STOP_LOOK_MS * 1000};
    struct event timer;
    if (!stop)
        return event_base_loop(base, EVLOOP_ONCE) == 0;
    if (atomic_load(stop) || event_assign(&timer, base, -1, 0, on_time, NULL) < 0)
        return false;
    event_add(&timer, &look);
    int rc = event_base_loop(base, EVLOOP_ONCE);
    event_del(&timer);
    return rc == 0 && !atomic_load(stop);
}
