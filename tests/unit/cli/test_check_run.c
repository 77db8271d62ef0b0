/* The command as a whole, over a checker that looks at nothing: order, streams, status. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/check_run.h"
#include "command_trial.h"
#include "fake_checker.h"

#define TEXT_MAX ((size_t)1024 * 1024)

static void one_domain_is_shown_and_its_status_given(void **state)
{
    static const struct {
        const char *domain;
        int status;
        const char *out, *err;
    } rows[] = {
        {"good.example", CLI_FINE, "good.example\n", ""},
        {"bad.example", CLI_BAD_NEWS, "it is broken", ""},
        {"nodns.example", CLI_OUTSIDE, "nodns.example\n", "no DNS server answered"},
        {"memory.example", CLI_OUTSIDE, "", "memory"},
        {"not a domain", CLI_UNUSABLE, "", "\"not a domain\" is no domain name"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct trial t CLEANUP(trial_done);
        trial_init(&t);
        CHECK_WORDS(&t, rows[i].domain);
        CHECK(t.status == rows[i].status, rows[i].domain);
        CHECK(has(&t.out, rows[i].out), rows[i].domain);
        CHECK(has(&t.err, rows[i].err), rows[i].domain);
        CHECK(!*rows[i].err == (t.err.n == 0), rows[i].domain);
        assert_true(fake.settings.thorough);
    }
}

static void several_domains_keep_their_order(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "slow.example", "bad.example", "good.example");
    assert_int_equal(t.status, CLI_BAD_NEWS);
    assert_int_equal(fake.most, 3);
    ssize_t slow = str_find(buf_view(&t.out), STR("slow.example\n"));
    ssize_t bad = str_find(buf_view(&t.out), STR("bad.example\n"));
    ssize_t good = str_find(buf_view(&t.out), STR("\n\ngood.example\n"));
    assert_true(slow == 0 && slow < bad && bad < good);
    assert_true(has(&t.out, "\nIn all: 3 domains; 2 without an error, 1 with errors, 0 that"));
    CHECK_WORDS(&t, "--json", "slow.example", "not a domain", "good.example");
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_int_equal(lines_of(&t.out), 3);
    assert_true(str_starts(buf_view(&t.out), STR("{\"given\":\"slow.example\"")));
    assert_true(has(&t.out, "\n{\"given\":\"not a domain\",\"error\":{\"code\":"
                            "\"check-domain-invalid\""));
}

static void only_so_many_run_at_a_time(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "--jobs", "2", "a.example", "slow.example", "b.example", "c.example",
                "d.example");
    assert_int_equal(t.status, CLI_FINE);
    assert_int_equal(fake.started, 5);
    assert_int_equal(fake.most, 2);
}

static void a_page_has_all_domains(void **state)
{
    struct trial t CLEANUP(trial_done);
    struct buf page CLEANUP(buf_done) = {0};
    (void)state;
    trial_init(&t);
    buf_init(&page, TEXT_MAX);
    CHECK_WORDS(&t, "slow.example", "a b", "bad.example", "--html", path_in(&t, "page.html"));
    read_in(&t, "page.html", &page);
    ssize_t slow = str_find(buf_view(&page), STR("<h1>slow.example</h1>"));
    ssize_t refused = str_find(buf_view(&page), STR("<h1>a b</h1>"));
    ssize_t bad = str_find(buf_view(&page), STR("<h1>bad.example</h1>"));
    assert_true(0 < slow && slow < refused && refused < bad);
    assert_true(str_ends(buf_view(&page), STR("</html>\n")));
    CHECK_WORDS(&t, "good.example", "--html", path_in(&t, "absent/page.html"));
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_true(has(&t.err, "absent/page.html"));
}

static void a_file_gives_a_line_for_each_domain(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    write_in(&t, "list", STR("# list\r\nslow.example\r\ngood.example\r\na b\nbad.example # x\n"));
    CHECK_WORDS(&t, "--from", path_in(&t, "list"));
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_int_equal(lines_of(&t.out), 4);
    assert_true(has(&t.out, "{\"input_line\":3,\"given\":\"good.example\""));
    assert_true(has(&t.out, "{\"input_line\":4,\"given\":\"a b\",\"error\":"));
    assert_true(has(&t.out, "{\"input_line\":5,\"given\":\"bad.example\""));
    assert_true(has(&t.err, "list, line 4: \"a b\" is no domain name"));
    /* In the order of their ends. */
    assert_true(str_find(buf_view(&t.out), STR("slow.example")) >
                str_find(buf_view(&t.out), STR("bad.example")));
    assert_false(fake.settings.thorough);
}

static void a_line_that_is_too_long_is_told_with_its_number(void **state)
{
    static char list[3 * 4096];
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    memset(list, 'a', sizeof list);
    memcpy(list, "a.example\n", sizeof "a.example\n" - 1);
    memcpy(list + sizeof list - 11, "\nb.example\n", sizeof "\nb.example\n" - 1);
    write_in(&t, "list", (struct str){list, sizeof list});
    CHECK_WORDS(&t, "--from", path_in(&t, "list"), "--thorough");
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_int_equal(lines_of(&t.out), 3);
    assert_true(has(&t.out, "{\"input_line\":2,\"given\":\"aaa"));
    assert_true(has(&t.err, "line 2: longer than 4096 bytes"));
    assert_true(fake.settings.thorough);
}

static void an_empty_list_is_fine(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    write_in(&t, "list", STR("# nothing\n"));
    CHECK_WORDS(&t, "--from", path_in(&t, "list"));
    assert_int_equal(t.status, CLI_FINE);
    assert_int_equal(t.out.n + t.err.n, 0);
}

/* A pipe that says something now and then must not stop the checks that run. */
static void a_slow_pipe_is_waited_for(void **state)
{
    struct trial t CLEANUP(trial_done);
    int ends[2];
    (void)state;
    trial_init(&t);
    assert_int_equal(pipe(ends), 0);
    int in = dup(STDIN_FILENO);
    assert_true(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        close(STDIN_FILENO);
        bool fine = write(ends[1], "slow.example\ngood.ex", 20) == 20;
        usleep(120000);
        fine = fine && write(ends[1], "ample\nbad.example", 17) == 17;
        _exit(fine ? 0 : 1);
    }
    close(ends[0]);
    close(ends[1]);
    CHECK_WORDS(&t, "--from", "-");
    restore(STDIN_FILENO, in);
    assert_int_equal(t.status, CLI_BAD_NEWS);
    assert_int_equal(lines_of(&t.out), 3);
    assert_true(str_starts(buf_view(&t.out), STR("{\"input_line\":1,")));
    assert_true(has(&t.out, "{\"input_line\":2,\"given\":\"good.example\""));
}

/* 20,000 domains through 50 slots. */
static void a_long_list_is_streamed(void **state)
{
    struct trial t CLEANUP(trial_done);
    struct buf list CLEANUP(buf_done) = {0};
    enum { MANY = 20000 };
    (void)state;
    trial_init(&t);
    buf_init(&list, TEXT_MAX);
    for (unsigned i = 0; i < MANY; i++)
        buf_printf(&list, "d%u.example\n", i);
    write_in(&t, "list", buf_view(&list));
    CHECK_WORDS(&t, "--from", path_in(&t, "list"), "--jobs", "50");
    assert_int_equal(t.status, CLI_FINE);
    assert_int_equal(fake.started, MANY);
    assert_int_equal(fake.most, 50);
    assert_int_equal(lines_of(&t.out), MANY);
}

static void what_was_seen_is_remembered_where_a_store_is(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "good.example");
    assert_int_equal(access(path_in(&t, "store"), F_OK), -1);
    CHECK_WORDS(&t, "good.example", "--store", path_in(&t, "mine"));
    assert_int_equal(t.status, CLI_FINE);
    assert_int_equal(fake.with_earlier, 0);
    CHECK_WORDS(&t, "Good.example", "--store", path_in(&t, "mine"));
    assert_int_equal(fake.with_earlier, 1);
    assert_string_equal(fake.earlier_id, "20261124T110000Z");
    CHECK_WORDS(&t, "other.example", "--store", path_in(&t, "mine"));
    assert_int_equal(fake.with_earlier, 1);
    /* That of the configuration, once somebody has made it. */
    const struct store_options options = {.access = {[STORE_CONTROL] = STORE_WRITE}};
    struct store *store = NULL;
    assert_int_equal(store_open(&store, path_in(&t, "store"), &options, NULL), 0);
    store_close(store);
    CHECK_WORDS(&t, "good.example");
    CHECK_WORDS(&t, "good.example");
    assert_int_equal(fake.with_earlier, 2);
    CHECK_WORDS(&t, "nodns.example");
    CHECK_WORDS(&t, "nodns.example");
    assert_int_equal(fake.with_earlier, 2);
}

static void a_store_that_cannot_be_used_matters_when_it_was_named(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    write_in(&t, "file", STR("no store"));
    CHECK_WORDS(&t, "good.example", "--store", path_in(&t, "file"));
    assert_true(t.status >= CLI_UNUSABLE && t.err.n > 0);
    assert_int_equal(fake.started, 0);
    /* The configured one has a control.db, and its outbound.db is none of ours. */
    const struct store_options options = {.access = {[STORE_CONTROL] = STORE_WRITE}};
    struct store *store = NULL;
    assert_int_equal(store_open(&store, path_in(&t, "store"), &options, NULL), 0);
    store_close(store);
    write_in(&t, "store/outbound.db", STR("not a database, but long enough to look like a file"));
    CHECK_WORDS(&t, "good.example");
    assert_int_equal(t.status, CLI_FINE);
    assert_int_equal(t.err.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_domain_is_shown_and_its_status_given),
        cmocka_unit_test(several_domains_keep_their_order),
        cmocka_unit_test(only_so_many_run_at_a_time),
        cmocka_unit_test(a_page_has_all_domains),
        cmocka_unit_test(a_file_gives_a_line_for_each_domain),
        cmocka_unit_test(a_line_that_is_too_long_is_told_with_its_number),
        cmocka_unit_test(an_empty_list_is_fine),
        cmocka_unit_test(a_slow_pipe_is_waited_for),
        cmocka_unit_test(a_long_list_is_streamed),
        cmocka_unit_test(what_was_seen_is_remembered_where_a_store_is),
        cmocka_unit_test(a_store_that_cannot_be_used_matters_when_it_was_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
