#include "check.h"

#include <string.h>

#include "publish/records.h"

static void the_records_stand_in_order(void **state)
{
    static const struct records_input input = {
        .domain = STR_INIT("example.org"),
        .policy_id = STR_INIT("20260101T000000Z"),
        .rua = STR_INIT("mailto:tls@example.org https://r.example.net/v1"),
        .addresses = STR_INIT("192.0.2.1 2001:db8::1"),
    };
    static const char *const expected[] = {
        "mta-sts.example.org. 3600 IN A 192.0.2.1",
        "mta-sts.example.org. 3600 IN AAAA 2001:db8::1",
        "_mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=20260101T000000Z;\"",
        ("_smtp._tls.example.org. 3600 IN TXT "
         "\"v=TLSRPTv1; rua=mailto:tls@example.org,https://r.example.net/v1\""),
    };
    struct arena arena CLEANUP(arena_done);
    struct records records;
    struct error err;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(records_wanted(&input, &arena, &records, &err), 0);
    assert_int_equal(records.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < records.count; i++) {
        struct buf line CLEANUP(buf_done);
        buf_init(&line, 1000);
        record_print_zone_line(&records.at[i], &line);
        CHECK_STR(buf_view(&line), expected[i], expected[i]);
    }
}

static void what_is_not_known_has_no_record(void **state)
{
    static const struct records_input input = {.domain = STR_INIT("example.org")};
    struct arena arena CLEANUP(arena_done);
    struct records records;
    struct error err;
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(records_wanted(&input, &arena, &records, &err), 0);
    assert_int_equal(records.count, 0);
}

/* RFC 1035 5.1 and 3.3: quotes and backslashes are escaped, strings hold 255 bytes. */
static void txt_data_is_quoted_and_cut(void **state)
{
    char text[256];
    struct buf line CLEANUP(buf_done);
    struct record record = {STR("t.example"), RECORD_TXT, 60, STR("a\"\\b\x01")};
    (void)state;
    buf_init(&line, 1000);
    record_print_zone_line(&record, &line);
    CHECK_STR(buf_view(&line), "t.example. 60 IN TXT \"a\\\"\\\\b\\001\"", "escapes");
    memset(text, 'x', sizeof text);
    record.data = (struct str){text, 256};
    buf_reset(&line);
    record_print_zone_line(&record, &line);
    assert_true(str_ends(buf_view(&line), STR("x\" \"x\"")));
    record.data = (struct str){text, 255};
    buf_reset(&line);
    record_print_zone_line(&record, &line);
    assert_int_equal(str_find(buf_view(&line), STR("\" \"")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_records_stand_in_order),
        cmocka_unit_test(what_is_not_known_has_no_record),
        cmocka_unit_test(txt_data_is_quoted_and_cut),
    };
    return cmocka_run_group_tests_name("publish records", tests, NULL, NULL);
}
