#include "check.h"

#include "mail/messages.h"
#include "mail/unzip.h"
#include "pack.h"

static struct buf archive, directory, out;
static struct inflater *z;
static struct unzip u;
static struct unzip_entry entry;
static struct error err;
static bool too_large;

static int begin(void **state)
{
    (void)state;
    buf_init(&archive, 64 << 20);
    buf_init(&directory, 1 << 20);
    buf_init(&out, 64 << 20);
    z = inflater_new();
    return z ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    buf_done(&archive);
    buf_done(&directory);
    buf_done(&out);
    inflater_free(z);
    return 0;
}

/* The archive of one file. */
static void one_file(unsigned method)
{
    buf_reset(&archive);
    buf_reset(&directory);
    pack_zip_file(&archive, &directory, "a.json", STR("{\"a\":1,\"b\":1}"), method);
    pack_zip_end(&archive, &directory, 1);
}

static int read_one(size_t limit)
{
    if (unzip_open(&u, buf_view(&archive), &err) < 0)
        return -1;
    if (unzip_next(&u, &entry, &err) != 1)
        return -1;
    return unzip_read(&u, z, &entry, limit, &out, &too_large, &err);
}

static void stored_and_deflated_files_are_read(void **state)
{
    (void)state;
    pack_zip_file(&archive, &directory, "d/", STR(""), 0);
    pack_zip_file(&archive, &directory, "d/a", STR("first"), 0);
    pack_zip_file(&archive, &directory, "d/b", STR("second"), 8);
    pack_zip_end(&archive, &directory, 3);
    assert_int_equal(unzip_open(&u, buf_view(&archive), &err), 0);
    assert_int_equal(unzip_next(&u, &entry, &err), 1);
    assert_true(entry.folder);
    assert_int_equal(unzip_next(&u, &entry, &err), 1);
    CHECK_STR(entry.name, "d/a", "name");
    assert_int_equal(unzip_read(&u, z, &entry, 100, &out, &too_large, &err), 0);
    CHECK_STR(buf_view(&out), "first", "stored");
    assert_int_equal(unzip_next(&u, &entry, &err), 1);
    assert_int_equal(unzip_read(&u, z, &entry, 100, &out, &too_large, &err), 0);
    CHECK_STR(buf_view(&out), "second", "deflated");
    assert_int_equal(unzip_next(&u, &entry, &err), 0);
}

static void the_limit_is_exact_for_both_methods(void **state)
{
    (void)state;
    for (unsigned method = 0; method <= 8; method += 8) {
        one_file(method);
        assert_int_equal(read_one(13), 0);
        assert_true(read_one(12) < 0);
        assert_true(too_large);
    }
}

/* APPNOTE 4.3.12: offsets of fields from the head of a directory entry. */
static void what_is_not_read_is_named(void **state)
{
    static const struct {
        const char *name;
        size_t at; /* within the directory entry */
        const char *bytes;
        size_t n;
        const struct msg_def *code;
    } rows[] = {
        {"encrypted", 8, "\1\0", 2, &MSG_MAIL_ZIP_ENCRYPTED},
        {"method 12", 10, "\14\0", 2, &MSG_MAIL_ZIP_METHOD},
        {"checksum", 16, "\0\0\0\0", 4, &MSG_MAIL_ZIP_CORRUPT},
        {"zip64", 24, "\xff\xff\xff\xff", 4, &MSG_MAIL_ZIP_LARGE},
        {"packed beyond the end", 20, "\xff\0\0\0", 4, &MSG_MAIL_ZIP_CORRUPT},
        {"a name beyond the end", 28, "\xff\xff", 2, &MSG_MAIL_ZIP_CORRUPT},
        {"no head there", 42, "\1\0\0\0", 4, &MSG_MAIL_ZIP_CORRUPT},
        {"signature", 0, "QK", 2, &MSG_MAIL_ZIP_CORRUPT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        one_file(8);
        size_t head = (size_t)str_find(buf_view(&archive), STR("PK\1\2"));
        memcpy(archive.p + head + rows[i].at, rows[i].bytes, rows[i].n);
        CHECK(read_one(100) < 0, rows[i].name);
        CHECK(error_is(&err, rows[i].code), rows[i].name);
    }
}

static void a_cut_archive_says_so(void **state)
{
    (void)state;
    one_file(8);
    for (size_t n = archive.n - 1; n > 0; n--) {
        assert_true(unzip_open(&u, str_head(buf_view(&archive), n), &err) < 0);
        assert_true(error_is(&err, &MSG_MAIL_ZIP_TRUNCATED));
    }
}

static void bytes_behind_the_archive_do_not_hide_it(void **state)
{
    (void)state;
    one_file(8);
    buf_cstr(&archive, "\r\n");
    assert_int_equal(read_one(100), 0);
}

static void files_that_share_bytes_are_refused(void **state)
{
    unsigned entries = 0;
    int result;
    (void)state;
    pack_zip_file(&archive, &directory, "a", STR("0123456789012345678901234567890123456789"), 0);
    size_t one = directory.n;
    assert_non_null(buf_reserve(&directory, 100 * one));
    for (int i = 0; i < 99; i++)
        buf_add(&directory, directory.p, one);
    pack_zip_end(&archive, &directory, 100);
    assert_int_equal(unzip_open(&u, buf_view(&archive), &err), 0);
    while ((result = unzip_next(&u, &entry, &err)) > 0)
        entries++;
    assert_true(result < 0);
    assert_true(error_is(&err, &MSG_MAIL_ZIP_OVERLAP));
    assert_true(entries < 100);
    assert_int_equal(unzip_next(&u, &entry, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stored_and_deflated_files_are_read, begin, end),
        cmocka_unit_test_setup_teardown(the_limit_is_exact_for_both_methods, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_read_is_named, begin, end),
        cmocka_unit_test_setup_teardown(a_cut_archive_says_so, begin, end),
        cmocka_unit_test_setup_teardown(bytes_behind_the_archive_do_not_hide_it, begin, end),
        cmocka_unit_test_setup_teardown(files_that_share_bytes_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
