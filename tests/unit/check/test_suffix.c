/* Who shares a name with whom, by the Public Suffix List. */
#include "check.h"

#include "check/suffix.h"

static void a_public_suffix_is_known(void **state)
{
    static const struct {
        const char *name;
        bool is_public;
    } rows[] = {
        {"com", true},
        {"co.uk", true},
        {"CO.UK", true},
        {"github.io", true},
        {"example.com", false},
        {"example.test", false},
        {"protection.outlook.com", false},
        {"", false},
        {"test", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(suffix_is_public(str_from(rows[i].name)) == rows[i].is_public, rows[i].name);
}

static void the_owner_is_that_of_the_registered_domain(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"a.example.org", "b.c.example.org", true},
        {"example.org", "a.EXAMPLE.org", true},
        {"a.example.org", "a.example.net", false},
        {"a.co.uk", "b.co.uk", false},
        {"a.provider.test", "b.provider.test", true},
        {"co.uk", "co.uk", false},
        {"", "example.org", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(suffix_same_owner(str_from(rows[i].a), str_from(rows[i].b)) == rows[i].same,
              rows[i].a);
}

static void a_name_that_is_too_long_is_nobody_s(void **state)
{
    char name[254];
    (void)state;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 ? '.' : 'a';
    assert_false(suffix_is_public((struct str){name, sizeof name}));
    assert_false(suffix_same_owner((struct str){name, sizeof name}, STR("a.example.org")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_suffix_is_known),
        cmocka_unit_test(the_owner_is_that_of_the_registered_domain),
        cmocka_unit_test(a_name_that_is_too_long_is_nobody_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
