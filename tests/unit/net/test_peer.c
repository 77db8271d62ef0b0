#include "check.h"

#include <errno.h>

#include "net/peer.h"

static void every_failure_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = NET_OK; a <= NET_LOCAL; a++) {
        struct str name = str_from(net_failure_name((enum net_failure)a));
        assert_true(name.n > 0);
        assert_false(str_eq(name, STR("unknown")));
        for (int b = NET_OK; b < a; b++)
            assert_false(str_eq(name, str_from(net_failure_name((enum net_failure)b))));
    }
    assert_string_equal(net_failure_name(NET_REFUSED), "refused");
    assert_string_equal(net_failure_name(NET_TOO_LARGE), "too-large");
    assert_string_equal(net_failure_name((enum net_failure)(NET_LOCAL + 1)), "unknown");
}

static void an_errno_says_whose_failure_it_was(void **state)
{
    static const struct {
        int errnum;
        enum net_failure failure;
    } rows[] = {{ECONNREFUSED, NET_REFUSED},
                {ETIMEDOUT, NET_TIMEOUT},
                {ENETUNREACH, NET_UNREACHABLE},
                {EHOSTUNREACH, NET_UNREACHABLE},
                {EAFNOSUPPORT, NET_UNREACHABLE},
                {EADDRNOTAVAIL, NET_UNREACHABLE},
                {ENOPROTOOPT, NET_UNREACHABLE},
                {ENONET, NET_UNREACHABLE},
                {EACCES, NET_UNREACHABLE},
                {EMFILE, NET_LOCAL},
                {ENOMEM, NET_LOCAL},
                {ECONNRESET, NET_CLOSED},
                {EPIPE, NET_CLOSED}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(net_failure_from_errno(rows[i].errnum), rows[i].failure);
}

static void versions_of_tls_are_called_by_their_names(void **state)
{
    (void)state;
    static const struct {
        unsigned version;
        const char *name;
    } rows[] = {{0, ""},
                {0x0300, "SSL 3.0"},
                {0x0301, "TLS 1.0"},
                {0x0302, "TLS 1.1"},
                {0x0303, "TLS 1.2"},
                {0x0304, "TLS 1.3"},
                {0x0305, "unknown"},
                {0xfefd, "unknown"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(tls_version_name(rows[i].version), rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_has_a_name_of_its_own),
        cmocka_unit_test(an_errno_says_whose_failure_it_was),
        cmocka_unit_test(versions_of_tls_are_called_by_their_names),
    };
    return cmocka_run_group_tests_name("net peer", tests, NULL, NULL);
}
