/* Several processes on one store, and processes that die in the middle. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/messages.h"
#include "world.h"

#define DOMAIN  STR("example.org")
#define WRITERS 3
#define ROUNDS  40

static unsigned rounds(unsigned sampled, unsigned full)
{
    return world_soak() ? full : sampled;
}

/* xorshift; the seed is printed, and SEALPOST_SEED repeats a run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t first_seed(void)
{
    const char *given = getenv("SEALPOST_SEED");
    uint64_t seed = 0;
    if (!given || !str_to_u64(str_from(given), &seed) || seed == 0)
        seed = (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    print_message("# SEALPOST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* Writes policy after policy, each with the next max_age, and says so after each. */
static void write_for_ever(const struct world *w, uint32_t from, int to)
{
    struct store *s = NULL;
    if (world_try(w, STORE_CONTROL, STORE_WRITE, &s, NULL) < 0)
        _exit(1);
    for (uint32_t age = from;; age++) {
        struct sts_policy policy = sample_policy(age);
        if (store_policy_set(s, DOMAIN, &policy, NOW, NULL, NULL) != 1 ||
            write(to, &age, sizeof age) != sizeof age)
            _exit(1);
    }
}

/* Starts a writer, lets it acknowledge `count` writes, kills it in the next. Gives the last that
 * was acknowledged before it died, or from - 1. */
static uint32_t kill_a_writer(const struct world *w, uint32_t from, unsigned count)
{
    int ends[2];
    uint32_t last = from - 1, age;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_for_ever(w, from, ends[1]);
    close(ends[1]);
    for (unsigned i = 0; i < count && read(ends[0], &age, sizeof age) == sizeof age; i++)
        last = age;
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &age, sizeof age) == sizeof age)
        last = age;
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ends[0]);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_policy current;
    uint64_t seed = first_seed();
    uint32_t next = 1;
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    store_close(w.store);
    w.store = NULL;
    unsigned n = rounds(30, 2000);
    for (unsigned i = 0; i < n; i++) {
        uint32_t last = kill_a_writer(&w, next, (unsigned)(next_random(&seed) % 12));
        struct store *s CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_WRITE);
        arena_reset(&w.arena);
        int found = store_policy_current(s, DOMAIN, &w.arena, &current, NULL);
        uint32_t there = found == 1 ? current.policy.max_age : 0;
        /* The write in which it died may be there or not, but wholly. */
        if (there != last && there != last + 1)
            fail_msg("round %u: %u was acknowledged, %u is there", i, last, there);
        uint64_t changes;
        assert_int_equal(store_changes_last(s, STORE_CONTROL, &changes, NULL), 0);
        assert_int_equal(changes, 1 + there); /* the domain and each policy */
        next = there + 1;
    }
    assert_int_equal(world_number(&w, STORE_CONTROL,
                                  "SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
                     1);
    assert_true(next > n);
}

static void wait_for(const pid_t *children, unsigned n)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < n; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    assert_int_equal(failed, 0);
}

static void add_domains(const struct world *w, unsigned writer)
{
    struct store *s = NULL;
    if (world_try(w, STORE_CONTROL, STORE_WRITE, &s, NULL) < 0)
        _exit(1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[64];
        struct sts_policy policy = sample_policy(writer * 1000 + i);
        snprintf(name, sizeof name, "d%u-%u.example", writer, i);
        if (store_domain_add(s, str_from(name), NOW, NULL) != 1 ||
            store_policy_set(s, DOMAIN, &policy, NOW, NULL, NULL) != 1)
            _exit(2);
    }
    store_close(s);
    _exit(0);
}

static void writers_wait_for_each_other_and_lose_nothing(void **state)
{
    struct world w CLEANUP(world_done);
    pid_t children[WRITERS];
    uint64_t count;
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    store_close(w.store);
    w.store = NULL;
    for (unsigned i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            add_domains(&w, i + 1);
    }
    wait_for(children, WRITERS);
    struct store *s CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_READ);
    assert_int_equal(store_domain_count(s, &count, NULL), 0);
    assert_int_equal(count, 1 + WRITERS * ROUNDS);
    assert_int_equal(
        world_number(&w, STORE_CONTROL, "SELECT COUNT(DISTINCT policy_id) FROM policy"),
        WRITERS * ROUNDS);
}

static void processes_that_start_together_make_one_store(void **state)
{
    (void)state;
    for (unsigned round = 0; round < rounds(5, 200); round++) {
        struct world w CLEANUP(world_done);
        pid_t children[WRITERS];
        world_init_empty(&w);
        for (unsigned i = 0; i < WRITERS; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0) {
                struct store_options all = {{STORE_WRITE, STORE_WRITE, STORE_WRITE, STORE_WRITE}};
                struct store *s = NULL;
                struct error err;
                int rc = store_open(&s, w.path, &all, &err);
                if (rc < 0)
                    print_error("%s\n", err.msg.def->id);
                store_close(s);
                _exit(rc == 0 ? 0 : 1);
            }
        }
        wait_for(children, WRITERS);
        store_close(world_open(&w, STORE_SECRETS, STORE_READ));
    }
}

/* What a reader sees while another writes: never half of a policy, never an older one after a
 * newer. */
static void readers_see_whole_policies_while_others_write(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    store_close(w.store);
    w.store = NULL;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_for_ever(&w, 1, ends[1]);
    close(ends[1]);
    struct store *s CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_READ);
    uint32_t age, last = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct store_policy row;
        assert_int_equal(read(ends[0], &age, sizeof age), sizeof age);
        arena_reset(&w.arena);
        assert_int_equal(store_changed(s, STORE_CONTROL, NULL) >= 0, 1);
        assert_int_equal(store_policy_current(s, DOMAIN, &w.arena, &row, NULL), 1);
        assert_true(row.policy.max_age >= age && row.policy.max_age >= last);
        assert_int_equal(row.seq, row.policy.max_age);
        last = row.policy.max_age;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
}

static void a_writer_that_does_not_come_to_its_turn_says_busy(void **state)
{
    struct world w CLEANUP(world_done);
    sqlite3 *other = NULL;
    (void)state;
    world_init(&w);
    assert_int_equal(sqlite3_open(world_file(&w, STORE_CONTROL), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    int rc = store_domain_add(w.store, DOMAIN, NOW, &w.err);
    /* Readers, and the other databases, do not wait. */
    uint64_t count = 99;
    assert_int_equal(store_domain_count(w.store, &count, NULL), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_certificate_remove(w.store, 1, NULL), 0);
    sqlite3_close(other);
    assert_int_equal(rc, -ERROR_TEMPORARY);
    assert_true(error_is(&w.err, &MSG_STORE_BUSY));
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, &w.err), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_survives_kill_9),
        cmocka_unit_test(writers_wait_for_each_other_and_lose_nothing),
        cmocka_unit_test(processes_that_start_together_make_one_store),
        cmocka_unit_test(readers_see_whole_policies_while_others_write),
        cmocka_unit_test(a_writer_that_does_not_come_to_its_turn_says_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
