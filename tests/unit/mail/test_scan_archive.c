#include "check.h"

#include "mail/messages.h"
#include "pack.h"

static struct pack_seen seen;
static struct buf bytes, more, directory;

static int begin(void **state)
{
    (void)state;
    pack_seen_init(&seen);
    buf_init(&bytes, 64 << 20);
    buf_init(&more, 64 << 20);
    buf_init(&directory, 64 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pack_seen_done(&seen);
    buf_done(&bytes);
    buf_done(&more);
    buf_done(&directory);
    return 0;
}

static void trailing_bytes_are_a_note_on_the_report(void **state)
{
    (void)state;
    pack_gzip(&bytes, STR(PACK_REPORT));
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 1);
    assert_null(seen.note);
    buf_cstr(&bytes, "-- \r\nlist footer");
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 1);
    assert_ptr_equal(seen.note, &MSG_MAIL_TRAILING_BYTES);
    CHECK_STR(buf_view(&seen.log), "+ in | " PACK_REPORT "\n+ in | " PACK_REPORT "\n", "log");
}

static void each_file_of_a_zip_is_tried(void **state)
{
    (void)state;
    pack_gzip(&more, STR(PACK_REPORT));
    pack_zip_file(&bytes, &directory, "readme.txt", STR("hello"), 0);
    pack_zip_file(&bytes, &directory, "d/a.json", STR(PACK_REPORT), 8);
    pack_zip_file(&bytes, &directory, "b.gz", buf_view(&more), 0);
    pack_zip_file(&bytes, &directory, "c.xz", STR("x"), 95);
    pack_zip_end(&bytes, &directory, 4);
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 2);
    buf_reset(&more);
    buf_printf(&more, "+ in, d/a.json | %s\n+ in, b.gz | %s\n- in, c.xz | mail-zip-method | %u\n",
               PACK_REPORT, PACK_REPORT, (unsigned)str_find(buf_view(&bytes), STR("c.xz")) + 4);
    CHECK_STR(buf_view(&seen.log), more.p, "log");
}

static void a_zip_without_a_report_is_one_error(void **state)
{
    (void)state;
    pack_zip_file(&bytes, &directory, "a.txt", STR("hello"), 0);
    pack_zip_file(&bytes, &directory, "b.txt", STR("hello"), 0);
    pack_zip_end(&bytes, &directory, 2);
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 0);
    CHECK_STR(buf_view(&seen.log), "- in | mail-zip-no-report | -1\n", "log");
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    buf_cstr(&bytes, PACK_REPORT);
    for (int i = 0; i < INTAKE_NESTING_MAX; i++) {
        buf_reset(&more);
        pack_gzip(&more, buf_view(&bytes));
        buf_reset(&bytes);
        buf_str(&bytes, buf_view(&more));
    }
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 1);
    buf_reset(&more);
    pack_gzip(&more, buf_view(&bytes));
    assert_int_equal(pack_read(&seen, buf_view(&more)), 0);
    CHECK_STR(buf_view(&seen.log), "+ in | " PACK_REPORT "\n- in | mail-nesting | -1\n", "log");
}

/* A small report of equal lines packs more than 200 times smaller. */
static void the_ratio_spares_small_results(void **state)
{
    (void)state;
    buf_cstr(&more, "{");
    while (more.n < 1000000)
        buf_cstr(&more, "                                                            ");
    pack_gzip(&bytes, buf_view(&more));
    assert_true(bytes.n * INTAKE_RATIO_MAX < more.n);
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 1);
    while (more.n < 2000000)
        buf_cstr(&more, "                                                            ");
    buf_reset(&bytes);
    pack_gzip(&bytes, buf_view(&more));
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 0);
    assert_true(str_find(buf_view(&seen.log), STR("mail-ratio")) > 0);
}

/* What many small files unpack to counts together. */
static void a_zip_of_bombs_ends_at_the_budget(void **state)
{
    struct buf zeros CLEANUP(buf_done);
    char name[20];
    (void)state;
    buf_init(&zeros, 1 << 20);
    memset(buf_reserve(&zeros, 1000000), 0, 1000000);
    zeros.n = 1000000;
    for (unsigned i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "%u", i);
        pack_zip_file(&bytes, &directory, name, buf_view(&zeros), 8);
    }
    pack_zip_end(&bytes, &directory, 400);
    assert_int_equal(pack_read(&seen, buf_view(&bytes)), 0);
    assert_true(str_find(buf_view(&seen.log), STR("mail-budget")) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trailing_bytes_are_a_note_on_the_report, begin, end),
        cmocka_unit_test_setup_teardown(each_file_of_a_zip_is_tried, begin, end),
        cmocka_unit_test_setup_teardown(a_zip_without_a_report_is_one_error, begin, end),
        cmocka_unit_test_setup_teardown(nesting_ends_at_the_limit, begin, end),
        cmocka_unit_test_setup_teardown(the_ratio_spares_small_results, begin, end),
        cmocka_unit_test_setup_teardown(a_zip_of_bombs_ends_at_the_budget, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
