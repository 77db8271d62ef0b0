/* A finished check as a page. */
#include "sample_report.h"

#define PAGE_MAX ((size_t)1024 * 1024)

static void put_page(struct buf *page, const struct sample *s, enum lang lang)
{
    check_html_begin(page, lang, s->facts.domain);
    check_html_put(page, lang, &s->report);
    check_html_end(page, lang);
}

static void the_page_says_all_that_was_found(void **state)
{
    static const char *const parts[] = {
        "<html lang=\"en\">",
        "<title>example.org: a check of mail transport security</title>",
        "<h1>example.org</h1>",
        "1 error, 1 warning, 1 note",
        "<h2>The MX hosts</h2>",
        "<span class=\"grade\">error</span> <b>mx2.example.org [192.0.2.2]</b>: the certificate",
        "<p>Mail fails.</p><p>Fix: repair the certificate</p>",
        "<code>sample-error</code>, RFC 8461 3.2",
        "<p>Fix: add this line:</p><pre>mx: mx1.example.org</pre>",
        "<tr><td>mx2.example.org</td><td data-label=\"today\">delivers, certificate not verified",
        "<td data-label=\"under enforce\">does not deliver</td>",
        "<ol>\n<li>the certificate is broken",
        "</html>\n",
    };
    struct sample s CLEANUP(sample_done);
    struct buf page CLEANUP(buf_done);
    (void)state;
    buf_init(&page, PAGE_MAX);
    sample_init(&s, "example.org");
    sample_fill(&s);
    put_page(&page, &s, LANG_EN);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        CHECK(has(&page, parts[i]), parts[i]);
}

static void the_page_stands_alone(void **state)
{
    static const char *const needs[] = {"<script", "<link", "<img",    "<iframe", " src=",
                                        " href=",  "url(",  "@import", "http:",   "https:"};
    struct sample s CLEANUP(sample_done);
    struct buf page CLEANUP(buf_done);
    (void)state;
    buf_init(&page, PAGE_MAX);
    sample_init(&s, "example.org");
    sample_fill(&s);
    put_page(&page, &s, LANG_EN);
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        CHECK(!has(&page, needs[i]), needs[i]);
    assert_true(has(&page, "default-src 'none'"));
    assert_true(has(&page, "prefers-color-scheme:dark"));
    assert_true(has(&page, "@media print"));
    assert_true(has(&page, "width=device-width"));
}

static void nothing_foreign_is_markup(void **state)
{
    static const struct str pattern = STR_INIT("<b>\"'&");
    struct sample s CLEANUP(sample_done);
    struct buf page CLEANUP(buf_done);
    struct msg error = {.def = &sample_error};
    (void)state;
    buf_init(&page, PAGE_MAX);
    sample_init(&s, "<evil>");
    s.facts.unicode = STR("<evil>\033");
    struct check_result *result =
        sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_warning, "<evil>\n\"onload='x'&");
    result->about = STR("<evil a>");
    result->address = STR("<evil b>");
    result->rfc = "<evil>";
    s.verdict.next[0] = result;
    s.mx[0] = (struct check_mx_verdict){.host = STR("<evil>"), .pattern = &pattern};
    s.verdict.mx = s.mx;
    s.verdict.mx_count = 1;
    put_page(&page, &s, LANG_ZH_CN);
    error.args[0].str = STR("<evil>");
    check_html_put_error(&page, LANG_EN, STR("<evil>"), &error);
    assert_false(has(&page, "<evil"));
    assert_false(has(&page, "<b>\""));
    assert_false(has(&page, "\033"));
    assert_true(has(&page, "&lt;evil"));
    assert_true(has(&page, "<html lang=\"zh-CN\">"));
}

static void every_element_is_closed(void **state)
{
    static const char *const names[] = {"main",  "h1",    "h2", "ul", "ol", "li",
                                        "div",   "span",  "p",  "b",  "td", "table",
                                        "thead", "tbody", "tr", "pre"};
    struct sample s CLEANUP(sample_done);
    struct buf page CLEANUP(buf_done);
    (void)state;
    buf_init(&page, PAGE_MAX);
    sample_init(&s, "example.org");
    sample_fill(&s);
    put_page(&page, &s, LANG_EN);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int depth = 0;
        char open[16], closed[16];
        snprintf(open, sizeof open, "<%s", names[i]);
        snprintf(closed, sizeof closed, "</%s>", names[i]);
        for (struct str rest = buf_view(&page); rest.n; rest = str_skip(rest, 1)) {
            struct str behind = str_skip(rest, strlen(open));
            bool whole = behind.n && (behind.p[0] == '>' || behind.p[0] == ' ');
            depth += str_starts(rest, str_from(open)) && whole;
            depth -= str_starts(rest, str_from(closed));
            CHECK(depth >= 0, names[i]);
        }
        CHECK(depth == 0, names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_says_all_that_was_found),
        cmocka_unit_test(the_page_stands_alone),
        cmocka_unit_test(nothing_foreign_is_markup),
        cmocka_unit_test(every_element_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
