#include "check.h"

#include "mail/trim.h"

static void only_fields_that_are_read_stay(void **state)
{
    static const struct {
        const char *name, *message, *trimmed;
    } rows[] = {
        {"kept", "Content-Type: a\nMIME-Version: 1.0\nSubject: s\nTLS-Report-Domain: d\n\nbody",
         "Content-Type: a\nMIME-Version: 1.0\nSubject: s\nTLS-Report-Domain: d\n\nbody"},
        {"dropped with its folds", "Received: a\r\n\tb\r\n c\r\nSUBJECT: s\r\n t\r\nTo: x\r\n\r\nb",
         "SUBJECT: s\r\n t\r\n\r\nb"},
        {"a line that is no field", "To: x\nhello\nDate: y\n\n", "hello\n\n"},
        {"no body", "To: x\nSubject: s", "Subject: s"},
        {"nothing but body", "\nTo: x\n", "\nTo: x\n"},
        {"fields in the body stay", "To: x\n\nTo: y\n", "\nTo: y\n"},
        {"a line of blanks ends it", "To: x\n \nTo: y\n", " \nTo: y\n"},
        {"nothing", "", ""},
    };
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(trim_message(str_from(rows[i].message), &out), rows[i].name);
        CHECK_STR(buf_view(&out), rows[i].trimmed, rows[i].name);
    }
}

static void a_message_beyond_the_buffer_is_refused(void **state)
{
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 5);
    assert_true(trim_message(STR("\n1234"), &out));
    assert_false(trim_message(STR("\n12345"), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_fields_that_are_read_stay),
        cmocka_unit_test(a_message_beyond_the_buffer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
