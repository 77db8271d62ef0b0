/* The domains of a file, one a line. */
#include <stdlib.h>

#include "check.h"

#include "cli/check_lines.h"

#define SEEN_MAX 4096

/* Everything that is read of text fed in pieces of n bytes: "1:a.example 3!beginning ". */
static struct str read_in_pieces(struct str text, size_t n, char *seen)
{
    struct check_lines l CLEANUP(check_lines_done);
    struct str domain, whole = {seen, 0};
    size_t used = 0;
    check_lines_init(&l);
    while (true) {
        enum check_lines_result result = check_lines_next(&l, &domain);
        if (result == CHECK_LINES_END)
            break;
        if (result == CHECK_LINES_MORE) {
            check_lines_feed(&l, str_head(text, n));
            text = str_skip(text, n);
            continue;
        }
        used += (size_t)snprintf(seen + used, SEEN_MAX - used, "%u%c%.*s ", (unsigned)l.number,
                                 result == CHECK_LINES_DOMAIN ? ':' : '!', STR_ARG(domain));
    }
    whole.n = used;
    return whole;
}

static void a_line_is_a_domain(void **state)
{
    static const struct {
        const char *text, *seen;
    } rows[] = {
        {"", ""},
        {"\n\n", ""},
        {"a.example", "1:a.example "},
        {"a.example\nb.example\n", "1:a.example 2:b.example "},
        {"a.example\r\n\r\nb.example\r\n", "1:a.example 3:b.example "},
        {"# all\na.example # one\n#b\n  b.example\t\n", "2:a.example 4:b.example "},
        {"\xef\xbb\xbf"
         "a.example\n",
         "1:a.example "},
        {"\xef\xbb\xbf# list\na.example\n", "2:a.example "},
        {"not a domain\n", "1:not a domain "},
        {"\n\n\nb\303\274cher.example", "4:b\303\274cher.example "},
    };
    static char seen[SEEN_MAX];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t n = 1; n < 12; n++)
            CHECK_STR(read_in_pieces(str_from(rows[i].text), n, seen), rows[i].seen, rows[i].text);
    }
}

static void a_line_has_a_maximum(void **state)
{
    static char text[3 * CHECK_LINE_MAX], seen[SEEN_MAX], expected[SEEN_MAX];
    (void)state;
    for (size_t n = CHECK_LINE_MAX - 1; n <= CHECK_LINE_MAX + 1; n++) {
        memset(text, ' ', n);
        memcpy(text, "a.example", sizeof "a.example" - 1);
        memcpy(text + n, "\nb.example", sizeof "\nb.example" - 1);
        snprintf(expected, sizeof expected, "1%ca.example 2:b.example ",
                 n > CHECK_LINE_MAX ? '!' : ':');
        CHECK_STR(read_in_pieces((struct str){text, n + 10}, 1000, seen), expected, "length");
    }
    memset(text, 'x', sizeof text);
    struct str whole = read_in_pieces((struct str){text, sizeof text}, 777, seen);
    assert_true(str_starts(whole, STR("1!xxxx")));
    assert_true(whole.n < 100);
}

static void a_long_comment_is_a_comment(void **state)
{
    static char text[3 * CHECK_LINE_MAX], seen[SEEN_MAX];
    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "a.example #", sizeof "a.example #" - 1);
    memcpy(text + sizeof text - 10, "\nb.example", sizeof "\nb.example" - 1);
    CHECK_STR(read_in_pieces((struct str){text, sizeof text}, 999, seen),
              "1:a.example 2:b.example ", "comment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_domain),
        cmocka_unit_test(a_line_has_a_maximum),
        cmocka_unit_test(a_long_comment_is_a_comment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
