#include "check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <ftw.h>

#include "base/file.h"
#include "mail/folder.h"

static char top[] = "/tmp/sealpost-test-XXXXXX";
static struct buf log_text;

static int make_top(void **state)
{
    (void)state;
    buf_init(&log_text, 100000);
    return mkdtemp(top) ? chdir(top) : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_top(void **state)
{
    (void)state;
    buf_done(&log_text);
    return chdir("/") || nftw(top, remove_one, 10, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path)
{
    struct error err;
    assert_int_equal(file_write(path, STR("x"), 0600, &err), 0);
}

static int on_file(void *user, int fd, struct str path)
{
    char c = 0;
    assert_int_equal(read(fd, &c, 1), 1);
    assert_int_equal(c, 'x');
    buf_printf(&log_text, "%.*s ", STR_ARG(path));
    return user ? -3 : 0;
}

static void on_error(void *user, struct str path, const struct error *err)
{
    (void)user;
    buf_printf(&log_text, "(%.*s %s) ", STR_ARG(path), err->msg.def->id);
}

static int walk(const char *path, void *user)
{
    struct folder_handler handler = {user, on_file, on_error};
    buf_reset(&log_text);
    return folder_walk(open(path, O_RDONLY | O_DIRECTORY), str_from(path), &handler);
}

static void files_come_in_the_order_of_their_names(void **state)
{
    (void)state;
    assert_int_equal(mkdir("f", 0700) | mkdir("f/b", 0700), 0);
    put("f/c");
    put("f/a");
    put("f/b/d");
    put("f/.hidden");
    assert_int_equal(walk("f", NULL), 0);
    CHECK_STR(buf_view(&log_text), "f/a f/b/d f/c ", "sorted");
    assert_int_equal(walk("f/", NULL), 0);
    CHECK_STR(buf_view(&log_text), "f/a f/b/d f/c ", "a slash at the end");
    assert_int_equal(walk("f", top), -3);
    CHECK_STR(buf_view(&log_text), "f/a ", "stopped");
}

static void links_and_special_files_are_named_and_left_out(void **state)
{
    (void)state;
    assert_int_equal(mkdir("s", 0700), 0);
    put("s/z");
    assert_int_equal(symlink("/etc/passwd", "s/link"), 0);
    assert_int_equal(symlink("..", "s/loop"), 0);
    assert_int_equal(mkfifo("s/pipe", 0600), 0);
    assert_int_equal(walk("s", NULL), 0);
    CHECK_STR(buf_view(&log_text),
              "(s/link mail-symlink) (s/loop mail-symlink) (s/pipe mail-special-file) s/z ",
              "links");
}

static void a_maildir_is_its_cur_and_new(void **state)
{
    (void)state;
    assert_int_equal(
        mkdir("m", 0700) | mkdir("m/cur", 0700) | mkdir("m/new", 0700) | mkdir("m/tmp", 0700), 0);
    put("m/tmp/1");
    put("m/cur/2:2,S");
    put("m/new/3");
    put("m/dovecot-uidlist");
    assert_int_equal(walk("m", NULL), 0);
    CHECK_STR(buf_view(&log_text), "m/cur/2:2,S m/new/3 ", "Maildir");
}

static void folders_end_at_the_maximum_depth(void **state)
{
    char path[200] = "d", file[210];
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < FOLDER_DEPTH_MAX + 1; i++) {
        size_t n = strlen(path);
        snprintf(path + n, sizeof path - n, "/d");
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(file, sizeof file, "%s/f", path);
        put(file);
    }
    assert_int_equal(walk("d", NULL), 0);
    size_t files = 0;
    for (struct str s = buf_view(&log_text); str_find(s, STR("/f ")) >= 0; files++)
        s = str_skip(s, (size_t)str_find(s, STR("/f ")) + 3);
    assert_int_equal(files, FOLDER_DEPTH_MAX);
    assert_true(str_find(buf_view(&log_text), STR("mail-folder-depth")) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_in_the_order_of_their_names),
        cmocka_unit_test(links_and_special_files_are_named_and_left_out),
        cmocka_unit_test(a_maildir_is_its_cur_and_new),
        cmocka_unit_test(folders_end_at_the_maximum_depth),
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
