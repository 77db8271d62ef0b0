#include "check.h"

#include <string.h>

#include "host/snapshot.h"

static const uint64_t seed[2] = {1, 2};

static struct snapshot *sample(void)
{
    struct policies *p = policies_new(seed);
    struct certificates *c = certificates_new(seed);
    assert_true(p && c);
    assert_true(policies_add(p, STR("example.org"), STR("old")));
    assert_true(policies_add(p, STR("example.org"), STR("new")));
    struct snapshot *s = snapshot_new(p, c);
    policies_unref(p);
    certificates_unref(c);
    assert_non_null(s);
    return s;
}

static void a_site_is_found_by_its_policy_host_only(void **state)
{
    struct snapshot *s = sample();
    (void)state;
    const struct site *site = snapshot_find_site(s, STR("mta-sts.example.org"));
    assert_non_null(site);
    assert_true(str_eq(site->domain, STR("example.org")));
    assert_true(str_eq(site->policy, STR("new")));
    static const char *const others[] = {"",
                                         "example.org",
                                         "mta-sts.",
                                         "mta-sts.example.com",
                                         "mta-sts.mta-sts.example.org",
                                         "MTA-STS.example.org"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        CHECK(!snapshot_find_site(s, str_from(others[i])), others[i]);
    snapshot_unref(s);
}

static void a_reference_keeps_a_snapshot_alive(void **state)
{
    struct snapshot *s = sample();
    (void)state;
    assert_ptr_equal(snapshot_ref(s), s);
    snapshot_unref(s);
    assert_non_null(snapshot_find_site(s, STR("mta-sts.example.org")));
    snapshot_unref(s);
    snapshot_unref(NULL);
}

static void names_are_folded(void **state)
{
    char to[8], bytes[9] = "AbC.d.eF";
    (void)state;
    assert_true(str_eq(snapshot_fold_name(STR("A.B."), to, sizeof to), STR("a.b")));
    assert_true(str_eq(snapshot_fold_name(STR("."), to, sizeof to), STR("")));
    assert_true(str_eq(snapshot_fold_name(STR(""), to, sizeof to), STR("")));
    assert_true(str_eq(snapshot_fold_name(str_from(bytes), to, sizeof to), STR("abc.d.ef")));
    assert_true(str_eq(snapshot_fold_name(STR("123456789"), to, sizeof to), STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_is_found_by_its_policy_host_only),
        cmocka_unit_test(a_reference_keeps_a_snapshot_alive),
        cmocka_unit_test(names_are_folded),
    };
    return cmocka_run_group_tests_name("host/snapshot", tests, NULL, NULL);
}
