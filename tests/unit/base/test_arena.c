#include "check.h"

#include <string.h>

#include "base/arena.h"
#include "fault.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t n = 0; n < 600; n++) {
        char *p = arena_alloc(&a, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, n);
    }
    arena_done(&a);
}

static void reset_gives_zeroed_memory_again(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 5; round++) {
        for (size_t n = 1; n < 5000; n *= 3) {
            char *p = arena_alloc(&a, n);
            assert_non_null(p);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0x55, n);
        }
        arena_reset(&a);
        assert_false(a.failed);
    }
    arena_done(&a);
}

static void the_maximum_holds_and_failure_stays(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 10000);
    assert_non_null(arena_alloc(&a, 5000));
    assert_null(arena_alloc(&a, 6000));
    assert_true(a.failed);
    assert_true(a.used <= 10000);
    arena_reset(&a);
    assert_false(a.failed);
    arena_done(&a);
}

static void absurd_sizes_are_refused(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(arena_cstr(&a, (struct str){"", SIZE_MAX}));
    assert_true(a.failed);
    arena_done(&a);
}

static void copies_are_independent(void **state)
{
    struct arena a;
    char text[] = "abc";
    (void)state;
    arena_init(&a, 1 << 16);
    struct str copy = arena_str(&a, str_from(text));
    char *cstr = arena_cstr(&a, str_from(text));
    text[0] = 'x';
    CHECK_STR(copy, "abc", "arena_str");
    assert_string_equal(cstr, "abc");
    CHECK_STR(arena_str(&a, STR("")), "", "empty");
    arena_done(&a);
}

static void refused_memory_sets_failed(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    fault_alloc_at(1);
    void *p = arena_alloc(&a, 10);
    assert_true(fault_alloc_off());
    assert_null(p);
    assert_true(a.failed);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(reset_gives_zeroed_memory_again),
        cmocka_unit_test(the_maximum_holds_and_failure_stays),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(copies_are_independent),
        cmocka_unit_test(refused_memory_sets_failed),
    };
    return cmocka_run_group_tests_name("base arena", tests, NULL, NULL);
}
