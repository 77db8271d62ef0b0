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
    {"NS",
     STR_INIT(HEADER("\x01") QUESTION("\x02") OWNER("\x02") "\x00\x05"
                                                            "\x02"
                                                            "ns"
                                                            "\xc0\x0c"),
     DNS_NS, true, 1, "ns.example.test", 0, ""},
    {"a record of another name is passed over",
     STR_INIT(HEADER("\x01")
                  QUESTION("\x01") "\x01"
                                   "x"
                                   "\xc0\x0c"
                                   "\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01"),
     DNS_A, true, 0, NULL, 0, ""},
    {"names have no case (RFC 4343)",
     STR_INIT(HEADER("\x01")
                  QUESTION("\x01") "\x07"
                                   "EXAMPLE"
                                   "\x04"
                                   "Test"
                                   "\x00"
                                   "\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01"),
     DNS_A, true, 1, "192.0.2.1", 0, ""},
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

#define CNAME_FROM(from, to)                                                                       \
    "\x01" from "\xc0\x0c"                                                                         \
    "\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04"                                                     \
    "\x01" to "\xc0\x0c"
#define CNAME_FIRST(to)                                                                            \
    OWNER("\x05")                                                                                  \
    "\x00\x04"                                                                                     \
    "\x01" to "\xc0\x0c"
#define A_OF(name)                                                                                 \
    "\x01" name "\xc0\x0c"                                                                         \
    "\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\xc0\x00\x02\x01"

static void cnames_are_followed_from_the_name_asked_for(void **state)
{
    static const struct {
        const char *name;
        struct str message;
        const char *targets[4];
        size_t count;
    } chains[] = {
        {"two in their order",
         STR_INIT(HEADER("\x03") QUESTION("\x01") CNAME_FIRST("a") CNAME_FROM("a", "b") A_OF("b")),
         {"a.example.test", "b.example.test"},
         1},
        {"two in another order",
         STR_INIT(HEADER("\x03") QUESTION("\x01") A_OF("b") CNAME_FROM("a", "b") CNAME_FIRST("a")),
         {"a.example.test", "b.example.test"},
         1},
        {"one that leads from elsewhere",
         STR_INIT(HEADER("\x02") QUESTION("\x01") CNAME_FROM("a", "b") A_OF("b")),
         {NULL},
         0},
        {"a loop",
         STR_INIT(HEADER("\x04") QUESTION("\x01") CNAME_FIRST("a") CNAME_FROM("a", "b")
                      CNAME_FROM("b", "a") A_OF("c")),
         {"a.example.test", "b.example.test", "a.example.test"},
         0},
        {"to nowhere",
         STR_INIT(HEADER("\x01") QUESTION("\x01") CNAME_FIRST("a")),
         {"a.example.test"},
         0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
        struct arena arena CLEANUP(arena_done);
        struct dns_records records;
        size_t n = 0;
        arena_init(&arena, 1 << 20);
        CHECK(dns_message_read(chains[i].message, DNS_A, &arena, &records), chains[i].name);
        CHECK(records.count == chains[i].count, chains[i].name);
        for (; chains[i].targets[n]; n++) {
            CHECK(n < records.cname_count, chains[i].name);
            CHECK_STR(records.cnames[n], chains[i].targets[n], chains[i].name);
        }
        CHECK(records.cname_count == n, chains[i].name);
        CHECK_STR(records.canonical, n ? chains[i].targets[n - 1] : "", chains[i].name);
    }
}

/* A CNAME for each letter, to the next one: one more than are kept. */
static void a_chain_of_cnames_has_a_longest(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct dns_records records;
    struct buf message CLEANUP(buf_done);
    static const struct str head = STR_INIT(HEADER("\x11") QUESTION("\x01") CNAME_FIRST("a"));
    (void)state;
    buf_init(&message, 4096);
    buf_str(&message, head);
    for (int i = 0; i < DNS_CNAMES_MAX; i++) {
        char c = (char)('a' + i);
        static const struct str rest = STR_INIT("\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04");
        const char from[] = {1, c}, to[] = {1, (char)(c + 1), '\xc0', '\x0c'};
        buf_add(&message, from, sizeof from);
        buf_str(&message, rest);
        buf_add(&message, to, sizeof to);
    }
    arena_init(&arena, 1 << 20);
    assert_true(dns_message_read(buf_view(&message), DNS_A, &arena, &records));
    assert_int_equal(records.cname_count, DNS_CNAMES_MAX);
}

/* RFC 6698 2.1, RFC 8659 4.1. */
static void tlsa_and_caa_are_read_in_their_parts(void **state)
{
    static const struct {
        const char *name;
        struct str message;
        enum dns_type type;
        size_t count;
        unsigned usage, selector, matching;
        bool critical;
        const char *tag;
        struct str text;
    } parts[] = {
        {"TLSA",
         STR_INIT(HEADER("\x01") QUESTION("\x34") OWNER("\x34") "\x00\x05"
                                                                "\x03\x01\x02\xff\x00"),
         DNS_TLSA, 1, 3, 1, 2, false, "", STR_INIT("\xff\x00")},
        {"TLSA without data",
         STR_INIT(HEADER("\x01") QUESTION("\x34") OWNER("\x34") "\x00\x03"
                                                                "\x03\x01\x01"),
         DNS_TLSA, 0, 0, 0, 0, false, "", STR_INIT("")},
        {"CAA",
         STR_INIT(HEADER("\x01") "\x01"
                                 "a"
                                 "\x00"
                                 "\x01\x01\x00\x01"
                                 "\xc0\x0c"
                                 "\x01\x01\x00\x01\x00\x00\x00\x01\x00\x0a"
                                 "\x80\x05"
                                 "IsSue"
                                 "x.y"),
         DNS_CAA, 1, 0, 0, 0, true, "issue", STR_INIT("x.y")},
        {"CAA without value",
         STR_INIT(HEADER("\x01") "\x01"
                                 "a"
                                 "\x00"
                                 "\x01\x01\x00\x01"
                                 "\xc0\x0c"
                                 "\x01\x01\x00\x01\x00\x00\x00\x01\x00\x03"
                                 "\x7f\x01"
                                 "a"),
         DNS_CAA, 1, 0, 0, 0, false, "a", STR_INIT("")},
        {"CAA whose tag is longer than the record",
         STR_INIT(HEADER("\x01") "\x01"
                                 "a"
                                 "\x00"
                                 "\x01\x01\x00\x01"
                                 "\xc0\x0c"
                                 "\x01\x01\x00\x01\x00\x00\x00\x01\x00\x03"
                                 "\x00\x02"
                                 "a"),
         DNS_CAA, 0, 0, 0, 0, false, "", STR_INIT("")},
        {"CAA with a blank in its tag",
         STR_INIT(HEADER("\x01") "\x01"
                                 "a"
                                 "\x00"
                                 "\x01\x01\x00\x01"
                                 "\xc0\x0c"
                                 "\x01\x01\x00\x01\x00\x00\x00\x01\x00\x03"
                                 "\x00\x01"
                                 " "),
         DNS_CAA, 0, 0, 0, 0, false, "", STR_INIT("")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct arena arena CLEANUP(arena_done);
        struct dns_records records;
        arena_init(&arena, 1 << 20);
        CHECK(dns_message_read(parts[i].message, parts[i].type, &arena, &records), parts[i].name);
        CHECK(records.count == parts[i].count, parts[i].name);
        if (!records.count)
            continue;
        const struct dns_record *record = &records.at[0];
        CHECK(record->usage == parts[i].usage && record->selector == parts[i].selector &&
                  record->matching == parts[i].matching,
              parts[i].name);
        CHECK(record->critical == parts[i].critical, parts[i].name);
        CHECK_STR(record->tag, parts[i].tag, parts[i].name);
        CHECK(str_eq(record->text, parts[i].text), parts[i].name);
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
        cmocka_unit_test(cnames_are_followed_from_the_name_asked_for),
        cmocka_unit_test(a_chain_of_cnames_has_a_longest),
        cmocka_unit_test(tlsa_and_caa_are_read_in_their_parts),
        cmocka_unit_test(the_code_of_the_answer_is_in_the_header),
        cmocka_unit_test(names_have_a_longest),
    };
    return cmocka_run_group_tests_name("net dns_message", tests, NULL, NULL);
}
