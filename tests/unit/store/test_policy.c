#include "mtasts/txt.h"
#include "store/messages.h"
#include "world.h"

#define DOMAIN STR("example.org")

COUNT_ROWS(count_policy, struct store_policy)
COUNT_ROWS(count_body, struct store_body)

static void with_domain(struct world *w)
{
    world_init(w);
    assert_int_equal(store_domain_add(w->store, DOMAIN, NOW, NULL), 1);
}

/* Sets a policy that differs from the last by its max_age; gives its id. */
static struct store_policy_id set_at(struct world *w, uint32_t max_age, int64_t now)
{
    struct sts_policy policy = sample_policy(max_age);
    struct store_policy_id id;
    int rc = store_policy_set(w->store, DOMAIN, &policy, now, &id, &w->err);
    if (rc != 1)
        fail_msg("store_policy_set gave %d (%s)", rc, rc < 0 ? w->err.msg.def->id : "");
    return id;
}

static void a_policy_comes_back_as_it_was_set(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_policy row;
    struct buf text CLEANUP(buf_done);
    (void)state;
    with_domain(&w);
    struct store_policy_id id = set_at(&w, 604800, NOW);
    assert_string_equal(id.text, "20261124T110000Z");
    assert_int_equal(store_policy_current(w.store, DOMAIN, &w.arena, &row, NULL), 1);
    struct sts_policy policy = sample_policy(604800);
    assert_true(sts_policy_equal(&row.policy, &policy));
    assert_int_equal(row.policy.mx_count, 2);
    CHECK_STR(row.policy.mx[1], "*.mail.example.org", "mx");
    buf_init(&text, STS_POLICY_TEXT_MAX);
    sts_policy_print(&policy, &text);
    assert_true(str_eq(row.text, buf_view(&text)));
    CHECK_STR(row.domain, "example.org", "domain");
    CHECK_STR(row.id, id.text, "id");
    assert_int_equal(row.seq, 1);
    assert_int_equal(row.created, NOW);
}

static void a_policy_without_mx_and_of_mode_none_comes_back(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_policy row;
    struct sts_policy policy = {.mode = STS_MODE_NONE, .max_age = 0};
    (void)state;
    with_domain(&w);
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW, NULL, NULL), 1);
    assert_int_equal(store_policy_current(w.store, DOMAIN, &w.arena, &row, NULL), 1);
    assert_int_equal(row.policy.mode, STS_MODE_NONE);
    assert_int_equal(row.policy.mx_count, 0);
    assert_int_equal(row.policy.max_age, 0);
}

static void an_unchanged_policy_changes_nothing(void **state)
{
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(604800);
    struct store_policy_id id = {""};
    uint64_t before, after;
    (void)state;
    with_domain(&w);
    struct store_policy_id first = set_at(&w, 604800, NOW);
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &before, NULL), 0);
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW + 100, &id, NULL), 0);
    assert_string_equal(id.text, first.text);
    /* The order of the patterns says nothing (RFC 8461 3.2). */
    struct str turned[] = {policy.mx[1], policy.mx[0]};
    policy.mx = turned;
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW + 200, &id, NULL), 0);
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &after, NULL), 0);
    assert_int_equal(before, after);
    assert_int_equal(world_number(&w, STORE_CONTROL, "SELECT COUNT(*) FROM policy"), 1);
}

static void going_back_to_an_earlier_policy_is_a_change(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    with_domain(&w);
    struct store_policy_id a = set_at(&w, 1000, NOW);
    struct store_policy_id b = set_at(&w, 2000, NOW + 1);
    struct store_policy_id c = set_at(&w, 1000, NOW + 2);
    assert_true(strcmp(a.text, b.text) < 0 && strcmp(b.text, c.text) < 0);
}

static void ids_are_unique_and_rise_within_one_second(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_policy_id last = {""};
    (void)state;
    with_domain(&w);
    for (uint32_t i = 0; i < 130; i++) {
        struct store_policy_id id = set_at(&w, 1000 + i, NOW);
        assert_true(strcmp(last.text, id.text) < 0);
        assert_true(sts_id_ok(str_from(id.text))); /* RFC 8461 3.1: 1*32(ALPHA / DIGIT) */
        last = id;
    }
    /* And those of later seconds come after them. */
    struct store_policy_id id = set_at(&w, 1, NOW + 1);
    assert_true(strcmp(last.text, id.text) < 0);
}

static void ids_rise_when_the_clock_went_back(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    with_domain(&w);
    struct store_policy_id a = set_at(&w, 1, NOW);
    struct store_policy_id b = set_at(&w, 2, NOW - 86400 * 365);
    struct store_policy_id c = set_at(&w, 3, 0);
    assert_true(strcmp(a.text, b.text) < 0 && strcmp(b.text, c.text) < 0);
}

static void ids_rise_when_a_domain_comes_back(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    with_domain(&w);
    struct store_policy_id last = set_at(&w, 1, NOW + 50);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 1);
        assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
        struct store_policy_id id = set_at(&w, 1, NOW);
        assert_true(strcmp(last.text, id.text) < 0);
        last = id;
    }
    /* A removal without a new policy forgets nothing. */
    assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_true(strcmp(last.text, set_at(&w, 1, NOW).text) < 0);
}

static void a_time_that_makes_no_id_is_refused(void **state)
{
    static const int64_t rows[] = {-1, INT64_MIN, INT64_C(253402300800), INT64_MAX};
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(1);
    (void)state;
    with_domain(&w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, rows[i], NULL, &w.err),
                         -ERROR_PERMANENT);
        assert_true(error_is(&w.err, &MSG_STORE_TIME));
    }
    assert_string_equal(set_at(&w, 1, INT64_C(253402300799)).text, "99991231T235959Z");
    policy.max_age = 2;
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW, NULL, &w.err),
                     -ERROR_PERMANENT);
}

static void a_domain_that_is_not_there_gets_no_policy(void **state)
{
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(1);
    struct store_policy row;
    struct store_policy_id id = {"untouched"};
    (void)state;
    world_init(&w);
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW, &id, &w.err),
                     -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_DOMAIN_UNKNOWN));
    assert_string_equal(id.text, "untouched");
    assert_int_equal(store_policy_current(w.store, DOMAIN, &w.arena, &row, NULL), 0);
}

/* As many patterns of 250 bytes as are given. */
static struct sts_policy wide_policy(struct arena *arena, size_t patterns)
{
    struct str *mx = arena_array(arena, patterns, sizeof *mx);
    assert_non_null(mx);
    for (size_t i = 0; i < patterns; i++) {
        char name[256];
        int n =
            snprintf(name, sizeof name, "m%04zu.%060d.%060d.%060d.%053d.example", i, 0, 0, 0, 0);
        mx[i] = arena_str(arena, (struct str){name, (size_t)n});
    }
    return (struct sts_policy){STS_MODE_ENFORCE, 86400, patterns, mx};
}

static void a_policy_that_no_sender_reads_is_refused(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_policy row;
    (void)state;
    with_domain(&w);
    struct sts_policy fits = wide_policy(&w.arena, 240);
    struct sts_policy large = wide_policy(&w.arena, 280);
    assert_int_equal(store_policy_set(w.store, DOMAIN, &large, NOW, NULL, &w.err),
                     -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_POLICY_LARGE));
    assert_int_equal(store_policy_set(w.store, DOMAIN, &fits, NOW, NULL, &w.err), 1);
    assert_int_equal(store_policy_current(w.store, DOMAIN, &w.arena, &row, NULL), 1);
    assert_true(sts_policy_equal(&row.policy, &fits));
}

struct seqs {
    uint64_t seen[16];
    unsigned n;
};

static int take_seq(void *context, const struct store_policy *row)
{
    struct seqs *seqs = context;
    assert_true(seqs->n < ARRAY_LEN(seqs->seen));
    seqs->seen[seqs->n++] = row->seq;
    return 0;
}

static void history_goes_from_the_newest_to_the_first_in_pages(void **state)
{
    struct world w CLEANUP(world_done);
    struct seqs seqs = {.n = 0};
    struct store_policy row;
    (void)state;
    with_domain(&w);
    for (uint32_t i = 1; i <= 5; i++)
        set_at(&w, i, NOW + i);
    assert_int_equal(store_policy_history(w.store, DOMAIN, 0, 0, take_seq, &seqs, NULL), 0);
    assert_int_equal(seqs.n, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(seqs.seen[i], 5 - i);
    seqs.n = 0;
    assert_int_equal(store_policy_history(w.store, DOMAIN, 4, 2, take_seq, &seqs, NULL), 0);
    assert_int_equal(seqs.n, 2);
    assert_int_equal(seqs.seen[0], 3);
    assert_int_equal(store_policy_get(w.store, DOMAIN, 2, &w.arena, &row, NULL), 1);
    assert_int_equal(row.policy.max_age, 2);
    assert_int_equal(store_policy_get(w.store, DOMAIN, 6, &w.arena, &row, NULL), 0);
    unsigned none = 0;
    assert_int_equal(
        store_policy_history(w.store, STR("b.example"), 0, 0, count_policy, &none, NULL), 0);
    assert_int_equal(none, 0);
}

static int check_body(void *context, const struct store_body *row)
{
    struct world *w = context;
    struct store_policy current;
    struct str text;
    assert_int_equal(store_policy_current(w->store, row->domain, &w->arena, &current, NULL), 1);
    assert_true(str_eq(row->text, current.text));
    assert_int_equal(store_body_get(w->store, row->domain, &w->arena, &text, NULL), 1);
    assert_true(str_eq(row->text, text));
    return row->domain.p[0] == 'c' ? 5 : 0; /* the last that was added */
}

static void a_server_loads_the_current_policy_of_each_domain(void **state)
{
    static const char *const names[] = {"a.example", "b.example", "c.example"};
    struct world w CLEANUP(world_done);
    unsigned rows = 0;
    (void)state;
    with_domain(&w); /* one without a policy */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(store_domain_add(w.store, str_from(names[i]), NOW, NULL), 1);
        for (uint32_t age = 1; age <= 2; age++) {
            struct sts_policy policy = sample_policy(age);
            assert_int_equal(
                store_policy_set(w.store, str_from(names[i]), &policy, NOW, NULL, NULL), 1);
        }
    }
    struct str text = STR("untouched");
    assert_int_equal(store_body_each(w.store, check_body, &w, NULL), 5);
    assert_int_equal(store_body_get(w.store, DOMAIN, &w.arena, &text, NULL), 0);
    assert_int_equal(store_body_get(w.store, STR("d.example"), &w.arena, &text, NULL), 0);
    CHECK_STR(text, "untouched", "text");
    rows = 0;
    assert_int_equal(store_domain_remove(w.store, STR("c.example"), NOW, NULL), 1);
    assert_int_equal(store_body_each(w.store, count_body, &rows, NULL), 0);
    assert_int_equal(rows, 2);
}

static void a_full_arena_is_an_error_and_no_half_row(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_policy row = {.seq = 99};
    struct arena small;
    (void)state;
    with_domain(&w);
    set_at(&w, 1, NOW);
    for (size_t max = 0; max < 2000; max += 50) {
        arena_init(&small, max);
        int rc = store_policy_current(w.store, DOMAIN, &small, &row, &w.err);
        arena_done(&small);
        if (rc == 1)
            return;
        assert_int_equal(rc, -ERROR_TEMPORARY);
        assert_int_equal(row.seq, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_comes_back_as_it_was_set),
        cmocka_unit_test(a_policy_without_mx_and_of_mode_none_comes_back),
        cmocka_unit_test(an_unchanged_policy_changes_nothing),
        cmocka_unit_test(going_back_to_an_earlier_policy_is_a_change),
        cmocka_unit_test(ids_are_unique_and_rise_within_one_second),
        cmocka_unit_test(ids_rise_when_the_clock_went_back),
        cmocka_unit_test(ids_rise_when_a_domain_comes_back),
        cmocka_unit_test(a_time_that_makes_no_id_is_refused),
        cmocka_unit_test(a_domain_that_is_not_there_gets_no_policy),
        cmocka_unit_test(a_policy_that_no_sender_reads_is_refused),
        cmocka_unit_test(history_goes_from_the_newest_to_the_first_in_pages),
        cmocka_unit_test(a_server_loads_the_current_policy_of_each_domain),
        cmocka_unit_test(a_full_arena_is_an_error_and_no_half_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
