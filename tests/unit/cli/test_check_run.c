/* The command as a whole, over a checker that looks at nothing: options, order, streams, status. */
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_checker.h"

#include "base/file.h"
#include "cli/check_run.h"
#include "cli/commands.h"

#define ARGS_MAX 40
#define READ_MAX ((size_t)16 * 1024 * 1024)

/* A folder, and what one call of the command printed there. */
struct trial {
    char folder[64];
    int status;
    struct buf out, err;
};

static void trial_init(struct trial *t)
{
    *t = (struct trial){.folder = "/tmp/sealpost-check-XXXXXX"};
    assert_non_null(mkdtemp(t->folder));
    buf_init(&t->out, READ_MAX);
    buf_init(&t->err, READ_MAX);
    memset(&fake, 0, sizeof fake);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void trial_done(struct trial *t)
{
    assert_int_equal(nftw(t->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    buf_done(&t->out);
    buf_done(&t->err);
}

/* Static memory: use it at once. */
static const char *path_in(const struct trial *t, const char *name)
{
    static char path[4][128];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", t->folder, name);
    return path[turn];
}

static void write_in(const struct trial *t, const char *name, struct str content)
{
    assert_int_equal(file_write(path_in(t, name), content, 0600, NULL), 0);
}

/* Puts a file in place of a descriptor; gives a copy of what was there. */
static int redirect(int fd, const char *path)
{
    int copy = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(copy >= 0 && file >= 0);
    assert_true(dup2(file, fd) == fd);
    close(file);
    return copy;
}

static void restore(int fd, int copy)
{
    assert_true(dup2(copy, fd) == fd);
    close(copy);
}

static void read_in(const struct trial *t, const char *name, struct buf *out)
{
    buf_reset(out);
    assert_int_equal(file_read(path_in(t, name), out, NULL), 0);
}

/* Runs `sealpost check` with these words, in English, with a configuration of its own. */
static void check_words(struct trial *t, const char *const *words)
{
    static const struct cli_command *const table[] = {&cli_check, NULL};
    const char *first[] = {"sealpost", "check", "--lang", "en", "--config", path_in(t, "conf")};
    char *argv[ARGS_MAX] = {NULL}, store[160];
    int argc = 0;
    snprintf(store, sizeof store, "[store]\npath = %s/store\n", t->folder);
    write_in(t, "conf", str_from(store));
    for (size_t i = 0; i < ARRAY_LEN(first); i++)
        argv[argc++] = strdup(first[i]);
    for (; *words; words++)
        argv[argc++] = strdup(*words);
    fflush(stdout);
    int out = redirect(STDOUT_FILENO, path_in(t, "out"));
    int err = redirect(STDERR_FILENO, path_in(t, "err"));
    t->status = cli_main(table, argc, argv);
    fflush(stdout);
    fflush(stderr);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    read_in(t, "out", &t->out);
    read_in(t, "err", &t->err);
}

#define CHECK_WORDS(t, ...) check_words(t, (const char *const[]){__VA_ARGS__, NULL})

static bool has(const struct buf *text, const char *part)
{
    return str_find(buf_view(text), str_from(part)) >= 0;
}

static unsigned lines_of(const struct buf *text)
{
    unsigned n = 0;
    for (size_t i = 0; i < text->n; i++)
        n += text->p[i] == '\n';
    return n;
}

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
    buf_init(&page, READ_MAX);
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
    memset(list, 'x', sizeof list);
    memcpy(list, "a.example\n", 10);
    memcpy(list + sizeof list - 11, "\nb.example\n", 11);
    write_in(&t, "list", (struct str){list, sizeof list});
    CHECK_WORDS(&t, "--from", path_in(&t, "list"), "--thorough");
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_int_equal(lines_of(&t.out), 3);
    assert_true(has(&t.out, "{\"input_line\":2,\"given\":\"xxx"));
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
    buf_init(&list, READ_MAX);
    for (unsigned i = 0; i < MANY; i++)
        buf_printf(&list, "d%u.example\n", i);
    write_in(&t, "list", buf_view(&list));
    t.out.max = (size_t)256 * 1024 * 1024;
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

static void options_become_settings(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "good.example", "--resolver", "192.0.2.53@5353#dns.example", "--resolver",
                "192.0.2.54", "--trust-anchor", "/dev/null", "--ca-file", "/ca.pem", "--ehlo",
                "Me.example", "--mx", "MX1.b\303\274cher.example", "--mx", "mx2.example",
                "--connect", "mx2.example:25=192.0.2.1:2525", "--connect",
                "MTA-STS.example:443=[2001:db8::1]:8443", "--allow-private", "--probe-rua",
                "--host-timeout", "3", "--timeout", "7", "--per-address", "9");
    assert_int_equal(t.status, CLI_FINE);
    const struct check_settings *s = &fake.settings;
    assert_string_equal(
        fake.described,
        "resolver 192.0.2.53@5353#dns.example; resolver 192.0.2.54; anchor /dev/null; "
        "ca /ca.pem; ehlo me.example; mx mx1.xn--bcher-kva.example; mx mx2.example; "
        "mx2.example:25 at 192.0.2.1:2525; mta-sts.example:443 at 2001:db8::1:8443; ");
    assert_true(s->allow_private && s->probe_rua);
    assert_int_equal(s->host_seconds, 3);
    assert_int_equal(s->total_seconds, 7);
    assert_int_equal(s->at_one_address, 9);
}

static void options_that_mean_nothing_are_refused(void **state)
{
    static const struct {
        const char *option, *value, *says;
    } rows[] = {
        {"--jobs", "0", "--jobs takes a number from 1 to 10000, not \"0\""},
        {"--jobs", "10001", "--jobs takes"},
        {"--jobs", "x", "--jobs takes"},
        {"--timeout", "3601", "--timeout takes a number from 1 to 3600"},
        {"--host-timeout", "-1", "--host-timeout takes"},
        {"--per-address", "0", "--per-address takes"},
        {"--mx", "not a host", "--mx: \"not a host\" is no name of a host"},
        {"--mx", "192.0.2.1", "--mx: "},
        {"--ehlo", "a b", "--ehlo: \"a b\" is no name of a host"},
        {"--ehlo", "[a]", "--ehlo: "},
        {"--connect", "", "--connect does not understand \"\""},
        {"--connect", "mx.example=192.0.2.1:25", "--connect does not understand"},
        {"--connect", "mx.example:25=192.0.2.1", "--connect does not understand"},
        {"--connect", "mx.example:0=192.0.2.1:25", "--connect does not understand"},
        {"--connect", "mx.example:65536=192.0.2.1:25", "--connect does not understand"},
        {"--connect", "mx.example:25=other.example:25", "--connect does not understand"},
        {"--connect", "mx.example:25=2001:db8::1:25", "--connect does not understand"},
        {"--connect", ":25=192.0.2.1:25", "--connect does not understand"},
        {"--from", "list", "--from takes the place of domains"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct trial t CLEANUP(trial_done);
        trial_init(&t);
        CHECK_WORDS(&t, "good.example", rows[i].option, rows[i].value);
        CHECK(t.status == CLI_UNUSABLE, rows[i].says);
        CHECK(has(&t.err, rows[i].says), rows[i].says);
        CHECK(fake.started == 0, rows[i].says);
    }
}

static void an_address_literal_may_stand_in_ehlo(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "good.example", "--ehlo", "[192.0.2.1]");
    assert_int_equal(t.status, CLI_FINE);
    assert_int_equal(fake.settings.ehlo.n, 11);
}

static void what_does_not_fit_together_is_refused(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "--json");
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_true(has(&t.err, "there is no domain to check"));
    CHECK_WORDS(&t, "--from", "list", "--html", "page");
    assert_int_equal(t.status, CLI_UNUSABLE);
    CHECK_WORDS(&t, "--from", path_in(&t, "absent"));
    assert_int_equal(t.status, CLI_UNUSABLE);
    assert_true(has(&t.err, "absent"));
    CHECK_WORDS(&t, "--from", t.folder);
    assert_int_equal(t.status, CLI_UNUSABLE);
    fake.trust_fails = true;
    CHECK_WORDS(&t, "good.example");
    assert_int_equal(t.status, CLI_OUTSIDE);
}

static void the_rules_are_listed_without_a_check(void **state)
{
    struct trial t CLEANUP(trial_done);
    (void)state;
    trial_init(&t);
    CHECK_WORDS(&t, "--rules");
    assert_int_equal(t.status, CLI_FINE);
    for (const struct check_rule *rule = check_rules; rule->def; rule++)
        CHECK(has(&t.out, rule->def->id), rule->def->id);
    assert_true(str_starts(buf_view(&t.out), STR("check-domain-invalid  error  RFC 5890 2.3.2\n"
                                                 "    \"{name}\" is no domain name\n")));
    CHECK_WORDS(&t, "--rules", "--json");
    assert_true(has(&t.out, "\"code\": \"check-domain-invalid\",\n      \"step\": \"domain\",\n"
                            "      \"grade\": \"error\",\n      \"rfc\": \"RFC 5890 2.3.2\""));
    assert_int_equal(fake.started, 0);
}

/* What one check has open must fit into what the process may open. */
static void jobs_fit_into_the_limit_of_files(void **state)
{
    struct rlimit before, low;
    uint64_t limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(check_jobs_within_limit(1, &limit), 1);
    assert_true(limit == before.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
    assert_true(low.rlim_cur == before.rlim_max);
    pid_t child = fork();
    if (child == 0) {
        static const rlim_t files[] = {CHECK_FILES_BESIDE, CHECK_FILES_BESIDE + CHECK_FILES_EACH,
                                       CHECK_FILES_BESIDE + 10 * CHECK_FILES_EACH + 1};
        static const unsigned jobs[] = {1, 1, 10};
        for (unsigned i = ARRAY_LEN(files); i-- > 0;) {
            low.rlim_cur = low.rlim_max = files[i];
            if (setrlimit(RLIMIT_NOFILE, &low) != 0 ||
                check_jobs_within_limit(200, &limit) != jobs[i] || limit != files[i])
                _exit(1);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
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
        cmocka_unit_test(options_become_settings),
        cmocka_unit_test(options_that_mean_nothing_are_refused),
        cmocka_unit_test(an_address_literal_may_stand_in_ehlo),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(the_rules_are_listed_without_a_check),
        cmocka_unit_test(jobs_fit_into_the_limit_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
