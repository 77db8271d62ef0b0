#include "check.h"

#include "base/escape.h"
#include "base/utf8.h"

typedef void escape_fn(struct buf *, struct str);

static void check_rows(escape_fn *escape, const struct str rows[][2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 1000);
        escape(&out, rows[i][0]);
        if (!str_eq(buf_view(&out), rows[i][1]))
            print_error("row %zu: got %.*s\n", i, STR_ARG(buf_view(&out)));
        assert_true(str_eq(buf_view(&out), rows[i][1]));
    }
}

static void text_shows_what_it_cannot_print(void **state)
{
    static const struct str rows[][2] = {
        {STR_INIT("plain \\ text"), STR_INIT("plain \\ text")},
        {STR_INIT("\x1b[31m"), STR_INIT("\\x1b[31m")},
        {STR_INIT("a\0b\n"), STR_INIT("a\\x00b\\x0a")},
        {STR_INIT("\xc3\xa4\xe4\xb8\xad"), STR_INIT("\xc3\xa4\xe4\xb8\xad")},
        {STR_INIT("\xe2\x80\xae"
                  "gpj"),
         STR_INIT("\\u202egpj")},
        {STR_INIT("\xff\xc3"), STR_INIT("\\xff\\xc3")},
        {STR_INIT("\xc2\x9b"), STR_INIT("\\u009b")},
        {STR_INIT("\xf3\xa0\x81\x81"), STR_INIT("\\u{e0041}")},
        {STR_INIT(""), STR_INIT("")},
    };
    (void)state;
    check_rows(escape_text, rows, ARRAY_LEN(rows));
}

static void logfmt_quotes_what_needs_it(void **state)
{
    static const struct str rows[][2] = {
        {STR_INIT("plain"), STR_INIT("plain")},
        {STR_INIT(""), STR_INIT("\"\"")},
        {STR_INIT("two words"), STR_INIT("\"two words\"")},
        {STR_INIT("a=b"), STR_INIT("\"a=b\"")},
        {STR_INIT("say \"x\"\\"), STR_INIT("\"say \\\"x\\\"\\\\\"")},
        {STR_INIT("x\nlevel=error"), STR_INIT("\"x\\x0alevel=error\"")},
    };
    (void)state;
    check_rows(escape_logfmt, rows, ARRAY_LEN(rows));
}

/* RFC 8259 section 7. */
static void json_escapes_what_json_must(void **state)
{
    static const struct str rows[][2] = {
        {STR_INIT("a\"b\\c/"), STR_INIT("a\\\"b\\\\c/")},
        {STR_INIT("\b\f\n\r\t\x01"), STR_INIT("\\b\\f\\n\\r\\t\\u0001")},
        {STR_INIT("\x7f\xe2\x80\xa8"), STR_INIT("\\u007f\\u2028")},
        {STR_INIT("\xff"), STR_INIT("\xef\xbf\xbd")},
        {STR_INIT("\xf3\xa0\x81\x81"), STR_INIT("\\udb40\\udc41")},
        {STR_INIT("\xf0\x9f\x98\x80"), STR_INIT("\xf0\x9f\x98\x80")},
    };
    (void)state;
    check_rows(escape_json, rows, ARRAY_LEN(rows));
}

static void html_has_no_markup_left(void **state)
{
    static const struct str rows[][2] = {
        {STR_INIT("<script>alert('x')&\"</script>"),
         STR_INIT("&lt;script&gt;alert(&#39;x&#39;)&amp;&quot;&lt;/script&gt;")},
        {STR_INIT("a\x01\xff"
                  "b"),
         STR_INIT("a\xef\xbf\xbd\xef\xbf\xbd"
                  "b")},
        {STR_INIT("line\nnext"), STR_INIT("line\nnext")},
    };
    (void)state;
    check_rows(escape_html, rows, ARRAY_LEN(rows));
}

static void shell_words_cannot_break_out(void **state)
{
    static const struct str rows[][2] = {
        {STR_INIT("mx1.example.org"), STR_INIT("mx1.example.org")},
        {STR_INIT(""), STR_INIT("''")},
        {STR_INIT("a b"), STR_INIT("'a b'")},
        {STR_INIT("it's"), STR_INIT("'it'\\''s'")},
        {STR_INIT("$(reboot)"), STR_INIT("'$(reboot)'")},
        {STR_INIT("a\nreboot"), STR_INIT("'a?reboot'")},
    };
    (void)state;
    check_rows(escape_shell, rows, ARRAY_LEN(rows));
}

static void clipping_keeps_characters_whole(void **state)
{
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 100);
    escape_clipped(&out,
                   STR("ab\xc3\xa4"
                       "cd"),
                   3);
    CHECK_STR(buf_view(&out), "ab...", "not in the middle");
    buf_reset(&out);
    escape_clipped(&out, STR("abc"), 3);
    CHECK_STR(buf_view(&out), "abc", "exactly the maximum");
}

/* Whatever goes in, what comes out is valid UTF-8 without controls. */
static void every_byte_pair_comes_out_clean(void **state)
{
    escape_fn *const all[] = {escape_text, escape_logfmt, escape_json, escape_shell};
    (void)state;
    for (size_t f = 0; f < ARRAY_LEN(all); f++) {
        for (unsigned pair = 0; pair < 65536; pair++) {
            char bytes[2] = {(char)(pair >> 8), (char)pair};
            struct buf out CLEANUP(buf_done);
            buf_init(&out, 100);
            all[f](&out, (struct str){bytes, 2});
            assert_true(utf8_is_valid(buf_view(&out)));
            for (size_t i = 0; i < out.n; i++)
                assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7F);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_what_it_cannot_print),
        cmocka_unit_test(logfmt_quotes_what_needs_it),
        cmocka_unit_test(json_escapes_what_json_must),
        cmocka_unit_test(html_has_no_markup_left),
        cmocka_unit_test(shell_words_cannot_break_out),
        cmocka_unit_test(clipping_keeps_characters_whole),
        cmocka_unit_test(every_byte_pair_comes_out_clean),
    };
    return cmocka_run_group_tests_name("base escape", tests, NULL, NULL);
}
