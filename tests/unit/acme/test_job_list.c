#include "acme/job_list.h"
#include "../store/world.h"

static void set_policy(struct world *w, const char *domain)
{
    struct sts_policy policy = sample_policy(86400);
    assert_true(store_domain_add(w->store, str_from(domain), NOW, NULL) >= 0);
    assert_true(store_policy_set(w->store, str_from(domain), &policy, NOW, NULL, NULL) >= 0);
}

static int write_name(void *context, const struct store_job *row)
{
    struct buf *names = context;
    buf_str(names, row->name);
    buf_byte(names, row->due == NOW ? ' ' : '!');
    return 0;
}

static void check_jobs(struct world *w, const char *expected)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, 1 << 20);
    assert_int_equal(store_job_list(w->store, STR(""), 0, write_name, &names, NULL), 0);
    CHECK_STR(buf_view(&names), expected, "jobs");
}

static void every_domain_with_a_policy_has_a_job_and_no_other_name(void **state)
{
    static const struct str stale[] = {STR_INIT("mta-sts.a.test"), STR_INIT("mta-sts.gone.test"),
                                       STR_INIT("zz.test"), STR_INIT("a.test")};
    struct world w CLEANUP(world_done);
    uint64_t added = 0, removed = 0;
    (void)state;
    world_init(&w);
    assert_int_equal(acme_jobs_match(w.store, NOW, &added, &removed, NULL), 0);
    assert_int_equal(added + removed, 0);
    set_policy(&w, "a.test");
    set_policy(&w, "b.test");
    assert_int_equal(store_domain_add(w.store, STR("bare.test"), NOW, NULL), 1);
    set_policy(&w, "z.test");
    assert_true(store_jobs_add(w.store, stale, 4, NOW, NULL, NULL) >= 0);
    assert_int_equal(acme_jobs_match(w.store, NOW, &added, &removed, NULL), 0);
    assert_int_equal(added, 2);
    assert_int_equal(removed, 3);
    check_jobs(&w, "mta-sts.a.test mta-sts.b.test mta-sts.z.test ");
    assert_int_equal(acme_jobs_match(w.store, NOW, &added, &removed, NULL), 0);
    assert_int_equal(added + removed, 0);
}

/* More domains than a page has, in the byte order of names with and without hyphens and dots. */
static void pages_do_not_lose_a_domain(void **state)
{
    enum { COUNT = 2 * STORE_PAGE_MAX + 7 };
    struct world w CLEANUP(world_done);
    uint64_t added = 0, removed = 0;
    char name[64];
    (void)state;
    world_init(&w);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, i % 3 ? "d%u.test" : "d-%u.a.test", i);
        if (i % 10)
            set_policy(&w, name);
        else
            assert_int_equal(store_domain_add(w.store, str_from(name), NOW, NULL), 1);
    }
    assert_int_equal(acme_jobs_match(w.store, NOW, &added, &removed, NULL), 0);
    assert_int_equal(added, COUNT - (COUNT + 9) / 10);
    assert_int_equal(acme_jobs_match(w.store, NOW, &added, &removed, NULL), 0);
    assert_int_equal(added + removed, 0);
}

static void jobs_follow_what_the_log_says(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t seq = 0, added = 0, removed = 0;
    (void)state;
    world_init(&w);
    set_policy(&w, "a.test");
    set_policy(&w, "b.test");
    assert_int_equal(store_domain_add(w.store, STR("bare.test"), NOW, NULL), 1);
    assert_int_equal(acme_jobs_follow(w.store, &seq, NOW, &added, &removed, NULL), 0);
    assert_int_equal(added, 2);
    check_jobs(&w, "mta-sts.a.test mta-sts.b.test ");
    assert_int_equal(store_domain_remove(w.store, STR("a.test"), NOW, NULL), 1);
    set_policy(&w, "bare.test");
    uint64_t before = seq;
    assert_int_equal(acme_jobs_follow(w.store, &seq, NOW, &added, &removed, NULL), 0);
    assert_true(seq > before);
    assert_int_equal(added, 3);
    assert_int_equal(removed, 1);
    check_jobs(&w, "mta-sts.b.test mta-sts.bare.test ");
    before = seq;
    assert_int_equal(acme_jobs_follow(w.store, &seq, NOW, NULL, NULL, NULL), 0);
    assert_int_equal(seq, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_domain_with_a_policy_has_a_job_and_no_other_name),
        cmocka_unit_test(pages_do_not_lose_a_domain),
        cmocka_unit_test(jobs_follow_what_the_log_says),
    };
    return cmocka_run_group_tests_name("acme/job_list", tests, NULL, NULL);
}
