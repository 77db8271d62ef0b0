/* The driver when everything beneath it fails: memory, the disk, the file itself. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "fault_vfs.h"
#include "store/messages.h"
#include "store/sqlite.h"
#include "world.h"

#define DOMAIN    STR("example.org")
#define STEPS_MAX 3000 /* more failure points than any one call has */

/* Everything a store does for one domain. Gives the first failure, and how far it came. */
static int whole_life(struct store *s, int64_t now, unsigned *done, struct error *err)
{
    static const struct str names[] = {STR_INIT("mta-sts.example.org")};
    struct sts_policy policy = sample_policy((uint32_t)(now - NOW));
    struct store_certificate certificate = {.names = names,
                                            .name_count = 1,
                                            .chain = STR("chain"),
                                            .key = STR("key"),
                                            .source = STR("import")};
    int rc = store_domain_add(s, DOMAIN, now, err);
    *done = rc >= 0 ? 1 : 0;
    if (rc >= 0 && (rc = store_policy_set(s, DOMAIN, &policy, now, NULL, err)) >= 0)
        *done = 2;
    if (rc >= 0 && (rc = store_setting_set(s, DOMAIN, STR("k"), STR("v"), err)) >= 0)
        *done = 3;
    if (rc >= 0 && (rc = store_certificate_put(s, &certificate, NULL, err)) >= 0)
        *done = 4;
    if (rc >= 0 && (rc = store_domain_remove(s, DOMAIN, now, err)) >= 0)
        *done = 5;
    return rc < 0 ? rc : 0;
}

static int open_all(const struct world *w, struct store **out, struct error *err)
{
    struct store_options all = {{STORE_WRITE, STORE_WRITE, STORE_WRITE, STORE_WRITE}};
    return store_open(out, w->path, &all, err);
}

/* What a call acknowledged is there, what it refused is not, and the file is sound. */
static void check_state(struct world *w, unsigned done, unsigned step)
{
    struct store *s CLEANUP(store_closep) = NULL;
    struct store_policy policy;
    struct str value;
    assert_int_equal(open_all(w, &s, &w->err), 0);
    arena_reset(&w->arena);
    bool domain = done >= 1 && done < 5;
    int has_policy = store_policy_current(s, DOMAIN, &w->arena, &policy, NULL);
    int has_setting = store_setting_get(s, DOMAIN, STR("k"), &w->arena, &value, NULL);
    if (has_policy != (domain && done >= 2) || has_setting != (domain && done >= 3))
        fail_msg("step %u: done %u, but policy %d and setting %d", step, done, has_policy,
                 has_setting);
    assert_int_equal(
        world_number(w, STORE_CONTROL, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
        1);
    assert_int_equal(
        world_number(w, STORE_SECRETS, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
        1);
}

/* Leaves no domain behind, so that each step begins alike. */
static void clear(struct world *w)
{
    struct store *s CLEANUP(store_closep) = NULL;
    assert_int_equal(open_all(w, &s, &w->err), 0);
    assert_true(store_domain_remove(s, DOMAIN, NOW, &w->err) >= 0);
}

static void fail_every_disk_call(enum fault_kind kind)
{
    struct world w CLEANUP(world_done);
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    unsigned n;
    for (n = 1; n < STEPS_MAX; n++) {
        struct store *s = NULL;
        unsigned done = 0;
        fault_vfs_at(kind, n);
        int rc = open_all(&w, &s, &w.err);
        if (rc == 0)
            rc = whole_life(s, NOW + n, &done, &w.err);
        bool hit = fault_vfs_off();
        if (rc < 0) {
            assert_true(hit);
            if (rc != -ERROR_TEMPORARY || !msg_has(&w.err.msg, MSG_FIX))
                fail_msg("step %u: %s", n, w.err.msg.def->id);
        }
        store_close(s);
        check_state(&w, done, n);
        if (!hit)
            break;
        clear(&w);
    }
    assert_true(n > 20 && n < STEPS_MAX);
}

static void a_full_disk_at_any_write_changes_nothing(void **state)
{
    (void)state;
    fail_every_disk_call(FAULT_FULL);
}

static void a_broken_disk_at_any_call_changes_nothing(void **state)
{
    (void)state;
    fail_every_disk_call(FAULT_IO);
}

static void no_memory_at_any_allocation_is_an_error_and_no_leak(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    unsigned n;
    for (n = 1; n < STEPS_MAX * 4; n += n < 100 || world_soak() ? 1 : 13) {
        struct store *s = NULL;
        unsigned done = 0;
        fault_alloc_at(n);
        int rc = open_all(&w, &s, &w.err);
        if (rc == 0)
            rc = whole_life(s, NOW + n, &done, &w.err);
        bool hit = fault_alloc_off();
        if (rc < 0 && (!hit || rc != -ERROR_TEMPORARY))
            fail_msg("allocation %u: %s", n, w.err.msg.def->id);
        store_close(s);
        if (!hit)
            break;
        check_state(&w, done, n);
        clear(&w);
    }
    assert_true(n > 50 && n < STEPS_MAX * 4);
}

static void a_file_system_without_room_is_named_as_such(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init_empty(&w);
    assert_int_equal(mkdir(w.path, 0700), 0);
    if (geteuid() != 0 || mount("tmpfs", w.path, "tmpfs", 0, "size=512k,mode=0700") != 0)
        skip(); /* a full disk needs a mount, and that needs root */
    struct store *s CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_WRITE);
    char value[4000];
    unsigned n = 0;
    int rc;
    memset(value, 'x', sizeof value);
    do {
        char key[32];
        snprintf(key, sizeof key, "k%u", n++);
        rc =
            store_setting_set(s, STR(""), str_from(key), (struct str){value, sizeof value}, &w.err);
    } while (rc == 1 && n < 1000);
    bool full = rc == -ERROR_TEMPORARY && error_is(&w.err, &MSG_STORE_FULL);
    /* What was acknowledged is there, and what was refused is not. */
    int64_t rows = world_number(&w, STORE_CONTROL, "SELECT COUNT(*) FROM setting");
    store_close(s);
    s = NULL;
    assert_int_equal(umount(w.path), 0);
    assert_true(full);
    assert_int_equal(rows, n - 1);
}

static void overwrite(const char *path, long at, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void a_damaged_file_is_named_with_the_remedy(void **state)
{
    struct world w CLEANUP(world_done);
    struct store *s = NULL;
    char garbage[4096];
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    memset(garbage, 0xa5, sizeof garbage);
    /* The second page first, then the header, too. */
    for (long at = 4096; at >= 0; at -= 4096) {
        overwrite(world_file(&w, STORE_CONTROL), at, garbage, sizeof garbage);
        int rc = world_try(&w, STORE_CONTROL, STORE_WRITE, &s, &w.err);
        if (rc == 0)
            rc = store_domain_add(s, DOMAIN, NOW, &w.err);
        store_close(s);
        s = NULL;
        assert_int_equal(rc, -ERROR_PERMANENT);
        assert_true(error_is(&w.err, &MSG_STORE_CORRUPT));
        assert_true(msg_has(&w.err.msg, MSG_FIX));
    }
}

static void each_result_code_has_its_class(void **state)
{
    static const struct {
        int code;
        enum error_class class;
        const struct msg_def *def;
    } rows[] = {
        {SQLITE_BUSY, ERROR_TEMPORARY, &MSG_STORE_BUSY},
        {SQLITE_BUSY_SNAPSHOT, ERROR_TEMPORARY, &MSG_STORE_BUSY},
        {SQLITE_LOCKED, ERROR_TEMPORARY, &MSG_STORE_BUSY},
        {SQLITE_FULL, ERROR_TEMPORARY, &MSG_STORE_FULL},
        {SQLITE_IOERR_WRITE, ERROR_TEMPORARY, &MSG_STORE_IO},
        {SQLITE_CORRUPT, ERROR_PERMANENT, &MSG_STORE_CORRUPT},
        {SQLITE_CORRUPT_INDEX, ERROR_PERMANENT, &MSG_STORE_CORRUPT},
        {SQLITE_NOTADB, ERROR_PERMANENT, &MSG_STORE_CORRUPT},
        {SQLITE_CANTOPEN, ERROR_PERMANENT, &MSG_STORE_NO_PERMISSION},
        {SQLITE_READONLY, ERROR_PERMANENT, &MSG_STORE_NO_PERMISSION},
        {SQLITE_CONSTRAINT_UNIQUE, ERROR_BUG, &MSG_STORE_FAILED},
        {SQLITE_ERROR, ERROR_BUG, &MSG_STORE_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;
        int rc = sqlite_fail(NULL, "control.db", rows[i].code, &err);
        CHECK(rc == -(int)rows[i].class, rows[i].def->id);
        CHECK(error_is(&err, rows[i].def), rows[i].def->id);
    }
    struct error err;
    assert_int_equal(sqlite_fail(NULL, "x", SQLITE_NOMEM, &err), -ERROR_TEMPORARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_at_any_write_changes_nothing),
        cmocka_unit_test(a_broken_disk_at_any_call_changes_nothing),
        cmocka_unit_test(no_memory_at_any_allocation_is_an_error_and_no_leak),
        cmocka_unit_test(a_file_system_without_room_is_named_as_such),
        cmocka_unit_test(a_damaged_file_is_named_with_the_remedy),
        cmocka_unit_test(each_result_code_has_its_class),
    };
    fault_memory_install();
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
