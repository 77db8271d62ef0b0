#include "check.h"

#include "mail/gunzip.h"
#include "mail/messages.h"
#include "pack.h"

#define MIB ((size_t)1024 * 1024)

static struct buf packed, out;
static struct inflater *z;
static struct gunzip_result result;
static struct error err;

static int begin(void **state)
{
    (void)state;
    buf_init(&packed, 64 * MIB);
    buf_init(&out, 64 * MIB);
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

static int run(size_t limit)
{
    return gunzip(z, buf_view(&packed), limit, &out, &result, &err);
}

static void several_members_are_one_content(void **state)
{
    (void)state;
    pack_gzip(&packed, STR("one "));
    pack_gzip(&packed, STR(""));
    pack_gzip(&packed, STR("two"));
    assert_int_equal(run(100), 0);
    CHECK_STR(buf_view(&out), "one two", "members");
    assert_int_equal(result.trailing, 0);
}

static void what_follows_is_counted_unless_zero(void **state)
{
    (void)state;
    pack_gzip(&packed, STR("x"));
    buf_str(&packed, STR("\0\0\0\0"));
    assert_int_equal(run(100), 0);
    assert_int_equal(result.trailing, 0);
    buf_str(&packed, STR("junk"));
    assert_int_equal(run(100), 0);
    CHECK_STR(buf_view(&out), "x", "content");
    assert_int_equal(result.trailing, 8);
}

static void a_cut_file_names_the_byte(void **state)
{
    (void)state;
    pack_gzip(&packed, STR("0123456789abcdefghij"));
    for (size_t n = packed.n - 1; n >= 2; n--) {
        packed.n = n;
        assert_true(run(100) < 0);
        assert_true(error_is(&err, &MSG_MAIL_GZIP_TRUNCATED));
        assert_int_equal(result.offset, n);
        assert_int_equal(out.n, 0);
    }
}

static void damage_in_the_second_member_names_the_byte(void **state)
{
    (void)state;
    pack_gzip(&packed, STR("one"));
    size_t first = packed.n;
    pack_gzip(&packed, STR("two"));
    packed.p[first + 2] = 7; /* a method that does not exist */
    assert_true(run(100) < 0);
    assert_true(error_is(&err, &MSG_MAIL_GZIP_CORRUPT));
    assert_true(result.offset >= first && result.offset <= first + 10);
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    pack_gzip_zeros(&packed, 3 * MIB);
    assert_int_equal(run(3 * MIB), 0);
    assert_int_equal(out.n, 3 * MIB);
    buf_done(&out);
    assert_true(run(3 * MIB - 1) < 0);
    assert_true(result.too_large);
    assert_true(out.cap <= 2 * MIB + 1);
}

static void the_limit_is_of_all_members_together(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++)
        pack_gzip_zeros(&packed, MIB / 2);
    assert_true(run(20 * MIB - 1) < 0);
    assert_true(result.too_large);
    assert_true(out.cap <= 4 * MIB);
    assert_int_equal(run(20 * MIB), 0);
    assert_int_equal(out.n, 20 * MIB);
}

/* RFC 1952 2.2: ISIZE is modulo 2^32 and written by a stranger. */
static void a_false_length_at_the_end_is_no_reason_to_take_memory(void **state)
{
    (void)state;
    pack_gzip(&packed, STR("x"));
    memset(packed.p + packed.n - 4, 0x7f, 4);
    assert_true(run(100) < 0);
    assert_true(error_is(&err, &MSG_MAIL_GZIP_CORRUPT));
    assert_true(out.cap <= MIB);
}

static void the_name_in_the_head_is_given(void **state)
{
    struct str head = STR("\x1f\x8b\x08\x0c\0\0\0\0\0\0\2\0xya!b!1!2.json\0");
    (void)state;
    buf_str(&packed, head);
    assert_true(run(100) < 0);
    CHECK_STR(result.first_name, "a!b!1!2.json", "behind an extra field");
    packed.n--;
    assert_true(run(100) < 0);
    CHECK_STR(result.first_name, "", "without its end");
    packed.n = 11;
    assert_true(run(100) < 0);
    CHECK_STR(result.first_name, "", "cut in the extra field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(several_members_are_one_content, begin, end),
        cmocka_unit_test_setup_teardown(what_follows_is_counted_unless_zero, begin, end),
        cmocka_unit_test_setup_teardown(a_cut_file_names_the_byte, begin, end),
        cmocka_unit_test_setup_teardown(damage_in_the_second_member_names_the_byte, begin, end),
        cmocka_unit_test_setup_teardown(the_limit_is_exact, begin, end),
        cmocka_unit_test_setup_teardown(the_limit_is_of_all_members_together, begin, end),
        cmocka_unit_test_setup_teardown(a_false_length_at_the_end_is_no_reason_to_take_memory,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_name_in_the_head_is_given, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
