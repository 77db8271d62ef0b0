#include "base/error.h"
#include "check.h"
#include "listing.h"
#include "mtasts/txt.h"

#define RECORDS_MAX 4

struct row {
    const char *records[RECORDS_MAX];
    const char *id; /* NULL when no record is usable */
    const char *findings;
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena arena CLEANUP(arena_done);
        struct buf out CLEANUP(buf_done);
        struct findings findings;
        struct sts_txt txt = {STR("untouched")};
        struct str records[RECORDS_MAX];
        size_t count = 0;
        while (count < RECORDS_MAX && rows[i].records[count]) {
            records[count] = str_from(rows[i].records[count]);
            count++;
        }
        const char *name = count ? rows[i].records[0] : "none";
        arena_init(&arena, 1024 * 1024);
        buf_init(&out, LISTING_MAX);
        findings_init(&findings, &arena);
        int result = sts_txt_parse(&txt, records, count, &findings);
        list_findings(&findings, &out);
        CHECK_STR(buf_view(&out), rows[i].findings, name);
        CHECK(result == (rows[i].id ? 0 : -ERROR_PERMANENT), name);
        CHECK_STR(txt.id, rows[i].id ? rows[i].id : "untouched", name);
    }
}

#define ID32 "abcdefghijABCDEFGHIJ012345678901"

static void legal_records_rfc8461_3_1(void **state)
{
    static const struct row rows[] = {
        {{"v=STSv1; id=20260131T080000Z;"}, "20260131T080000Z", ""},
        {{"v=STSv1;id=a"}, "a", ""},
        {{"v=STSv1; id=a"}, "a", ""},
        {{"v=STSv1;\t id=a\t ;\t "}, "a", ""},
        {{"v=STSv1; id=a ;"}, "a", ""},
        {{"v=STSv1; id=a; "}, "a", ""},
        {{"v=STSv1; id=" ID32}, ID32, ""},
        {{"v=STSv1 ; id=a"}, "a", "warning sts-txt-blank-before-semicolon 1:8"},
        {{"v=STSv1; x=y; id=a"}, "a", "note sts-txt-unknown-field 1:10"},
        {{"v=STSv1; id=a; 9x_y-z.w=!\"#~<>:/"}, "a", "note sts-txt-unknown-field 1:16"},
        {{"v=STSv1; id=a; abcdefghijabcdefghijabcdefghijab=1"},
         "a",
         "note sts-txt-unknown-field 1:16"},
        {{"v=STSv1; id=a; id=b"}, "a", "warning sts-txt-id-again 1:16"},
        {{"v=STSv1; id=a; id=b-c!"}, "a", "warning sts-txt-id-again 1:16"},
        {{"v=STSv1; id=a; v=STSv2"}, "a", "warning sts-txt-version-again 1:16"},
        {{"v=STSv1; ID=b; id=a"}, "a", "warning sts-txt-id-like 1:10"},
        {{"v=spf1 -all", "v=STSv1; id=a"}, "a", "note sts-txt-unrelated 1:1"},
        {{"v=STSv1; id=a", "v=STSv10; id=b"}, "a", "note sts-txt-version-other 2:1"},
        {{"v=STSv1; id=a", "v=STSv1"}, "a", "note sts-txt-version-only 2:1"},
        {{"", "v=STSv1; id=a"}, "a", "note sts-txt-unrelated 1:1"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void records_that_do_not_begin_with_the_version_are_discarded_rfc8461_3_1(void **state)
{
    static const struct row rows[] = {
        {{NULL}, NULL, "error sts-txt-absent 0:0"},
        {{""}, NULL, "note sts-txt-unrelated 1:1; error sts-txt-none 0:0"},
        {{"v=spf1 -all"}, NULL, "note sts-txt-unrelated 1:1; error sts-txt-none 0:0"},
        {{"v=STSv1"}, NULL, "note sts-txt-version-only 1:1; error sts-txt-none 0:0"},
        {{"v=STSv1 id=a"}, NULL, "note sts-txt-no-delimiter 1:1; error sts-txt-none 0:0"},
        {{"v=STSv1,id=a"}, NULL, "note sts-txt-no-delimiter 1:1; error sts-txt-none 0:0"},
        {{"v=STSv10; id=a"}, NULL, "note sts-txt-version-other 1:1; error sts-txt-none 0:0"},
        {{"v=STSv2; id=a"}, NULL, "note sts-txt-version-other 1:1; error sts-txt-none 0:0"},
        {{"v=stsv1; id=a"}, NULL, "note sts-txt-version-case 1:1; error sts-txt-none 0:0"},
        {{"V=STSv1; id=a"}, NULL, "note sts-txt-version-case 1:1; error sts-txt-none 0:0"},
        {{" v=STSv1; id=a"}, NULL, "note sts-txt-leading-blank 1:1; error sts-txt-none 0:0"},
        {{"v = STSv1; id=a"}, NULL, "note sts-txt-version-blank 1:1; error sts-txt-none 0:0"},
        {{"id=a; v=STSv1"}, NULL, "note sts-txt-version-not-first 1:1; error sts-txt-none 0:0"},
        {{"\"v=STSv1; id=a\""}, NULL, "note sts-txt-quoted 1:1; error sts-txt-none 0:0"},
        {{"v=STSv1\\; id=a"}, NULL, "note sts-txt-quoted 1:1; error sts-txt-none 0:0"},
        {{"id=a"}, NULL, "note sts-txt-no-version 1:1; error sts-txt-none 0:0"},
        {{"v=TLSRPTv1; rua=mailto:a@b.example"},
         NULL,
         "note sts-txt-is-tlsrpt 1:1; error sts-txt-none 0:0"},
        {{"version: STSv1"}, NULL, "note sts-txt-is-policy 1:1; error sts-txt-none 0:0"},
        {{"v=STSv1; id=a", "v=STSv1; id=b"}, NULL, "error sts-txt-several 2:0"},
        {{"v=STSv1; id=a", "v=STSv1;"}, NULL, "error sts-txt-several 2:0"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void faults_of_fields_rfc8461_3_1(void **state)
{
    static const struct row rows[] = {
        {{"v=STSv1;"}, NULL, "error sts-txt-id-missing 1:0"},
        {{"v=STSv1; "}, NULL, "error sts-txt-id-missing 1:0"},
        {{"v=STSv1; x=y"}, NULL, "note sts-txt-unknown-field 1:10; error sts-txt-id-missing 1:0"},
        {{"v=STSv1; ID=a"}, NULL, "error sts-txt-id-case 1:10"},
        {{"v=STSv1; id="}, NULL, "error sts-txt-id-empty 1:13"},
        {{"v=STSv1; id=;"}, NULL, "error sts-txt-id-empty 1:13"},
        {{"v=STSv1; id= a"}, NULL, "error sts-txt-value-blank 1:13"},
        {{"v=STSv1; id =a"}, NULL, "error sts-txt-blank-before-equals 1:12"},
        {{"v=STSv1; id"}, NULL, "error sts-txt-no-equals 1:10"},
        {{"v=STSv1; id=" ID32 "x"}, NULL, "error sts-txt-id-long 1:13"},
        {{"v=STSv1; id=a-b"}, NULL, "error sts-txt-id-character 1:14"},
        {{"v=STSv1; id=a\\;"}, NULL, "error sts-txt-id-character 1:14"},
        {{"v=STSv1; id=a-b; id=c"},
         NULL,
         "error sts-txt-id-character 1:14; warning sts-txt-id-again 1:18"},
        {{"v=STSv1; id=a "}, NULL, "error sts-txt-trailing-blank 1:14"},
        {{"v=STSv1;; id=a"}, NULL, "error sts-txt-empty-field 1:9"},
        {{"v=STSv1; ; id=a"}, NULL, "error sts-txt-empty-field 1:10"},
        {{"v=STSv1; id=a;;"}, NULL, "error sts-txt-empty-field 1:15"},
        {{"v=STSv1; id=a; ;"}, NULL, "error sts-txt-empty-field 1:16"},
        {{"v=STSv1; id=a; x"}, NULL, "error sts-txt-no-equals 1:16"},
        {{"v=STSv1; id=a; =x"}, NULL, "error sts-txt-name-empty 1:16"},
        {{"v=STSv1; id=a; x="}, NULL, "error sts-txt-value-empty 1:18"},
        {{"v=STSv1; id=a; id="}, NULL, "error sts-txt-value-empty 1:19"},
        {{"v=STSv1; id=a; x=a=b"}, NULL, "error sts-txt-value-equals 1:19"},
        {{"v=STSv1; id=a; x=a b"}, NULL, "error sts-txt-value-blank 1:19"},
        {{"v=STSv1; id=a x=b"}, NULL, "error sts-txt-value-blank 1:14"},
        {{"v=STSv1; id=a; x=\xc3\xbc"}, NULL, "error sts-txt-value-character 1:18"},
        {{"v=STSv1; id=a; x=a\x01"}, NULL, "error sts-txt-value-character 1:19"},
        {{"v=STSv1; id=a; -x=1"}, NULL, "error sts-txt-name-character 1:16"},
        {{"v=STSv1; id=a; x y=1"}, NULL, "error sts-txt-name-character 1:17"},
        {{"v=STSv1; id=a; abcdefghijabcdefghijabcdefghijabc=1"},
         NULL,
         "error sts-txt-name-long 1:16"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void ids_are_1_to_32_letters_and_digits(void **state)
{
    (void)state;
    assert_true(sts_id_ok(STR("a")));
    assert_true(sts_id_ok(STR(ID32)));
    assert_false(sts_id_ok(STR(ID32 "x")));
    assert_false(sts_id_ok(STR("")));
    assert_false(sts_id_ok(STR("a-b")));
    assert_false(sts_id_ok(STR("a\0")));
}

static void printed_record_ends_in_a_semicolon(void **state)
{
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 64);
    sts_txt_print(&(struct sts_txt){STR("20260131T080000Z")}, &out);
    CHECK_STR(buf_view(&out), "v=STSv1; id=20260131T080000Z;", "printed");
}

static void no_memory_is_temporary(void **state)
{
    const struct str record = STR("v=STSv1; id=a; x=y");
    (void)state;
    for (size_t max = 0;; max += 16) {
        struct arena arena CLEANUP(arena_done);
        struct findings findings;
        struct sts_txt txt;
        arena_init(&arena, max);
        findings_init(&findings, &arena);
        int result = sts_txt_parse(&txt, &record, 1, &findings);
        if (result == 0)
            break;
        assert_int_equal(result, -ERROR_TEMPORARY);
        assert_true(max < 1024 * 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_records_rfc8461_3_1),
        cmocka_unit_test(records_that_do_not_begin_with_the_version_are_discarded_rfc8461_3_1),
        cmocka_unit_test(faults_of_fields_rfc8461_3_1),
        cmocka_unit_test(ids_are_1_to_32_letters_and_digits),
        cmocka_unit_test(printed_record_ends_in_a_semicolon),
        cmocka_unit_test(no_memory_is_temporary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
