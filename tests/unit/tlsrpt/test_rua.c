#include "check.h"

#include "base/attr.h"
#include "tlsrpt/rua.h"

/* RFC 8460 section 3, RFC 3986 and RFC 6068: one URI of a rua field. */
static void uris_are_told_apart(void **state)
{
    static const struct {
        const char *uri;
        enum rpt_rua_fault fault;
        const char *target, *code;
    } rows[] = {
        {"mailto:a@b.example", RPT_RUA_OK, "a@b.example", ""},
        {"mailto:a%21%2C%3Db@b.example", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"mailto:a%21%3Db@b.example", RPT_RUA_OK, "a!=b@b.example", ""},
        {"mailto:a@b.example?subject=x", RPT_RUA_OK, "a@b.example", "rua-mailto-fields"},
        {"MAILTO:a@b.example", RPT_RUA_OK, "a@b.example", "rua-scheme-case"},
        {"mailto:a", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"mailto:@b.example", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"mailto:a@b_.example", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"mailto:a@b.example%0d%0aBcc", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"mailto:a%0d%0ab@b.example", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"mailto:a@b.example%2Cc@d.example", RPT_RUA_UNUSABLE, "", "rua-address"},
        {"https://b.example", RPT_RUA_OK, "https://b.example", ""},
        {"https://b.example:8443/r?x=%2C#f", RPT_RUA_OK, "https://b.example:8443/r?x=%2C#f", ""},
        {"https://[2001:db8::1]:8443/", RPT_RUA_OK, "https://[2001:db8::1]:8443/", ""},
        {"https://192.0.2.1/", RPT_RUA_OK, "https://192.0.2.1/", ""},
        {"https://", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"https:b.example", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"https:///r", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"https://user@b.example/", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"https://b.example:0/", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"https://b.example:65536/", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"https://[::1/", RPT_RUA_UNUSABLE, "", "rua-host"},
        {"http://b.example/", RPT_RUA_UNUSABLE, "", "rua-http"},
        {"ftp://b.example/", RPT_RUA_UNUSABLE, "", "rua-scheme"},
        {"", RPT_RUA_INVALID, "", "rua-empty"},
        {"a@b.example", RPT_RUA_INVALID, "", "rua-bare-address"},
        {"b.example", RPT_RUA_INVALID, "", "rua-no-scheme"},
        {"mailto:a@b.example!10m", RPT_RUA_INVALID, "", "rua-size"},
        {"mailto:a@b.example!5", RPT_RUA_INVALID, "", "rua-size"},
        {"mailto:a!b@b.example", RPT_RUA_INVALID, "", "rua-exclamation"},
        {"mailto:a b@b.example", RPT_RUA_INVALID, "", "rua-blank"},
        {"mailto:a%2@b.example", RPT_RUA_INVALID, "", "rua-percent"},
        {"mailto:a%", RPT_RUA_INVALID, "", "rua-percent"},
        {"mailto:a@b\xc3\xbc.example", RPT_RUA_INVALID, "", "rua-character"},
        {"mailto:<a@b.example>", RPT_RUA_INVALID, "", "rua-character"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct findings findings;
        struct rpt_rua rua;
        arena_init(&arena, 1024 * 1024);
        findings_init(&findings, &arena);
        enum rpt_rua_fault fault =
            rpt_rua_parse(&rua, str_from(rows[i].uri), &findings, SEVERITY_WARNING, 1, 1);
        CHECK(fault == rows[i].fault, rows[i].uri);
        CHECK_STR(str_from(findings.first ? findings.first->msg.def->id : ""), rows[i].code,
                  rows[i].uri);
        CHECK((findings.errors > 0) == (fault == RPT_RUA_INVALID), rows[i].uri);
        if (fault == RPT_RUA_OK)
            CHECK_STR(rua.target, rows[i].target, rows[i].uri);
        arena_done(&arena);
    }
}

/* What a person types becomes a URI that a record can hold. */
static void typed_addresses_become_uris(void **state)
{
    static const struct {
        const char *typed, *uri; /* NULL: refused */
    } rows[] = {
        {"a@b.example", "mailto:a@b.example"},
        {"  a@b.example\n", "mailto:a@b.example"},
        {"mailto:a@b.example", "mailto:a@b.example"},
        {"a@b\xc3\xbc"
         "cher.example",
         "mailto:a@xn--bcher-kva.example"},
        {"mailto:a@b\xc3\xbc"
         "cher.example",
         "mailto:a@xn--bcher-kva.example"},
        {"a!b@b.example", "mailto:a%21b@b.example"},
        {"50%@b.example", "mailto:50%25@b.example"},
        {"https://b.example/r;x,y", "https://b.example/r%3Bx%2Cy"},
        {"https://b.example/r%3Bx", "https://b.example/r%3Bx"},
        {"mailto:a@b.example!10m", NULL},
        {"a@b.example!10m", NULL},
        {"http://b.example/", NULL},
        {"b.example", NULL},
        {"@b.example", NULL},
        {"a@b.example, c@d.example", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct findings findings;
        struct rpt_rua rua;
        arena_init(&arena, 1024 * 1024);
        findings_init(&findings, &arena);
        int result = rpt_rua_from_user(&rua, str_from(rows[i].typed), &findings);
        CHECK((result == 0) == (rows[i].uri != NULL), rows[i].typed);
        CHECK((result == 0) == (findings.errors == 0), rows[i].typed);
        if (result == 0)
            CHECK_STR(rua.uri, rows[i].uri, rows[i].typed);
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_told_apart),
        cmocka_unit_test(typed_addresses_become_uris),
    };
    return cmocka_run_group_tests_name("tlsrpt rua", tests, NULL, NULL);
}
