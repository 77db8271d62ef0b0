#include "reading.h"

#define UNNAMED(id)                                                                                \
    "{\"report-id\":\"" id "\",\"policies\":[{\"policy\":{\"policy-type\":\"no-policy-found\"}}]}"
#define NAMED(type, domain)                                                                        \
    "{\"policy\":{\"policy-type\":\"" type "\",\"policy-domain\":\"" domain "\"}}"
#define POLICIES(rows) "{\"policies\":[" rows "]}"

/* RFC 8460 5.1 and 5.3: what surrounds a report names its domain when no policy does. */
static void domain_is_found_wherever_it_is_named(void **state)
{
    static const struct {
        const char *text, *header, *subject, *file, *domain, *code;
    } rows[] = {
        {POLICIES(NAMED("sts", "a.example")), "b.example", "", "", "a.example", ""},
        {POLICIES(NAMED("sts", "a.example.")), "", "", "", "a.example", ""},
        {POLICIES(NAMED("tlsa", "mx.a.example") "," NAMED("sts", "a.example")), "", "", "",
         "a.example", ""},
        {POLICIES(NAMED("tlsa", "mx.a.example")), "", "", "", "mx.a.example", ""},
        {POLICIES(NAMED("tlsa", "mx.a.example")), "a.example", "", "", "a.example", ""},
        {POLICIES(NAMED("tlsa", "mx.b.example")), "a.example", "", "", "mx.b.example", ""},
        {POLICIES(NAMED("tlsa", "mx1.b.example") "," NAMED("tlsa", "mx2.b.example")), "a.example",
         "", "", "a.example", ""},
        {UNNAMED("i"), "a.example", "Report Domain: b.example", "s!c.example!0!1.json", "a.example",
         "report-domain-from-header"},
        {UNNAMED("i"), "", "Report Domain: b.example Submitter: s Report-ID: <1>",
         "s!c.example!0!1.json", "b.example", "report-domain-from-subject"},
        {UNNAMED("i"), "no name", "report domain:\t\nb.example\tSubmitter: s", "", "b.example",
         "report-domain-from-subject"},
        {UNNAMED("i_d.example"), "", "Fwd: hello", "/tmp/s!c.example!0!1!x.json.gz", "c.example",
         "report-domain-from-file"},
        {UNNAMED("i"), "", "",
         "s!b\xc3\xbc"
         "cher.example!0!1.json",
         "xn--bcher-kva.example", "report-domain-from-file"},
        {UNNAMED("2026-01-31T00:00:00Z_d.example"), "", "", "report.json", "d.example",
         "report-domain-from-id"},
        {UNNAMED("2026Z_idx1_d.example"), "", "", "", "d.example", "report-domain-from-id"},
        {UNNAMED("133+d.example"), "", "", "", "d.example", "report-domain-from-id"},
        {UNNAMED("133+d.example@s.example"), "", "", "", "d.example", "report-domain-from-id"},
        {UNNAMED("133+"), "", "", "", "", "report-domain-unknown"},
        {UNNAMED("1706659200_1234567890"), "", "", "", "", "report-domain-unknown"},
        {UNNAMED("uuid@s.example"), "", "", "s!", "", "report-domain-unknown"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r CLEANUP(reading_done);
        struct rpt_hints hints = {str_from(rows[i].header), str_from(rows[i].subject),
                                  str_from(rows[i].file)};
        reading_start_with(&r, str_from(rows[i].text), &hints);
        CHECK(r.result == 0, rows[i].text);
        CHECK_STR(r.report.domain, rows[i].domain, rows[i].text);
        ssize_t at = str_find(buf_view(&r.found), STR("report-domain-"));
        struct str code = at < 0 ? STR("") : str_skip(buf_view(&r.found), (size_t)at);
        str_cut(code, ' ', &code, &(struct str){NULL, 0});
        CHECK_STR(code, rows[i].code, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_is_found_wherever_it_is_named),
    };
    return cmocka_run_group_tests_name("tlsrpt read_domain", tests, NULL, NULL);
}
