#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fault.h"
#include "mail/messages.h"
#include "pack.h"

#define MIB ((size_t)1024 * 1024)

static char top[] = "/tmp/sealpost-test-XXXXXX";
static struct pack_seen seen;
static struct intake *in;
static struct intake_handler handler;

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) ? chdir(top) : -1;
}

static int remove_top(void **state)
{
    (void)state;
    unlink("a!b!1!2.json");
    unlink("box");
    unlink("large");
    rmdir("empty");
    return chdir("/") || rmdir(top);
}

static int begin(void **state)
{
    (void)state;
    pack_seen_init(&seen);
    in = intake_new();
    handler = pack_handler(&seen);
    return in ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    pack_seen_done(&seen);
    intake_free(in);
    return 0;
}

static void write_text(const char *path, struct str text)
{
    struct error err;
    assert_int_equal(file_write(path, text, 0600, &err), 0);
}

static void bytes_that_are_nothing_known_are_named_as_what_they_are(void **state)
{
    static const struct {
        const char *text, *log;
    } rows[] = {
        {"", "- in | mail-empty | -1\n"},
        {"hello", "- in | mail-unknown | 0\n"},
        {"<html>", "- in | mail-html | 0\n"},
        {"<?xml?><feedback>", "- in | mail-dmarc | 0\n"},
        {"<?xml?><a>", "- in | mail-xml | 0\n"},
        {"[ ]", "- in | mail-json-no-object | 0\n"},
        {"PK\3\4", "- in | mail-zip-truncated | 4\n"},
        {"\x1f\x8b", "- in | mail-gzip-truncated | 2\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&seen.log);
        assert_int_equal(intake_bytes(in, str_from(rows[i].text), STR("in"), &handler), 0);
        CHECK_STR(buf_view(&seen.log), rows[i].log, rows[i].text);
    }
}

static void the_file_name_is_a_hint(void **state)
{
    (void)state;
    write_text("a!b!1!2.json", STR(PACK_REPORT));
    assert_int_equal(intake_path(in, "./a!b!1!2.json", &handler), 1);
    CHECK_STR(buf_view(&seen.log), "+ ./a!b!1!2.json | " PACK_REPORT "\n", "source");
    CHECK_STR(seen.hints.file_name, "a!b!1!2.json", "hint");
}

#define BOX                                                                                        \
    "From a Tue Nov 24 11:36:00 2026\nTo: x\n\n" PACK_REPORT                                       \
    "\n\nFrom a Tue Nov 24 11:36:00 2026\nTo: x\n\nhello\n\n"                                      \
    "From a Tue Nov 24 11:36:00 2026\nTo: x\nContent-Type: application/json\n\n" PACK_REPORT "\n"
#define BOX_LOG                                                                                    \
    "+ box, message 1 | " PACK_REPORT "\n\n\n- box, message 2 | mail-no-report | -1\n"             \
    "+ box, message 3 | " PACK_REPORT "\n\n"

static void one_bad_message_does_not_stop_the_rest(void **state)
{
    (void)state;
    write_text("box", STR(BOX));
    assert_int_equal(intake_path(in, "box", &handler), 2);
    CHECK_STR(buf_view(&seen.log), BOX_LOG, "file");
    buf_reset(&seen.log);
    assert_int_equal(intake_bytes(in, STR(BOX), STR("box"), &handler), 2);
    CHECK_STR(buf_view(&seen.log), BOX_LOG, "bytes");
}

static void the_handler_stops_the_reading(void **state)
{
    (void)state;
    seen.stop_after = 1;
    write_text("box", STR(BOX));
    assert_int_equal(intake_path(in, "box", &handler), -7);
    seen.reports = 0;
    assert_int_equal(intake_bytes(in, STR(BOX), STR("box"), &handler), -7);
}

static void paths_that_cannot_be_read_are_errors(void **state)
{
    (void)state;
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(intake_path(in, "none", &handler), 0);
    assert_int_equal(intake_path(in, "empty", &handler), 0);
    CHECK_STR(buf_view(&seen.log),
              "- none | file-not-found | -1\n- empty | mail-folder-empty | -1\n", "errors");
}

static void an_input_beyond_the_maximum_is_refused_unread(void **state)
{
    (void)state;
    int fd = open("large", O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)INTAKE_INPUT_MAX + 1), 0);
    assert_int_equal(pwrite(fd, "{", 1, 0), 1);
    close(fd);
    assert_int_equal(intake_path(in, "large", &handler), 0);
    CHECK_STR(buf_view(&seen.log), "- large | mail-input-too-large | -1\n", "too large");
}

/* The peak of this process's memory since it was last asked to forget it, or now, in KiB. */
static size_t memory(const char *what)
{
    struct buf status CLEANUP(buf_done);
    struct error err;
    uint64_t kib = 0;
    buf_init(&status, MIB);
    assert_int_equal(file_read("/proc/self/status", &status, &err), 0);
    ssize_t at = str_find(buf_view(&status), str_from(what));
    assert_true(at >= 0);
    struct str rest = str_skip(buf_view(&status), (size_t)at + str_from(what).n);
    str_cut(str_trim(rest), ' ', &rest, &(struct str){0});
    assert_true(str_to_u64(rest, &kib));
    return kib;
}

/* False where the peak cannot be told: without clear_refs, or under valgrind, whose own memory it
 * would be. */
static bool forget_peak(void)
{
    const char *preload = getenv("LD_PRELOAD");
    if (preload && strstr(preload, "vgpreload"))
        return false;
    int fd = open("/proc/self/clear_refs", O_WRONLY);
    bool ok = fd >= 0 && write(fd, "5", 1) == 1;
    if (fd >= 0)
        close(fd);
    return ok;
}

static void check_bomb(struct str bomb, const char *name)
{
    buf_reset(&seen.log);
    bool known = forget_peak();
    size_t before = memory("VmRSS:");
    assert_int_equal(intake_bytes(in, bomb, STR("bomb"), &handler), 0);
    size_t after = memory("VmHWM:");
    CHECK(!known || after < before + 8 * 1024, name);
    CHECK(str_find(buf_view(&seen.log), STR("| mail-ratio |")) > 0, name);
}

static void a_bomb_of_64_mib_costs_less_than_8(void **state)
{
    struct buf gz CLEANUP(buf_done), twice CLEANUP(buf_done), mail CLEANUP(buf_done);
    (void)state;
    buf_init(&gz, MIB);
    buf_init(&twice, MIB);
    buf_init(&mail, MIB);
    pack_gzip_zeros(&gz, 64 * MIB + 1);
    check_bomb(buf_view(&gz), "gzip");
    pack_gzip(&twice, buf_view(&gz));
    check_bomb(buf_view(&twice), "gzip in gzip");
    buf_cstr(&mail, "To: x\nContent-Type: application/tlsrpt+gzip\n"
                    "Content-Transfer-Encoding: base64\n\n");
    pack_base64(&mail, buf_view(&gz));
    check_bomb(buf_view(&mail), "e-mail");
}

static void a_zip_bomb_of_64_mib_costs_less_than_8(void **state)
{
    struct buf zip CLEANUP(buf_done), directory CLEANUP(buf_done), zeros CLEANUP(buf_done);
    (void)state;
    buf_init(&zip, MIB);
    buf_init(&directory, MIB);
    buf_init(&zeros, 65 * MIB);
    char *to = buf_reserve(&zeros, 64 * MIB);
    assert_non_null(to);
    memset(to, 0, 64 * MIB);
    zeros.n = 64 * MIB;
    pack_zip_file(&zip, &directory, "r.json", buf_view(&zeros), 8);
    pack_zip_end(&zip, &directory, 1);
    buf_done(&zeros);
    check_bomb(buf_view(&zip), "zip");
}

/* Whatever allocation of ours fails: an answer, no crash, no leak; and it works afterwards. */
static void every_allocation_may_fail(void **state)
{
    static const char *const inputs[] = {
        PACK_REPORT, "@GZ@", "@ZIP@", BOX,
        ("To: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n"
         "Content-Type: application/tlsrpt+gzip\n\n@GZ64@\n--b--\n")};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        struct buf bytes CLEANUP(buf_done);
        buf_init(&bytes, MIB);
        pack_template(&bytes, inputs[i]);
        for (unsigned n = 1;; n++) {
            struct intake_handler quiet = {.report = handler.report, .user = &seen};
            struct intake *fresh = NULL;
            buf_reset(&seen.log);
            buf_reserve(&seen.log, 10000);
            buf_reserve(&seen.text, 10000);
            fault_alloc_at(n);
            fresh = intake_new();
            if (fresh)
                intake_bytes(fresh, buf_view(&bytes), STR("in"), &quiet);
            bool failed = fault_alloc_off();
            intake_free(fresh);
            if (!failed)
                break;
        }
        CHECK(str_find(buf_view(&seen.log), STR(PACK_REPORT)) > 0, inputs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_that_are_nothing_known_are_named_as_what_they_are,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_file_name_is_a_hint, begin, end),
        cmocka_unit_test_setup_teardown(one_bad_message_does_not_stop_the_rest, begin, end),
        cmocka_unit_test_setup_teardown(the_handler_stops_the_reading, begin, end),
        cmocka_unit_test_setup_teardown(paths_that_cannot_be_read_are_errors, begin, end),
        cmocka_unit_test_setup_teardown(an_input_beyond_the_maximum_is_refused_unread, begin, end),
        cmocka_unit_test_setup_teardown(a_bomb_of_64_mib_costs_less_than_8, begin, end),
        cmocka_unit_test_setup_teardown(a_zip_bomb_of_64_mib_costs_less_than_8, begin, end),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, begin, end),
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
