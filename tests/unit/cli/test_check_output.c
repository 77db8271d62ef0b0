/* Output that waits for its reader, and never makes the loop wait. */
#include "check.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/check_output.h"

#define MUCH ((size_t)1024 * 1024) /* more than a pipe holds */

struct world {
    struct event_base *base;
    struct buf text;
    struct check_output output;
    unsigned taken;
    int fds[2];
};

static void on_taken(void *user)
{
    struct world *w = user;
    w->taken++;
    assert_true(check_output_write(&w->output));
}

static void begin(struct world *w, int fd)
{
    w->base = event_base_new();
    buf_init(&w->text, 2 * MUCH);
    assert_true(check_output_begin(&w->output, w->base, fd, &w->text, on_taken, w));
    for (unsigned i = 0; w->text.n < MUCH; i++)
        buf_printf(&w->text, "%u\n", i);
}

static void end(struct world *w)
{
    check_output_end(&w->output);
    event_base_free(w->base);
    buf_done(&w->text);
    close(w->fds[0]);
    close(w->fds[1]);
}

static void a_pipe_that_nobody_reads_is_not_waited_for(void **state)
{
    struct world w = {0};
    char *seen = malloc(2 * MUCH), *all;
    size_t n = 0;
    (void)state;
    assert_int_equal(pipe(w.fds), 0);
    begin(&w, w.fds[1]);
    all = strdup(w.text.p);
    assert_true(check_output_write(&w.output));
    assert_true(w.text.n > 0 && w.text.n < strlen(all));
    assert_true(check_output_is_full(&w.output));
    event_base_loop(w.base, EVLOOP_NONBLOCK);
    assert_int_equal(w.taken, 0);
    /* Then somebody reads: all comes, in its order. */
    while (n < strlen(all)) {
        ssize_t got = read(w.fds[0], seen + n, 2 * MUCH - n);
        assert_true(got > 0);
        n += (size_t)got;
        event_base_loop(w.base, EVLOOP_NONBLOCK);
    }
    assert_true(w.taken > 0);
    assert_int_equal(w.text.n, 0);
    assert_false(check_output_is_full(&w.output));
    assert_memory_equal(seen, all, n);
    free(seen);
    free(all);
    end(&w);
}

static void a_reader_that_is_gone_is_told(void **state)
{
    struct world w = {0};
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(w.fds), 0);
    begin(&w, w.fds[1]);
    close(w.fds[0]);
    assert_false(check_output_write(&w.output));
    assert_int_equal(w.text.n, 0);
    w.fds[0] = dup(w.fds[1]);
    end(&w);
}

static void a_file_takes_all_at_once(void **state)
{
    char path[] = "/tmp/test_check_output.XXXXXX";
    struct world w = {.fds = {mkstemp(path), -1}};
    (void)state;
    assert_true(w.fds[0] >= 0);
    unlink(path);
    begin(&w, w.fds[0]);
    size_t n = w.text.n;
    assert_true(check_output_write(&w.output));
    assert_int_equal(w.text.n, 0);
    assert_true(lseek(w.fds[0], 0, SEEK_END) == (off_t)n);
    w.fds[1] = open("/dev/full", O_WRONLY);
    w.output.fd = w.fds[1];
    buf_cstr(&w.text, "one line\n");
    assert_false(check_output_write(&w.output));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_that_nobody_reads_is_not_waited_for),
        cmocka_unit_test(a_reader_that_is_gone_is_told),
        cmocka_unit_test(a_file_takes_all_at_once),
    };
    return cmocka_run_group_tests_name("cli check_output", tests, NULL, NULL);
}
