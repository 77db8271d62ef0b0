/* A finished check as JSON. */
#include "sample_report.h"

#define OPENING                                                                                    \
    "{\"given\":\"example.org\",\"domain\":\"example.org\",\"unicode\":null,"                      \
    "\"checked_at\":\"2026-11-24T11:00:00Z\",\"elapsed_ms\":1234,"

static void everything_stands_in_the_documented_form(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_fill(&s);
    sample_cli(&c, LANG_EN);
    check_put_json(&c, &s.report, 0, false);
    CHECK_STR(buf_view(&c.out),
              OPENING
              "\"grade\":\"error\",\"counts\":{\"ok\":2,\"note\":1,\"warning\":1,\"error\":1},"
              "\"id\":\"20261124T110000Z\",\"policy\":{\"version\":\"STSv1\",\"mode\":"
              "\"enforce\",\"max_age\":604800,\"mx\":[\"*.example.org\"]},"
              "\"steps\":["
              "{\"step\":\"domain\",\"grade\":\"ok\",\"results\":[{\"code\":\"sample-ok\","
              "\"grade\":\"ok\",\"text\":\"the domain is fine\",\"meaning\":null,\"fix\":null,"
              "\"rfc\":null,\"host\":null,\"address\":null,\"line\":null,\"column\":null}]},"
              "{\"step\":\"mta-sts-record\",\"grade\":\"note\",\"results\":[{\"code\":"
              "\"sample-note\",\"grade\":\"note\",\"text\":\"the record is noted\",\"meaning\":"
              "null,\"fix\":\"nothing\",\"rfc\":null,\"host\":null,\"address\":null,\"line\":"
              "null,\"column\":null}]},"
              "{\"step\":\"policy-host\",\"grade\":\"ok\",\"results\":[]},"
              "{\"step\":\"policy\",\"grade\":\"warning\",\"results\":[{\"code\":"
              "\"sample-warning\",\"grade\":\"warning\",\"text\":\"mx1.example.org is risky\","
              "\"meaning\":\"It may break.\",\"fix\":\"add this line:\\nmx: mx1.example.org\","
              "\"rfc\":\"RFC 8461 3.2\",\"host\":null,\"address\":null,\"line\":3,\"column\":5}]"
              "},"
              "{\"step\":\"mx\",\"grade\":\"error\",\"results\":[{\"code\":\"sample-error\","
              "\"grade\":\"error\",\"text\":\"the certificate is broken\",\"meaning\":\"Mail "
              "fails.\",\"fix\":\"repair the certificate\",\"rfc\":\"RFC 8461 3.2\",\"host\":"
              "\"mx2.example.org\",\"address\":\"192.0.2.2\",\"line\":null,\"column\":null}]},"
              "{\"step\":\"dane\",\"grade\":\"ok\",\"results\":[]},"
              "{\"step\":\"tlsrpt-record\",\"grade\":\"ok\",\"results\":[]},"
              "{\"step\":\"verdict\",\"grade\":\"ok\",\"results\":[{\"code\":\"sample-ok\","
              "\"grade\":\"ok\",\"text\":\"mx1.example.org is fine\",\"meaning\":null,\"fix\":"
              "null,\"rfc\":null,\"host\":null,\"address\":null,\"line\":null,\"column\":null}]}"
              "],"
              "\"verdict\":{\"enforce\":\"unsafe\",\"mx\":["
              "{\"host\":\"mx1.example.org\",\"preference\":10,\"today\":\"delivers\","
              "\"enforce\":\"delivers\",\"pattern\":\"*.example.org\"},"
              "{\"host\":\"mx2.example.org\",\"preference\":20,\"today\":\"delivers-unchecked\","
              "\"enforce\":\"refuses\",\"pattern\":null}],"
              "\"next\":[{\"code\":\"sample-error\",\"step\":\"mx\",\"host\":\"mx2.example.org\","
              "\"fix\":\"repair the certificate\"},"
              "{\"code\":\"sample-warning\",\"step\":\"policy\",\"host\":null,"
              "\"fix\":\"add this line:\\nmx: mx1.example.org\"}]}}\n",
              "json");
}

static void a_domain_of_a_file_tells_its_line(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_cli(&c, LANG_EN);
    check_put_json(&c, &s.report, 42, false);
    assert_true(str_starts(buf_view(&c.out), STR("{\"input_line\":42,\"given\":\"example.org\"")));
    assert_true(str_ends(buf_view(&c.out), STR("}\n")));
    assert_int_equal(str_chr(buf_view(&c.out), '\n'), c.out.n - 1);
}

static void what_is_indented_ends_with_one_line_end(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    sample_cli(&c, LANG_EN);
    check_put_json(&c, &s.report, 0, true);
    assert_true(str_ends(buf_view(&c.out), STR("  }\n}\n")));
}

static void hostile_bytes_stay_within_their_string(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct cli c CLEANUP(sample_cli_done);
    (void)state;
    sample_init(&s, "example.org");
    struct check_result *result =
        sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error, "\"},\n\033[31m\xff");
    result->about = STR("\"\\\033\n");
    sample_cli(&c, LANG_EN);
    check_put_json(&c, &s.report, 0, false);
    for (size_t i = 0; i + 1 < c.out.n; i++)
        assert_true((unsigned char)c.out.p[i] >= ' ');
    assert_true(str_find(buf_view(&c.out), STR("\"host\":\"\\\"\\\\\\u001b\\n\"")) >= 0);
}

static void what_could_not_be_checked_is_an_error(void **state)
{
    struct cli c CLEANUP(sample_cli_done);
    struct msg error = {.def = &sample_error};
    (void)state;
    error.args[0].str = STR("it");
    sample_cli(&c, LANG_EN);
    check_put_json_error(&c, STR("a b"), &error, 3, false);
    CHECK_STR(buf_view(&c.out),
              "{\"input_line\":3,\"given\":\"a b\",\"error\":{\"code\":\"sample-error\","
              "\"text\":\"it is broken\",\"fix\":\"repair it\"}}\n",
              "error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_stands_in_the_documented_form),
        cmocka_unit_test(a_domain_of_a_file_tells_its_line),
        cmocka_unit_test(what_is_indented_ends_with_one_line_end),
        cmocka_unit_test(hostile_bytes_stay_within_their_string),
        cmocka_unit_test(what_could_not_be_checked_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
