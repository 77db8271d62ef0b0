#include "check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(errors_name_the_file),
    };
    return cmocka_run_group_tests_name("base file", tests, make_folder, remove_folder);
}
