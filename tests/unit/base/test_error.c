#include "check.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/messages.h"

static void an_error_outlives_what_it_speaks_of(void **state)
{
    struct error err, copy;
    char path[] = "/a/b";
    (void)state;
    assert_int_equal(error_set(&err, ERROR_PERMANENT, msg_file_not_found(str_from(path))),
                     -ERROR_PERMANENT);
    memset(path, 'x', 4);
    CHECK_STR(err.msg.args[0].str, "/a/b", "copied");
    error_copy(&copy, &err);
    memset(&err, 0, sizeof err);
    CHECK_STR(copy.msg.args[0].str, "/a/b", "copied again");
    assert_true(error_is(&copy, &MSG_FILE_NOT_FOUND));
    assert_false(error_is(&copy, &MSG_FILE_NO_SPACE));
}

static void long_arguments_leave_room_for_each_other(void **state)
{
    struct error err;
    char longer[2000];
    (void)state;
    memset(longer, 'p', sizeof longer);
    error_set(&err, ERROR_TEMPORARY,
              msg_file_failed((struct str){longer, sizeof longer}, STR("the reason")));
    assert_true(err.msg.args[0].str.n > 100 && err.msg.args[0].str.n < ERROR_TEXT_MAX);
    CHECK_STR(err.msg.args[1].str, "the reason", "the second argument");
}

static void an_error_may_be_set_from_itself(void **state)
{
    struct error err;
    (void)state;
    error_set(&err, ERROR_PERMANENT, msg_file_failed(STR("one"), STR("two")));
    error_set(&err, ERROR_TEMPORARY, msg_file_failed(err.msg.args[1].str, err.msg.args[0].str));
    CHECK_STR(err.msg.args[0].str, "two", "first");
    CHECK_STR(err.msg.args[1].str, "one", "second");
}

static void errno_has_a_class_and_a_sentence(void **state)
{
    static const struct {
        int number;
        enum error_class class;
        const struct msg_def *def;
    } rows[] = {
        {ENOENT, ERROR_PERMANENT, &MSG_FILE_NOT_FOUND},
        {EACCES, ERROR_PERMANENT, &MSG_FILE_NO_PERMISSION},
        {EISDIR, ERROR_PERMANENT, &MSG_FILE_IS_FOLDER},
        {ENOSPC, ERROR_TEMPORARY, &MSG_FILE_NO_SPACE},
        {EDQUOT, ERROR_TEMPORARY, &MSG_FILE_NO_SPACE},
        {ENOMEM, ERROR_TEMPORARY, &MSG_OUT_OF_MEMORY},
        {EIO, ERROR_TEMPORARY, &MSG_FILE_FAILED},
        {99999, ERROR_TEMPORARY, &MSG_FILE_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;
        CHECK(error_set_errno(&err, rows[i].number, STR("f")) == -(int)rows[i].class,
              rows[i].def->id);
        CHECK(error_is(&err, rows[i].def), rows[i].def->id);
    }
    assert_int_equal(error_set_errno(NULL, EIO, STR("f")), -ERROR_TEMPORARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_outlives_what_it_speaks_of),
        cmocka_unit_test(long_arguments_leave_room_for_each_other),
        cmocka_unit_test(an_error_may_be_set_from_itself),
        cmocka_unit_test(errno_has_a_class_and_a_sentence),
    };
    return cmocka_run_group_tests_name("base error", tests, NULL, NULL);
}
