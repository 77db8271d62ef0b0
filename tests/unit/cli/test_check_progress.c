/* The line that says how far a check is. */
#include <event2/event.h>
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

#include "cli/check_progress.h"

struct terminal {
    struct event_base *base;
    int ends[2]; /* a pipe in place of the terminal */
    struct check_progress_line line;
    char seen[4096];
};

static void terminal_init(struct terminal *t)
{
    struct error err;
    *t = (struct terminal){.base = event_base_new()};
    assert_non_null(t->base);
    assert_int_equal(pipe2(t->ends, O_NONBLOCK), 0);
    assert_int_equal(check_progress_begin(&t->line, t->base, LANG_EN, t->ends[1], &err), 0);
}

static void terminal_done(struct terminal *t)
{
    check_progress_end(&t->line);
    event_base_free(t->base);
    close(t->ends[0]);
    close(t->ends[1]);
}

static struct str seen(struct terminal *t)
{
    ssize_t n = read(t->ends[0], t->seen, sizeof t->seen);
    return (struct str){t->seen, n > 0 ? (size_t)n : 0};
}

static void it_is_written_over_and_erased(void **state)
{
    struct terminal t CLEANUP(terminal_done);
    (void)state;
    terminal_init(&t);
    CHECK_STR(seen(&t), "", "before the first tick");
    t.line.done = 3;
    t.line.open = 2;
    t.line.begun -= 4000;
    check_progress_show(&t.line);
    CHECK_STR(seen(&t), "\r3 done, 2 open, 4 seconds\033[K", "steps");
    check_progress_hide(&t.line);
    CHECK_STR(seen(&t), "\r\033[K", "hidden");
    check_progress_hide(&t.line);
    CHECK_STR(seen(&t), "", "hidden again");
    t.line.of_domains = true;
    t.line.done = 1;
    check_progress_show(&t.line);
    CHECK_STR(seen(&t), "\r1 domain done, 2 being checked, 4 seconds\033[K", "domains");
    check_progress_end(&t.line);
    CHECK_STR(seen(&t), "\r\033[K", "at the end");
    check_progress_show(&t.line);
    CHECK_STR(seen(&t), "", "after the end");
}

static void it_ticks_on_the_loop(void **state)
{
    struct terminal t CLEANUP(terminal_done);
    (void)state;
    terminal_init(&t);
    assert_int_equal(event_base_loop(t.base, EVLOOP_ONCE), 0);
    CHECK_STR(seen(&t), "\r0 done, 0 open, 0 seconds\033[K", "tick");
}

static void without_a_terminal_there_is_none(void **state)
{
    struct event_base *base = event_base_new();
    struct check_progress_line line;
    struct error err;
    (void)state;
    assert_non_null(base);
    assert_int_equal(check_progress_begin(&line, base, LANG_EN, -1, &err), 0);
    assert_null(line.tick);
    check_progress_show(&line);
    check_progress_hide(&line);
    check_progress_end(&line);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_written_over_and_erased),
        cmocka_unit_test(it_ticks_on_the_loop),
        cmocka_unit_test(without_a_terminal_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
