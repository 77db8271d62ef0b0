#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/listen.h"
#include "net/messages.h"

static struct config_address address_of(const char *text)
{
    struct config_address a;
    assert_true(config_address_parse(str_from(text), 0, &a));
    return a;
}

static int connect_to(const struct config_address *a)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, &a->any, config_address_length(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void port_0_takes_a_free_port_that_can_be_asked(void **state)
{
    struct config_address want = address_of("127.0.0.1:0"), got;
    int fd, client;
    (void)state;
    assert_int_equal(listen_open(&want, false, &fd, NULL), 0);
    assert_true(listener_address(fd, &got));
    assert_true(config_address_port(&got) > 0);
    client = connect_to(&got);
    assert_true(client >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(client);
    close(fd);
}

static void a_shared_address_takes_several_sockets(void **state)
{
    struct config_address want = address_of("127.0.0.1:0");
    int first, second, third;
    struct error err;
    (void)state;
    assert_int_equal(listen_open(&want, true, &first, NULL), 0);
    assert_true(listener_address(first, &want));
    assert_int_equal(listen_open(&want, true, &second, NULL), 0);
    assert_int_equal(listen_open(&want, false, &third, &err), -ERROR_TEMPORARY);
    assert_true(error_is(&err, &MSG_LISTEN_IN_USE));
    assert_int_equal(err.msg.args[1].u, config_address_port(&want));
    close(first);
    close(second);
}

static void ipv6_does_not_take_the_ipv4_port(void **state)
{
    struct config_address six = address_of("[::]:0"), four = address_of("0.0.0.0:1");
    int a, b;
    (void)state;
    if (listen_open(&six, false, &a, NULL) < 0)
        skip(); /* a machine without IPv6 */
    assert_true(listener_address(a, &six));
    four.v4.sin_port = six.v6.sin6_port;
    assert_int_equal(listen_open(&four, false, &b, NULL), 0);
    close(a);
    close(b);
}

static void an_address_of_others_is_refused_by_name(void **state)
{
    struct config_address want = address_of("192.0.2.1:4443");
    struct error err;
    int fd;
    (void)state;
    assert_int_equal(listen_open(&want, false, &fd, &err), -ERROR_PERMANENT);
    assert_true(error_is(&err, &MSG_LISTEN_NOT_OURS));
    assert_true(str_eq(err.msg.args[0].str, STR("192.0.2.1:4443")));
}

/* As a user without CAP_NET_BIND_SERVICE, in a child; its exit status is the verdict. */
static void a_low_port_needs_a_capability(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can become the user that is refused */
    pid_t pid = fork();
    if (pid == 0) {
        struct config_address want = address_of("127.0.0.1:1");
        struct error err;
        int fd;
        if (setuid(65534) < 0)
            _exit(2);
        int result = listen_open(&want, false, &fd, &err);
        _exit(result < 0 && error_is(&err, &MSG_LISTEN_NOT_PERMITTED) ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 1) {
        FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
        int start = 1024;
        assert_int_equal(f ? fscanf(f, "%d", &start) : 1, 1);
        if (f)
            fclose(f);
        if (start <= 1)
            skip(); /* this machine gives low ports to everybody */
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Runs check in a child with count sockets at 3 and on and the given variables. */
static int in_child(int count, const char *pid, const char *fds, const char *names,
                    int (*check)(struct listener *l, size_t n, int result, struct error *err))
{
    pid_t child = fork();
    if (child == 0) {
        struct config_address want = address_of("127.0.0.1:0");
        struct listener *listeners;
        struct error err;
        size_t n;
        char own[32];
        for (int i = 0; i < count; i++) {
            int fd;
            if (listen_open(&want, false, &fd, NULL) < 0 || dup2(fd, LISTEN_FD_FIRST + i) < 0)
                _exit(3);
        }
        snprintf(own, sizeof own, "%d", (int)getpid());
        setenv("LISTEN_PID", pid ? pid : own, 1);
        setenv("LISTEN_FDS", fds, 1);
        if (names)
            setenv("LISTEN_FDNAMES", names, 1);
        int result = listeners_from_environment(&listeners, &n, &err);
        int verdict = getenv("LISTEN_FDS") ? 4 : check(listeners, n, result, &err);
        listeners_free(listeners, n);
        _exit(verdict);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int are_host_and_unknown(struct listener *l, size_t n, int result, struct error *err)
{
    (void)err;
    return result == 0 && n == 2 && l[0].fd == 3 && l[1].fd == 4 &&
                   strcmp(l[0].name, "host") == 0 && strcmp(l[1].name, "unknown") == 0 &&
                   (fcntl(3, F_GETFD) & FD_CLOEXEC)
               ? 0
               : 1;
}

static int are_none(struct listener *l, size_t n, int result, struct error *err)
{
    (void)err;
    return result == 0 && n == 0 && l == NULL ? 0 : 1;
}

static int is_garbled(struct listener *l, size_t n, int result, struct error *err)
{
    return result < 0 && n == 0 && l == NULL && error_is(err, &MSG_LISTEN_GARBLED) ? 0 : 1;
}

static int is_no_socket(struct listener *l, size_t n, int result, struct error *err)
{
    return result < 0 && n == 0 && l == NULL && error_is(err, &MSG_LISTEN_NOT_A_SOCKET) ? 0 : 1;
}

static void sockets_are_taken_from_the_environment(void **state)
{
    (void)state;
    assert_int_equal(in_child(2, NULL, "2", "host", are_host_and_unknown), 0);
    assert_int_equal(in_child(2, NULL, "2", "host:", are_host_and_unknown), 0);
    assert_int_equal(in_child(0, NULL, "0", NULL, are_none), 0);
    assert_int_equal(in_child(1, "1", "1", "host", are_none), 0);
    assert_int_equal(in_child(1, NULL, "x", NULL, is_garbled), 0);
    assert_int_equal(in_child(1, NULL, "-1", NULL, is_garbled), 0);
    assert_int_equal(in_child(1, NULL, "1025", NULL, is_garbled), 0);
    assert_int_equal(in_child(1, NULL, "900", NULL, is_no_socket), 0);
}

static void nothing_announced_is_no_socket_and_no_error(void **state)
{
    struct listener *l;
    size_t n;
    (void)state;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    assert_int_equal(listeners_from_environment(&l, &n, NULL), 0);
    assert_null(l);
    assert_int_equal(n, 0);
}

/* Opens n sockets on each of two addresses and counts how often each has a worker. */
static void deal(size_t n, unsigned workers)
{
    struct listener all[16], picked[16];
    unsigned owners[16] = {0};
    for (size_t a = 0; a < 2; a++) {
        struct config_address want = address_of("127.0.0.1:0");
        for (size_t i = 0; i < n; i++) {
            struct listener *l = &all[2 * i + a];
            assert_int_equal(listen_open(&want, true, &l->fd, NULL), 0);
            assert_true(listener_address(l->fd, &want));
        }
    }
    for (unsigned w = 0; w < workers; w++) {
        size_t got = listeners_for_worker(all, 2 * n, w, workers, picked);
        assert_true(got >= 2);
        for (size_t i = 0; i < got; i++) {
            for (size_t j = 0; j < 2 * n; j++)
                owners[j] += all[j].fd == picked[i].fd;
        }
    }
    for (size_t j = 0; j < 2 * n; j++) {
        assert_true(owners[j] >= 1);
        if (n >= workers)
            assert_int_equal(owners[j], 1);
        close(all[j].fd);
    }
}

static void every_socket_has_a_worker_and_every_worker_a_socket(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 5; n++) {
        for (unsigned workers = 1; workers <= 5; workers++)
            deal(n, workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_takes_a_free_port_that_can_be_asked),
        cmocka_unit_test(a_shared_address_takes_several_sockets),
        cmocka_unit_test(ipv6_does_not_take_the_ipv4_port),
        cmocka_unit_test(an_address_of_others_is_refused_by_name),
        cmocka_unit_test(a_low_port_needs_a_capability),
        cmocka_unit_test(sockets_are_taken_from_the_environment),
        cmocka_unit_test(nothing_announced_is_no_socket_and_no_error),
        cmocka_unit_test(every_socket_has_a_worker_and_every_worker_a_socket),
    };
    return cmocka_run_group_tests_name("net/listen", tests, NULL, NULL);
}
