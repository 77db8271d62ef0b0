#include "check.h"

#include <string.h>

#include "net/dns_update.h"

#define ZONE "\4zone\4test\0\0\6\0\1"

/* RFC 2136 2.4, 2.5.1, 2.5.4. */
static void an_update_is_written_as_rfc_2136_has_it(void **state)
{
    static const struct {
        const char *name;
        bool remove;
        struct str text, record; /* behind the name of the record */
    } rows[] = {
        {"added", false, STR_INIT("ab"), STR_INIT("\0\x10\0\1\0\0\0\x3c\0\3\2ab")},
        {"taken away", true, STR_INIT("ab"), STR_INIT("\0\x10\0\xfe\0\0\0\0\0\3\2ab")},
        {"empty", false, STR_INIT(""), STR_INIT("\0\x10\0\1\0\0\0\x3c\0\1\0")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct dns_update update = {
            0x1234, STR("zone.test"), STR("a.zone.test"), rows[i].text, 60, rows[i].remove};
        struct buf out CLEANUP(buf_done), expected CLEANUP(buf_done);
        buf_init(&out, 65535);
        buf_init(&expected, 65535);
        buf_str(&expected, STR("\x12\x34\x28\0\0\1\0\0\0\1\0\0" ZONE "\1a\4zone\4test\0"));
        buf_str(&expected, rows[i].record);
        CHECK(dns_update_write(&update, &out), rows[i].name);
        CHECK(str_eq(buf_view(&out), buf_view(&expected)), rows[i].name);
    }
}

/* RFC 1035 3.3.14: strings of at most 255 bytes. */
static void a_long_text_becomes_several_strings(void **state)
{
    char text[DNS_UPDATE_TEXT_MAX + 1];
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t n = 255; n <= sizeof text; n += n < 256 ? 1 : sizeof text - 256) {
        const struct dns_update update = {
            .zone = STR("zone.test"), .name = STR("a.zone.test"), .text = {text, n}};
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 65535);
        bool written = dns_update_write(&update, &out);
        assert_int_equal(written, n <= DNS_UPDATE_TEXT_MAX);
        if (n == 255 || n == 256)
            assert_int_equal(out.n, 12 + sizeof ZONE - 1 + 13 + 10 + n + (n == 255 ? 1 : 2));
    }
}

static void names_that_are_none_are_refused(void **state)
{
    static const struct {
        struct str zone, name;
    } rows[] = {{STR_INIT(""), STR_INIT("a.test")}, {STR_INIT("test"), STR_INIT("a..test")}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct dns_update update = {.zone = rows[i].zone, .name = rows[i].name};
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 65535);
        CHECK(!dns_update_write(&update, &out), rows[i].name.p);
    }
}

/* RFC 2136 3.8: the answer has the id and the opcode, and may repeat the zone. */
static void only_a_response_to_the_update_is_its_answer(void **state)
{
    static const struct {
        const char *name;
        struct str message;
        bool good;
    } rows[] = {
        {"the header alone", STR_INIT("\x12\x34\xa8\0\0\0\0\0\0\0\0\0"), true},
        {"with the zone", STR_INIT("\x12\x34\xa8\0\0\1\0\0\0\0\0\0" ZONE), true},
        {"in capitals", STR_INIT("\x12\x34\xa8\0\0\1\0\0\0\0\0\0\4ZONE\4test\0\0\6\0\1"), true},
        {"another id", STR_INIT("\x12\x35\xa8\0\0\0\0\0\0\0\0\0"), false},
        {"an update", STR_INIT("\x12\x34\x28\0\0\0\0\0\0\0\0\0"), false},
        {"to a query", STR_INIT("\x12\x34\x80\0\0\0\0\0\0\0\0\0"), false},
        {"another zone", STR_INIT("\x12\x34\xa8\0\0\1\0\0\0\0\0\0\4zine\4test\0\0\6\0\1"), false},
        {"another type", STR_INIT("\x12\x34\xa8\0\0\1\0\0\0\0\0\0\4zone\4test\0\0\1\0\1"), false},
        {"two zones", STR_INIT("\x12\x34\xa8\0\0\2\0\0\0\0\0\0" ZONE ZONE), false},
        {"half a zone", STR_INIT("\x12\x34\xa8\0\0\1\0\0\0\0\0\0\4zone\4te"), false},
        {"half a header", STR_INIT("\x12\x34\xa8\0\0\0\0\0\0\0\0"), false},
        {"nothing", STR_INIT(""), false},
    };
    const struct dns_update update = {
        .id = 0x1234, .zone = STR("zone.test"), .name = STR("a.zone.test"), .text = STR("t")};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(dns_update_is_answer(&update, rows[i].message) == rows[i].good, rows[i].name);
}

static void rcodes_have_names(void **state)
{
    char text[16];
    (void)state;
    assert_string_equal(dns_rcode_name(DNS_RCODE_REFUSED, text), "REFUSED");
    assert_string_equal(dns_rcode_name(DNS_RCODE_NOT_ZONE, text), "NOTZONE");
    assert_string_equal(dns_rcode_name(13, text), "RCODE 13");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_is_written_as_rfc_2136_has_it),
        cmocka_unit_test(a_long_text_becomes_several_strings),
        cmocka_unit_test(names_that_are_none_are_refused),
        cmocka_unit_test(only_a_response_to_the_update_is_its_answer),
        cmocka_unit_test(rcodes_have_names),
    };
    return cmocka_run_group_tests_name("net/dns_update", tests, NULL, NULL);
}
