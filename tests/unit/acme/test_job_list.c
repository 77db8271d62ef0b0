#include "acme/job_list.h"
#include "../store/world.h"

#include <string.h>

#include "base/domain.h"

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

/* RFC 1035 2.3.4: with mta-sts. before it, its name would be longer than names are. The others get
 * theirs. */
static void a_domain_that_can_have_no_policy_host_stops_no_other(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t seq = 0, added = 0, removed = 0;
    char name[DOMAIN_NAME_MAX + 1];
    (void)state;
    memset(name, 'a', sizeof name - 1);
    memcpy(name + sizeof name - 6, ".test", 6);
    for (size_t i = 60; i < sizeof name - 6; i += 61)
        name[i] = '.';
    world_init(&w);
    set_policy(&w, name);
    set_policy(&w, "b.test");
    assert_int_equal(acme_jobs_match(w.store, NOW, &added, &removed, &w.err), 0);
    check_jobs(&w, "mta-sts.b.test ");
    set_policy(&w, "c.test");
    assert_int_equal(acme_jobs_follow(w.store, &seq, NOW, &added, &removed, &w.err), 0);
    check_jobs(&w, "mta-sts.b.test mta-sts.c.test ");
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

static void put_certificate(struct world *w, const char *name, const char *source, int64_t *id)
{
    const struct str names[] = {str_from(name)};
    const struct store_certificate row = {.names = names,
                                          .name_count = 1,
                                          .chain = STR("chain"),
                                          .key = STR("key"),
                                          .not_before = NOW,
                                          .not_after = NOW + 86400,
                                          .source = str_from(source),
                                          .created = NOW};
    assert_true(store_certificate_put(w->store, &row, id, NULL) >= 0);
}

/* Jobs that are due later than NOW are shown with an exclamation mark. */
static void a_certificate_of_somebody_else_that_comes_or_goes_is_looked_at_now(void **state)
{
    static const struct str hosts[] = {STR_INIT("mta-sts.a.test"), STR_INIT("mta-sts.b.test"),
                                       STR_INIT("mta-sts.c.test")};
    struct world w CLEANUP(world_done);
    uint64_t seq = 0;
    int64_t imported, own, wildcard;
    (void)state;
    world_init(&w);
    put_certificate(&w, "mta-sts.a.test", "import", &imported);
    put_certificate(&w, "mta-sts.b.test", "acme", &own);
    put_certificate(&w, "*.c.test", "import", &wildcard);
    assert_true(store_jobs_add(w.store, hosts, 3, NOW + 5000, NULL, NULL) >= 0);
    assert_int_equal(acme_jobs_follow_certificates(w.store, &seq, NOW, NULL), 0);
    check_jobs(&w, "mta-sts.a.test mta-sts.b.test!mta-sts.c.test ");
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        assert_true(store_job_remove(w.store, hosts[i], NULL) >= 0);
    assert_true(store_jobs_add(w.store, hosts, 3, NOW + 5000, NULL, NULL) >= 0);
    uint64_t before = seq;
    assert_int_equal(acme_jobs_follow_certificates(w.store, &seq, NOW, NULL), 0);
    assert_int_equal(seq, before);
    check_jobs(&w, "mta-sts.a.test!mta-sts.b.test!mta-sts.c.test!");
    assert_int_equal(store_certificate_remove(w.store, wildcard, NULL), 1);
    assert_int_equal(store_certificate_remove(w.store, own, NULL), 1);
    assert_int_equal(acme_jobs_follow_certificates(w.store, &seq, NOW, NULL), 0);
    check_jobs(&w, "mta-sts.a.test!mta-sts.b.test mta-sts.c.test ");
}

/* More changes than are read at a time. */
static void no_change_of_many_certificates_is_lost(void **state)
{
    enum { COUNT = 200 };
    struct world w CLEANUP(world_done);
    uint64_t seq = 0, last = 0;
    (void)state;
    world_init(&w);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "mta-sts.d%u.test", i);
        const struct str host = str_from(name);
        assert_true(store_jobs_add(w.store, &host, 1, NOW + 5000, NULL, NULL) >= 0);
        put_certificate(&w, name, "import", NULL);
    }
    assert_int_equal(acme_jobs_follow_certificates(w.store, &seq, NOW, NULL), 0);
    assert_int_equal(store_changes_last(w.store, STORE_SECRETS, &last, NULL), 0);
    assert_int_equal(seq, last);
    struct buf names CLEANUP(buf_done);
    buf_init(&names, 1 << 20);
    assert_int_equal(store_job_list(w.store, STR(""), 0, write_name, &names, NULL), 0);
    assert_true(str_chr(buf_view(&names), '!') < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_domain_with_a_policy_has_a_job_and_no_other_name),
        cmocka_unit_test(a_domain_that_can_have_no_policy_host_stops_no_other),
        cmocka_unit_test(pages_do_not_lose_a_domain),
        cmocka_unit_test(jobs_follow_what_the_log_says),
        cmocka_unit_test(a_certificate_of_somebody_else_that_comes_or_goes_is_looked_at_now),
        cmocka_unit_test(no_change_of_many_certificates_is_lost),
    };
    return cmocka_run_group_tests_name("acme/job_list", tests, NULL, NULL);
}
