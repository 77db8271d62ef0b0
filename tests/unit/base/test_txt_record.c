#include "check.h"

#include "base/buf.h"
#include "base/txt_record.h"

#define VERSION STR("v=T1")

/* RFC 8461 3.1 with erratum 6285: the version, then a delimiter. */
static void a_record_begins_with_its_version_and_a_delimiter(void **state)
{
    static const struct {
        const char *record;
        bool is;
    } rows[] = {
        {"v=T1;", true},     {"v=T1; a=b", true},   {"v=T1 ;a=b", true},   {"v=T1\t ; a=b", true},
        {"v=T1", false},     {"v=T10; a=b", false}, {" v=T1; a=b", false}, {"V=T1; a=b", false},
        {"v=T1 a=b", false}, {"", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(txt_record_is(str_from(rows[i].record), VERSION) == rows[i].is, rows[i].record);
}

/* The fields as "a|b|", with "!" where a blank stands behind the last one. */
static void fields_stand_between_delimiters(void **state)
{
    static const char *const rows[][2] = {
        {"v=T1;", ""},
        {"v=T1; ", ""},
        {"v=T1;a=b", "a=b|"},
        {"v=T1 ; a=b ; c ;\t", "a=b|c|"},
        {"v=T1; a=b ", "a=b|!"},
        {"v=T1; a=b; c=d\t", "a=b|c=d|!"},
        {"v=T1;; a=b", "|a=b|"},
        {"v=T1; a=b;;", "a=b||"},
        {"v=T1; a b = c", "a b = c|"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf seen CLEANUP(buf_done);
        struct txt_fields f;
        buf_init(&seen, 1000);
        txt_fields_begin(&f, str_from(rows[i][0]), VERSION);
        while (txt_fields_next(&f)) {
            buf_str(&seen, f.field);
            buf_cstr(&seen, f.trailing_blank ? "|!" : "|");
        }
        assert_false(txt_fields_next(&f));
        CHECK_STR(buf_view(&seen), rows[i][1], rows[i][0]);
    }
}

static void names_begin_with_a_letter_or_digit(void **state)
{
    static const struct {
        const char *text;
        size_t span;
    } rows[] = {{"id", 2}, {"9a_-.", 5}, {"_a", 0}, {"a b", 1}, {"a\xc3\xa4", 1}, {"", 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(txt_field_name_span(str_from(rows[i].text)) == rows[i].span, rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_begins_with_its_version_and_a_delimiter),
        cmocka_unit_test(fields_stand_between_delimiters),
        cmocka_unit_test(names_begin_with_a_letter_or_digit),
    };
    return cmocka_run_group_tests_name("base txt_record", tests, NULL, NULL);
}
