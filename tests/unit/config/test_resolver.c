#include "check.h"

#include <string.h>

#include "config/resolver.h"

static void a_resolver_reads_as_it_prints(void **state)
{
    static const struct {
        const char *text, *printed; /* NULL: it is none */
        const char *name;
    } rows[] = {
        {"192.0.2.53", "192.0.2.53:53", ""},
        {"192.0.2.53:5353", "192.0.2.53:5353", ""},
        {"2001:db8::53", "[2001:db8::53]:53", ""},
        /* RFC 7858 3.1. */
        {"192.0.2.53#dns.example", "192.0.2.53:853#dns.example", "dns.example"},
        {"[2001:db8::53]:8853#a_b-c", "[2001:db8::53]:8853#a_b-c", "a_b-c"},
        {"2001:db8::53#a", "[2001:db8::53]:853#a", "a"},
        {"", NULL, NULL},
        {"#a", NULL, NULL},
        {"192.0.2.53#", NULL, NULL},
        {"192.0.2.53:0", NULL, NULL},
        {"192.0.2.53@853#a", NULL, NULL},
        {"192.0.2.53#a#b", NULL, NULL},
        {"192.0.2.53#a/b", NULL, NULL},
        {"dns.example", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_resolver resolver;
        struct buf out CLEANUP(buf_done);
        buf_init(&out, CONFIG_RESOLVER_TEXT_MAX);
        CHECK(config_resolver_parse(str_from(rows[i].text), &resolver) == (rows[i].name != NULL),
              rows[i].text);
        if (!rows[i].name)
            continue;
        config_resolver_print(&out, &resolver);
        CHECK_STR(buf_view(&out), rows[i].printed, rows[i].text);
        CHECK_STR(resolver.name, rows[i].name, rows[i].text);
    }
}

static void a_name_has_a_longest(void **state)
{
    (void)state;
    for (size_t n = CONFIG_RESOLVER_NAME_MAX; n <= CONFIG_RESOLVER_NAME_MAX + 1; n++) {
        char text[300] = "192.0.2.1#";
        struct config_resolver resolver;
        memset(text + 10, 'a', n);
        assert_int_equal(config_resolver_parse((struct str){text, 10 + n}, &resolver),
                         n == CONFIG_RESOLVER_NAME_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resolver_reads_as_it_prints),
        cmocka_unit_test(a_name_has_a_longest),
    };
    return cmocka_run_group_tests_name("config resolver", tests, NULL, NULL);
}
