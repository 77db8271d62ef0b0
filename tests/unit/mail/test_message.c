#include "check.h"

#include "mail/message.h"
#include "pack.h"

static struct message_reader *reader;
static struct message m;
static struct buf out, text;
static struct error err;

static int begin(void **state)
{
    (void)state;
    reader = message_reader_new();
    message_init(&m);
    buf_init(&out, 1 << 20);
    buf_init(&text, 1 << 20);
    return reader ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    message_done(&m);
    message_reader_free(reader);
    buf_done(&out);
    buf_done(&text);
    return 0;
}

static struct str content_of(const char *message)
{
    struct str content = {0};
    message_forget(&m);
    assert_int_equal(message_read(reader, &m, str_from(message), 10, &err), 0);
    assert_int_equal(m.count, 1);
    assert_int_equal(message_content(&m.parts[0], &out, &content, &err), 0);
    return content;
}

static void transfer_encodings_are_undone(void **state)
{
    static const struct {
        const char *name, *message, *content;
    } rows[] = {
        {"none", "Subject: x\n\nbody", "body"},
        {"none, CRLF", "Subject: x\r\n\r\nbody\r\n", "body\r\n"},
        {"base64", "Content-Transfer-Encoding: base64\n\nYm9k\neQ==\n", "body"},
        {"base64 in capitals", "Content-Transfer-Encoding: BASE64\n\nYm9keQ==\n", "body"},
        {"base64 without padding", "Content-Transfer-Encoding: base64\n\nYm9keQ\n", "body"},
        {"base64 with garbage", "Content-Transfer-Encoding: base64\n\n Ym*9k\x80\n!eQ==\n-- \n",
         "body"},
        {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\nb=6Fd=\r\ny", "body"},
        {"8bit", "Content-Transfer-Encoding: 8bit\n\nb\xc3\xb6", "b\xc3\xb6"},
        {"unknown word", "Content-Transfer-Encoding: zip\n\nbody", "body"},
        {"nothing", "Subject: x\n\n", ""},
        {"no body", "Subject: x\n", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(content_of(rows[i].message), rows[i].content, rows[i].name);
}

static void file_names_are_decoded(void **state)
{
    static const struct {
        const char *name, *field, *file;
    } rows[] = {
        {"disposition", "Content-Disposition: attachment; filename=\"a!b.gz\"", "a!b.gz"},
        {"type", "Content-Type: application/x; name=a.gz", "a.gz"},
        {"RFC 2231 section 3, in pieces",
         "Content-Disposition: attachment;\n filename*0=\"a!b\";\n filename*1=\".gz\"", "a!b.gz"},
        {"RFC 2231 section 4", "Content-Disposition: attachment; filename*=utf-8''a%21b.gz",
         "a!b.gz"},
        {"RFC 2231 section 4.1",
         "Content-Disposition: attachment;\n filename*0*=us-ascii'en'a%21;\n filename*1=b.gz",
         "a!b.gz"},
        {"RFC 2047 where it must not be",
         "Content-Disposition: attachment; filename=\"=?utf-8?Q?a=21b.gz?=\"", "a!b.gz"},
        {"none", "Content-Type: application/x", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&text);
        buf_printf(&text, "%s\n\nx", rows[i].field);
        content_of(text.p);
        CHECK_STR(m.parts[0].name, rows[i].file, rows[i].name);
    }
}

static void fields_of_the_part_come_before_the_message(void **state)
{
    (void)state;
    content_of("Subject: =?utf-8?Q?Report_Domain:?=\n d\nTLS-Report-Domain: a\nTo: x\n\nb");
    CHECK_STR(message_field(&m.parts[0], "Subject"), "Report Domain: d", "folded and encoded");
    CHECK_STR(message_field(&m.parts[0], "TLS-Report-Domain"), "a", "plain");
    CHECK_STR(message_field(&m.parts[0], "X-None"), "", "absent");
}

static void parts_of_messages_within_are_parts(void **state)
{
    (void)state;
    assert_int_equal(
        message_read(reader, &m,
                     STR("Subject: outer\nContent-Type: multipart/mixed; boundary=a\n\n"
                         "--a\n\nletter\n--a\nContent-Type: message/rfc822\n\n"
                         "Subject: inner\nContent-Type: application/json\n\n{}\n--a--\n"),
                     10, &err),
        0);
    assert_int_equal(m.count, 2);
    CHECK_STR(m.parts[0].type, "text", "default type");
    CHECK_STR(m.parts[1].subtype, "json", "inner part");
    CHECK_STR(message_field(&m.parts[0], "Subject"), "outer", "outer");
    CHECK_STR(message_field(&m.parts[1], "Subject"), "inner", "inner");
}

static void parts_are_counted_to_the_maximum(void **state)
{
    (void)state;
    buf_cstr(&text, "Content-Type: multipart/mixed; boundary=a\n\n");
    for (int i = 0; i < 10; i++)
        buf_cstr(&text, "--a\n\nx\n");
    for (int extra = 0; extra < 2; extra++) {
        message_forget(&m);
        assert_int_equal(message_read(reader, &m, buf_view(&text), 10, &err), 0);
        assert_int_equal(m.count, 10);
        assert_int_equal(m.too_many, extra);
        buf_cstr(&text, "--a\n\nx\n");
    }
}

static void nesting_ends_at_the_maximum(void **state)
{
    (void)state;
    for (unsigned depth = MESSAGE_DEPTH_MAX; depth <= MESSAGE_DEPTH_MAX + 1; depth++) {
        buf_reset(&text);
        for (unsigned i = 0; i < depth; i++)
            buf_printf(&text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
        buf_cstr(&text, "\nx\n");
        message_forget(&m);
        assert_int_equal(message_read(reader, &m, buf_view(&text), 10, &err), 0);
        assert_int_equal(m.too_deep, depth > MESSAGE_DEPTH_MAX);
        assert_int_equal(m.count, depth > MESSAGE_DEPTH_MAX ? 0 : 1);
    }
}

/* Beyond MESSAGE_TRIM_MAX GMime reads the bytes themselves. */
static void a_large_message_is_read_as_well(void **state)
{
    struct str content;
    struct buf large CLEANUP(buf_done);
    (void)state;
    buf_init(&large, 4 << 20);
    buf_cstr(&large, "To: x\nSubject: y\n\n");
    while (large.n <= MESSAGE_TRIM_MAX)
        buf_cstr(&large, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    assert_int_equal(message_read(reader, &m, buf_view(&large), 10, &err), 0);
    assert_int_equal(message_content(&m.parts[0], &out, &content, &err), 0);
    assert_int_equal(content.n, large.n - 18);
    assert_ptr_equal(content.p, large.p + 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transfer_encodings_are_undone, begin, end),
        cmocka_unit_test_setup_teardown(file_names_are_decoded, begin, end),
        cmocka_unit_test_setup_teardown(fields_of_the_part_come_before_the_message, begin, end),
        cmocka_unit_test_setup_teardown(parts_of_messages_within_are_parts, begin, end),
        cmocka_unit_test_setup_teardown(parts_are_counted_to_the_maximum, begin, end),
        cmocka_unit_test_setup_teardown(nesting_ends_at_the_maximum, begin, end),
        cmocka_unit_test_setup_teardown(a_large_message_is_read_as_well, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
