/* What a CA that gives no answer means for all names. */
#include "office.h"

#include <stdio.h>
#include <string.h>

#include "acme/messages.h"

static struct store_ca ca_row(struct office *o, const char *name)
{
    struct store_ca row;
    assert_int_equal(store_ca_get(o->w.store, str_from(name), &o->arena, &row, NULL), 1);
    return row;
}

static int cas_free(struct office *o, int64_t *at)
{
    return acme_cas_free(o->w.store, fake_ca_now(o->ca), at, NULL);
}

/* The same whatever kind of no answer it is: the CA is left alone by all, an hour at most. */
static void a_ca_that_gives_no_answer_is_left_alone_and_looked_at_by_one(void **state)
{
    static const struct fake_fault faults[] = {
        {.path = "/directory", .times = 100, .status = 0},
        {.path = "/directory", .times = 100, .status = 502},
        {.path = "/new-account", .times = 100, .status = 500},
        {.path = "/new-order", .times = 100, .status = 503, .type = "serverInternal"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct office o;
        int64_t at, waited = 0;
        office_open(&o);
        office_add_ca(&o, "one", fake_ca_directory(), "");
        assert_int_equal(cas_free(&o, &at), 1);
        fake_ca_fault(o.ca, &faults[i]);
        for (unsigned n = 1; n <= 9; n++) {
            int64_t now = fake_ca_now(o.ca);
            unsigned asked = fake_ca_requests(o.ca, "");
            CHECK(office_run(&o) < 0 && !error_is(&o.err, &MSG_ACME_CAS_WAIT), faults[i].path);
            CHECK(fake_ca_requests(o.ca, "") > asked, faults[i].path);
            assert_int_equal(ca_row(&o, "one").failures, n);
            assert_int_equal(cas_free(&o, &at), 0);
            waited = at - now;
            assert_true(o.job.due >= at && o.job.due <= at + waited / 10);
            asked = fake_ca_requests(o.ca, "");
            assert_true(office_run(&o) < 0); /* for any other name it would be the same */
            assert_true(error_is(&o.err, &MSG_ACME_CAS_WAIT));
            assert_int_equal(o.job.due, now); /* it is taken as soon as the CA is free */
            assert_int_equal(fake_ca_requests(o.ca, ""), asked);
            fake_ca_set_now(o.ca, at);
        }
        assert_int_equal(waited, HOUR);
        fake_ca_faults_end(o.ca);
        CHECK(office_run(&o) == 1, faults[i].path);
        assert_int_equal(ca_row(&o, "one").failures, 0);
        assert_int_equal(cas_free(&o, &at), 1);
        office_close(&o);
    }
}

struct telling {
    char text[256];
};

static void write_stage(void *context, enum acme_stage stage, struct str name, struct str ca,
                        const struct error *err)
{
    struct telling *t = context;
    size_t n = strlen(t->text);
    (void)name, (void)err;
    if (stage == ACME_STAGE_SILENT || stage == ACME_STAGE_BACK)
        snprintf(t->text + n, sizeof t->text - n, "%.*s %s;", STR_ARG(ca),
                 stage == ACME_STAGE_SILENT ? "silent" : "back");
}

static void that_a_ca_does_not_answer_is_told_when_it_begins_and_ends(void **state)
{
    const struct fake_fault silent = {.path = "/directory", .times = 3, .status = 0};
    struct telling told = {""};
    struct office o;
    int64_t at;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    o.settings.told = write_stage;
    o.settings.context = &told;
    fake_ca_fault(o.ca, &silent);
    for (int n = 0; n < 3; n++) {
        assert_true(office_run(&o) < 0);
        assert_int_equal(cas_free(&o, &at), 0);
        fake_ca_set_now(o.ca, at);
    }
    assert_int_equal(office_run(&o), 1);
    assert_string_equal(told.text, "one silent;one back;");
    office_close(&o);
}

/* The second one gives the certificates meanwhile, and the first is not asked by each of them. */
static void while_one_ca_does_not_answer_the_next_one_is_asked(void **state)
{
    const struct fake_fault silent = {.path = "/directory", .times = 1, .status = 0};
    struct office o;
    int64_t at;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "first", fake_ca_directory(), "");
    office_add_ca(&o, "second", fake_ca_directory(), "");
    o.settings.now = true;
    fake_ca_fault(o.ca, &silent);
    assert_int_equal(office_run(&o), 1);
    CHECK_STR(o.job.ca, "second", "first");
    assert_int_equal(cas_free(&o, &at), 1);
    unsigned directories = fake_ca_requests(o.ca, "/directory");
    assert_int_equal(office_run(&o), 1);
    CHECK_STR(o.job.ca, "second", "is left alone");
    assert_int_equal(fake_ca_requests(o.ca, "/directory"), directories + 1);
    fake_ca_set_now(o.ca, ca_row(&o, "first").blocked_until);
    assert_int_equal(office_run(&o), 1);
    CHECK_STR(o.job.ca, "first", "is back");
    office_close(&o);
}

/* As another thread, or another node, finds it. */
static void who_did_not_come_first_does_not_look(void **state)
{
    struct office o;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    int64_t now = fake_ca_now(o.ca);
    assert_int_equal(store_ca_set_blocked(o.w.store, STR("one"), 3, now, NULL), 1);
    assert_int_equal(store_ca_claim(o.w.store, STR("one"), now, now + ACME_LEASE_S, NULL), 1);
    assert_true(office_run(&o) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_CAS_WAIT));
    assert_int_equal(fake_ca_requests(o.ca, ""), 0);
    o.settings.by_hand = true; /* a person does */
    assert_int_equal(office_run(&o), 1);
    assert_int_equal(ca_row(&o, "one").failures, 0);
    office_close(&o);
}

/* What was to look and did not come to it leaves that to the next. */
static void a_look_that_the_end_of_the_program_broke_off_is_free_again(void **state)
{
    struct office o;
    int64_t at;
    (void)state;
    office_open(&o);
    office_add_ca(&o, "one", fake_ca_directory(), "");
    int64_t now = fake_ca_now(o.ca);
    assert_int_equal(store_ca_set_blocked(o.w.store, STR("one"), 3, now, NULL), 1);
    o.world.send = office_given_up;
    o.world.wait_ms = office_to_end;
    assert_true(office_run(&o) < 0);
    assert_true(error_is(&o.err, &MSG_ACME_STOPPED));
    assert_int_equal(cas_free(&o, &at), 1);
    assert_int_equal(ca_row(&o, "one").failures, 3);
    office_close(&o);
}

/* RFC 9773: at some CAs the windows come from servers of their own. */
static void a_window_that_cannot_be_had_stops_no_orders(void **state)
{
    const struct fake_fault broken = {.path = "/renewal-info", .times = 10, .status = 500};
    struct office o;
    int64_t at;
    (void)state;
    office_open(&o);
    fake_ca_settings(o.ca)->renewal_info = true;
    office_add_ca(&o, "one", fake_ca_directory(), "");
    assert_int_equal(office_run(&o), 1);
    fake_ca_fault(o.ca, &broken);
    assert_int_equal(office_run(&o), 0);
    assert_int_equal(cas_free(&o, &at), 1);
    office_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ca_that_gives_no_answer_is_left_alone_and_looked_at_by_one),
        cmocka_unit_test(that_a_ca_does_not_answer_is_told_when_it_begins_and_ends),
        cmocka_unit_test(while_one_ca_does_not_answer_the_next_one_is_asked),
        cmocka_unit_test(who_did_not_come_first_does_not_look),
        cmocka_unit_test(a_look_that_the_end_of_the_program_broke_off_is_free_again),
        cmocka_unit_test(a_window_that_cannot_be_had_stops_no_orders),
    };
    return cmocka_run_group_tests_name("acme outage", tests, NULL, NULL);
}
