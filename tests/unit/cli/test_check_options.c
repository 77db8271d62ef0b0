/* The options of `sealpost check`. */
#include <sys/resource.h>

#include "cli/check_run.h"
#include "command_trial.h"
#include "fake_checker.h"

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
    static const struct {
        uint64_t files;
        unsigned jobs;
    } rows[] = {{0, 1},
                {CHECK_FILES_BESIDE, 1},
                {CHECK_FILES_BESIDE + CHECK_FILES_EACH, 1},
                {CHECK_FILES_BESIDE + 10 * CHECK_FILES_EACH + 1, 10},
                {UINT64_MAX, 200}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(check_jobs_for_files(200, rows[i].files), rows[i].jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_become_settings),
        cmocka_unit_test(options_that_mean_nothing_are_refused),
        cmocka_unit_test(an_address_literal_may_stand_in_ehlo),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(the_rules_are_listed_without_a_check),
        cmocka_unit_test(jobs_fit_into_the_limit_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
