#include "store/acme.h"
#include "store/messages.h"
#include "world.h"

#define A STR("mta-sts.a.example")
#define B STR("mta-sts.b.example")
#define C STR("mta-sts.c.example")

/* What a walk gave: names and owners. */
struct seen {
    char text[512];
    unsigned rows, stop_at;
    struct store_job last;
};

static int write_down(void *context, const struct store_job *row)
{
    struct seen *seen = context;
    size_t n = strlen(seen->text);
    struct str name = str_skip(row->name, 8);
    snprintf(seen->text + n, sizeof seen->text - n, "%.*s%.*s ", 1, name.p, STR_ARG(row->owner));
    return ++seen->rows == seen->stop_at ? 7 : 0;
}

static void add_due(struct world *w, struct str name, int64_t due)
{
    uint64_t added;
    assert_int_equal(store_jobs_add(w->store, &name, 1, due, &added, &w->err), 1);
    assert_int_equal(added, 1);
}

static void check_taken(struct world *w, const char *owner, int64_t now, unsigned limit,
                        const char *expected)
{
    struct seen seen = {.text = ""};
    int rc = store_jobs_take(w->store, str_from(owner), now, now + 100, limit, write_down, &seen,
                             &w->err);
    assert_int_equal(rc, 0);
    assert_string_equal(seen.text, expected);
}

static void check_next(struct world *w, int64_t now, int64_t expected)
{
    int64_t due = -1;
    assert_int_equal(store_jobs_next(w->store, now, &due, &w->err), expected >= 0);
    assert_int_equal(due, expected);
}

static void names_that_have_none_get_a_job(void **state)
{
    const struct str names[] = {A, B, A}, more[] = {B, C},
                     bad[] = {STR("mta-sts.d.example"), STR("Mta-Sts.e.example")};
    struct world w CLEANUP(world_done);
    struct store_job row;
    uint64_t added;
    (void)state;
    world_init(&w);
    assert_int_equal(store_jobs_add(w.store, names, 3, NOW, &added, NULL), 1);
    assert_int_equal(added, 2);
    assert_int_equal(store_jobs_add(w.store, more, 2, NOW + 9, &added, NULL), 1);
    assert_int_equal(added, 1);
    assert_int_equal(store_jobs_add(w.store, more, 2, NOW + 99, &added, NULL), 0);
    assert_int_equal(added, 0);
    assert_int_equal(store_jobs_add(w.store, NULL, 0, NOW, NULL, NULL), 0);
    assert_int_equal(store_jobs_add(w.store, bad, 2, NOW, &added, &w.err), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_DOMAIN_INVALID));
    assert_int_equal(store_job_get(w.store, bad[0], &w.arena, &row, NULL), 0);
    assert_int_equal(store_job_get(w.store, B, &w.arena, &row, NULL), 1);
    CHECK_STR(row.name, "mta-sts.b.example", "name");
    assert_int_equal(row.due, NOW);
    CHECK_STR(row.owner, "", "owner");
    CHECK_STR(row.order, "", "order");
    CHECK_STR(row.key, "", "key");
    assert_int_equal(store_job_remove(w.store, B, NULL), 1);
    assert_int_equal(store_job_remove(w.store, B, NULL), 0);
    assert_int_equal(store_job_get(w.store, B, &w.arena, &row, NULL), 0);
}

static void a_job_comes_back_as_it_was_put(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_job row;
    struct store_job in = {.name = A,
                           .due = NOW + 1,
                           .failures = 3,
                           .problem = STR("{\"code\":\"acme-refused\"}"),
                           .tried = NOW + 2,
                           .certificate = 4,
                           .ca = STR("letsencrypt"),
                           .profile = STR("shortlived"),
                           .certificate_id = STR("aki.serial"),
                           .window_start = NOW + 5,
                           .window_end = NOW + 6,
                           .window_asked = NOW + 7,
                           .order = STR("https://ca.example/order/1"),
                           .key = {"\0\1\0", 3},
                           .owner = STR("me"),
                           .lease = NOW + 8};
    (void)state;
    world_init(&w);
    add_due(&w, A, NOW);
    assert_int_equal(store_job_put(w.store, &in, NULL), 0); /* not in hand */
    assert_int_equal(store_job_take(w.store, A, STR("me"), NOW, NOW + 9, NULL), 1);
    assert_int_equal(store_job_put(w.store, &in, NULL), 1);
    assert_int_equal(store_job_get(w.store, A, &w.arena, &row, NULL), 1);
    assert_int_equal(row.due, in.due);
    assert_int_equal(row.failures, 3);
    CHECK_STR(row.problem, "{\"code\":\"acme-refused\"}", "problem");
    assert_int_equal(row.tried, in.tried);
    assert_int_equal(row.certificate, 4);
    CHECK_STR(row.ca, "letsencrypt", "ca");
    CHECK_STR(row.profile, "shortlived", "profile");
    CHECK_STR(row.certificate_id, "aki.serial", "certificate_id");
    assert_int_equal(row.window_start, in.window_start);
    assert_int_equal(row.window_end, in.window_end);
    assert_int_equal(row.window_asked, in.window_asked);
    CHECK_STR(row.order, "https://ca.example/order/1", "order");
    assert_true(str_eq(row.key, in.key));
    CHECK_STR(row.owner, "me", "owner");
    assert_int_equal(row.lease, NOW + 8);
    in.lease = 0;
    assert_int_equal(store_job_put(w.store, &in, NULL), 1);
    assert_int_equal(store_job_get(w.store, A, &w.arena, &row, NULL), 1);
    CHECK_STR(row.owner, "", "let go");
    assert_int_equal(row.lease, 0);
    assert_int_equal(store_job_put(w.store, &in, NULL), 0); /* let go: no longer its own */
}

static void the_longest_due_are_taken_first_and_by_one_only(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    check_taken(&w, "x", NOW, 1, "");
    add_due(&w, A, NOW + 20);
    add_due(&w, B, NOW + 10);
    add_due(&w, C, NOW + 30);
    check_taken(&w, "x", NOW + 9, 5, "");
    check_taken(&w, "x", NOW + 10, 5, "bx ");
    check_taken(&w, "y", NOW + 40, 1, "ay ");
    check_taken(&w, "y", NOW + 40, 0, "cy ");
    check_taken(&w, "z", NOW + 40, 5, "");
    check_taken(&w, "z", NOW + 109, 5, "");
    check_taken(&w, "z", NOW + 110, 5, "bz "); /* x's lease has passed */
    check_taken(&w, "z", NOW + 300, 2, "bz az ");
}

static void one_is_taken_by_name_before_it_is_due(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    add_due(&w, A, NOW + 1000);
    assert_int_equal(store_job_take(w.store, A, STR("x"), NOW, NOW + 10, NULL), 1);
    assert_int_equal(store_job_take(w.store, A, STR("y"), NOW + 9, NOW + 99, NULL), 0);
    assert_int_equal(store_job_take(w.store, A, STR("x"), NOW + 9, NOW + 20, NULL), 1);
    assert_int_equal(store_job_take(w.store, A, STR("y"), NOW + 19, NOW + 99, NULL), 0);
    assert_int_equal(store_job_take(w.store, A, STR("y"), NOW + 20, NOW + 99, NULL), 1);
    assert_int_equal(store_job_take(w.store, B, STR("y"), NOW, NOW + 99, NULL), 0);
    /* Who lost it writes nothing. */
    struct store_job in = {.name = A, .owner = STR("x")};
    assert_int_equal(store_job_put(w.store, &in, NULL), 0);
    in.owner = STR("y");
    assert_int_equal(store_job_put(w.store, &in, NULL), 1);
}

static void what_a_killed_owner_had_is_free_when_it_starts(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    add_due(&w, A, NOW);
    add_due(&w, B, NOW + 1);
    add_due(&w, C, NOW + 2);
    check_taken(&w, "x", NOW + 5, 2, "ax bx ");
    check_taken(&w, "y", NOW + 5, 2, "cy ");
    assert_int_equal(store_jobs_release(w.store, STR("x"), NULL), 1);
    assert_int_equal(store_jobs_release(w.store, STR("x"), NULL), 0);
    assert_int_equal(store_jobs_release(w.store, STR(""), NULL), 0);
    check_taken(&w, "z", NOW + 5, 5, "az bz ");
}

static void hastening_brings_later_jobs_forward_and_no_others(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_job row;
    (void)state;
    world_init(&w);
    add_due(&w, A, NOW + 10);
    add_due(&w, B, NOW + 20);
    add_due(&w, C, NOW + 30);
    assert_int_equal(store_jobs_hasten(w.store, C, NOW + 15, NULL), 1);
    assert_int_equal(store_jobs_hasten(w.store, C, NOW + 16, NULL), 0);
    assert_int_equal(store_jobs_hasten(w.store, STR("nobody.example"), NOW, NULL), 0);
    check_taken(&w, "x", NOW + 15, 9, "ax cx ");
    assert_int_equal(store_jobs_release(w.store, STR("x"), NULL), 1);
    assert_int_equal(store_jobs_hasten(w.store, STR(""), NOW + 12, NULL), 1);
    assert_int_equal(store_jobs_hasten(w.store, STR(""), NOW + 12, NULL), 0);
    assert_int_equal(store_job_get(w.store, A, &w.arena, &row, NULL), 1);
    assert_int_equal(row.due, NOW + 10);
    assert_int_equal(store_job_get(w.store, B, &w.arena, &row, NULL), 1);
    assert_int_equal(row.due, NOW + 12);
}

static void the_next_is_the_first_that_nobody_has(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    check_next(&w, NOW, -1);
    add_due(&w, A, NOW + 10);
    add_due(&w, B, NOW + 20);
    check_next(&w, NOW, NOW + 10);
    check_taken(&w, "x", NOW + 10, 1, "ax ");
    check_next(&w, NOW + 10, NOW + 20);
    check_next(&w, NOW + 110, NOW + 10);
    check_taken(&w, "y", NOW + 20, 1, "by ");
    check_next(&w, NOW + 20, -1);
}

static void a_walk_gives_pages_without_keys(void **state)
{
    const struct str names[] = {A, B, C};
    struct world w CLEANUP(world_done);
    struct store_job in = {.name = A, .key = STR("secret"), .owner = STR("x"), .lease = NOW};
    struct seen seen = {.text = ""};
    (void)state;
    world_init(&w);
    assert_int_equal(store_jobs_add(w.store, names, 3, NOW, NULL, NULL), 1);
    assert_int_equal(store_job_take(w.store, A, STR("x"), NOW, NOW + 1, NULL), 1);
    assert_int_equal(store_job_put(w.store, &in, NULL), 1);
    assert_int_equal(store_job_list(w.store, STR(""), 2, write_down, &seen, NULL), 0);
    assert_int_equal(store_job_list(w.store, B, 2, write_down, &seen, NULL), 0);
    assert_string_equal(seen.text, "ax b c ");
    seen = (struct seen){.stop_at = 2};
    assert_int_equal(store_job_list(w.store, STR(""), 0, write_down, &seen, NULL), 7);
    assert_int_equal(seen.rows, 2);
}

/* The callback's word ends the walk; what was given is in hand all the same, and it may write. */
static int put_back_and_stop(void *context, const struct store_job *row)
{
    struct store_job back = *row;
    back.lease = 0;
    back.due += 1000;
    assert_int_equal(store_job_put(context, &back, NULL), 1);
    return 9;
}

static void what_is_given_is_committed_before(void **state)
{
    const struct str names[] = {A, B};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    assert_int_equal(store_jobs_add(w.store, names, 2, NOW, NULL, NULL), 1);
    assert_int_equal(
        store_jobs_take(w.store, STR("x"), NOW, NOW + 9, 0, put_back_and_stop, w.store, NULL), 9);
    assert_int_equal(store_jobs_release(w.store, STR("x"), NULL), 1);
    check_taken(&w, "y", NOW, 0, "by ");
}

static void what_has_another_form_is_refused(void **state)
{
    static char bytes[STORE_JOB_TEXT_MAX + 1];
    const struct str long_text = {bytes, sizeof bytes}, longest = {bytes, STORE_JOB_TEXT_MAX};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    memset(bytes, 'x', sizeof bytes);
    add_due(&w, A, NOW);
    assert_int_equal(store_job_take(w.store, A, STR("x"), NOW, NOW + 1, NULL), 1);
    const struct store_job rows[] = {
        {.owner = STR("x"), .problem = long_text},
        {.owner = STR("x"), .ca = long_text},
        {.owner = STR("x"), .certificate_id = long_text},
        {.owner = STR("x"), .order = long_text},
        {.owner = STR("x"), .key = long_text},
        {.owner = STR("x"), .profile = long_text},
        {.owner = long_text},
        {.owner = STR("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_job in = rows[i];
        in.name = A;
        if (store_job_put(w.store, &in, &w.err) != -ERROR_PERMANENT ||
            !error_is(&w.err, &MSG_STORE_JOB_INVALID))
            fail_msg("row %zu", i);
    }
    struct store_job largest = {.name = A,
                                .problem = longest,
                                .ca = longest,
                                .profile = longest,
                                .certificate_id = longest,
                                .order = longest,
                                .key = longest,
                                .owner = STR("x")};
    assert_int_equal(store_job_put(w.store, &largest, NULL), 1);
    assert_int_equal(store_job_take(w.store, A, STR(""), NOW, NOW, NULL), -ERROR_PERMANENT);
    assert_int_equal(store_jobs_take(w.store, STR(""), NOW, NOW, 1, write_down, NULL, NULL),
                     -ERROR_PERMANENT);
}

static void jobs_are_no_part_of_what_is_served(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t last = 99;
    (void)state;
    world_init(&w);
    add_due(&w, A, NOW);
    check_taken(&w, "x", NOW, 1, "ax ");
    assert_int_equal(store_job_remove(w.store, A, NULL), 1);
    assert_int_equal(store_changes_last(w.store, STORE_SECRETS, &last, NULL), 0);
    assert_int_equal(last, 0);
}

/* What is due is found by an index; a walk over all jobs would be seen in the plan. */
static void taking_does_not_slow_down_with_the_number_of_jobs(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    world_sql(&w, STORE_SECRETS,
              "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
              " INSERT INTO job (name, due) SELECT 'z' || i || '.example', 2000000000 FROM n");
    add_due(&w, A, NOW);
    check_taken(&w, "x", NOW, 1, "ax ");
    static const char *const plans[] = {
        "SELECT name FROM job WHERE owner = '' AND due <= 1 ORDER BY due, name LIMIT 5",
        "SELECT due FROM job WHERE owner = '' ORDER BY due LIMIT 1",
        "SELECT due FROM job WHERE owner <> '' AND lease <= 1",
        "UPDATE job SET owner = '' WHERE owner <> '' AND owner = 'x'",
    };
    for (size_t i = 0; i < ARRAY_LEN(plans); i++)
        CHECK(world_plan_uses_index(&w, STORE_SECRETS, plans[i]), plans[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_have_none_get_a_job),
        cmocka_unit_test(a_job_comes_back_as_it_was_put),
        cmocka_unit_test(the_longest_due_are_taken_first_and_by_one_only),
        cmocka_unit_test(one_is_taken_by_name_before_it_is_due),
        cmocka_unit_test(what_a_killed_owner_had_is_free_when_it_starts),
        cmocka_unit_test(hastening_brings_later_jobs_forward_and_no_others),
        cmocka_unit_test(the_next_is_the_first_that_nobody_has),
        cmocka_unit_test(a_walk_gives_pages_without_keys),
        cmocka_unit_test(what_is_given_is_committed_before),
        cmocka_unit_test(what_has_another_form_is_refused),
        cmocka_unit_test(jobs_are_no_part_of_what_is_served),
        cmocka_unit_test(taking_does_not_slow_down_with_the_number_of_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
