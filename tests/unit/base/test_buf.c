#include "check.h"

#include "base/buf.h"
#include "fault.h"

static void what_is_added_stands_in_order(void **state)
{
    struct buf b CLEANUP(buf_done);
    (void)state;
    buf_init(&b, 1000);
    buf_cstr(&b, "a");
    buf_byte(&b, '-');
    buf_u64(&b, 0);
    buf_u64(&b, UINT64_MAX);
    buf_printf(&b, "%s%d", "x", -1);
    buf_str(&b, STR("e\0f"));
    assert_true(str_eq(buf_view(&b), STR("a-018446744073709551615x-1e\0f")));
    assert_int_equal(b.p[b.n], 0);
}

static void the_maximum_is_exact(void **state)
{
    struct buf b CLEANUP(buf_done);
    (void)state;
    buf_init(&b, 4);
    buf_cstr(&b, "abcd");
    assert_false(b.failed);
    buf_byte(&b, 'e');
    assert_true(b.failed);
    CHECK_STR(buf_view(&b), "abcd", "nothing of what did not fit");
    buf_reset(&b);
    buf_printf(&b, "%s", "12345");
    assert_true(b.failed);
    assert_int_equal(b.n, 0);
}

static void after_a_failure_nothing_is_added(void **state)
{
    struct buf b CLEANUP(buf_done);
    (void)state;
    buf_init(&b, 4);
    buf_cstr(&b, "abcde");
    buf_cstr(&b, "a");
    assert_int_equal(b.n, 0);
    assert_true(b.failed);
}

static void refused_memory_sets_failed(void **state)
{
    struct buf b CLEANUP(buf_done);
    (void)state;
    buf_init(&b, 1 << 20);
    buf_cstr(&b, "kept");
    fault_alloc_at(1);
    for (int i = 0; i < 1000; i++)
        buf_cstr(&b, "0123456789");
    assert_true(fault_alloc_off());
    assert_true(b.failed);
    assert_true(str_starts(buf_view(&b), STR("kept")));
}

static void it_grows_to_its_maximum(void **state)
{
    struct buf b CLEANUP(buf_done);
    (void)state;
    buf_init(&b, 100000);
    for (int i = 0; i < 100000; i++)
        buf_byte(&b, 'x');
    assert_false(b.failed);
    assert_int_equal(b.n, 100000);
    buf_byte(&b, 'x');
    assert_true(b.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_stands_in_order),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(after_a_failure_nothing_is_added),
        cmocka_unit_test(refused_memory_sets_failed),
        cmocka_unit_test(it_grows_to_its_maximum),
    };
    return cmocka_run_group_tests_name("base buf", tests, NULL, NULL);
}
