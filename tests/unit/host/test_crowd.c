#include "check.h"

#include "host/crowd.h"

static const uint64_t seed[2] = {1, 2};

static struct crowd_member *join(struct crowd *crowd, const char *text, bool *may)
{
    struct crowd_member *member = NULL;
    struct address a = {0};
    assert_true(address_parse(str_from(text), &a));
    *may = crowd_join(crowd, &a, &member);
    return member;
}

static void one_client_is_an_address_or_a_network_of_64_bits(void **state)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"::192.0.2.1", "192.0.2.1", false},
        {"c000:201::", "192.0.2.1", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct crowd crowd;
        bool may;
        crowd_init(&crowd, 1, seed);
        join(&crowd, rows[i].first, &may);
        CHECK(may, rows[i].first);
        join(&crowd, rows[i].second, &may);
        CHECK(may == !rows[i].same, rows[i].second);
        crowd_done(&crowd);
    }
}

static void who_leaves_gives_his_place_to_another(void **state)
{
    struct crowd crowd;
    struct crowd_member *members[3];
    bool may;
    (void)state;
    crowd_init(&crowd, 3, seed);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 3; i++) {
            members[i] = join(&crowd, "192.0.2.1", &may);
            assert_true(may);
        }
        assert_null(join(&crowd, "192.0.2.1", &may));
        assert_false(may);
        crowd_leave(&crowd, members[0]);
        members[0] = join(&crowd, "192.0.2.1", &may);
        assert_true(may);
        for (int i = 0; i < 3; i++)
            crowd_leave(&crowd, members[i]);
        assert_int_equal(crowd.members.n, 0);
    }
    crowd_done(&crowd);
}

static void without_a_limit_nobody_is_counted(void **state)
{
    struct crowd crowd;
    const struct address none = {.family = 0};
    struct crowd_member *member;
    bool may;
    (void)state;
    crowd_init(&crowd, 0, seed);
    assert_null(join(&crowd, "192.0.2.1", &may));
    assert_true(may);
    crowd_leave(&crowd, NULL);
    crowd_done(&crowd);
    crowd_init(&crowd, 1, seed);
    assert_true(crowd_join(&crowd, &none, &member));
    assert_null(member);
    crowd_done(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_client_is_an_address_or_a_network_of_64_bits),
        cmocka_unit_test(who_leaves_gives_his_place_to_another),
        cmocka_unit_test(without_a_limit_nobody_is_counted),
    };
    return cmocka_run_group_tests_name("host/crowd", tests, NULL, NULL);
}
