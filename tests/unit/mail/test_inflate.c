#include "check.h"

#include "mail/inflate.h"
#include "pack.h"

static struct buf packed, out;
static struct inflater *z;

static int begin(void **state)
{
    (void)state;
    buf_init(&packed, 10000000);
    buf_init(&out, 10000000);
    z = inflater_new();
    return z ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    buf_done(&packed);
    buf_done(&out);
    inflater_free(z);
    return 0;
}

static void the_room_is_exact(void **state)
{
    size_t used = 0;
    (void)state;
    pack_gzip(&packed, STR("0123456789"));
    struct str in = buf_view(&packed);
    assert_int_equal(inflate_quick(z, INFLATE_GZIP, in, &out, 9, &used), INFLATE_SPACE);
    assert_int_equal(out.n, 0);
    assert_int_equal(inflate_quick(z, INFLATE_GZIP, in, &out, 10, &used), INFLATE_OK);
    CHECK_STR(buf_view(&out), "0123456789", "content");
    assert_int_equal(used, packed.n);
}

static void counting_knows_truncated_from_damaged(void **state)
{
    size_t used, made;
    (void)state;
    pack_gzip(&packed, STR("0123456789 0123456789 abcdefgh"));
    struct str in = buf_view(&packed);
    assert_int_equal(inflate_count(z, INFLATE_GZIP, in, 30, &used, &made), INFLATE_OK);
    assert_int_equal(made, 30);
    assert_int_equal(used, in.n);
    assert_int_equal(inflate_count(z, INFLATE_GZIP, in, 29, &used, &made), INFLATE_LARGE);
    for (size_t n = 0; n < in.n; n++) {
        assert_int_equal(inflate_count(z, INFLATE_GZIP, str_head(in, n), 30, &used, &made),
                         INFLATE_TRUNCATED);
        assert_int_equal(used, n);
    }
    packed.p[packed.n - 5] ^= 1; /* the checksum */
    assert_int_equal(inflate_count(z, INFLATE_GZIP, in, 30, &used, &made), INFLATE_CORRUPT);
    assert_int_equal(inflate_count(z, INFLATE_RAW, in, 30, &used, &made), INFLATE_CORRUPT);
}

static void room_grows_to_the_exempt_size_and_no_further(void **state)
{
    size_t room = 0, steps = 0, last = 0;
    (void)state;
    while ((room = inflate_room(&out, room)) > 0) {
        assert_true(room > last);
        last = room;
        assert_true(++steps < 20);
    }
    assert_int_equal(last, INFLATE_EXEMPT);
}

static void the_limit_is_a_ratio_between_two_bounds(void **state)
{
    (void)state;
    assert_int_equal(inflate_limit(0, 200, 64 << 20), INFLATE_EXEMPT);
    assert_int_equal(inflate_limit(10000, 200, 64 << 20), 2000000);
    assert_int_equal(inflate_limit(1 << 20, 200, 64 << 20), 64 << 20);
    assert_int_equal(inflate_limit(SIZE_MAX, 200, 64 << 20), 64 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_room_is_exact, begin, end),
        cmocka_unit_test_setup_teardown(counting_knows_truncated_from_damaged, begin, end),
        cmocka_unit_test_setup_teardown(room_grows_to_the_exempt_size_and_no_further, begin, end),
        cmocka_unit_test(the_limit_is_a_ratio_between_two_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
