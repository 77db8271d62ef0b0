#include "office.h"

#include <stdio.h>
#include <stdlib.h>

#include "acme/messages.h"

static int64_t valid_until(struct office *o)
{
    struct store_certificate row;
    int result = store_certificate_get(o->w.store, STR(OFFICE_HOST), &o->arena, &row, NULL);
    return result == 1 ? row.not_after : 0;
}

static void a_name_gets_its_certificate_and_a_time_for_the_next(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    assert_int_equal(office_run(&o), 1);
    int64_t now = fake_ca_now(o.ca), until = valid_until(&o);
    assert_true(until >= now + 89 * DAY);
    assert_true(o.job.due > now + 50 * DAY && o.job.due < until - 20 * DAY);
    CHECK_STR(o.job.ca, "one", "ca");
    assert_int_equal(o.job.failures, 0);
    assert_int_equal(o.job.order.n + o.job.key.n + o.job.problem.n, 0);
    assert_int_equal(office_run(&o), 0); /* it is not time */
    assert_int_equal(fake_ca_issued(o.ca), 1);
    o.settings.now = true;
    assert_int_equal(office_run(&o), 1);
    assert_int_equal(fake_ca_issued(o.ca), 2);
    assert_int_equal(fake_ca_accounts(o.ca), 1);
    office_close(&o);
}

/* From due to due over `days`; between them the certificate must be good without a gap. */
static void live(struct office *o, int days)
{
    int64_t end = fake_ca_now(o->ca) + days * DAY;
    unsigned turns = 0;
    while (fake_ca_now(o->ca) < end) {
        assert_true(++turns < 5000);
        if (office_run(o) < 0)
            assert_true(o->job.failures > 0 || error_is(&o->err, &MSG_ACME_CAS_WAIT));
        int64_t now = fake_ca_now(o->ca), free_at = 0;
        int64_t due = o->job.due > now ? o->job.due : now + 1;
        assert_true(o->job.due > now || o->job.failures == 0);
        if (acme_cas_free(o->w.store, now, &free_at, NULL) == 0 && free_at > due)
            due = free_at; /* the keeper takes no job before */
        if (valid_until(o))
            assert_true(valid_until(o) > due);
        fake_ca_set_now(o->ca, due);
    }
    assert_true(valid_until(o) > fake_ca_now(o->ca));
}

/* 201 days without a gap, whatever kind of certificate, and with a CA that is out of order for five
 * days now and then. */
static void two_hundred_and_one_days_have_no_gap(void **state)
{
    static const struct {
        const char *what, *profile;
        bool window;
        int64_t life;
        unsigned outage; /* answers of 503 in a row: an hour between them, about five days */
    } rows[] = {
        {"ninety days", "", false, 90 * DAY, 0},
        {"ninety days, RFC 9773", "", true, 90 * DAY, 0},
        {"forty-five days, out of order", "", false, 45 * DAY, 120},
        {"ninety days, RFC 9773, out of order", "", true, 90 * DAY, 120},
        {"six days", "shortlived", false, 6 * DAY, 0},
        {"six days, RFC 9773", "shortlived", true, 6 * DAY, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct office o;
        /* Six-day certificates are a hundred orders: only a sample of them each time. */
        int part_days = rows[i].profile[0] && !world_soak() ? 6 : 67;
        office_open(&o);
        struct fake_ca_settings *ca = fake_ca_settings(o.ca);
        ca->renewal_info = rows[i].window;
        ca->life = rows[i].life;
        ca->short_life = 6 * DAY;
        ca->window_days = rows[i].profile[0] ? 3 : 30;
        ca->profiles = "\"shortlived\":\"six days\",\"classic\":\"ninety\"";
        office_add_ca(&o, "one", fake_ca_directory(), rows[i].profile);
        print_message("# %s\n", rows[i].what);
        assert_int_equal(office_run(&o), 1);
        for (int part = 0; part < 2; part++) {
            live(&o, part_days);
            const struct fake_fault out = {.path = "/new-order",
                                           .times = rows[i].outage,
                                           .status = 503,
                                           .type = "serverInternal"};
            if (rows[i].outage)
                fake_ca_fault(o.ca, &out);
            CHECK_STR(str_from(fake_ca_last_profile(o.ca)), rows[i].profile, "kept on renewal");
        }
        live(&o, part_days);
        assert_true(fake_ca_issued(o.ca) > 2);
        CHECK((fake_ca_last_replaces(o.ca)[0] != 0) == rows[i].window, rows[i].what);
        office_close(&o);
    }
}

/* A CA whose window has passed when the certificate is new would be asked without end. */
static void a_window_before_the_certificate_is_not_followed(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    struct fake_ca_settings *ca = fake_ca_settings(o.ca);
    ca->renewal_info = true;
    ca->life = 6 * DAY;
    office_add_ca(&o, "one", fake_ca_directory(), "");
    int64_t now = fake_ca_now(o.ca);
    assert_int_equal(office_run(&o), 1);
    while (fake_ca_now(o.ca) < now + 2 * DAY) {
        assert_true(o.job.due >= fake_ca_now(o.ca) + HOUR);
        fake_ca_set_now(o.ca, o.job.due);
        if (fake_ca_now(o.ca) < now + 2 * DAY)
            assert_int_equal(office_run(&o), 0);
    }
    assert_int_equal(fake_ca_issued(o.ca), 1);
    office_close(&o);
}

/* A CA that cannot be reached, or has had enough, is no reason to go without a certificate. */
static void the_next_ca_is_asked_when_one_is_at_fault(void **state)
{
    static const struct fake_fault faults[] = {
        {.path = "/directory", .status = 0},
        {.path = "/directory", .status = 200, .body = "<html>"},
        {.path = "/new-account", .status = 403, .type = "externalAccountRequired"},
        {.path = "/new-order", .status = 500, .type = "serverInternal"},
        {.path = "/new-order", .status = 429, .type = "rateLimited"},
        {.path = "/new-order", .status = 403, .type = "userActionRequired"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct office o;
        office_open(&o);
        office_add_ca(&o, "first", fake_ca_directory(), "");
        office_add_ca(&o, "second", fake_ca_directory(), "");
        fake_ca_fault(o.ca, &faults[i]);
        CHECK(office_run(&o) == 1, faults[i].path);
        CHECK_STR(o.job.ca, "second", faults[i].path);
        office_close(&o);
    }
}

static const char *refuse(void *context, struct str type, struct str name, struct str token,
                          struct str authorization)
{
    (void)type;
    (void)name;
    (void)token;
    (void)authorization;
    return context;
}

/* Failed validations are what CAs ration: no second CA, and an hour's rest at least. */
static void the_next_ca_is_not_asked_when_the_name_is_at_fault(void **state)
{
    static char unauthorized[] = "unauthorized";
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "first", fake_ca_directory(), "");
    office_add_ca(&o, "second", fake_ca_directory(), "");
    fake_ca_settings(o.ca)->validate = refuse;
    fake_ca_settings(o.ca)->context = unauthorized;
    for (unsigned n = 1; n <= 3; n++) {
        int64_t now = fake_ca_now(o.ca);
        assert_true(office_run(&o) < 0);
        assert_true(error_is(&o.err, &MSG_ACME_CHALLENGE_FAILED));
        assert_int_equal(o.job.failures, n);
        assert_true(o.job.due >= now + HOUR);
        assert_true(str_find(o.job.problem, STR("acme-challenge-failed")) >= 0);
        assert_int_equal(o.job.order.n, 0);
        assert_int_equal(fake_ca_requests(o.ca, "/new-order"), n);
        fake_ca_set_now(o.ca, o.job.due);
    }
    fake_ca_settings(o.ca)->validate = NULL;
    assert_int_equal(office_run(&o), 1);
    assert_int_equal(o.job.failures, 0);
    assert_int_equal(o.job.problem.n, 0);
    office_close(&o);
}

/* RFC 8555 6.6 and RFC 9110 10.2.3 */
static void a_limit_is_waited_out(void **state)
{
    const struct fake_fault limited = {.path = "/new-order",
                                       .status = 429,
                                       .type = "rateLimited",
                                       .header = "retry-after",
                                       .value = "7200"};
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    fake_ca_fault(o.ca, &limited);
    int64_t now = fake_ca_now(o.ca);
    assert_true(office_run(&o) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_LIMITED));
    assert_true(o.job.due >= now + 7200 && o.job.due < now + 86400);
    assert_true(office_run(&o) < 0); /* others leave the CA alone for a moment */
    assert_true(error_is(&o.err, &MSG_ACME_CAS_WAIT));
    assert_int_equal(fake_ca_requests(o.ca, "/new-order"), 1);
    fake_ca_set_now(o.ca, now + 7200);
    assert_int_equal(office_run(&o), 1);
    office_close(&o);
}

/* RFC 8555 7.3: a CA that was set up anew knows no account. */
static void an_account_that_the_ca_forgot_is_opened_again(void **state)
{
    const struct fake_fault forgot = {
        .path = "/new-order", .status = 400, .type = "accountDoesNotExist"};
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    fake_ca_fault(o.ca, &forgot);
    assert_int_equal(office_run(&o), 1);
    assert_int_equal(fake_ca_requests(o.ca, "/new-account"), 2);
    office_close(&o);
}

/* What was begun is gone on with: another order would be another of a limited number. */
static void an_order_that_broke_off_is_gone_on_with(void **state)
{
    const struct fake_fault silent = {.path = "/order/", .times = 1000, .status = 0};
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    fake_ca_fault(o.ca, &silent);
    assert_true(office_run(&o) < 0);
    assert_true(o.job.order.n > 0 && o.job.key.n > 0);
    assert_int_equal(valid_until(&o), 0);
    fake_ca_faults_end(o.ca);
    fake_ca_set_now(o.ca, o.job.due);
    assert_int_equal(office_run(&o), 1);
    assert_int_equal(fake_ca_requests(o.ca, "/new-order"), 1);
    assert_int_equal(fake_ca_issued(o.ca), 1);
    office_close(&o);
}

/* Its life may be shorter than the time for which a new certificate is left alone. */
static void a_certificate_of_minutes_is_renewed_before_it_ends(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    fake_ca_settings(o.ca)->life = 300;
    office_add_ca(&o, "one", fake_ca_directory(), "");
    assert_int_equal(office_run(&o), 1);
    for (int i = 0; i < 10; i++) {
        int64_t now = fake_ca_now(o.ca);
        assert_in_range(o.job.due, now + 60, now + 160);
        fake_ca_set_now(o.ca, o.job.due);
        assert_int_equal(office_run(&o), 1);
    }
    office_close(&o);
}

static const char *look_at_lease(void *context, struct str type, struct str name, struct str token,
                                 struct str authorization)
{
    struct office *o = context;
    struct store_job row;
    (void)type, (void)token, (void)authorization;
    assert_int_equal(store_job_get(o->w.store, name, &o->arena, &row, NULL), 1);
    return row.lease >= o->began + ACME_LEASE_S / 2 ? NULL : "connection";
}

/* One that lives keeps its job, however long that takes; of one that was killed it is free soon. */
static void a_lease_lasts_while_the_job_is_worked_on(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    int64_t now = o.began = fake_ca_now(o.ca);
    fake_ca_settings(o.ca)->validate = look_at_lease;
    fake_ca_settings(o.ca)->context = &o;
    office_add_ca(&o, "one", fake_ca_directory(), "");
    assert_int_equal(store_job_take(o.w.store, STR(OFFICE_HOST), STR("me"), now, now + 1, NULL), 1);
    assert_int_equal(store_job_get(o.w.store, STR(OFFICE_HOST), &o.arena, &o.job, NULL), 1);
    assert_int_equal(acme_issue(&o.settings, &o.job, &o.arena, &o.err), 1);
    office_close(&o);
}

static void what_fails_because_the_program_ends_is_no_failure(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    o.world.send = office_given_up;
    o.world.wait_ms = office_to_end;
    assert_true(office_run(&o) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_STOPPED));
    assert_int_equal(o.job.failures + o.job.problem.n, 0);
    assert_true(o.job.due <= fake_ca_now(o.ca));
    office_close(&o);
}

static void a_certificate_from_elsewhere_is_left_alone_until_nobody_renews_it(void **state)
{
    static const struct str names[] = {STR_INIT("*.example.test")};
    static const struct {
        int64_t life, due;
    } rows[] = {{90 * DAY, 83 * DAY}, {30 * DAY, 23 * DAY}, {6 * DAY, 6 * DAY * 3 / 4}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct office o;
        office_open(&o);
        office_add_ca(&o, "one", fake_ca_directory(), "");
        int64_t now = fake_ca_now(o.ca);
        const struct store_certificate row = {.names = names,
                                              .name_count = 1,
                                              .chain = STR("chain"),
                                              .key = STR("key"),
                                              .not_before = now,
                                              .not_after = now + rows[i].life,
                                              .source = STR("import"),
                                              .created = now};
        assert_int_equal(store_certificate_put(o.w.store, &row, NULL, NULL), 1);
        assert_int_equal(office_run(&o), 0);
        assert_int_equal(o.job.due, now + rows[i].due);
        assert_int_equal(fake_ca_requests(o.ca, ""), 0);
        fake_ca_set_now(o.ca, o.job.due);
        assert_int_equal(office_run(&o), 1);
        assert_int_equal(fake_ca_issued(o.ca), 1);
        office_close(&o);
    }
}

static void without_a_ca_or_with_one_that_cannot_be_used_it_says_so(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    assert_true(office_run(&o) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_NO_CA));
    office_add_ca(&o, "one", fake_ca_directory(), "");
    o.settings.only = STR("two");
    assert_true(office_run(&o) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_CA_UNKNOWN));
    o.settings.only = STR("");
    o.settings.dry_run = true; /* of a job that is nobody's */
    o.job = (struct store_job){.name = STR(OFFICE_HOST)};
    assert_true(acme_issue(&o.settings, &o.job, &o.arena, &o.err) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_STAGING_ABSENT));
    assert_int_equal(fake_ca_requests(o.ca, ""), 0);
    office_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_gets_its_certificate_and_a_time_for_the_next),
        cmocka_unit_test(two_hundred_and_one_days_have_no_gap),
        cmocka_unit_test(a_window_before_the_certificate_is_not_followed),
        cmocka_unit_test(the_next_ca_is_asked_when_one_is_at_fault),
        cmocka_unit_test(the_next_ca_is_not_asked_when_the_name_is_at_fault),
        cmocka_unit_test(a_limit_is_waited_out),
        cmocka_unit_test(an_account_that_the_ca_forgot_is_opened_again),
        cmocka_unit_test(an_order_that_broke_off_is_gone_on_with),
        cmocka_unit_test(a_certificate_of_minutes_is_renewed_before_it_ends),
        cmocka_unit_test(a_lease_lasts_while_the_job_is_worked_on),
        cmocka_unit_test(what_fails_because_the_program_ends_is_no_failure),
        cmocka_unit_test(a_certificate_from_elsewhere_is_left_alone_until_nobody_renews_it),
        cmocka_unit_test(without_a_ca_or_with_one_that_cannot_be_used_it_says_so),
    };
    return cmocka_run_group_tests_name("acme/issue", tests, NULL, NULL);
}
