#include "check.h"

#include <string.h>

#include "net/dns_query.h"

static const struct {
    struct str name;
    struct str wire; /* empty: it is no name */
} names[] = {
    {STR_INIT("a.test"), STR_INIT("\1a\4test\0")},
    {STR_INIT("a.test."), STR_INIT("\1a\4test\0")},
    {STR_INIT("."), STR_INIT("\0")},
    {STR_INIT("_25._tcp.mx"), STR_INIT("\3_25\4_tcp\2mx\0")},
    {STR_INIT("a\\.b\\000\\255\\\\.c"), STR_INIT("\6a.b\0\xff\\\1c\0")},
    {STR_INIT(""), STR_INIT("")},
    {STR_INIT("a..b"), STR_INIT("")},
    {STR_INIT(".a"), STR_INIT("")},
    {STR_INIT("a.."), STR_INIT("")},
    {STR_INIT("a\\"), STR_INIT("")},
    {STR_INIT("a\\25"), STR_INIT("")},
    {STR_INIT("a\\256"), STR_INIT("")},
    {STR_INIT("a\\2x6"), STR_INIT("")},
};

static void a_question_is_written_as_rfc_1035_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct dns_question q = {0x1234, names[i].name, DNS_TXT};
        struct buf out CLEANUP(buf_done), expected CLEANUP(buf_done);
        buf_init(&out, DNS_QUERY_BYTES_MAX);
        buf_init(&expected, DNS_QUERY_BYTES_MAX);
        bool good = names[i].wire.n != 0;
        CHECK(dns_query_write(&q, &out) == good, names[i].name.p);
        if (good) {
            buf_str(&expected, STR("\x12\x34\0\0\0\1\0\0\0\0\0\0"));
            buf_str(&expected, names[i].wire);
            buf_str(&expected, STR("\0\x10\0\1"));
        }
        CHECK(str_eq(buf_view(&out), buf_view(&expected)), names[i].name.p);
    }
}

/* RFC 1035 2.3.4: 63 bytes a label, 255 a name. */
static void names_have_a_longest(void **state)
{
    (void)state;
    for (size_t last = 59; last <= 64; last++) {
        char text[300];
        struct buf out CLEANUP(buf_done);
        size_t n = 0;
        for (size_t label = 0; label < 4; label++) {
            size_t length = label < 3 ? 63 : last;
            memset(text + n, 'a', length);
            n += length;
            text[n++] = '.';
        }
        const struct dns_question q = {1, {text, n}, DNS_A};
        buf_init(&out, DNS_QUERY_BYTES_MAX);
        assert_int_equal(dns_query_write(&q, &out), last <= 61);
    }
    for (size_t n = 63; n <= 64; n++) {
        char text[64];
        struct buf out CLEANUP(buf_done);
        const struct dns_question q = {1, {text, n}, DNS_A};
        memset(text, 'a', sizeof text);
        buf_init(&out, DNS_QUERY_BYTES_MAX);
        assert_int_equal(dns_query_write(&q, &out), n == 63);
    }
}

#define ASKED "\1a\4test\0\0\x10\0\1"

/* RFC 5452 9.1: id and question; the source is the socket's business. */
static void only_an_answer_to_the_question_is_taken(void **state)
{
    static const struct {
        const char *name;
        struct str message;
        bool good;
    } rows[] = {
        {"the answer", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0\0" ASKED), true},
        {"in another case", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0\0\1A\4tEsT\0\0\x10\0\1"), true},
        {"another id", STR_INIT("\x12\x35\x84\0\0\1\0\0\0\0\0\0" ASKED), false},
        {"a question", STR_INIT("\x12\x34\x04\0\0\1\0\0\0\0\0\0" ASKED), false},
        {"another opcode", STR_INIT("\x12\x34\x8c\0\0\1\0\0\0\0\0\0" ASKED), false},
        {"another name", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0\0\1b\4test\0\0\x10\0\1"), false},
        {"another type", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1"), false},
        {"another class", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0\0\1a\4test\0\0\x10\0\3"), false},
        {"two questions", STR_INIT("\x12\x34\x84\0\0\2\0\0\0\0\0\0" ASKED ASKED), false},
        {"no question", STR_INIT("\x12\x34\x84\0\0\0\0\0\0\0\0\0"), false},
        {"no question, RCODE 4", STR_INIT("\x12\x34\x84\4\0\0\0\0\0\0\0\0"), true},
        {"half a question", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0\0\1a\4test\0\0\x10\0"), false},
        {"half a header", STR_INIT("\x12\x34\x84\0\0\1\0\0\0\0\0"), false},
        {"nothing", STR_INIT(""), false},
    };
    const struct dns_question q = {0x1234, STR("a.test"), DNS_TXT};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(dns_query_is_answer(&q, rows[i].message) == rows[i].good, rows[i].name);
}

static void the_bits_of_the_header_are_read(void **state)
{
    (void)state;
    assert_true(dns_message_is_authoritative(STR("\0\0\x84\0\0\0\0\0\0\0\0\0")));
    assert_false(dns_message_is_authoritative(STR("\0\0\x82\0\0\0\0\0\0\0\0\0")));
    assert_true(dns_message_is_truncated(STR("\0\0\x82\0\0\0\0\0\0\0\0\0")));
    assert_false(dns_message_is_truncated(STR("\0\0\x84\0\0\0\0\0\0\0\0\0")));
    assert_false(dns_message_is_authoritative(STR("\0\0\xff")));
    assert_false(dns_message_is_truncated(STR("\0\0\xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_written_as_rfc_1035_has_it),
        cmocka_unit_test(names_have_a_longest),
        cmocka_unit_test(only_an_answer_to_the_question_is_taken),
        cmocka_unit_test(the_bits_of_the_header_are_read),
    };
    return cmocka_run_group_tests_name("net dns_query", tests, NULL, NULL);
}
