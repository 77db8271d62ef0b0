/* What checks saw of domains. */
#include "fault.h"
#include "fault_vfs.h"
#include "store/messages.h"
#include "store/query.h"
#include "world.h"

#define DOMAIN STR("example.org")

static struct store_seen sample(void)
{
    return (struct store_seen){.at = NOW,
                               .id = STR("20261124T110000Z"),
                               .body_hash = STR("0123456789abcdef"),
                               .mode = STS_MODE_ENFORCE,
                               .max_age = STS_MAX_AGE_MAX,
                               .enforce_until = NOW + STS_MAX_AGE_MAX,
                               .testing_since = NOW - 1};
}

static void what_was_put_is_got_and_replaced(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_seen in = sample(), out;
    (void)state;
    world_init(&w);
    assert_int_equal(store_seen_get(w.store, DOMAIN, &w.arena, &out, NULL), 0);
    assert_int_equal(store_seen_put(w.store, DOMAIN, &in, &w.err), 1);
    assert_int_equal(store_seen_get(w.store, DOMAIN, &w.arena, &out, NULL), 1);
    assert_int_equal(out.at, in.at);
    CHECK_STR(out.id, "20261124T110000Z", "id");
    CHECK_STR(out.body_hash, "0123456789abcdef", "body_hash");
    assert_int_equal(out.mode, STS_MODE_ENFORCE);
    assert_int_equal(out.max_age, STS_MAX_AGE_MAX);
    assert_int_equal(out.enforce_until, in.enforce_until);
    assert_int_equal(out.testing_since, in.testing_since);
    in = (struct store_seen){.at = NOW + 1};
    assert_int_equal(store_seen_put(w.store, DOMAIN, &in, &w.err), 1);
    assert_int_equal(store_seen_get(w.store, DOMAIN, &w.arena, &out, NULL), 1);
    assert_int_equal(out.at, NOW + 1);
    CHECK_STR(out.id, "", "id");
    assert_int_equal(out.mode, STS_MODE_NONE);
    assert_int_equal(store_seen_get(w.store, STR("example.net"), &w.arena, &out, NULL), 0);
    assert_int_equal(world_number(&w, STORE_OUTBOUND, "SELECT COUNT(*) FROM seen_domain"), 1);
}

static void what_has_another_form_is_refused(void **state)
{
    static const char bytes[STORE_SEEN_HASH_MAX + 1] = "";
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    const struct {
        size_t id, hash;
        uint32_t max_age;
        const char *domain;
        const struct msg_def *refused; /* NULL: taken */
    } rows[] = {
        {STORE_SEEN_ID_MAX, STORE_SEEN_HASH_MAX, STS_MAX_AGE_MAX, "example.org", NULL},
        {STORE_SEEN_ID_MAX + 1, 0, 0, "example.org", &MSG_STORE_SEEN_INVALID},
        {0, STORE_SEEN_HASH_MAX + 1, 0, "example.org", &MSG_STORE_SEEN_INVALID},
        {0, 0, STS_MAX_AGE_MAX + 1, "example.org", &MSG_STORE_SEEN_INVALID},
        {0, 0, 0, "Example.org", &MSG_STORE_DOMAIN_INVALID},
        {0, 0, 0, "", &MSG_STORE_DOMAIN_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char filled[sizeof bytes];
        memset(filled, 'a', sizeof filled);
        struct store_seen in = {.id = {filled, rows[i].id},
                                .body_hash = {filled, rows[i].hash},
                                .max_age = rows[i].max_age};
        int rc = store_seen_put(w.store, str_from(rows[i].domain), &in, &w.err);
        assert_int_equal(rc, rows[i].refused ? -ERROR_PERMANENT : 1);
        if (rows[i].refused)
            CHECK(error_is(&w.err, rows[i].refused), rows[i].refused->id);
    }
    struct store_seen in = {.mode = (enum sts_mode)99};
    assert_int_equal(store_seen_put(w.store, DOMAIN, &in, &w.err), -ERROR_PERMANENT);
}

static void a_store_of_the_first_version_is_brought_up(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_seen in = sample(), out;
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    world_sql(&w, STORE_OUTBOUND,
              "DROP TABLE seen_domain; DELETE FROM schema_version WHERE version > 1");
    w.store = world_open(&w, STORE_OUTBOUND, STORE_WRITE);
    assert_int_equal(store_seen_put(w.store, DOMAIN, &in, &w.err), 1);
    assert_int_equal(store_seen_get(w.store, DOMAIN, &w.arena, &out, NULL), 1);
}

/* The second version did not know since when a policy is in testing: at least since it was seen. */
static void a_store_of_the_second_version_keeps_what_it_saw(void **state)
{
    static const struct {
        const char *domain, *mode, *hash;
        int64_t since;
    } rows[] = {{"testing.example", "testing", "00", NOW},
                {"enforce.example", "enforce", "00", 0},
                {"nothing.example", "testing", "", 0}};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    world_sql(&w, STORE_OUTBOUND,
              "ALTER TABLE seen_domain DROP COLUMN testing_since;"
              "DELETE FROM schema_version WHERE version > 2");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char sql[300];
        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO seen_domain VALUES ('%s', %lld, '1', '%s', '%s', 86400, 0)",
                       rows[i].domain, (long long)NOW, rows[i].hash, rows[i].mode);
        world_sql(&w, STORE_OUTBOUND, sql);
    }
    w.store = world_open(&w, STORE_OUTBOUND, STORE_WRITE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_seen out = {.at = 0};
        assert_int_equal(store_seen_get(w.store, str_from(rows[i].domain), &w.arena, &out, &w.err),
                         1);
        CHECK(out.at == NOW && out.testing_since == rows[i].since, rows[i].domain);
    }
}

static void a_database_that_was_not_opened_is_a_bug(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_seen seen = sample();
    (void)state;
    world_init(&w);
    struct store *control CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_WRITE);
    struct store *reading CLEANUP(store_closep) = world_open(&w, STORE_OUTBOUND, STORE_READ);
    assert_int_equal(store_seen_put(control, DOMAIN, &seen, NULL), -ERROR_BUG);
    assert_int_equal(store_seen_get(control, DOMAIN, &w.arena, &seen, NULL), -ERROR_BUG);
    assert_int_equal(store_seen_put(reading, DOMAIN, &seen, NULL), -ERROR_BUG);
    assert_int_equal(store_seen_get(reading, DOMAIN, &w.arena, &seen, NULL), 0);
}

enum fault { FAULT_OF_DISK_FULL, FAULT_OF_DISK_IO, FAULT_OF_MEMORY };

static void fault_at(enum fault fault, unsigned n)
{
    if (fault == FAULT_OF_MEMORY)
        fault_alloc_at(n);
    else
        fault_vfs_at(fault == FAULT_OF_DISK_FULL ? FAULT_FULL : FAULT_IO, n);
}

static void a_fault_at_any_call_keeps_what_was_seen(void **state)
{
    (void)state;
    for (enum fault fault = FAULT_OF_DISK_FULL; fault <= FAULT_OF_MEMORY; fault++) {
        struct world w CLEANUP(world_done);
        struct store_seen first = sample(), out;
        world_init(&w);
        assert_int_equal(store_seen_put(w.store, DOMAIN, &first, NULL), 1);
        bool hit = true;
        unsigned n;
        for (n = 1; hit && n < 1000; n++) {
            struct store_seen in = first;
            in.at = NOW + n;
            fault_at(fault, n);
            int rc = store_seen_put(w.store, DOMAIN, &in, &w.err);
            hit = fault == FAULT_OF_MEMORY ? fault_alloc_off() : fault_vfs_off();
            if (rc < 0 && (!hit || rc != -ERROR_TEMPORARY))
                fail_msg("fault %d, call %u: %d %s", (int)fault, n, rc, w.err.msg.def->id);
            store_close(w.store);
            w.store = world_open(&w, STORE_OUTBOUND, STORE_WRITE);
            assert_int_equal(store_seen_get(w.store, DOMAIN, &w.arena, &out, NULL), 1);
            assert_int_equal(out.at, rc == 1 ? in.at : first.at);
            first = out;
        }
        assert_true(n > 2 && n < 1000);
    }
}

static void no_memory_while_getting_is_an_error(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_seen in = sample(), out;
    (void)state;
    world_init(&w);
    assert_int_equal(store_seen_put(w.store, DOMAIN, &in, NULL), 1);
    bool hit = true;
    unsigned n;
    for (n = 1; hit && n < 1000; n++) {
        arena_done(&w.arena);
        arena_init(&w.arena, 4096);
        fault_alloc_at(n);
        int rc = store_seen_get(w.store, DOMAIN, &w.arena, &out, &w.err);
        hit = fault_alloc_off();
        assert_true(hit ? rc == -ERROR_TEMPORARY : rc == 1);
    }
    assert_true(n > 2 && n < 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_got_and_replaced),
        cmocka_unit_test(what_has_another_form_is_refused),
        cmocka_unit_test(a_store_of_the_first_version_is_brought_up),
        cmocka_unit_test(a_store_of_the_second_version_keeps_what_it_saw),
        cmocka_unit_test(a_database_that_was_not_opened_is_a_bug),
        cmocka_unit_test(a_fault_at_any_call_keeps_what_was_seen),
        cmocka_unit_test(no_memory_while_getting_is_an_error),
    };
    fault_memory_install();
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
