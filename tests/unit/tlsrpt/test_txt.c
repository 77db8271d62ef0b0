#include "check.h"

#include "base/attr.h"
#include "tlsrpt/messages.h"
#include "tlsrpt/txt.h"

#define RECORDS 3

/* RFC 8460 section 3: which record counts, and its grammar to the letter. */
static void records_are_chosen_and_parsed_by_the_grammar(void **state)
{
    static const struct {
        const char *records[RECORDS];
        const char *uris;  /* of the record as printed; NULL: not valid */
        const char *codes; /* findings in order: "code[record:column] " */
    } rows[] = {
        {{"v=TLSRPTv1;rua=mailto:a@b.example"}, "mailto:a@b.example", ""},
        {{"v=TLSRPTv1; rua=mailto:a@b.example;"}, "mailto:a@b.example", ""},
        {{"v=TLSRPTv1 \t; rua=mailto:a@b.example ; "}, "mailto:a@b.example", ""},
        {{"v=TLSRPTv1;x.y-z_0=<:>;rua=https://b.example/r"},
         "https://b.example/r",
         "tlsrpt-txt-unknown-field[1:12] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example , https://b.example"},
         "mailto:a@b.example,https://b.example",
         "rua-several[1:0] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example;rua=mailto:c@b.example"},
         "mailto:a@b.example,mailto:c@b.example",
         "tlsrpt-txt-rua-fields[1:0] rua-several[1:0] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example,mailto:a@b.example"},
         "mailto:a@b.example",
         "rua-twice[1:35] "},
        {{"v=spf1 -all", "v=TLSRPTv1;rua=mailto:a@b.example"},
         "mailto:a@b.example",
         "tlsrpt-txt-other[1:1] "},
        {{"v=TLSRPTv1;rua=ftp://b.example,mailto:a@b.example"},
         "mailto:a@b.example",
         "rua-scheme[1:16] rua-some-usable[1:0] "},
        {{"v=TLSRPTv1;rua=http://b.example"}, NULL, "rua-http[1:16] rua-none-usable[1:0] "},
        {{"v=TLSRPTv1;RUA=mailto:a@b.example;rua=mailto:a@b.example"},
         "mailto:a@b.example",
         "tlsrpt-txt-rua-case[1:12] "},
        {{"v=TLSRPTv1;v=x;rua=mailto:a@b.example"},
         "mailto:a@b.example",
         "tlsrpt-txt-version-again[1:12] "},
        {{NULL}, NULL, "tlsrpt-txt-absent[0:0] "},
        {{""}, NULL, "tlsrpt-txt-other[1:1] tlsrpt-txt-none[0:0] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example", "v=TLSRPTv1;rua=mailto:a@b.example"},
         NULL,
         "tlsrpt-txt-several[2:0] "},
        {{"v=TLSRPTv1"}, NULL, "tlsrpt-txt-only-version[1:1] tlsrpt-txt-none[0:0] "},
        {{"v=TLSRPTv1 rua=mailto:a@b.example"},
         NULL,
         "tlsrpt-txt-no-delimiter[1:1] tlsrpt-txt-none[0:0] "},
        {{"v=tlsrptv1;rua=mailto:a@b.example"},
         NULL,
         "tlsrpt-txt-version-case[1:1] tlsrpt-txt-none[0:0] "},
        {{" v=TLSRPTv1;rua=mailto:a@b.example"},
         NULL,
         "tlsrpt-txt-leading-blank[1:1] tlsrpt-txt-none[0:0] "},
        {{"\"v=TLSRPTv1;rua=mailto:a@b.example\""},
         NULL,
         "tlsrpt-txt-quotes[1:1] tlsrpt-txt-none[0:0] "},
        {{"v=TLSRPTv2;rua=x"}, NULL, "tlsrpt-txt-version-other[1:1] tlsrpt-txt-none[0:0] "},
        {{"v = TLSRPTv1;rua=x"}, NULL, "tlsrpt-txt-version-blank[1:1] tlsrpt-txt-none[0:0] "},
        {{"rua=mailto:a@b.example;v=TLSRPTv1"},
         NULL,
         "tlsrpt-txt-version-not-first[1:1] tlsrpt-txt-none[0:0] "},
        {{"v=TLSRPTv1;"}, NULL, "tlsrpt-txt-no-rua[1:0] "},
        {{"v=TLSRPTv1;x=y"}, NULL, "tlsrpt-txt-unknown-field[1:12] tlsrpt-txt-no-rua[1:0] "},
        {{"v=TLSRPTv1;;rua=mailto:a@b.example"}, NULL, "tlsrpt-txt-empty-field[1:12] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example "}, NULL, "tlsrpt-txt-trailing-blank[1:34] "},
        {{"v=TLSRPTv1;rua= mailto:a@b.example"}, NULL, "tlsrpt-txt-blank-after-equals[1:16] "},
        {{"v=TLSRPTv1;rua =mailto:a@b.example"}, NULL, "tlsrpt-txt-blank-before-equals[1:15] "},
        {{"v=TLSRPTv1;rua"}, NULL, "tlsrpt-txt-no-equals[1:12] "},
        {{"v=TLSRPTv1;-x=y;rua=mailto:a@b.example"}, NULL, "tlsrpt-txt-name[1:12] "},
        {{"v=TLSRPTv1;=y;rua=mailto:a@b.example"}, NULL, "tlsrpt-txt-name[1:12] "},
        {{"v=TLSRPTv1;x=;rua=mailto:a@b.example"}, NULL, "tlsrpt-txt-value-empty[1:14] "},
        {{"v=TLSRPTv1;x=a=b;rua=mailto:a@b.example"}, NULL, "tlsrpt-txt-value[1:15] "},
        {{"v=TLSRPTv1;x=a b;rua=mailto:a@b.example"}, NULL, "tlsrpt-txt-value[1:15] "},
        {{"v=TLSRPTv1;rua="}, NULL, "rua-empty[1:16] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example,"}, NULL, "rua-empty[1:35] "},
        {{"v=TLSRPTv1;rua=a@b.example"}, NULL, "rua-bare-address[1:16] "},
        {{"v=TLSRPTv1;rua=mailto:a@b.example!10m"}, NULL, "rua-size[1:34] "},
        {{"v=TLSRPTv1;abcdefghijklmnopqrstuvwxyz012345=y;rua=mailto:a@b.example"},
         "mailto:a@b.example",
         "tlsrpt-txt-unknown-field[1:12] "},
        {{"v=TLSRPTv1;abcdefghijklmnopqrstuvwxyz0123456=y;rua=mailto:a@b.example"},
         NULL,
         "tlsrpt-txt-name-long[1:12] "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct findings findings;
        struct rpt_txt txt;
        struct str records[RECORDS];
        size_t count = 0;
        arena_init(&arena, 1024 * 1024);
        findings_init(&findings, &arena);
        for (; count < RECORDS && rows[i].records[count]; count++)
            records[count] = str_from(rows[i].records[count]);
        const char *what = count ? rows[i].records[0] : "no record";
        int result = rpt_txt_parse(&txt, records, count, &findings);
        struct buf out CLEANUP(buf_done), codes CLEANUP(buf_done);
        buf_init(&out, 1024);
        buf_init(&codes, 1024);
        for (const struct finding *f = findings.first; f; f = f->next)
            buf_printf(&codes, "%s[%d:%d] ", f->msg.def->id, (int)f->line, (int)f->column);
        CHECK_STR(buf_view(&codes), rows[i].codes, what);
        CHECK((result == 0) == (rows[i].uris != NULL), what);
        CHECK((result == 0) == (findings.errors == 0), what);
        if (result == 0) {
            rpt_txt_print(&txt, &out);
            CHECK(str_starts(buf_view(&out), STR("v=TLSRPTv1; rua=")), what);
            CHECK_STR(str_skip(buf_view(&out), 16), rows[i].uris, what);
        }
        arena_done(&arena);
    }
}

/* Every fault of a record has a remedy. */
static void errors_have_a_fix(void **state)
{
    static const char *const records[] = {
        "v=TLSRPTv1", "v=tlsrptv1;", "v=TLSRPTv1;;x y=1;rua=a@b,x,mailto:a@b!1,mailto:%,a://,",
        "v=TLSRPTv1;rua=http://a,mailto:,https:/,MAILTO:a@b.example?c"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct arena arena;
        struct findings findings;
        struct rpt_txt txt;
        struct str record = str_from(records[i]);
        arena_init(&arena, 1024 * 1024);
        findings_init(&findings, &arena);
        (void)!rpt_txt_parse(&txt, &record, 1, &findings);
        for (const struct finding *f = findings.first; f; f = f->next)
            CHECK(f->severity == SEVERITY_NOTE || msg_has(&f->msg, MSG_FIX), f->msg.def->id);
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_chosen_and_parsed_by_the_grammar),
        cmocka_unit_test(errors_have_a_fix),
    };
    return cmocka_run_group_tests_name("tlsrpt txt", tests, NULL, NULL);
}
