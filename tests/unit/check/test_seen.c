#include "check.h"
#include "fault.h"

#include <string.h>

#include "check/seen.h"

#define BYTES_MAX ((size_t)64 * 1024)
#define MANY      100

static const uint64_t seed[2] = {3, 4};

struct asker {
    struct seen_ref ref; /* first: ready() gets it back */
    struct seen *seen;
    unsigned told;
    bool leaves_when_told;
};

static void on_ready(struct seen_ref *ref)
{
    struct asker *a = (struct asker *)ref;
    a->told++;
    if (a->leaves_when_told)
        seen_leave(a->seen, ref);
}

struct made {
    unsigned *given_up;
    char text[8];
};

static void on_give_up(void *value)
{
    struct made *made = value;
    ++*made->given_up;
}

static enum seen_found ask(struct seen *seen, const char *key, struct asker *a)
{
    a->seen = seen;
    return seen_get(seen, str_from(key), &a->ref, on_ready);
}

static void make(struct asker *a, const char *text, unsigned *given_up)
{
    struct made *made = arena_alloc(seen_arena(&a->ref), sizeof *made);
    assert_non_null(made);
    made->given_up = given_up;
    snprintf(made->text, sizeof made->text, "%s", text);
    seen_set_value(&a->ref, made, on_give_up);
}

static const char *text_of(const struct asker *a)
{
    const struct made *made = seen_value(&a->ref);
    return made->text;
}

static void the_first_makes_it_others_wait_and_later_ones_have_it(void **state)
{
    (void)state;
    struct seen seen;
    struct asker a = {0}, b = {0}, c = {0}, other = {0};
    unsigned given_up = 0;
    seen_init(&seen, BYTES_MAX, seed);
    assert_int_equal(ask(&seen, "mx 1", &a), SEEN_MAKE);
    make(&a, "it", &given_up);
    assert_int_equal(ask(&seen, "mx 1", &b), SEEN_WAIT);
    assert_int_equal(ask(&seen, "mx 2", &other), SEEN_MAKE);
    seen_complete(&seen, a.ref.thing);
    assert_int_equal(a.told, 1);
    assert_int_equal(b.told, 1);
    assert_int_equal(other.told, 0);
    assert_string_equal(text_of(&b), "it");
    seen_leave(&seen, &a.ref);
    seen_leave(&seen, &b.ref);
    assert_int_equal(ask(&seen, "mx 1", &c), SEEN_COMPLETE);
    assert_string_equal(text_of(&c), "it");
    assert_int_equal(c.told, 0);
    seen_leave(&seen, &c.ref);
    seen_leave(&seen, &other.ref);
    assert_int_equal(given_up, 0);
    seen_done(&seen);
}

/* The check that began it has met its deadline; the others still want it. */
static void it_goes_on_while_anybody_waits(void **state)
{
    (void)state;
    struct seen seen;
    struct asker a = {0}, b = {0}, again = {0};
    unsigned given_up = 0;
    seen_init(&seen, BYTES_MAX, seed);
    assert_int_equal(ask(&seen, "mx", &a), SEEN_MAKE);
    make(&a, "it", &given_up);
    assert_int_equal(ask(&seen, "mx", &b), SEEN_WAIT);
    seen_leave(&seen, &a.ref);
    assert_int_equal(given_up, 0);
    seen_leave(&seen, &b.ref);
    assert_int_equal(given_up, 1);
    assert_int_equal(ask(&seen, "mx", &again), SEEN_MAKE);
    seen_leave(&seen, &again.ref); /* without a value: nothing to give up */
    assert_int_equal(given_up, 1);
    assert_int_equal(a.told + b.told, 0);
    seen_done(&seen);
}

static void all_may_leave_when_they_are_told(void **state)
{
    (void)state;
    struct seen seen;
    struct asker v[MANY];
    unsigned given_up = 0;
    memset(v, 0, sizeof v);
    seen_init(&seen, 0, seed); /* nothing is kept beyond the references */
    for (size_t i = 0; i < MANY; i++) {
        v[i].leaves_when_told = true;
        assert_int_equal(ask(&seen, "mx", &v[i]), i ? SEEN_WAIT : SEEN_MAKE);
    }
    make(&v[0], "it", &given_up);
    seen_complete(&seen, v[0].ref.thing);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(v[i].told, 1);
    assert_int_equal(given_up, 0);
    assert_int_equal(seen.things.n, 0);
    assert_int_equal(seen.bytes, 0);
    seen_done(&seen);
}

static void memory_is_bounded_and_the_longest_unused_goes_first(void **state)
{
    (void)state;
    struct seen seen;
    struct asker held = {0};
    unsigned given_up = 0;
    seen_init(&seen, BYTES_MAX, seed);
    assert_int_equal(ask(&seen, "held", &held), SEEN_MAKE);
    make(&held, "held", &given_up);
    seen_complete(&seen, held.ref.thing);
    for (unsigned i = 0; i < MANY; i++) {
        struct asker a = {0};
        char key[16];
        snprintf(key, sizeof key, "mx %u", i);
        assert_int_equal(ask(&seen, key, &a), SEEN_MAKE);
        make(&a, "it", &given_up);
        seen_complete(&seen, a.ref.thing);
        seen_leave(&seen, &a.ref);
        assert_true(seen.bytes <= BYTES_MAX);
    }
    struct asker first = {0}, last = {0}, again = {0};
    assert_int_equal(ask(&seen, "mx 99", &last), SEEN_COMPLETE);
    assert_int_equal(ask(&seen, "mx 0", &first), SEEN_MAKE);
    assert_int_equal(ask(&seen, "held", &again), SEEN_COMPLETE);
    seen_leave(&seen, &last.ref);
    seen_leave(&seen, &first.ref);
    seen_leave(&seen, &again.ref);
    seen_leave(&seen, &held.ref);
    seen_done(&seen);
}

static void without_memory_nothing_is_held(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct seen seen;
        struct asker a = {0};
        seen_init(&seen, BYTES_MAX, seed);
        fault_alloc_at(n);
        enum seen_found found = ask(&seen, "mx", &a);
        bool failed = fault_alloc_off();
        assert_int_equal(found, failed ? SEEN_NO_MEMORY : SEEN_MAKE);
        seen_leave(&seen, &a.ref);
        assert_int_equal(seen.things.n, 0);
        seen_done(&seen);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_makes_it_others_wait_and_later_ones_have_it),
        cmocka_unit_test(it_goes_on_while_anybody_waits),
        cmocka_unit_test(all_may_leave_when_they_are_told),
        cmocka_unit_test(memory_is_bounded_and_the_longest_unused_goes_first),
        cmocka_unit_test(without_memory_nothing_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
