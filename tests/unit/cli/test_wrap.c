#include "check.h"

#include "base/utf8.h"
#include "cli/wrap.h"

static void check_wrapped(const char *text, unsigned indent, const char *expected)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 1 << 20);
    wrap_put(&out, str_from(text), indent);
    CHECK_STR(buf_view(&out), expected, text);
}

static void short_text_is_one_indented_line(void **state)
{
    (void)state;
    check_wrapped("a  b", 3, "   a  b\n");
    check_wrapped("", 0, "\n");
    check_wrapped("a\nmx: b  c", 3, "   a\n      mx: b  c\n");
}

static void indents_and_width_can_be_chosen(void **state)
{
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 1 << 10);
    wrap_put_as(&out, STR("aaa bbb ccc\nmx: a"), &(struct wrap){2, 3, 9});
    CHECK_STR(buf_view(&out), "  aaa bbb\n  ccc\n   mx: a\n", "chosen");
    assert_in_range(wrap_width_here(), WRAP_WIDTH_MIN, WRAP_WIDTH);
}

static void no_line_of_words_is_wider_than_the_width(void **state)
{
    static char text[10000];
    struct buf out CLEANUP(buf_done);
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 7 == 6 ? ' ' : 'x';
    buf_init(&out, 1 << 20);
    wrap_put(&out, (struct str){text, sizeof text}, 5);
    struct str rest = buf_view(&out), line;
    while (str_cut(rest, '\n', &line, &rest)) {
        assert_true(wrap_columns(line) <= WRAP_WIDTH);
        assert_true(str_starts(line, STR("     x")));
    }
}

/* Chinese has no blanks; its closing punctuation never begins a line. */
static void chinese_breaks_between_characters(void **state)
{
    static char text[3 * 200 + 1];
    const size_t n = sizeof text - 1;
    struct buf out CLEANUP(buf_done);
    (void)state;
    for (size_t i = 0; i < n; i += 3)
        utf8_put(text + i, i / 3 % 46 == 45 ? 0x3002 : 0x4E2D);
    buf_init(&out, 1 << 20);
    wrap_put(&out, (struct str){text, n}, 1);
    struct str rest = buf_view(&out), line;
    size_t lines = 0;
    for (; str_cut(rest, '\n', &line, &rest); lines++) {
        assert_true(wrap_columns(line) <= WRAP_WIDTH);
        assert_false(str_starts(line, STR(" \xe3\x80\x82")));
    }
    assert_true(lines >= 5);
}

static void a_word_that_never_fits_stays_whole(void **state)
{
    static char text[301];
    struct buf out CLEANUP(buf_done);
    (void)state;
    memset(text, 'y', 300);
    buf_init(&out, 1 << 20);
    wrap_put(&out, STR("\xff\xfe"), 0);
    wrap_put(&out, (struct str){text, 300}, 2);
    assert_int_equal(out.n, 3 + 303);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_text_is_one_indented_line),
        cmocka_unit_test(indents_and_width_can_be_chosen),
        cmocka_unit_test(no_line_of_words_is_wider_than_the_width),
        cmocka_unit_test(chinese_breaks_between_characters),
        cmocka_unit_test(a_word_that_never_fits_stays_whole),
    };
    return cmocka_run_group_tests_name("cli wrap", tests, NULL, NULL);
}
