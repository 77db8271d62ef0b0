#include "check.h"

#include "fault.h"
#include "tlsrpt/policy_seen.h"

static struct rpt_seen read_text(struct arena *a, const char *text)
{
    struct rpt_seen seen;
    assert_int_equal(rpt_seen_read_text(&seen, str_from(text), a, NULL), 0);
    return seen;
}

static void lines_are_read_as_reporters_copy_them(void **state)
{
    static const struct {
        const char *text, *mx; /* mx: the first pattern */
        enum rpt_mode mode;
        size_t patterns;
        int64_t max_age; /* -1: none */
    } rows[] = {
        {"version: STSv1\nmode: enforce\nmx: a.example\nmx: b.example\nmax_age: 86400\n",
         "a.example", RPT_MODE_ENFORCE, 2, 86400},
        {"mode:testing\r\nmx:*.a.example\r\nmax_age:1\r\n", "*.a.example", RPT_MODE_TESTING, 1, 1},
        {" Mode : NONE \nMAX_AGE: 0", "", RPT_MODE_NONE, 0, 0},
        {"mode: enforce\nmode: none\nmax_age: 5\nmax_age: 6", "", RPT_MODE_ENFORCE, 0, 5},
        {"mode: strict\nmx:\nmax_age: much", "", RPT_MODE_UNKNOWN, 0, -1},
        {"<html>\n\n:\n", "", RPT_MODE_UNKNOWN, 0, -1},
        {"", "", RPT_MODE_UNKNOWN, 0, -1},
    };
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rpt_seen seen = read_text(&a, rows[i].text);
        CHECK(seen.mode == rows[i].mode, rows[i].text);
        CHECK(seen.pattern_count == rows[i].patterns, rows[i].text);
        CHECK(seen.has_max_age == (rows[i].max_age >= 0), rows[i].text);
        if (rows[i].max_age >= 0)
            CHECK(seen.max_age == (uint64_t)rows[i].max_age, rows[i].text);
        if (seen.pattern_count)
            CHECK_STR(seen.patterns[0], rows[i].mx, rows[i].text);
    }
    arena_done(&a);
}

static void mx_host_stands_in_for_missing_mx_lines(void **state)
{
    struct str lines[] = {STR("mode: enforce"), STR("mx: a.example")};
    struct str hosts[] = {STR("b.example"), STR("c.example")};
    struct rpt_policy policy = {
        .type = RPT_POLICY_STS, .policy_strings = {lines, 2}, .mx_hosts = {hosts, 2}};
    struct rpt_seen seen;
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(rpt_seen_read(&seen, &policy, &a, NULL), 0);
    assert_int_equal(seen.pattern_count, 1);
    policy.policy_strings.count = 1;
    assert_int_equal(rpt_seen_read(&seen, &policy, &a, NULL), 0);
    assert_int_equal(seen.pattern_count, 2);
    assert_int_equal(seen.mode, RPT_MODE_ENFORCE);
    policy.type = RPT_POLICY_TLSA;
    assert_int_equal(rpt_seen_read(&seen, &policy, &a, NULL), 0);
    assert_int_equal(seen.pattern_count, 0);
    arena_done(&a);
}

static void policies_are_the_same_in_any_order_of_mx(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    struct rpt_seen one = read_text(&a, "mode: enforce\nmx: a.b\nmx: c.d\nmax_age: 1");
    struct rpt_seen turned = read_text(&a, "mode: enforce\nmx: C.d.\nmx: A.b\nmax_age: 1");
    struct rpt_seen twice = read_text(&a, "mode: enforce\nmx: a.b\nmx: a.b\nmax_age: 1");
    struct rpt_seen mode = read_text(&a, "mode: testing\nmx: a.b\nmx: c.d\nmax_age: 1");
    struct rpt_seen age = read_text(&a, "mode: enforce\nmx: a.b\nmx: c.d\nmax_age: 2");
    assert_true(rpt_seen_same(&one, &turned));
    assert_false(rpt_seen_same(&one, &twice));
    assert_false(rpt_seen_same(&twice, &one));
    assert_false(rpt_seen_same(&one, &mode));
    assert_false(rpt_seen_same(&one, &age));
    arena_done(&a);
}

static void short_memory_is_an_error(void **state)
{
    struct rpt_seen seen;
    struct arena a;
    struct error err;
    (void)state;
    arena_init(&a, 1 << 20);
    fault_alloc_at(1);
    assert_true(rpt_seen_read_text(&seen, STR("mode: none"), &a, &err) < 0);
    assert_true(fault_alloc_off());
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_as_reporters_copy_them),
        cmocka_unit_test(mx_host_stands_in_for_missing_mx_lines),
        cmocka_unit_test(policies_are_the_same_in_any_order_of_mx),
        cmocka_unit_test(short_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("tlsrpt policy_seen", tests, NULL, NULL);
}
