#include "check.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/notify.h"

/* Whoever listens: a socket with an abstract name of the kernel's choice, and that name. */
struct listener {
    int fd;
    char path[sizeof((struct sockaddr_un *)0)->sun_path + 1];
};

static int make_listener(void **state)
{
    static struct listener l;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t n = sizeof name;
    l.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(l.fd >= 0);
    assert_int_equal(bind(l.fd, (struct sockaddr *)&name, sizeof name.sun_family), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&name, &n), 0);
    size_t length = n - offsetof(struct sockaddr_un, sun_path);
    memcpy(l.path, name.sun_path, length);
    l.path[0] = '@';
    l.path[length] = '\0';
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    setenv("NOTIFY_SOCKET", l.path, 1);
    *state = &l;
    return 0;
}

static int end_listener(void **state)
{
    close(((struct listener *)*state)->fd);
    unsetenv("NOTIFY_SOCKET");
    return 0;
}

/* The next datagram, or "" when none has come: a datagram on this machine has come when it was
 * sent. */
static struct str heard(const struct listener *l)
{
    static char bytes[4096];
    ssize_t n = recv(l->fd, bytes, sizeof bytes, 0);
    return (struct str){bytes, n < 0 ? 0 : (size_t)n};
}

/* sd_notify(3). */
static void the_state_is_told(void **state)
{
    const struct listener *l = *state;
    notify_ready();
    CHECK_STR(heard(l), "READY=1", "ready");
    notify_stopping();
    CHECK_STR(heard(l), "STOPPING=1", "stopping");
    notify_reloading();
    struct str text = heard(l), usec;
    uint64_t value = 0;
    assert_true(str_starts(text, STR("RELOADING=1\nMONOTONIC_USEC=")));
    usec = str_skip(text, strlen("RELOADING=1\nMONOTONIC_USEC="));
    assert_true(str_to_u64(usec, &value) && value > 0);
}

static void the_watchdog_is_fed_in_half_its_time_and_only_when_it_waits(void **state)
{
    const struct listener *l = *state;
    char pid[32];
    static const struct {
        const char *usec;
        unsigned interval;
    } rows[] = {{"60000000", 30000},
                {"2000", 1},
                {"1999", 0},
                {"0", 0},
                {"", 0},
                {"-1", 0},
                {"1s", 0},
                {"99999999999999999999999", 0},
                {"18446744073709551615", UINT32_MAX}};
    notify_watchdog();
    CHECK_STR(heard(l), "", "nobody waits");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        setenv("WATCHDOG_USEC", rows[i].usec, 1);
        CHECK(notify_watchdog_interval() == rows[i].interval, rows[i].usec);
        notify_watchdog();
        CHECK_STR(heard(l), rows[i].interval ? "WATCHDOG=1" : "", rows[i].usec);
    }
    setenv("WATCHDOG_USEC", "60000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog_interval(), 0); /* meant for another process */
    setenv("WATCHDOG_PID", "one", 1);
    assert_int_equal(notify_watchdog_interval(), 0);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_interval(), 30000);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

/* FDSTORE of sd_notify(3): the kernel takes 253 descriptors in a message. */
static void sockets_are_left_under_a_name(void **state)
{
    const struct listener *l = *state;
    enum { COUNT = 300 };
    int fds[COUNT], got = 0;
    for (size_t i = 0; i < COUNT; i++)
        fds[i] = l->fd;
    notify_keep("[__1]_443", fds, COUNT);
    for (;;) {
        char text[200];
        union {
            char space[CMSG_SPACE(sizeof(int) * COUNT)];
            struct cmsghdr align;
        } control;
        struct iovec part = {text, sizeof text};
        struct msghdr m = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.space,
                           .msg_controllen = sizeof control.space};
        ssize_t n = recvmsg(l->fd, &m, MSG_CMSG_CLOEXEC);
        if (n < 0)
            break;
        CHECK_STR(((struct str){text, (size_t)n}), "FDSTORE=1\nFDNAME=[__1]_443", "the name");
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        assert_true(c && c->cmsg_type == SCM_RIGHTS && !(m.msg_flags & MSG_CTRUNC));
        size_t count = c ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
        for (size_t i = 0; i < count; i++, got++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            close(fd);
        }
    }
    assert_int_equal(got, COUNT);
    notify_keep("none", fds, 0);
    CHECK_STR(heard(l), "", "none");
    notify_discard("[__1]_443");
    CHECK_STR(heard(l), "FDSTOREREMOVE=1\nFDNAME=[__1]_443", "the name");
}

static void without_a_socket_nothing_happens(void **state)
{
    const struct listener *l = *state;
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    CHECK_STR(heard(l), "", "no socket");
    setenv("NOTIFY_SOCKET", l->path, 1);
}

static void paths_that_are_none_are_refused(void **state)
{
    char longest[200];
    static const char *const bad[] = {
        "", "/", "@", "relative", "/no/such/socket", "@no-such-socket"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!notify_send(bad[i], STR("READY=1")), bad[i]);
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    assert_false(notify_send(longest, STR("READY=1")));
}

/* Somebody who does not listen must not stop us: the queue fills, and sending fails at once. */
static void it_never_blocks(void **state)
{
    const struct listener *l = *state;
    int sent = 0;
    while (notify_send(l->path, STR("READY=1"))) {
        sent++;
        assert_true(sent < 1000000);
    }
    assert_true(sent > 0);
    while (heard(l).n)
        continue;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_told),
        cmocka_unit_test(the_watchdog_is_fed_in_half_its_time_and_only_when_it_waits),
        cmocka_unit_test(sockets_are_left_under_a_name),
        cmocka_unit_test(without_a_socket_nothing_happens),
        cmocka_unit_test(paths_that_are_none_are_refused),
        cmocka_unit_test(it_never_blocks),
    };
    return cmocka_run_group_tests_name("net notify", tests, make_listener, end_listener);
}
