#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/messages.h"
#include "acme/solver.h"
#include "base/file.h"
#include "check.h"

#define LONGEST                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123"                             \
    "0123456789012345678901234567890123456789012345678901234567890123"                             \
    "0123456789012345678901234567890123456789012345678901234567890123"                             \
    "01234567890123456789012345678901234567890123456789012345678901"

struct folder {
    char path[64];
    struct acme_webroot_solver webroot;
    struct acme_solver solver;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void folder_done(struct folder *f)
{
    nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void folder_init(struct folder *f)
{
    snprintf(f->path, sizeof f->path, "/tmp/sealpost-webroot-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->webroot.folder = f->path;
    f->solver = acme_solver_webroot(&f->webroot);
}

static struct acme_challenge challenge(const char *token)
{
    return (struct acme_challenge){ACME_HTTP_01, STR("mta-sts.a.test"), str_from(token),
                                   STR("token.thumbprint")};
}

static const char *path_of(const struct folder *f, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

static unsigned mode_of(const struct folder *f, const char *name)
{
    struct stat st;
    return stat(path_of(f, name), &st) == 0 ? st.st_mode & 07777 : 0;
}

/* RFC 8555 8.3 */
static void the_answer_lies_where_the_ca_looks_and_all_may_read_it(void **state)
{
    struct folder f CLEANUP(folder_done);
    struct acme_challenge c = challenge("tok-en_1");
    struct buf content CLEANUP(buf_done);
    struct error err;
    (void)state;
    folder_init(&f);
    buf_init(&content, 100);
    mode_t before = umask(0777);
    int rc = f.solver.present(f.solver.context, &c, &err);
    umask(before);
    assert_int_equal(rc, 0);
    assert_int_equal(f.solver.wait(f.solver.context, &c, &err), 0);
    assert_int_equal(file_read(path_of(&f, ".well-known/acme-challenge/tok-en_1"), &content, &err),
                     0);
    CHECK_STR(buf_view(&content), "token.thumbprint", "content");
    assert_int_equal(mode_of(&f, ".well-known/acme-challenge/tok-en_1"), 0644);
    assert_int_equal(mode_of(&f, ".well-known/acme-challenge"), 0755);
    assert_int_equal(mode_of(&f, ".well-known"), 0755);
}

static void what_others_put_there_stays(void **state)
{
    struct folder f CLEANUP(folder_done);
    struct acme_challenge c = challenge("token"), again = challenge("token");
    struct error err;
    (void)state;
    folder_init(&f);
    assert_int_equal(mkdir(path_of(&f, ".well-known"), 0700), 0);
    assert_int_equal(mkdir(path_of(&f, ".well-known/acme-challenge"), 0711), 0);
    assert_int_equal(
        file_write(path_of(&f, ".well-known/acme-challenge/other"), STR("x"), 0600, &err), 0);
    assert_int_equal(f.solver.present(f.solver.context, &c, &err), 0);
    again.authorization = STR("token.other");
    assert_int_equal(f.solver.present(f.solver.context, &again, &err), 0);
    assert_int_equal(mode_of(&f, ".well-known"), 0700);
    assert_int_equal(mode_of(&f, ".well-known/acme-challenge"), 0711);
    f.solver.remove(f.solver.context, &c);
    assert_int_equal(mode_of(&f, ".well-known/acme-challenge/token"), 0);
    assert_int_equal(mode_of(&f, ".well-known/acme-challenge/other"), 0600);
    f.solver.remove(f.solver.context, &c);
    assert_int_equal(mode_of(&f, ".well-known/acme-challenge"), 0711);
}

static void a_token_that_is_none_never_becomes_a_path(void **state)
{
    static const struct {
        const char *token;
        bool ok;
    } rows[] = {
        {"", false},         {".", false},        {"..", false},          {"../x", false},
        {"a/b", false},      {"a.b", false},      {"a=", false},          {"a b", false},
        {"a\nb", false},     {"\xc3\xa4", false}, {LONGEST "012", false}, {"A-z_0", true},
        {LONGEST "0", true},
    };
    struct folder f CLEANUP(folder_done);
    struct error err;
    (void)state;
    folder_init(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acme_challenge c = challenge(rows[i].token);
        int rc = f.solver.present(f.solver.context, &c, &err);
        CHECK((rc == 0) == rows[i].ok, rows[i].token);
        CHECK(rc == 0 || error_is(&err, &MSG_ACME_TOKEN), rows[i].token);
        f.solver.remove(f.solver.context, &c);
    }
    struct acme_challenge nul = challenge("a");
    nul.token = STR("a\0b");
    assert_true(f.solver.present(f.solver.context, &nul, &err) < 0);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    struct acme_webroot_solver webroot = {"/nonexistent/webroot"};
    struct acme_solver solver = acme_solver_webroot(&webroot);
    struct acme_challenge c = challenge("token");
    struct error err;
    (void)state;
    assert_true(solver.present(solver.context, &c, &err) < 0);
    assert_true(str_starts(err.msg.args[0].str, STR("/nonexistent/webroot")));
    solver.remove(solver.context, &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_lies_where_the_ca_looks_and_all_may_read_it),
        cmocka_unit_test(what_others_put_there_stays),
        cmocka_unit_test(a_token_that_is_none_never_becomes_a_path),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
