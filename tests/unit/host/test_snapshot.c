#include "sites.h"

static struct snapshot *sample(void)
{
    static const char *const rows[] = {"example.org", "old", "example.org", "new", NULL};
    return sites_snapshot(rows);
}

static void a_site_is_found_by_its_policy_host_only(void **state)
{
    struct snapshot *s = sample();
    (void)state;
    struct site site;
    assert_true(snapshot_find_site(s, STR("mta-sts.example.org"), &site));
    CHECK_STR(site.domain, "example.org", "domain");
    CHECK_STR(site.policy, "new", "policy");
    assert_int_equal(site.certificate, 0);
    static const char *const others[] = {"",
                                         "example.org",
                                         "mta-sts.",
                                         "mta-sts.example.com",
                                         "mta-sts.mta-sts.example.org",
                                         "MTA-STS.example.org"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        CHECK(!snapshot_find_site(s, str_from(others[i]), &site), others[i]);
    snapshot_unref(s);
}

static void a_reference_keeps_a_snapshot_alive(void **state)
{
    struct snapshot *s = sample();
    (void)state;
    assert_ptr_equal(snapshot_ref(s), s);
    snapshot_unref(s);
    struct site site;
    assert_true(snapshot_find_site(s, STR("mta-sts.example.org"), &site));
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
