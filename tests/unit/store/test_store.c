/* Opening: rights, versions, and what is refused. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/messages.h"
#include "store/schema.h"
#include "world.h"

#define NOBODY 65534

static void opening_makes_each_database_that_is_asked_for_and_no_other(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init_empty(&w);
    struct store *s CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_WRITE);
    assert_non_null(s);
    assert_int_equal(access(world_file(&w, STORE_CONTROL), F_OK), 0);
    assert_int_equal(access(world_file(&w, STORE_SECRETS), F_OK), -1);
    assert_int_equal(access(world_file(&w, STORE_REPORTS), F_OK), -1);
    assert_int_equal(access(world_file(&w, STORE_OUTBOUND), F_OK), -1);
}

static void a_fresh_database_has_its_form(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    for (unsigned i = 0; i < STORE_DATABASE_COUNT; i++) {
        enum store_database d = (enum store_database)i;
        assert_int_equal(world_number(&w, d, "PRAGMA application_id"),
                         store_schemas[i].application_id);
        assert_int_equal(world_number(&w, d, "SELECT MAX(version) FROM schema_version"),
                         store_schema_version(&store_schemas[i]));
        assert_int_equal(world_number(&w, d, "SELECT COUNT(*) FROM change"), 0);
        assert_int_equal(
            world_number(&w, d, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    }
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void what_is_made_is_closed_to_others(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    mode_t old = umask(0);
    world_init(&w);
    umask(old);
    assert_int_equal(mode_of(w.path) & 0007, 0);
    for (unsigned i = 0; i < STORE_DATABASE_COUNT; i++)
        assert_int_equal(mode_of(world_file(&w, (enum store_database)i)) & 0117, 0);
}

static void in_a_shared_folder_files_are_shared_with_its_group(void **state)
{
    struct world w CLEANUP(world_done);
    struct stat st;
    (void)state;
    world_init_empty(&w);
    assert_int_equal(mkdir(w.path, 0770), 0);
    assert_int_equal(chmod(w.path, 02770), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(w.path, (uid_t)-1, 4242), 0);
    mode_t old = umask(077);
    struct store *s CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_WRITE);
    assert_int_equal(store_domain_add(s, STR("example.org"), NOW, NULL), 1);
    umask(old);
    char log[256];
    snprintf(log, sizeof log, "%s-wal", world_file(&w, STORE_CONTROL));
    assert_int_equal(mode_of(world_file(&w, STORE_CONTROL)), 0660);
    assert_int_equal(mode_of(log), 0660);
    assert_int_equal(stat(log, &st), 0);
    if (geteuid() == 0)
        assert_int_equal(st.st_gid, 4242);
}

/* What a child process of another user gets when it opens a database: 0 or the code's class. */
static int open_as(const struct world *w, uid_t user, gid_t group, enum store_database database,
                   enum store_access access)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *s = NULL;
        struct error err;
        if (setgid(group) != 0 || setuid(user) != 0)
            _exit(99);
        int rc = world_try(w, database, access, &s, &err);
        bool refused = rc < 0 && error_is(&err, &MSG_STORE_NO_PERMISSION);
        store_close(s);
        _exit(rc == 0 ? 0 : refused ? 1 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void secrets_open_only_for_their_group(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init_empty(&w);
    if (geteuid() != 0)
        skip(); /* only root can give files to groups and become other users */
    /* What the package's groups give, with numbers that need not be in /etc/group. */
    char secrets[160];
    snprintf(secrets, sizeof secrets, "%s/secrets", w.path);
    assert_int_equal(chmod(w.base, 0755), 0);
    assert_int_equal(mkdir(w.path, 0770), 0);
    assert_int_equal(chown(w.path, 0, 4242), 0);
    assert_int_equal(chmod(w.path, 02770), 0);
    assert_int_equal(mkdir(secrets, 0770), 0);
    assert_int_equal(chown(secrets, 0, 4243), 0);
    assert_int_equal(chmod(secrets, 02770), 0);
    struct store_options all = {{STORE_WRITE, STORE_WRITE, STORE_WRITE, STORE_WRITE}};
    assert_int_equal(store_open(&w.store, w.path, &all, &w.err), 0);
    assert_int_equal(open_as(&w, NOBODY, 4242, STORE_CONTROL, STORE_READ), 0);
    assert_int_equal(open_as(&w, NOBODY, 4242, STORE_CONTROL, STORE_WRITE), 0);
    assert_int_equal(open_as(&w, NOBODY, 4242, STORE_SECRETS, STORE_READ), 1);
    assert_int_equal(open_as(&w, NOBODY, 4242, STORE_SECRETS, STORE_WRITE), 1);
    assert_int_equal(open_as(&w, NOBODY, 4244, STORE_CONTROL, STORE_READ), 1);
    /* Also when no process holds them open, and the log's files are gone. */
    store_close(w.store);
    w.store = NULL;
    assert_int_equal(open_as(&w, NOBODY, 4242, STORE_SECRETS, STORE_READ), 1);
    assert_int_equal(open_as(&w, NOBODY, 4242, STORE_CONTROL, STORE_READ), 0);
}

static void reading_what_is_not_there_says_what_to_run(void **state)
{
    struct world w CLEANUP(world_done);
    struct store *s = NULL;
    (void)state;
    world_init_empty(&w);
    assert_int_equal(world_try(&w, STORE_CONTROL, STORE_READ, &s, &w.err), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_MISSING));
    assert_true(msg_has(&w.err.msg, MSG_FIX));
    assert_null(s);
    assert_int_equal(access(w.path, F_OK), -1);
}

static void a_url_that_no_driver_knows_is_refused(void **state)
{
    static const char *const rows[] = {"", "postgresql://db/sealpost", "http://example.org/"};
    struct store_options options = {{STORE_WRITE}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store *s = NULL;
        struct error err;
        CHECK(store_open(&s, rows[i], &options, &err) == -ERROR_PERMANENT, rows[i]);
        CHECK(error_is(&err, &MSG_STORE_URL), rows[i]);
    }
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char path[5000];
    struct store *s = NULL;
    struct store_options options = {{STORE_WRITE}};
    struct error err;
    (void)state;
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_true(store_open(&s, path, &options, &err) < 0);
    assert_null(s);
}

static void a_later_version_is_refused_and_left_alone(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    world_sql(&w, STORE_CONTROL, "INSERT INTO schema_version VALUES (1000)");
    static const enum store_access rows[] = {STORE_READ, STORE_WRITE};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store *s = NULL;
        assert_int_equal(world_try(&w, STORE_CONTROL, rows[i], &s, &w.err), -ERROR_PERMANENT);
        assert_true(error_is(&w.err, &MSG_STORE_NEWER));
        assert_int_equal(w.err.msg.args[1].u, 1000);
    }
}

static void readers_wait_for_a_writer_to_bring_an_older_version_up(void **state)
{
    struct world w CLEANUP(world_done);
    struct store *s = NULL;
    (void)state;
    world_init_empty(&w);
    assert_int_equal(mkdir(w.path, 0700), 0);
    world_sql(&w, STORE_CONTROL, "PRAGMA journal_mode = WAL");
    assert_int_equal(world_try(&w, STORE_CONTROL, STORE_READ, &s, &w.err), -ERROR_TEMPORARY);
    assert_true(error_is(&w.err, &MSG_STORE_NOT_READY));
    store_close(world_open(&w, STORE_CONTROL, STORE_WRITE));
    assert_int_equal(world_try(&w, STORE_CONTROL, STORE_READ, &s, &w.err), 0);
    store_close(s);
}

static void what_something_else_wrote_is_left_as_it_is(void **state)
{
    struct world w CLEANUP(world_done);
    struct store *s = NULL;
    (void)state;
    world_init_empty(&w);
    assert_int_equal(mkdir(w.path, 0700), 0);
    world_sql(&w, STORE_CONTROL, "CREATE TABLE songs (title TEXT)");
    assert_int_equal(world_try(&w, STORE_CONTROL, STORE_WRITE, &s, &w.err), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_FOREIGN));
    assert_int_equal(world_number(&w, STORE_CONTROL, "SELECT COUNT(*) FROM sqlite_schema"), 1);
    world_sql(&w, STORE_CONTROL, "DROP TABLE songs; PRAGMA application_id = 7");
    assert_int_equal(world_try(&w, STORE_CONTROL, STORE_WRITE, &s, &w.err), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_FOREIGN));
}

static void one_database_does_not_pass_for_another(void **state)
{
    struct world w CLEANUP(world_done);
    struct store *s = NULL;
    char other[200];
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    snprintf(other, sizeof other, "%s", world_file(&w, STORE_REPORTS));
    assert_int_equal(rename(other, world_file(&w, STORE_CONTROL)), 0);
    assert_int_equal(world_try(&w, STORE_CONTROL, STORE_WRITE, &s, &w.err), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_FOREIGN));
}

static void using_a_database_that_was_not_opened_is_a_bug_and_no_crash(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_domain domain;
    (void)state;
    world_init(&w);
    struct store *none CLEANUP(store_closep) = world_open(&w, STORE_REPORTS, STORE_WRITE);
    assert_int_equal(store_domain_get(none, STR("a.example"), &w.arena, &domain, &w.err),
                     -ERROR_BUG);
    struct store *reader CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_READ);
    assert_int_equal(store_domain_add(reader, STR("a.example"), NOW, &w.err), -ERROR_BUG);
    assert_true(error_is(&w.err, &MSG_STORE_NOT_OPENED));
    assert_int_equal(store_domain_get(reader, STR("a.example"), &w.arena, &domain, &w.err), 0);
}

static void foreign_keys_hold(void **state)
{
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(86400);
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW, NULL), 1);
    assert_int_equal(store_policy_set(w.store, STR("example.org"), &policy, NOW, NULL, NULL), 1);
    assert_int_equal(store_domain_remove(w.store, STR("example.org"), NOW, NULL), 1);
    assert_int_equal(world_number(&w, STORE_CONTROL, "SELECT COUNT(*) FROM policy"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_makes_each_database_that_is_asked_for_and_no_other),
        cmocka_unit_test(a_fresh_database_has_its_form),
        cmocka_unit_test(what_is_made_is_closed_to_others),
        cmocka_unit_test(in_a_shared_folder_files_are_shared_with_its_group),
        cmocka_unit_test(secrets_open_only_for_their_group),
        cmocka_unit_test(reading_what_is_not_there_says_what_to_run),
        cmocka_unit_test(a_url_that_no_driver_knows_is_refused),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(a_later_version_is_refused_and_left_alone),
        cmocka_unit_test(readers_wait_for_a_writer_to_bring_an_older_version_up),
        cmocka_unit_test(what_something_else_wrote_is_left_as_it_is),
        cmocka_unit_test(one_database_does_not_pass_for_another),
        cmocka_unit_test(using_a_database_that_was_not_opened_is_a_bug_and_no_crash),
        cmocka_unit_test(foreign_keys_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
