#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/messages.h"

static char folder[] = "/tmp/sealpost-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink("f");
    return chdir("/") || rmdir(folder);
}

static void what_is_written_is_read(void **state)
{
    struct buf content CLEANUP(buf_done);
    struct error err;
    struct stat st;
    (void)state;
    assert_int_equal(file_write("f", STR("one\0two"), 0640, &err), 0);
    assert_int_equal(file_write("f", STR("three"), 0640, &err), 0);
    buf_init(&content, 100);
    assert_int_equal(file_read("f", &content, &err), 0);
    CHECK_STR(buf_view(&content), "three", "replaced");
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 0777 & ~0640, 0);
}

static void the_maximum_is_exact(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(file_write("f", STR("12345"), 0600, &err), 0);
    for (size_t max = 4; max <= 6; max++) {
        struct buf content CLEANUP(buf_done);
        buf_init(&content, max);
        int result = file_read("f", &content, &err);
        assert_int_equal(result, max < 5 ? -ERROR_POLICY : 0);
        if (max < 5)
            assert_true(error_is(&err, &MSG_FILE_TOO_LARGE));
    }
}

static void errors_name_the_file(void **state)
{
    struct buf content CLEANUP(buf_done);
    struct error err;
    (void)state;
    buf_init(&content, 100);
    assert_true(file_read("absent", &content, &err) < 0);
    assert_true(error_is(&err, &MSG_FILE_NOT_FOUND));
    CHECK_STR(err.msg.args[0].str, "absent", "the name");
    assert_true(file_read(".", &content, &err) < 0);
    assert_true(error_is(&err, &MSG_FILE_IS_FOLDER));
    assert_true(file_write("absent/f", STR(""), 0600, &err) < 0);
    assert_true(error_is(&err, &MSG_FILE_NOT_FOUND));
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static size_t count_here(void)
{
    DIR *here = opendir(".");
    size_t n = 0;
    assert_non_null(here);
    while (readdir(here))
        n++;
    closedir(here);
    return n - 2;
}

/* Each is the old one until all are put, and nothing is left beside them. */
static void many_files_take_their_places_together(void **state)
{
    struct file_batch batch CLEANUP(file_batch_done);
    struct buf text CLEANUP(buf_done);
    struct error err;
    (void)state;
    buf_init(&text, 64);
    file_batch_init(&batch);
    size_t before = count_here();
    assert_int_equal(file_write("batch-a", STR("old"), 0600, &err), 0);
    assert_int_equal(file_batch_write(&batch, "batch-a", STR("new"), 0640, &err), 0);
    assert_int_equal(file_batch_write(&batch, "batch-b", STR("b"), 0600, &err), 0);
    assert_int_equal(file_read("batch-a", &text, &err), 0);
    CHECK_STR(buf_view(&text), "old", "before");
    assert_false(is_there("batch-b"));
    assert_int_equal(file_batch_put(&batch, ".", &err), 0);
    buf_reset(&text);
    assert_int_equal(file_read("batch-a", &text, &err), 0);
    assert_int_equal(file_read("batch-b", &text, &err), 0);
    CHECK_STR(buf_view(&text), "newb", "after");
    assert_int_equal(count_here(), before + 2);
    assert_int_equal(file_batch_put(&batch, ".", &err), 0); /* it is empty */
    assert_int_equal(unlink("batch-a") | unlink("batch-b"), 0);
}

static void what_was_not_put_leaves_nothing(void **state)
{
    struct error err;
    (void)state;
    size_t before = count_here();
    struct file_batch batch;
    file_batch_init(&batch);
    assert_int_equal(file_batch_write(&batch, "batch-c", STR("c"), 0600, &err), 0);
    assert_true(file_batch_write(&batch, "no/such/folder", STR("c"), 0600, &err) < 0);
    file_batch_done(&batch);
    assert_int_equal(count_here(), before);
    file_batch_init(&batch);
    assert_int_equal(mkdir("batch-d", 0700), 0); /* a file cannot take its place */
    assert_int_equal(file_batch_write(&batch, "batch-d", STR("d"), 0600, &err), 0);
    assert_int_equal(file_batch_write(&batch, "batch-e", STR("e"), 0600, &err), 0);
    assert_true(file_batch_put(&batch, ".", &err) < 0);
    assert_int_equal(rmdir("batch-d"), 0);
    assert_int_equal(count_here(), before);
    file_batch_done(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(errors_name_the_file),
        cmocka_unit_test(many_files_take_their_places_together),
        cmocka_unit_test(what_was_not_put_leaves_nothing),
    };
    return cmocka_run_group_tests_name("base file", tests, make_folder, remove_folder);
}
