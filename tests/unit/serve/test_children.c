#include "check.h"

#include <errno.h>
#include <signal.h>

#include "serve/children.h"

/* Processes that exist on paper: --wrap leads the calls of children.c here. */
static struct {
    pid_t last;       /* the process id given last */
    bool refuse;      /* the next starts fail */
    pid_t told;       /* whom kill told last */
    int signal;       /* what */
    unsigned signals; /* how many signals were sent */
} world;

int __wrap_spawn_role(const struct spawn *spawn, pid_t *pid, struct error *err);
int __wrap_kill(pid_t pid, int signal);
int __wrap_serve_user_find(struct str wanted, struct str fallback, struct serve_user *out,
                           struct error *err);

int __wrap_spawn_role(const struct spawn *spawn, pid_t *pid, struct error *err)
{
    assert_non_null(spawn->role);
    if (world.refuse)
        return error_set_errno(err, EAGAIN, STR("role"));
    *pid = ++world.last;
    return 0;
}

int __wrap_kill(pid_t pid, int signal)
{
    assert_true(pid > 1000); /* never 0, a group or everybody */
    world.told = pid;
    world.signal = signal;
    world.signals++;
    return 0;
}

int __wrap_serve_user_find(struct str wanted, struct str fallback, struct serve_user *out,
                           struct error *err)
{
    (void)wanted;
    (void)fallback;
    (void)err;
    *out = (struct serve_user){.name = "test"};
    return 0;
}

static struct str no_user(const struct config *config)
{
    (void)config;
    return STR("test");
}

static const struct role role = {.name = "test", .user = no_user};
static struct socket_set no_sockets;
static struct config *config;
static struct children c;

static int begin(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.last = 1000;
    c = (struct children){.config = config, .sockets = &no_sockets};
    return 0;
}

static int load(void **state)
{
    struct error err;
    (void)state;
    return config_load(&config, "/dev/null", NULL, &err);
}

static int unload(void **state)
{
    (void)state;
    config_free(config);
    return 0;
}

#define STOP_MS ((int64_t)config->serve.stop_timeout * 1000)

static struct child *the_child(void)
{
    struct child *child = children_find(&c, &role);
    if (!child) {
        print_error("the role has no child\n");
        exit(1);
    }
    return child;
}

static struct child *start(int64_t now)
{
    children_start(&c, &role, now);
    return the_child();
}

static void ready(const struct child *child, int64_t now)
{
    assert_true(children_notified(&c, child->pid, STR("READY=1"), now));
}

/* Killed by SIGKILL, as waitpid(2) says it. */
static void fall(const struct child *child, int64_t now)
{
    children_ended(&c, child->pid, SIGKILL, now);
}

static void the_pause_before_a_restart_doubles_to_its_most(void **state)
{
    static const int64_t pauses[] = {100,  200,   400,   800,   1600, 3200,
                                     6400, 12800, 25600, 30000, 30000};
    int64_t now = 5000;
    struct child *child = start(now);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
        ready(child, now);
        fall(child, now);
        assert_int_equal(child->state, CHILD_WAITING);
        assert_int_equal(children_due(&c), now + pauses[i]);
        children_tick(&c, now + pauses[i] - 1);
        assert_int_equal(child->state, CHILD_WAITING);
        now += pauses[i];
        children_tick(&c, now);
        assert_int_equal(child->state, CHILD_STARTING);
        assert_int_equal(child->pid, world.last);
    }
    assert_int_equal(world.signals, 0);
}

static void the_pause_stays_at_its_most_for_ever(void **state)
{
    struct child *child = start(0);
    (void)state;
    child->failures = UINT32_MAX - 2;
    for (int i = 0; i < 2; i++) {
        fall(child, 1);
        assert_int_equal(children_due(&c), 1 + RESTART_MOST_MS);
        children_tick(&c, 1 + RESTART_MOST_MS);
    }
}

static void only_one_that_served_well_begins_at_the_first_pause_again(void **state)
{
    struct child *child = start(0);
    (void)state;
    child->failures = 5;
    ready(child, 10);
    fall(child, RAN_WELL_MS);
    assert_int_equal(children_due(&c), RAN_WELL_MS + RESTART_FIRST_MS);
    children_tick(&c, RAN_WELL_MS + RESTART_FIRST_MS);
    child->failures = 5; /* ran as long, but never served */
    fall(child, 10 * RAN_WELL_MS);
    assert_int_equal(children_due(&c), 10 * RAN_WELL_MS + 32 * RESTART_FIRST_MS);
}

static void a_start_that_fails_is_tried_again_like_a_fall(void **state)
{
    (void)state;
    world.refuse = true;
    struct child *child = start(0);
    assert_non_null(child);
    assert_int_equal(child->state, CHILD_WAITING);
    assert_int_equal(children_due(&c), 100);
    children_tick(&c, 100);
    assert_int_equal(children_due(&c), 300);
    world.refuse = false;
    children_tick(&c, 300);
    assert_int_equal(child->state, CHILD_STARTING);
}

static void a_stop_asks_and_then_kills(void **state)
{
    struct child *child = start(0);
    (void)state;
    ready(child, 1);
    children_stop(&c, child, 1000);
    assert_int_equal(world.signal, SIGTERM);
    children_stop(&c, child, 2000); /* again: no second signal, no more time */
    assert_int_equal(world.signals, 1);
    assert_int_equal(children_due(&c), 1000 + STOP_MS);
    children_tick(&c, 1000 + STOP_MS);
    assert_int_equal(world.signal, SIGKILL);
    assert_int_equal(children_due(&c), INT64_MAX);
    children_tick(&c, INT64_MAX - 1);
    assert_int_equal(world.signals, 2);
    fall(child, 1000 + STOP_MS + 1);
    assert_true(c.unclean);
    assert_false(children_running(&c));
}

static void one_that_ends_when_asked_is_clean_and_not_started_again(void **state)
{
    struct child *child = start(0);
    (void)state;
    children_stop(&c, child, 10);
    children_ended(&c, child->pid, 0, 20);
    assert_false(c.unclean || children_running(&c));
    assert_int_equal(children_due(&c), INT64_MAX);
    struct child *waiting = start(30);
    fall(waiting, 40);
    children_stop(&c, waiting, 50); /* nobody to ask */
    assert_false(children_running(&c));
}

static void one_that_no_longer_says_that_it_lives_is_killed(void **state)
{
    const int64_t limit = (int64_t)WATCHDOG_SECONDS * 1000;
    struct child *child = start(0);
    (void)state;
    ready(child, 1);
    assert_int_equal(children_due(&c), INT64_MAX); /* it has not said so once */
    children_notified(&c, child->pid, STR("WATCHDOG=1"), 100);
    children_notified(&c, child->pid, STR("STATUS=WATCHDOG=1"), 5000);
    assert_int_equal(children_due(&c), 100 + limit);
    children_tick(&c, 100 + limit - 1);
    assert_int_equal(world.signals, 0);
    children_tick(&c, 100 + limit);
    assert_int_equal(world.signal, SIGKILL);
    children_tick(&c, 200 + limit);
    assert_int_equal(world.signals, 1);
    fall(child, 200 + limit);
    assert_int_equal(child->state, CHILD_WAITING);
    assert_false(c.unclean); /* that is said of stopping */
}

static void only_its_own_words_make_a_role_ready(void **state)
{
    struct child *child = start(0);
    (void)state;
    static const char *const words[] = {"", "READY=0", "READY=1x", "STATUS=READY=1", "ready=1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        CHECK(!children_notified(&c, child->pid, str_from(words[i]), 1), words[i]);
    assert_false(children_notified(&c, child->pid + 1, STR("READY=1"), 1)); /* somebody else */
    assert_false(children_all_ready(&c));
    assert_true(children_notified(&c, child->pid, STR("STATUS=well\nREADY=1\n"), 1));
    assert_false(children_notified(&c, child->pid, STR("READY=1"), 2)); /* after a reload */
    assert_true(children_all_ready(&c));
}

static void a_replacement_starts_before_the_first_has_ended(void **state)
{
    struct child *first = start(0);
    (void)state;
    ready(first, 1);
    children_replace(&c, first, 10);
    struct child *second = the_child();
    assert_true(second && second != first);
    assert_int_equal(world.told, first->pid);
    assert_int_equal(first->state, CHILD_STOPPING);
    ready(second, 20);
    assert_true(children_all_ready(&c));
    children_ended(&c, first->pid, 0, 30);
    assert_ptr_equal(children_find(&c, &role), second);
    assert_int_equal(second->state, CHILD_READY);
}

static void with_every_row_taken_the_first_ends_and_starts_then(void **state)
{
    (void)state;
    struct child *child = start(0);
    for (int i = 1; i < CHILDREN_MAX; i++)
        c.rows[i] = (struct child){.role = &role,
                                   .state = CHILD_STOPPING,
                                   .pid = 9000 + i,
                                   .retired = true,
                                   .due = INT64_MAX};
    children_replace(&c, child, 10);
    assert_int_equal(child->state, CHILD_STOPPING);
    pid_t before = child->pid;
    children_ended(&c, before, 0, 20);
    assert_int_equal(child->state, CHILD_STARTING);
    assert_true(child->pid != before);
}

static void one_that_says_that_it_ends_is_followed_before_it_has_ended(void **state)
{
    struct child *first = start(0);
    (void)state;
    ready(first, 1);
    assert_false(children_notified(&c, first->pid, STR("STOPPING=1"), 100));
    struct child *second = the_child();
    assert_ptr_not_equal(second, first);
    assert_int_equal(children_due(&c), 100 + RESTART_FIRST_MS);
    children_notified(&c, first->pid, STR("STOPPING=1"), 150); /* once */
    children_tick(&c, 100 + RESTART_FIRST_MS);
    assert_int_equal(second->state, CHILD_STARTING);
    ready(second, 300);
    children_ended(&c, first->pid, 0, 400);
    assert_int_equal(first->state, CHILD_NONE);
    children_notified(&c, second->pid, STR("STOPPING=1"), 500); /* soon after the first */
    assert_int_equal(the_child()->due, 500 + 2 * RESTART_FIRST_MS);
    assert_int_equal(world.signals, 0);
}

static void one_that_says_that_it_ends_is_killed_when_it_does_not(void **state)
{
    struct child *child = start(0);
    (void)state;
    ready(child, 1);
    children_notified(&c, child->pid, STR("STOPPING=1"), RAN_WELL_MS);
    children_tick(&c, RAN_WELL_MS + RESTART_FIRST_MS);
    ready(the_child(), RAN_WELL_MS + RESTART_FIRST_MS);
    children_tick(&c, RAN_WELL_MS + STOP_MS);
    assert_int_equal(world.signal, SIGKILL);
    assert_int_equal(world.told, child->pid);
    assert_int_equal(world.signals, 1);
}

static void nobody_follows_at_the_end_of_the_supervisor(void **state)
{
    struct child *child = start(0);
    (void)state;
    ready(child, 1);
    c.ending = true;
    children_notified(&c, child->pid, STR("STOPPING=1"), 10);
    assert_ptr_equal(the_child(), child);
    assert_int_equal(child->state, CHILD_READY);
}

static void an_unknown_process_changes_nothing(void **state)
{
    struct child *child = start(0);
    (void)state;
    children_ended(&c, 4242, 0, 1);
    assert_int_equal(child->state, CHILD_STARTING);
    fall(child, 2);
    children_ended(&c, 0, 0, 3); /* a waiting row has no process */
    assert_int_equal(child->failures, 1);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_pause_before_a_restart_doubles_to_its_most),
        TEST(the_pause_stays_at_its_most_for_ever),
        TEST(only_one_that_served_well_begins_at_the_first_pause_again),
        TEST(a_start_that_fails_is_tried_again_like_a_fall),
        TEST(a_stop_asks_and_then_kills),
        TEST(one_that_ends_when_asked_is_clean_and_not_started_again),
        TEST(one_that_no_longer_says_that_it_lives_is_killed),
        TEST(only_its_own_words_make_a_role_ready),
        TEST(a_replacement_starts_before_the_first_has_ended),
        TEST(with_every_row_taken_the_first_ends_and_starts_then),
        TEST(one_that_says_that_it_ends_is_followed_before_it_has_ended),
        TEST(one_that_says_that_it_ends_is_killed_when_it_does_not),
        TEST(nobody_follows_at_the_end_of_the_supervisor),
        TEST(an_unknown_process_changes_nothing),
    };
    return cmocka_run_group_tests_name("serve children", tests, load, unload);
}
