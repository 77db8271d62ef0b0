#include "check.h"

#include "net/address.h"

/* RFC 6890 and the registries that it began. */
static void special_addresses_are_not_public(void **state)
{
    static const struct {
        const char *text;
        bool public;
    } rows[] = {
        {"9.9.9.9", true},
        {"100.63.255.255", true},
        {"100.128.0.1", true},
        {"172.15.0.1", true},
        {"172.32.0.1", true},
        {"198.17.255.255", true},
        {"2620:fe::fe", true},
        {"1.1.1.1", true},
        {"9.255.255.255", true},
        {"11.0.0.0", true},
        {"126.255.255.255", true},
        {"128.0.0.0", true},
        {"169.253.255.255", true},
        {"169.255.0.0", true},
        {"191.255.255.255", true},
        {"192.0.1.0", true},
        {"192.0.3.0", true},
        {"192.88.98.255", true},
        {"192.88.100.0", true},
        {"192.167.255.255", true},
        {"192.169.0.0", true},
        {"198.20.0.0", true},
        {"198.51.99.255", true},
        {"198.51.101.0", true},
        {"203.0.112.255", true},
        {"203.0.114.0", true},
        {"223.255.255.255", true},
        {"100:0:0:2::1", true},
        {"2001:200::1", true},
        {"2001:db7:ffff::1", true},
        {"2001:db9::1", true},
        {"2001:ffff::1", true},
        {"2003::1", true},
        {"2a00:1450::1", true},
        {"3ffe:ffff::1", true},
        {"3fff:1000::1", true},
        {"64:ff9b::909:909", false}, /* forms with an IPv4 address within, a public one, too */
        {"::ffff:9.9.9.9", false},
        {"::ffff:0:9.9.9.9", false},
        {"2002:909:909::1", false},
        {"2001:0:909:909::1", false},
        {"100:0:0:1::1", false},
        {"0.255.255.255", false},
        {"10.255.255.255", false},
        {"100.127.255.255", false},
        {"127.255.255.255", false},
        {"169.254.169.254", false}, /* where clouds keep credentials */
        {"192.0.0.0", false},
        {"192.0.0.255", false},
        {"192.0.2.255", false},
        {"192.88.99.1", false},
        {"239.255.255.255", false},
        {"240.0.0.1", false},
        {"2001:1ff:ffff::1", false},
        {"2001:db8:ffff::1", false},
        {"3fff:fff::1", false},
        {"5f00::1", false},
        {"fdff:ffff::1", false},
        {"febf::1", false},
        {"feff::1", false},
        {"0.0.0.0", false},
        {"10.1.2.3", false},
        {"100.64.0.1", false},
        {"127.0.0.1", false},
        {"169.254.1.1", false},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"192.0.2.1", false},
        {"192.168.1.1", false},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.51.100.7", false},
        {"203.0.113.9", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"::127.0.0.1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:10.0.0.1", false},
        {"64:ff9b::a00:1", false},
        {"64:ff9b:1::909:909", false},
        {"2002:7f00:1::", false},
        {"2001:db8::1", false},
        {"2001::1", false},
        {"fc00::1", false},
        {"fd12:3456::1", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
        {"100::1", false},
        {"3fff::1", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a;
        CHECK(address_parse(str_from(rows[i].text), &a), rows[i].text);
        CHECK(address_is_public(&a) == rows[i].public, rows[i].text);
    }
}

static void only_plain_addresses_are_read(void **state)
{
    static const char *const bad[] = {"",      "example.org", "[::1]",     "::1%lo", "127.0.0.1:80",
                                      "1.2.3", "1.2.3.4 ",    "1.2.3.256", "::1::",  "0x7f.1"};
    struct address a;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!address_parse(str_from(bad[i]), &a), bad[i]);
    assert_false(address_parse(STR("127.0.0.1\0x"), &a));
}

/* RFC 5952 section 4. */
static void texts_are_canonical(void **state)
{
    static const char *const rows[][2] = {{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
                                          {"::FFFF:192.0.2.1", "::ffff:192.0.2.1"},
                                          {"192.0.2.1", "192.0.2.1"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a;
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 100);
        assert_true(address_parse(str_from(rows[i][0]), &a));
        address_print(&a, &out);
        CHECK_STR(buf_view(&out), rows[i][1], rows[i][0]);
    }
}

static void this_machine_has_public_addresses_or_none(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct address_list list;
    struct error err;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(address_of_this_machine(&arena, &list, &err), 0);
    for (size_t i = 0; i < list.count; i++)
        assert_true(address_is_public(&list.at[i]));
}

static void every_refused_range_has_a_text(void **state)
{
    struct buf text CLEANUP(buf_done);
    size_t n = 0;
    (void)state;
    buf_init(&text, 64);
    for (; address_print_refused(n, &text); n++) {
        struct address a;
        struct str base, bits;
        CHECK(str_cut(buf_view(&text), '/', &base, &bits) && bits.n, text.p);
        CHECK(address_parse(base, &a) && !address_is_public(&a), text.p);
        buf_reset(&text);
    }
    assert_int_equal(n, 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_addresses_are_not_public),
        cmocka_unit_test(only_plain_addresses_are_read),
        cmocka_unit_test(texts_are_canonical),
        cmocka_unit_test(every_refused_range_has_a_text),
        cmocka_unit_test(this_machine_has_public_addresses_or_none),
    };
    return cmocka_run_group_tests_name("net address", tests, NULL, NULL);
}
