/* The PROXY protocol, by the text of its specification: version 1 is its section 2.1, version 2 its
 * section 2.2. */
#include "check.h"

#include "net/proxy_header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb"
#define V6_SOURCE "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define V6        V6_SOURCE V6_SOURCE "\xdc\x04\x01\xbb"
#define HUNDRED                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "123456789"
#define ALL_F "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

struct row {
    const char *what;
    struct str bytes;
    enum proxy_progress got;
    size_t size;
    const char *client; /* NULL: none is named */
};

#define TEXT(t) STR_INIT(t)

static const struct row rows[] = {
    {"2.1: TCP4", TEXT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET"), PROXY_DONE, 45,
     "192.0.2.1"},
    {"2.1: TCP6", TEXT("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), PROXY_DONE, 36, "2001:db8::1"},
    {"2.1: the longest TCP6", TEXT("PROXY TCP6 " ALL_F " " ALL_F " 65535 65535\r\n"), PROXY_DONE,
     104, ALL_F},
    {"2.1: UNKNOWN", TEXT("PROXY UNKNOWN\r\n"), PROXY_DONE, 15, NULL},
    {"2.1: the longest line", TEXT("PROXY UNKNOWN " ALL_F " " ALL_F " 65535 65535\r\n"), PROXY_DONE,
     107, NULL},
    {"2.1: what follows UNKNOWN is ignored", TEXT("PROXY UNKNOWN x y\r\n"), PROXY_DONE, 19, NULL},
    {"2.1: 108 bytes", TEXT("PROXY UNKNOWN " ALL_F " " ALL_F " 65535 65535 \r\n"), PROXY_BAD, 0,
     NULL},
    {"2.1: no end", TEXT("PROXY UNKNOWN " HUNDRED), PROXY_BAD, 0, NULL},
    {"2.1: incomplete", TEXT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r"), PROXY_MORE, 0, NULL},
    {"2.1: begun", TEXT("PRO"), PROXY_MORE, 0, NULL},
    {"nothing yet", TEXT(""), PROXY_MORE, 0, NULL},
    {"2.1: LF alone", TEXT("PROXY UNKNOWN\n"), PROXY_BAD, 0, NULL},
    {"2.1: CR within", TEXT("PROXY UNKNOWN\rx\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: in small letters", TEXT("proxy UNKNOWN\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: UNKNOWN2", TEXT("PROXY UNKNOWN2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: another family", TEXT("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: UDP4", TEXT("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: the other family's address", TEXT("PROXY TCP4 ::1 ::1 1 2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: and the other way", TEXT("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: no destination", TEXT("PROXY TCP4 192.0.2.1 1 2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: two blanks", TEXT("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, 0, NULL},
    {"2.1: a blank at the end", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"), PROXY_BAD, 0,
     NULL},
    {"2.1: a port of 65536", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"), PROXY_BAD, 0,
     NULL},
    {"2.1: a port with a zero before it", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"),
     PROXY_BAD, 0, NULL},
    {"2.1: a port with a sign", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n"), PROXY_BAD, 0,
     NULL},
    {"2.1: no port", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n"), PROXY_BAD, 0, NULL},
    {"2.1: a NUL", TEXT("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"), PROXY_BAD, 0, NULL},

    {"2.2: PROXY, TCP over IPv4", TEXT(SIGNATURE "\x21\x11\0\x0c" V4 "rest"), PROXY_DONE, 28,
     "192.0.2.1"},
    {"2.2: PROXY, TCP over IPv6", TEXT(SIGNATURE "\x21\x21\0\x24" V6), PROXY_DONE, 52,
     "2001:db8::1"},
    {"2.2: TLVs are passed over", TEXT(SIGNATURE "\x21\x11\0\x13" V4 "\x04\0\x04zzzz"), PROXY_DONE,
     35, "192.0.2.1"},
    {"2.2: a TLV that lies about its length", TEXT(SIGNATURE "\x21\x11\0\x0f" V4 "\x04\xff\xff"),
     PROXY_DONE, 31, "192.0.2.1"},
    {"2.2: LOCAL", TEXT(SIGNATURE "\x20\0\0\0"), PROXY_DONE, 16, NULL},
    {"2.2: LOCAL, with any family and block", TEXT(SIGNATURE "\x20\xff\0\x03xyz"), PROXY_DONE, 19,
     NULL},
    {"2.2: PROXY, unspecified", TEXT(SIGNATURE "\x21\0\0\x02xy"), PROXY_DONE, 18, NULL},
    {"2.2: a datagram", TEXT(SIGNATURE "\x21\x12\0\x0c" V4), PROXY_DONE, 28, NULL},
    {"2.2: the block is not complete", TEXT(SIGNATURE "\x21\x11\0\x0c\xc0\0\x02"), PROXY_MORE, 0,
     NULL},
    {"2.2: signature alone", TEXT(SIGNATURE), PROXY_MORE, 0, NULL},
    {"2.2: half of it", TEXT("\r\n\r\n\0"), PROXY_MORE, 0, NULL},
    {"2.2: a byte of it is wrong", TEXT("\r\n\r\n\0\r\nQUIZ"), PROXY_BAD, 0, NULL},
    {"2.2: version 1", TEXT(SIGNATURE "\x11"), PROXY_BAD, 0, NULL},
    {"2.2: version 3", TEXT(SIGNATURE "\x31\x11\0\x0c" V4), PROXY_BAD, 0, NULL},
    {"2.2: another command", TEXT(SIGNATURE "\x22\x11\0\x0c" V4), PROXY_BAD, 0, NULL},
    {"2.2: another family", TEXT(SIGNATURE "\x21\x41\0\x0c" V4), PROXY_BAD, 0, NULL},
    {"2.2: another protocol", TEXT(SIGNATURE "\x21\x13\0\x0c" V4), PROXY_BAD, 0, NULL},
    {"2.2: too short for IPv4",
     TEXT(SIGNATURE "\x21\x11\0\x0b\xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\x01"), PROXY_BAD, 0,
     NULL},
    {"2.2: too short for IPv6", TEXT(SIGNATURE "\x21\x21\0\x0c" V4), PROXY_BAD, 0, NULL},
    {"2.2: too short for Unix", TEXT(SIGNATURE "\x21\x31\0\x0c" V4), PROXY_BAD, 0, NULL},
    {"2.2: as long as we take", TEXT(SIGNATURE "\x21\x11\x0f\xf0"), PROXY_MORE, 0, NULL},
    {"2.2: longer", TEXT(SIGNATURE "\x21\x11\x0f\xf1"), PROXY_BAD, 0, NULL},

    {"a request", TEXT("GET / HTTP/1.1\r\n"), PROXY_BAD, 0, NULL},
    {"a ClientHello", TEXT("\x16\x03\x01\x02\0\x01"), PROXY_BAD, 0, NULL},
};

static void each_header_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text CLEANUP(buf_done);
        struct proxy_header h;
        const char *what = rows[i].what;
        buf_init(&text, 128);
        CHECK(proxy_header_read(rows[i].bytes, &h) == rows[i].got, what);
        if (rows[i].got != PROXY_DONE)
            continue;
        CHECK(h.size == rows[i].size, what);
        CHECK(h.has_client == (rows[i].client != NULL), what);
        if (!h.has_client)
            continue;
        address_print(&h.client, &text);
        CHECK_STR(buf_view(&text), rows[i].client, what);
    }
}

static void a_header_may_come_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct proxy_header h;
        enum proxy_progress got = PROXY_MORE;
        size_t n = 0;
        while (n < rows[i].bytes.n && got == PROXY_MORE)
            got = proxy_header_read(str_head(rows[i].bytes, ++n), &h);
        CHECK(got == rows[i].got, rows[i].what);
        if (got == PROXY_DONE)
            CHECK(n == rows[i].size, rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_header_is_read_or_refused),
        cmocka_unit_test(a_header_may_come_byte_by_byte),
    };
    return cmocka_run_group_tests_name("net/proxy_header", tests, NULL, NULL);
}
