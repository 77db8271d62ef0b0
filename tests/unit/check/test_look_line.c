#include "check.h"
#include "fault.h"

#include <string.h>

#include "base/clock.h"
#include "check/look.h"

#define HOST_MS  10000
#define SLACK_MS 250  /* of the total deadline, as in look.c */
#define NEAR_MS  2000 /* a loaded machine may be so late */

struct visitor {
    struct look_line line; /* first: go() gets it back */
    bool inside;
    bool leaves_at_once;
};

static void let_in(struct look_line *line)
{
    struct visitor *v = (struct visitor *)line;
    v->inside = true;
    if (v->leaves_at_once)
        look_line_leave(line);
}

static void checker_of_tests(struct checker *checker)
{
    static const uint64_t seed[2] = {1, 2};
    *checker = (struct checker){.settings = {.host_seconds = HOST_MS / 1000}};
    gate_init(&checker->gate, 1, seed);
}

static void visit(struct visitor *v, struct checker *checker, const struct check *check,
                  unsigned used_ms)
{
    struct address at;
    assert_true(address_parse(STR("192.0.2.1"), &at));
    v->line = (struct look_line){
        .checker = checker, .check = check, .used_ms = used_ms, .port = 25, .go = let_in};
    assert_true(look_line_enter(&v->line, &at));
}

static void all_that_is_tried_at_an_address_shares_the_host_s_time(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool shared; /* by several checks: none of them bounds it */
        int check_ms;
        unsigned used_ms, left;
        bool whole;
    } rows[] = {
        {"the first has all of it", false, 30000, 0, HOST_MS, true},
        {"the second what is left", false, 30000, 6000, HOST_MS - 6000, false},
        {"nothing is left", false, 30000, HOST_MS, 1, false},
        {"more was used than there is", false, 30000, HOST_MS + 5000, 1, false},
        {"the check ends before", false, 4000, 0, 4000 - SLACK_MS, false},
        {"the host's time ends before the check", false, 4000, 8000, 2000, false},
        {"what several checks share", true, 4000, 0, HOST_MS, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct checker checker;
        struct visitor v = {0};
        checker_of_tests(&checker);
        struct check check = {.checker = &checker,
                              .ends_ms = clock_monotonic_ms() + rows[i].check_ms};
        visit(&v, &checker, rows[i].shared ? NULL : &check, rows[i].used_ms);
        unsigned left = look_line_left_ms(&v.line);
        CHECK(v.inside && v.line.whole == rows[i].whole, rows[i].name);
        CHECK(left <= rows[i].left && left + NEAR_MS >= rows[i].left, rows[i].name);
        CHECK(look_line_used_ms(&v.line) >= HOST_MS - rows[i].left, rows[i].name);
        CHECK(!look_line_waits(&v.line), rows[i].name);
        look_line_leave(&v.line);
        gate_done(&checker.gate);
    }
}

static void who_has_stood_in_the_line_has_its_time_beyond_the_check_s(void **state)
{
    (void)state;
    struct checker checker;
    struct visitor first = {0}, second = {0};
    checker_of_tests(&checker);
    struct check check = {.checker = &checker, .ends_ms = clock_monotonic_ms() + 1000};
    visit(&first, &checker, &check, 0);
    visit(&second, &checker, &check, 0);
    assert_true(first.inside && !second.inside);
    assert_true(look_line_waits(&second.line) && !look_line_waits(&first.line));
    look_line_leave(&first.line);
    assert_true(second.inside && second.line.whole);
    assert_true(look_line_waits(&second.line));
    assert_true(look_line_left_ms(&second.line) > HOST_MS - NEAR_MS);
    second.line.ends_ms = clock_monotonic_ms();
    assert_false(look_line_waits(&second.line));
    look_line_leave(&second.line);
    gate_done(&checker.gate);
}

static void silence_is_told_to_those_behind_by_who_had_the_whole_time(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct checker checker;
        struct visitor first = {0}, second = {0};
        checker_of_tests(&checker);
        visit(&first, &checker, NULL, whole ? 0 : 1000);
        visit(&second, &checker, NULL, 0);
        assert_false(look_line_is_silent(&first.line));
        look_line_tell_silent(&first.line);
        look_line_leave(&first.line);
        assert_int_equal(look_line_is_silent(&second.line), whole);
        look_line_leave(&second.line);
        gate_done(&checker.gate);
    }
}

static void a_line_may_end_when_it_is_let_in(void **state)
{
    (void)state;
    struct checker checker;
    struct visitor v[3] = {{.inside = false}, {.leaves_at_once = true}, {.leaves_at_once = true}};
    checker_of_tests(&checker);
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        visit(&v[i], &checker, NULL, 0);
    look_line_leave(&v[0].line);
    assert_true(v[1].inside && v[2].inside);
    struct visitor alone = {.leaves_at_once = true};
    visit(&alone, &checker, NULL, 0);
    assert_true(alone.inside);
    look_line_leave(&alone.line); /* once more is fine */
    gate_done(&checker.gate);
}

static void without_memory_nobody_stands_in_a_line(void **state)
{
    (void)state;
    struct checker checker;
    struct address at;
    checker_of_tests(&checker);
    assert_true(address_parse(STR("192.0.2.1"), &at));
    struct visitor v = {.line = {.checker = &checker, .port = 25, .go = let_in}};
    fault_alloc_at(1);
    bool entered = look_line_enter(&v.line, &at);
    assert_true(fault_alloc_off());
    assert_false(entered || v.inside);
    look_line_leave(&v.line);
    gate_done(&checker.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_tried_at_an_address_shares_the_host_s_time),
        cmocka_unit_test(who_has_stood_in_the_line_has_its_time_beyond_the_check_s),
        cmocka_unit_test(silence_is_told_to_those_behind_by_who_had_the_whole_time),
        cmocka_unit_test(a_line_may_end_when_it_is_let_in),
        cmocka_unit_test(without_memory_nobody_stands_in_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
