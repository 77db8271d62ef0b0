#include "check.h"

#include <string.h>

#include "config/ini.h"
#include "config/messages.h"

struct expected {
    enum ini_type type;
    uint64_t line, column;
    const char *name, *value;
    const struct msg_def *fault;
};

#define ROWS_MAX 4

static const struct {
    const char *text;
    struct expected items[ROWS_MAX]; /* ended by a line of 0 */
} cases[] = {
    {"", {{0}}},
    {"\n\r\n  \t\n", {{0}}},
    {"# a\n; b\n  # c", {{0}}},
    {"[host]", {{INI_SECTION, 1, 2, "host", "", NULL}}},
    {"\xef\xbb\xbf[host]\r\n", {{INI_SECTION, 1, 2, "host", "", NULL}}},
    {" [ host ] # comment", {{INI_SECTION, 1, 4, "host", "", NULL}}},
    {"a=b", {{INI_KEY, 1, 3, "a", "b", NULL}}},
    {"a_1 =  b c  \r\nd=e", {{INI_KEY, 1, 8, "a_1", "b c", NULL}, {INI_KEY, 2, 3, "d", "e", NULL}}},
    {"a =", {{INI_KEY, 1, 4, "a", "", NULL}}},
    {"a = # nothing", {{INI_KEY, 1, 5, "a", "", NULL}}},
    {"a = b # c", {{INI_KEY, 1, 5, "a", "b", NULL}}},
    {"a = b#c;d", {{INI_KEY, 1, 5, "a", "b#c;d", NULL}}},
    {"a = b=c", {{INI_KEY, 1, 5, "a", "b=c", NULL}}},
    {"a = \" b # c \" ; d", {{INI_KEY, 1, 5, "a", " b # c ", NULL}}},
    {"a = \"\\\"\\\\\"", {{INI_KEY, 1, 5, "a", "\"\\", NULL}}},
    {"a = \"\"", {{INI_KEY, 1, 5, "a", "", NULL}}},
    {"\xc3\xa9", {{INI_FAULT, 1, 1, "", "", &MSG_INI_NO_KEY}}},
    {"word", {{INI_FAULT, 1, 1, "", "", &MSG_INI_NO_KEY}}},
    {"[host", {{INI_FAULT, 1, 1, "", "", &MSG_INI_SECTION_FORM}}},
    {"[publisher my_own-1]", {{INI_SECTION, 1, 2, "publisher", "", NULL}}},
    {"[ho s.t]", {{INI_FAULT, 1, 1, "", "", &MSG_INI_SECTION_FORM}}},
    {"[ho s t]", {{INI_FAULT, 1, 1, "", "", &MSG_INI_SECTION_FORM}}},
    {"[]", {{INI_FAULT, 1, 1, "", "", &MSG_INI_SECTION_FORM}}},
    {"[host] x", {{INI_FAULT, 1, 1, "", "", &MSG_INI_SECTION_FORM}}},
    {"1a = b", {{INI_FAULT, 1, 1, "", "", &MSG_INI_KEY_FORM}}},
    {"= b", {{INI_FAULT, 1, 1, "", "", &MSG_INI_KEY_FORM}}},
    {"a b = c", {{INI_FAULT, 1, 1, "", "", &MSG_INI_KEY_FORM}}},
    {"a = \"b", {{INI_FAULT, 1, 5, "", "", &MSG_INI_QUOTE_OPEN}}},
    {"a = \"b\\", {{INI_FAULT, 1, 7, "", "", &MSG_INI_QUOTE_ESCAPE}}},
    {"a = \"\\n\"", {{INI_FAULT, 1, 6, "", "", &MSG_INI_QUOTE_ESCAPE}}},
    {"a = \"b\" c", {{INI_FAULT, 1, 8, "", "", &MSG_INI_QUOTE_TAIL}}},
    {"a = \"b\"# c", {{INI_FAULT, 1, 8, "", "", &MSG_INI_QUOTE_TAIL}}},
    {"a = \x01", {{INI_FAULT, 1, 5, "", "", &MSG_INI_CONTROL_CHARACTER}}},
    {"a = \xc2\x85", {{INI_FAULT, 1, 5, "", "", &MSG_INI_CONTROL_CHARACTER}}},
    {"a = \xff", {{INI_FAULT, 1, 5, "", "", &MSG_INI_NOT_UTF8}}},
    {"x\ny\n[a]",
     {{INI_FAULT, 1, 1, "", "", &MSG_INI_NO_KEY},
      {INI_FAULT, 2, 1, "", "", &MSG_INI_NO_KEY},
      {INI_SECTION, 3, 2, "a", "", NULL}}},
};

static void every_line_is_an_item_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena CLEANUP(arena_done);
        struct ini_reader r;
        struct ini_item item;
        size_t n = 0;
        arena_init(&arena, 4096);
        ini_init(&r, str_from(cases[i].text), &arena);
        for (; ini_next(&r, &item); n++) {
            const struct expected *e = &cases[i].items[n];
            CHECK(n < ROWS_MAX && item.type == e->type, cases[i].text);
            CHECK(item.line == e->line && item.column == e->column, cases[i].text);
            CHECK(item.fault.def == e->fault, cases[i].text);
            if (item.type == INI_FAULT)
                continue;
            CHECK(str_eq(item.name, str_from(e->name)), cases[i].text);
            CHECK(str_eq(item.value, str_from(e->value)), cases[i].text);
        }
        CHECK(n == ROWS_MAX || cases[i].items[n].line == 0, cases[i].text);
    }
}

static void a_nul_is_a_control_character(void **state)
{
    (void)state;
    struct ini_reader r;
    struct ini_item item;
    ini_init(&r, STR("a = b\0c"), NULL);
    assert_true(ini_next(&r, &item));
    assert_ptr_equal(item.fault.def, &MSG_INI_CONTROL_CHARACTER);
    assert_int_equal(item.column, 6);
}

static void a_line_has_a_limit(void **state)
{
    (void)state;
    static char text[INI_LINE_MAX + 2];
    struct ini_reader r;
    struct ini_item item;
    memset(text, 'a', sizeof text);
    text[1] = '=';
    ini_init(&r, (struct str){text, INI_LINE_MAX}, NULL);
    assert_true(ini_next(&r, &item));
    assert_int_equal(item.type, INI_KEY);
    assert_int_equal(item.value.n, INI_LINE_MAX - 2);
    text[INI_LINE_MAX + 1] = '\n';
    ini_init(&r, (struct str){text, INI_LINE_MAX + 2}, NULL);
    assert_true(ini_next(&r, &item));
    assert_ptr_equal(item.fault.def, &MSG_INI_LINE_TOO_LONG);
    assert_false(ini_next(&r, &item));
}

static void a_printed_value_reads_back(void **state)
{
    static const char *const values[] = {"",  "plain", "two words", " edge ",      "a # b", "a;b",
                                         "#", "\"",    "\"q\"",     "back\\slash", "\\\"",  "a\tb"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct buf text CLEANUP(buf_done);
        struct arena arena CLEANUP(arena_done);
        struct ini_reader r;
        struct ini_item item;
        arena_init(&arena, 4096);
        buf_init(&text, 4096);
        buf_cstr(&text, "k = ");
        ini_put_value(&text, str_from(values[i]));
        ini_init(&r, buf_view(&text), &arena);
        CHECK(ini_next(&r, &item) && item.type == INI_KEY, values[i]);
        CHECK(str_eq(item.value, str_from(values[i])), values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_an_item_with_its_place),
        cmocka_unit_test(a_nul_is_a_control_character),
        cmocka_unit_test(a_line_has_a_limit),
        cmocka_unit_test(a_printed_value_reads_back),
    };
    return cmocka_run_group_tests_name("config/ini", tests, NULL, NULL);
}
