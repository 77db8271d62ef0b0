#include "check.h"

#include "host/challenges.h"
#include "made.h"

#define NOW INT64_C(1795518000)

static void add_http(struct challenges *c, const char *host, const char *token, const char *text,
                     int64_t expires)
{
    struct error err;
    const struct store_challenge row = {.name = str_from(host),
                                        .type = STR("http-01"),
                                        .token = str_from(token),
                                        .authorization = str_from(text),
                                        .expires = expires};
    assert_int_equal(challenges_add(c, &row, &err), 0);
}

static void http_01_answers_its_host_and_token_alone(void **state)
{
    static const struct {
        const char *what, *host, *token;
        int64_t now;
        const char *text;
    } rows[] = {
        {"the one", "mta-sts.a.test", "t1", NOW, "t1.x"},
        {"the last second", "mta-sts.a.test", "t1", NOW + 59, "t1.x"},
        {"its time has passed", "mta-sts.a.test", "t1", NOW + 60, ""},
        {"another token of the host", "mta-sts.a.test", "t2", NOW, "t2.x"},
        {"another host's token", "mta-sts.a.test", "t3", NOW, ""},
        {"a prefix", "mta-sts.a.test", "t", NOW, ""},
        {"no token", "mta-sts.a.test", "", NOW, ""},
    };
    struct challenges *c = challenges_new();
    (void)state;
    add_http(c, "mta-sts.a.test", "t1", "t1.x", NOW + 60);
    add_http(c, "mta-sts.a.test", "t2", "t2.x", NOW + 60);
    add_http(c, "mta-sts.b.test", "t3", "t3.x", NOW + 60);
    assert_int_equal(challenges_count(c), 3);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(challenges_authorization(c, str_from(rows[i].host), str_from(rows[i].token),
                                           rows[i].now),
                  rows[i].text, rows[i].what);
    assert_null(challenges_identity(c, STR("mta-sts.a.test"), NOW));
    challenges_unref(challenges_ref(c));
    challenges_unref(c);
    challenges_unref(NULL);
}

/* RFC 8737 3 */
static void tls_alpn_01_has_a_certificate_for_its_host_alone(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct challenges *c = challenges_new();
    struct error err;
    (void)state;
    arena_init(&arena, 1 << 20);
    struct made made = made_new("a", "DNS:mta-sts.a.test", NULL, NOW, NOW + 3600);
    struct store_challenge row = {.name = STR("mta-sts.a.test"),
                                  .type = STR("tls-alpn-01"),
                                  .chain = made_der(&made, &arena),
                                  .key = made_key_der(&made, &arena),
                                  .expires = NOW + 60};
    assert_int_equal(challenges_add(c, &row, &err), 0);
    assert_non_null(challenges_identity(c, STR("mta-sts.a.test"), NOW));
    assert_null(challenges_identity(c, STR("mta-sts.a.test"), NOW + 60));
    assert_null(challenges_identity(c, STR("mta-sts.b.test"), NOW));
    row.chain = STR("no certificate");
    row.name = STR("mta-sts.b.test");
    assert_true(challenges_add(c, &row, &err) < 0);
    assert_int_equal(challenges_count(c), 1);
    challenges_unref(c);
    made_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_01_answers_its_host_and_token_alone),
        cmocka_unit_test(tls_alpn_01_has_a_certificate_for_its_host_alone),
    };
    return cmocka_run_group_tests_name("host/challenges", tests, NULL, NULL);
}
