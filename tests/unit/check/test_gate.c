#include "check.h"
#include "fault.h"

#include <string.h>

#include "check/gate.h"

#define LIMIT  3
#define PLACES 2000

struct visitor {
    struct gate_place place; /* first: go() gets it back */
    struct gate *gate;
    unsigned *order; /* counts up; turn is what it was */
    unsigned turn;
    bool leaves_at_once;
};

static void note_turn(struct gate_place *place)
{
    struct visitor *v = (struct visitor *)place;
    v->turn = ++*v->order;
    if (v->leaves_at_once)
        gate_leave(v->gate, place);
}

static const uint64_t seed[2] = {1, 2};

static struct address address_of(const char *text)
{
    struct address a = {0};
    assert_true(address_parse(str_from(text), &a));
    return a;
}

static void visit(struct gate *gate, const char *address, struct visitor *v, unsigned *order)
{
    struct address a = address_of(address);
    v->gate = gate;
    v->order = order;
    assert_true(gate_enter(gate, &a, &v->place, note_turn));
}

static void as_many_as_the_limit_are_inside_and_others_follow_in_their_order(void **state)
{
    (void)state;
    struct gate gate;
    struct visitor v[LIMIT + 3] = {0};
    unsigned order = 0;
    gate_init(&gate, LIMIT, seed);
    for (size_t i = 0; i < ARRAY_LEN(v); i++) {
        visit(&gate, "192.0.2.1", &v[i], &order);
        assert_int_equal(v[i].place.inside, i < LIMIT);
    }
    assert_int_equal(order, 0);
    gate_leave(&gate, &v[1].place);
    assert_int_equal(v[LIMIT].turn, 1);
    assert_true(v[LIMIT].place.inside);
    gate_leave(&gate, &v[LIMIT + 1].place); /* gives up while it waits */
    gate_leave(&gate, &v[0].place);
    assert_int_equal(v[LIMIT + 1].turn, 0);
    assert_int_equal(v[LIMIT + 2].turn, 2);
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        gate_leave(&gate, &v[i].place);
    assert_int_equal(gate.addresses.n, 0);
    gate_done(&gate);
}

static void who_comes_late_does_not_overtake(void **state)
{
    (void)state;
    struct gate gate;
    struct visitor v[3] = {0};
    unsigned order = 0;
    gate_init(&gate, 1, seed);
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        visit(&gate, "192.0.2.1", &v[i], &order);
    gate_leave(&gate, &v[0].place);
    assert_true(v[1].place.inside);
    visit(&gate, "192.0.2.1", &v[0], &order);
    gate_leave(&gate, &v[1].place);
    assert_true(v[2].place.inside);
    assert_false(v[0].place.inside);
    gate_leave(&gate, &v[2].place);
    assert_true(v[0].place.inside);
    gate_leave(&gate, &v[0].place);
    gate_done(&gate);
}

/* An address that hangs: its visitors stay; all others go in. */
static void a_full_address_holds_up_no_other(void **state)
{
    (void)state;
    static const char *const others[] = {"192.0.2.2", "2001:db8::1", "2001:db8::2",
                                         "c000:201::" /* begins with the bytes of 192.0.2.1 */};
    struct gate gate;
    struct visitor full[2] = {0}, v[ARRAY_LEN(others)] = {0};
    unsigned order = 0;
    gate_init(&gate, 1, seed);
    for (size_t i = 0; i < ARRAY_LEN(full); i++)
        visit(&gate, "192.0.2.1", &full[i], &order);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        visit(&gate, others[i], &v[i], &order);
        CHECK(v[i].place.inside, others[i]);
        gate_leave(&gate, &v[i].place);
    }
    gate_leave(&gate, &full[1].place);
    gate_leave(&gate, &full[0].place);
    assert_int_equal(order, 0);
    assert_int_equal(gate.addresses.n, 0);
    gate_done(&gate);
}

/* A connection that fails at once leaves within its own go. */
static void a_long_line_of_those_who_leave_at_once_runs_off(void **state)
{
    (void)state;
    static struct visitor v[PLACES];
    struct gate gate;
    unsigned order = 0;
    memset(v, 0, sizeof v);
    gate_init(&gate, 1, seed);
    for (size_t i = 0; i < PLACES; i++) {
        v[i].leaves_at_once = i > 0;
        visit(&gate, "192.0.2.1", &v[i], &order);
    }
    gate_leave(&gate, &v[0].place);
    assert_int_equal(order, PLACES - 1);
    assert_int_equal(v[PLACES - 1].turn, PLACES - 1);
    assert_int_equal(gate.addresses.n, 0);
    gate_done(&gate);
}

static void to_leave_without_a_place_is_fine(void **state)
{
    (void)state;
    struct gate gate;
    struct gate_place place = {0};
    gate_init(&gate, 1, seed);
    gate_leave(&gate, &place);
    gate_done(&gate);
}

static void without_memory_no_place_is_taken(void **state)
{
    (void)state;
    struct address a = address_of("192.0.2.1");
    for (unsigned n = 1;; n++) {
        struct gate gate;
        struct gate_place place = {0};
        gate_init(&gate, 1, seed);
        fault_alloc_at(n);
        bool entered = gate_enter(&gate, &a, &place, note_turn);
        bool failed = fault_alloc_off();
        assert_int_equal(entered, !failed);
        gate_leave(&gate, &place);
        gate_done(&gate);
        if (!failed)
            break;
    }
}

static void a_port_where_nobody_answers_is_known_to_those_behind(void **state)
{
    (void)state;
    struct gate gate;
    struct visitor v[2] = {0}, other = {0};
    unsigned order = 0;
    gate_init(&gate, 1, seed);
    visit(&gate, "192.0.2.1", &v[0], &order);
    visit(&gate, "192.0.2.1", &v[1], &order);
    visit(&gate, "192.0.2.2", &other, &order);
    gate_tell_silent(&v[0].place, 443);
    for (uint16_t port = 1; port < 20; port++)
        gate_tell_silent(&v[0].place, port); /* more than are kept */
    assert_true(gate_is_silent(&v[1].place, 443));
    assert_false(gate_is_silent(&v[1].place, 25));
    assert_false(gate_is_silent(&other.place, 443));
    gate_leave(&gate, &v[0].place);
    assert_true(gate_is_silent(&v[1].place, 443));
    gate_leave(&gate, &v[1].place);
    assert_false(gate_is_silent(&v[1].place, 443));
    visit(&gate, "192.0.2.1", &v[0], &order);
    assert_false(gate_is_silent(&v[0].place, 443));
    gate_leave(&gate, &v[0].place);
    gate_leave(&gate, &other.place);
    gate_done(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_the_limit_are_inside_and_others_follow_in_their_order),
        cmocka_unit_test(who_comes_late_does_not_overtake),
        cmocka_unit_test(a_full_address_holds_up_no_other),
        cmocka_unit_test(a_long_line_of_those_who_leave_at_once_runs_off),
        cmocka_unit_test(to_leave_without_a_place_is_fine),
        cmocka_unit_test(a_port_where_nobody_answers_is_known_to_those_behind),
        cmocka_unit_test(without_memory_no_place_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
