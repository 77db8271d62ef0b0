#include "check.h"

#include <arpa/inet.h>

#include "config/network.h"

static void what_is_read_is_printed(void **state)
{
    static const struct {
        const char *text, *printed; /* NULL: refused */
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.0/24"},
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1/32", "192.0.2.1"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"10.128.0.0/9", "10.128.0.0/9"},
        {"::1", "::1"},
        {"2001:DB8::/32", "2001:db8::/32"},
        {"::/0", "::/0"},
        {"192.0.2.1/24", NULL},
        {"10.128.0.0/8", NULL},
        {"192.0.2.0/33", NULL},
        {"192.0.2.0/", NULL},
        {"192.0.2.0/-1", NULL},
        {"192.0.2/24", NULL},
        {"[::1]", NULL},
        {"::1/127", NULL},
        {"::/129", NULL},
        {"fe80::%1/64", NULL},
        {"/24", NULL},
        {"", NULL},
        {"localhost", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        struct config_network n;
        buf_init(&out, 128);
        bool good = config_network_parse(str_from(rows[i].text), &n);
        CHECK(good == (rows[i].printed != NULL), rows[i].text);
        if (!good)
            continue;
        config_network_print(&out, &n);
        CHECK_STR(buf_view(&out), rows[i].printed, rows[i].text);
    }
}

static void an_address_is_in_a_network_by_its_fixed_bits(void **state)
{
    static const struct {
        const char *network;
        int family;
        const char *address;
        bool in;
    } rows[] = {
        {"192.0.2.0/24", AF_INET, "192.0.2.255", true},
        {"192.0.2.0/24", AF_INET, "192.0.3.0", false},
        {"192.0.2.64/26", AF_INET, "192.0.2.127", true},
        {"192.0.2.64/26", AF_INET, "192.0.2.128", false},
        {"192.0.2.1", AF_INET, "192.0.2.0", false},
        {"0.0.0.0/0", AF_INET, "203.0.113.9", true},
        {"0.0.0.0/0", AF_INET6, "::", false},
        {"2001:db8::/33", AF_INET6, "2001:db8:7fff::1", true},
        {"2001:db8::/33", AF_INET6, "2001:db8:8000::1", false},
        {"::1", AF_INET6, "::1", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_network n = {0};
        unsigned char address[16] = {0};
        CHECK(config_network_parse(str_from(rows[i].network), &n), rows[i].network);
        CHECK(inet_pton(rows[i].family, rows[i].address, address) == 1, rows[i].address);
        CHECK(config_network_has(&n, (sa_family_t)rows[i].family, address) == rows[i].in,
              rows[i].address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_printed),
        cmocka_unit_test(an_address_is_in_a_network_by_its_fixed_bits),
    };
    return cmocka_run_group_tests_name("config/network", tests, NULL, NULL);
}
