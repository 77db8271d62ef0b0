#include "check.h"

#include <string.h>

#include "net/dns_message.h"

/* A header with one question and `n` answers, then the question example.test IN `t`. */
#define HEADER(n) "\x12\x34\x81\x80\x00\x01\x00" n "\x00\x00\x00\x00"
#define QUESTION(t)                                                                                \
    "\x07"                                                                                         \
    "example"                                                                                      \
    "\x04"                                                                                         \
    "test"                                                                                         \
    "\x00"                                                                                         \
    "\x00" t "\x00\x01"
/* The owner as a pointer to the question, type, class IN, a TTL of 300. */
#define OWNER(t)                                                                                   \
    "\xc0\x0c"                                                                                     \
    "\x00" t "\x00\x01"                                                                            \
    "\x00\x00\x01\x2c"

static const struct {
    const char *name;
    struct str message;
    enum dns_type type;
    bool good;
    size_t count;
    const char *first;
    unsigned preference;
    const char *canonical;
} rows[] = {
    {"MX with a compressed name",
     STR_INIT(HEADER("\x01") QUESTION("\x0f") OWNER("\x0f") "\x00\x08"
                                                            "\x00\x0a"
                                                            "\x03"
                                                            "mx1"
                                                            "\xc0\x0c"),
     DNS_MX, true, 1, "mx1.example.test", 10, ""},
    {"a null MX (RFC 7505)",
     STR_INIT(HEADER("\x01") QUESTION("\x0f") OWNER("\x0f") "\x00\x03"
                                                            "\x00\x00\x00"),
     DNS_MX, true, 1, ".", 0, ""},
    {"TXT strings are joined",
     STR_INIT(HEADER("\x01") QUESTION("\x10") OWNER("\x10") "\x00\x07"
                                                            "\x02"
                                                            "v="
                                                            "\x03"
                                                            "STS"),
     DNS_TXT, true, 1, "v=STS", 0, ""},
    {"an empty TXT string",
     STR_INIT(HEADER("\x01") QUESTION("\x10") OWNER("\x10") "\x00\x01"
                                                            "\x00"),
     DNS_TXT, true, 1, "", 0, ""},
    {"A behind a CNAME",
     STR_INIT(HEADER("\x02") QUESTION("\x01")
                  OWNER("\x05") "\x00\x04"
                                "\x01"
                                "w"
                                "\xc0\x0c"
                                "\x01"
                                "w"
                                "\xc0\x0c"
                                "\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\xc0\x00\x02\x01"),
     DNS_A, true, 1, "192.0.2.1", 0, "w.example.test"},
    {"AAAA",
     STR_INIT(HEADER("\x01") QUESTION("\x1c")
                  OWNER("\x1c") "\x00\x10"
                                "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
     DNS_AAAA, true, 1, "2001:db8::1", 0, ""},
    {"a dot within a label is escaped",
     STR_INIT(HEADER("\x01") QUESTION("\x05") OWNER("\x05") "\x00\x06"
                                                            "\x04"
                                                            "a.\x01\\"
                                                            "\x00"),
     DNS_CNAME, true, 1, "a\\.\\001\\\\", 0, "a\\.\\001\\\\"},
    {"no answer", STR_INIT(HEADER("\x00") QUESTION("\x0f")), DNS_MX, true, 0, NULL, 0, ""},
    {"another type is passed over",
     STR_INIT(HEADER("\x01") QUESTION("\x01") OWNER("\x01") "\x00\x04\xc0\x00\x02\x01"), DNS_MX,
     true, 0, NULL, 0, ""},
    {"an A record of five bytes is passed over",
     STR_INIT(HEADER("\x01") QUESTION("\x01") OWNER("\x01") "\x00\x05\xc0\x00\x02\x01\x00"), DNS_A,
     true, 0, NULL, 0, ""},
    {"bytes behind an MX name make it malformed",
     STR_INIT(HEADER("\x01") QUESTION("\x0f") OWNER("\x0f") "\x00\x05"
                                                            "\x00\x0a\x00\x00\x00"),
     DNS_MX, true, 0, NULL, 0, ""},
    {"a TXT string that is cut short is passed over",
     STR_INIT(HEADER("\x01") QUESTION("\x10") OWNER("\x10") "\x00\x02"
                                                            "\x05"
                                                            "v"),
     DNS_TXT, true, 0, NULL, 0, ""},
    {"fewer answers than counted", STR_INIT(HEADER("\x01") QUESTION("\x0f")), DNS_MX, false, 0,
     NULL, 0, ""},
    {"a record longer than the message",
     STR_INIT(HEADER("\x01") QUESTION("\x0f") OWNER("\x0f") "\x00\xff"
                                                            "\x00"),
     DNS_MX, false, 0, NULL, 0, ""},
    {"a pointer to itself",
     STR_INIT(HEADER("\x01") "\xc0\x0c"
                             "\x00\x0f\x00\x01"),
     DNS_MX, false, 0, NULL, 0, ""},
    {"a label of the reserved kind",
     STR_INIT(HEADER("\x00") "\x80"
                             "\x00\x00\x0f\x00\x01"),
     DNS_MX, false, 0, NULL, 0, ""},
    {"half a header", STR_INIT("\x12\x34\x81\x80\x00\x01"), DNS_MX, false, 0, NULL, 0, ""},
    {"nothing", STR_INIT(""), DNS_MX, false, 0, NULL, 0, ""},
};

static void records_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct dns_records records = {0};
        arena_init(&arena, 1 << 20);
        CHECK(dns_message_read(rows[i].message, rows[i].type, &arena, &records) == rows[i].good,
              rows[i].name);
        if (!rows[i].good)
            continue;
        CHECK(records.count == rows[i].count, rows[i].name);
        CHECK_STR(records.canonical, rows[i].canonical, rows[i].name);
        if (rows[i].count == 0)
            continue;
        CHECK_STR(records.at[0].text, rows[i].first, rows[i].name);
        CHECK(records.at[0].preference == rows[i].preference, rows[i].name);
    }
}

/* RFC 1035 4.1.1. */
static void the_code_of_the_answer_is_in_the_header(void **state)
{
    (void)state;
    assert_int_equal(dns_message_rcode(STR("\x12\x34\x81\x83\0\0\0\0\0\0\0\0")), 3);
    assert_int_equal(dns_message_rcode(STR("\x12\x34\x81\x80\0\0\0\0\0\0\0\0")), 0);
    assert_int_equal(dns_message_rcode(STR("\x12\x34\x81\x80")), 2);
}

/* RFC 1035 2.3.4: 255 bytes on the wire, the root label included. */
static void names_have_a_longest(void **state)
{
    for (size_t last = 59; last <= 63; last++) {
        char wire[300];
        size_t n = 0, at = 0;
        struct buf text CLEANUP(buf_done);
        for (int i = 0; i < 3; i++) {
            wire[n++] = 63;
            memset(wire + n, 'a', 63);
            n += 63;
        }
        wire[n++] = (char)last;
        memset(wire + n, 'b', last);
        n += last;
        wire[n++] = 0;
        buf_init(&text, 2000);
        /* Three labels of 64 bytes, one of last + 1, the root: 193 + last + 1 bytes. */
        bool fits = 194 + last <= 255;
        assert_int_equal(dns_name_read((struct str){wire, n}, &at, &text), fits);
        assert_int_equal(text.n, fits ? 193 + last - 1 : 0);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(the_code_of_the_answer_is_in_the_header),
        cmocka_unit_test(names_have_a_longest),
    };
    return cmocka_run_group_tests_name("net dns_message", tests, NULL, NULL);
}
