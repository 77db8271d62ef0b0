#include "fault.h"
#include "fault_vfs.h"
#include "store/apply.h"
#include "store/messages.h"
#include "world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* One row in short: a domain, the max_age of its policy, and perhaps its rua. */
struct line {
    const char *domain;
    int64_t max_age; /* below 0: no policy */
    const char *rua; /* NULL: not named */
};

struct input {
    const struct line *lines;
    size_t count, at, fail_at; /* fail_at counts from 1; 0: never */
    struct sts_policy policy;
    struct store_setting rua;
    char differences[512];
    unsigned stop_at, told;
};

static int next_line(void *context, struct store_apply_row *row, struct error *err)
{
    struct input *in = context;
    if (in->fail_at && in->at + 1 == in->fail_at)
        return error_set(err, ERROR_POLICY, msg_store_domain_invalid(STR("line")));
    if (in->at == in->count)
        return 0;
    const struct line *line = &in->lines[in->at++];
    *row = (struct store_apply_row){.domain = str_from(line->domain)};
    if (line->max_age >= 0) {
        in->policy = sample_policy((uint32_t)line->max_age);
        row->policy = &in->policy;
    }
    if (line->rua) {
        in->rua = (struct store_setting){STORE_SETTING_RUA, str_from(line->rua)};
        row->settings = &in->rua;
        row->setting_count = 1;
    }
    return 1;
}

static int write_down(void *context, const struct store_apply_difference *row)
{
    static const char signs[] = {'+', '~', '-'};
    struct input *in = context;
    size_t n = strlen(in->differences);
    snprintf(in->differences + n, sizeof in->differences - n, "%c%.*s%s%s ", signs[row->kind],
             STR_ARG(row->domain), row->policy ? "/p" : "", row->settings ? "/s" : "");
    return ++in->told == in->stop_at ? 7 : 0;
}

static int run(struct world *w, struct input *in, int64_t now, bool dry,
               struct store_apply_counts *counts)
{
    struct store_apply apply = {
        .next = next_line, .each = write_down, .context = in, .now = now, .dry_run = dry};
    in->at = 0;
    in->differences[0] = '\0';
    in->told = 0;
    return store_domains_apply(w->store, &apply, counts, &w->err);
}

/* A dry run tells the same and writes nothing; the real one makes it so; again, it is so. */
static void check_apply(struct world *w, const struct line *lines, size_t count, int64_t now,
                        const char *differences, struct store_apply_counts expected)
{
    struct input in = {.lines = lines, .count = count};
    struct store_apply_counts got = {.added = 99};
    uint64_t before, after;
    assert_int_equal(store_changes_last(w->store, STORE_CONTROL, &before, NULL), 0);
    assert_int_equal(run(w, &in, now, true, &got), 0);
    assert_string_equal(in.differences, differences);
    assert_memory_equal(&got, &expected, sizeof got);
    assert_int_equal(store_changes_last(w->store, STORE_CONTROL, &after, NULL), 0);
    assert_int_equal(before, after);
    assert_int_equal(run(w, &in, now, false, &got), 0);
    assert_string_equal(in.differences, differences);
    assert_memory_equal(&got, &expected, sizeof got);
    assert_int_equal(store_changes_last(w->store, STORE_CONTROL, &after, NULL), 0);
    assert_int_equal(after - before, expected.added + expected.changed + expected.removed);
    assert_int_equal(run(w, &in, now + 1, false, &got), 0);
    assert_string_equal(in.differences, "");
    assert_int_equal(got.unchanged, count);
    uint64_t domains;
    assert_int_equal(store_domain_count(w->store, &domains, NULL), 0);
    assert_int_equal(domains, count);
}

#define APPLY(w, now, differences, a, c, r, u, ...)                                                \
    check_apply(w, (const struct line[]){__VA_ARGS__},                                             \
                sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line), now,             \
                differences, (struct store_apply_counts){a, c, r, u})

static void check_domain(struct world *w, const char *name, int64_t max_age, const char *id,
                         const char *rua)
{
    struct store_policy row;
    struct str value = STR("");
    arena_reset(&w->arena);
    int rc = store_policy_current(w->store, str_from(name), &w->arena, &row, NULL);
    CHECK(rc == (max_age >= 0), name);
    if (rc == 1) {
        CHECK(row.policy.max_age == max_age && row.policy.mx_count == 2, name);
        CHECK_STR(row.id, id, name);
    }
    rc = store_setting_get(w->store, str_from(name), STORE_SETTING_RUA, &w->arena, &value, NULL);
    CHECK(rc == (rua != NULL), name);
    CHECK_STR(value, rua ? rua : "", name);
}

static int write_change(void *context, const struct store_change *row)
{
    static const char *const kinds[] = {"domain", "policy", "setting", "domain-setting"};
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 512 - n, "%s %.*s,", kinds[row->kind], STR_ARG(row->key));
    return 0;
}

static void check_changes(struct world *w, uint64_t since, const char *expected)
{
    char text[512] = "";
    assert_int_equal(store_changes_since(w->store, STORE_CONTROL, since, write_change, text, NULL),
                     0);
    assert_string_equal(text, expected);
}

static void the_store_becomes_equal_to_the_rows(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    APPLY(&w, NOW, "+a.example +b.example +c.example +d.example ", 4, 0, 0, 0,
          {"c.example", 3, NULL}, {"a.example", 1, "mailto:a@a.example"}, {"d.example", -1, NULL},
          {"b.example", 2, NULL});
    check_changes(&w, 0, "domain a.example,domain b.example,domain c.example,domain d.example,");
    check_domain(&w, "a.example", 1, "20261124T110000Z", "mailto:a@a.example");
    check_domain(&w, "b.example", 2, "20261124T110000Z", NULL);
    check_domain(&w, "c.example", 3, "20261124T110000Z", NULL);
    check_domain(&w, "d.example", -1, "", NULL);
}

static void each_difference_has_its_one_entry(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t last;
    (void)state;
    world_init(&w);
    APPLY(&w, NOW, "+a.example +b.example +c.example +d.example +f.example ", 5, 0, 0, 0,
          {"c.example", 3, NULL}, {"a.example", 1, "mailto:a@a.example"}, {"d.example", -1, NULL},
          {"b.example", 2, NULL}, {"f.example", 6, "mailto:f@f.example"});
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &last, NULL), 0);
    APPLY(&w, NOW + 10, "~a.example/s ~b.example/p -c.example ~d.example/p/s +e.example ", 1, 3, 1,
          1, {"a.example", 1, "mailto:x@a.example"}, {"b.example", 22, NULL},
          {"d.example", 4, "mailto:d@d.example"}, {"e.example", 5, NULL}, {"f.example", 6, NULL});
    check_changes(&w, last,
                  "domain-setting a.example,policy b.example,domain c.example,"
                  "domain d.example,domain e.example,");
    check_domain(&w, "a.example", 1, "20261124T110000Z", "mailto:x@a.example");
    check_domain(&w, "b.example", 22, "20261124T110010Z", NULL);
    check_domain(&w, "c.example", -1, "", NULL);
    check_domain(&w, "d.example", 4, "20261124T110010Z", "mailto:d@d.example");
    check_domain(&w, "f.example", 6, "20261124T110000Z", "mailto:f@f.example"); /* not named */
    APPLY(&w, NOW + 20, "-a.example -b.example -d.example -e.example ~f.example/s ", 0, 1, 4, 0,
          {"f.example", 6, ""});
    check_domain(&w, "f.example", 6, "20261124T110000Z", NULL);
}

/* RFC 8461 3.1: a sender that sees an id again does not fetch. */
static void ids_rise_when_policies_and_domains_come_back(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    APPLY(&w, NOW, "+a.example +b.example ", 2, 0, 0, 0, {"a.example", 1, NULL},
          {"b.example", 1, NULL});
    APPLY(&w, NOW, "~a.example/p -b.example ", 0, 1, 1, 0, {"a.example", -1, NULL});
    check_domain(&w, "a.example", -1, "", NULL);
    APPLY(&w, NOW, "~a.example/p +b.example ", 1, 1, 0, 0, {"a.example", 1, NULL},
          {"b.example", 1, NULL});
    check_domain(&w, "a.example", 1, "20261124T110001Z", NULL);
    check_domain(&w, "b.example", 1, "20261124T110001Z", NULL);
}

static void a_policy_that_means_the_same_keeps_its_id(void **state)
{
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(9);
    struct str turned[] = {policy.mx[1], policy.mx[0]};
    (void)state;
    world_init(&w);
    policy.mx = turned; /* RFC 8461 3.2: the order of the patterns says nothing */
    assert_int_equal(store_domain_add(w.store, STR("a.example"), NOW, NULL), 1);
    assert_int_equal(store_policy_set(w.store, STR("a.example"), &policy, NOW, NULL, NULL), 1);
    APPLY(&w, NOW + 50, "", 0, 0, 0, 1, {"a.example", 9, NULL});
    check_domain(&w, "a.example", 9, "20261124T110000Z", NULL);
}

static void nothing_is_an_input_too(void **state)
{
    struct world w CLEANUP(world_done);
    struct input none = {.count = 0};
    struct store_apply_counts counts;
    (void)state;
    world_init(&w);
    assert_int_equal(run(&w, &none, NOW, false, &counts), 0);
    APPLY(&w, NOW, "+a.example ", 1, 0, 0, 0, {"a.example", 1, NULL});
    assert_int_equal(run(&w, &none, NOW, false, &counts), 0);
    assert_int_equal(counts.removed, 1);
    assert_int_equal(world_number(&w, STORE_CONTROL, "SELECT COUNT(*) FROM domain"), 0);
}

static void a_row_that_is_wrong_stops_all_of_it(void **state)
{
    static char long_value[STORE_SETTING_VALUE_MAX + 2];
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    memset(long_value, 'x', sizeof long_value - 1);
    APPLY(&w, NOW, "+a.example ", 1, 0, 0, 0, {"a.example", 1, NULL});
    const struct {
        struct line line;
        const struct msg_def *def;
    } rows[] = {
        {{"b.example", 3, NULL}, &MSG_STORE_APPLY_TWICE},
        {{"B.example", 3, NULL}, &MSG_STORE_DOMAIN_INVALID},
        {{"", 3, NULL}, &MSG_STORE_DOMAIN_INVALID},
        {{"c.example", 3, long_value}, &MSG_STORE_SETTING_LARGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct line lines[] = {{"b.example", 2, NULL}, rows[i].line, {"z.example", 1, NULL}};
        struct input in = {.lines = lines, .count = 3};
        assert_int_equal(run(&w, &in, NOW, false, NULL), -ERROR_PERMANENT);
        CHECK(error_is(&w.err, rows[i].def), rows[i].def->id);
        assert_int_equal(in.at, 2); /* the caller knows which row it was */
    }
    struct input in = {.lines = &rows[0].line, .count = 1, .fail_at = 2};
    assert_int_equal(run(&w, &in, NOW, false, NULL), -ERROR_POLICY);
    in = (struct input){.lines = &rows[0].line, .count = 1};
    assert_int_equal(run(&w, &in, -1, false, NULL), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_TIME));
    check_changes(&w, 0, "domain a.example,");
    check_domain(&w, "a.example", 1, "20261124T110000Z", NULL);
}

static void who_is_told_of_the_differences_can_stop_them(void **state)
{
    static const struct line lines[] = {{"b.example", 2, NULL}, {"c.example", 3, NULL}};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    for (unsigned dry = 0; dry < 2; dry++) {
        struct input in = {.lines = lines, .count = 2, .stop_at = 1};
        struct store_apply_counts counts = {.added = 99};
        assert_int_equal(run(&w, &in, NOW, dry, &counts), 7);
        assert_string_equal(in.differences, "+b.example ");
        assert_int_equal(counts.added, 99);
    }
    check_changes(&w, 0, "");
}

/* Writers wait only while it is compared and written, not while rows come. */
static int add_meanwhile(void *context, struct store_apply_row *row, struct error *err)
{
    struct store *other = context;
    (void)row;
    (void)err;
    assert_int_equal(store_domain_add(other, STR("other.example"), NOW, NULL), 1);
    return 0;
}

static void a_slow_giver_keeps_nobody_waiting(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_apply_counts counts;
    (void)state;
    world_init(&w);
    struct store *other CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_WRITE);
    struct store_apply apply = {.next = add_meanwhile, .context = other, .now = NOW};
    assert_int_equal(store_domains_apply(w.store, &apply, &counts, NULL), 0);
    assert_int_equal(counts.removed, 1); /* and what came meanwhile is seen */
}

static void a_store_that_is_only_read_is_a_bug(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    struct store *reader CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_READ);
    struct store_apply apply = {.next = next_line, .now = NOW, .dry_run = true};
    assert_int_equal(store_domains_apply(reader, &apply, NULL, NULL), -ERROR_BUG);
}

enum fault { FAULT_OF_DISK_FULL, FAULT_OF_DISK_IO, FAULT_OF_MEMORY };

static void fault_at(enum fault fault, unsigned n)
{
    if (fault == FAULT_OF_MEMORY)
        fault_alloc_at(n);
    else
        fault_vfs_at(fault == FAULT_OF_DISK_FULL ? FAULT_FULL : FAULT_IO, n);
}

static void a_fault_at_any_call_leaves_all_or_nothing(void **state)
{
    static const struct line first[] = {{"a.example", 1, "x"}, {"b.example", 1, NULL}};
    static const struct line second[] = {{"b.example", 2, "y"}, {"c.example", 2, NULL}};
    (void)state;
    for (enum fault fault = FAULT_OF_DISK_FULL; fault <= FAULT_OF_MEMORY; fault++) {
        struct world w CLEANUP(world_done);
        world_init(&w);
        bool hit = true;
        unsigned n;
        for (n = 1; hit && n < 3000; n++) {
            struct input in = {.lines = first, .count = 2};
            struct store_apply_counts counts;
            assert_int_equal(run(&w, &in, NOW, false, NULL), 0);
            in.lines = second;
            fault_at(fault, n);
            int rc = run(&w, &in, NOW, false, NULL);
            hit = fault == FAULT_OF_MEMORY ? fault_alloc_off() : fault_vfs_off();
            if (rc < 0 && (!hit || rc != -ERROR_TEMPORARY))
                fail_msg("fault %d, call %u: %d %s", (int)fault, n, rc, w.err.msg.def->id);
            /* The same connection goes on, whatever the fault has left of it. */
            in.lines = rc < 0 ? first : second;
            int after = run(&w, &in, NOW, true, &counts);
            if (after < 0)
                fail_msg("fault %d, call %u gave %d; then %s", (int)fault, n, rc,
                         w.err.msg.def->id);
            assert_int_equal(counts.unchanged, 2);
        }
        assert_true(n > 5 && n < 3000);
    }
}

/* Applies two inputs in turn for ever, and says so after each. */
static void apply_for_ever(const struct world *from, int to)
{
    static const struct line lines[2][2] = {{{"a.example", 1, "x"}, {"b.example", 1, NULL}},
                                            {{"b.example", 2, "y"}, {"c.example", 2, NULL}}};
    struct world w = {.store = world_open(from, STORE_CONTROL, STORE_WRITE)};
    for (unsigned i = 0;; i++) {
        struct input in = {.lines = lines[i % 2], .count = 2};
        if (run(&w, &in, NOW, false, NULL) != 0 || write(to, &i, sizeof i) != sizeof i)
            _exit(1);
    }
}

static void kill_9_leaves_all_or_nothing(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    for (unsigned round = 0; round < (world_soak() ? 500U : 15U); round++) {
        int ends[2];
        unsigned done;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            apply_for_ever(&w, ends[1]);
        close(ends[1]);
        for (unsigned i = 0; i <= round % 5; i++)
            assert_int_equal(read(ends[0], &done, sizeof done), sizeof done);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        close(ends[0]);
        assert_int_equal(world_number(&w, STORE_CONTROL,
                                      "SELECT COUNT(*) FROM domain d JOIN policy p ON p.domain ="
                                      " d.id AND p.seq = (SELECT MAX(seq) FROM policy WHERE domain"
                                      " = d.id) WHERE p.max_age = (SELECT 1 + (COUNT(*) = 0) FROM"
                                      " domain WHERE name = 'a.example')"),
                         2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_becomes_equal_to_the_rows),
        cmocka_unit_test(each_difference_has_its_one_entry),
        cmocka_unit_test(ids_rise_when_policies_and_domains_come_back),
        cmocka_unit_test(a_policy_that_means_the_same_keeps_its_id),
        cmocka_unit_test(nothing_is_an_input_too),
        cmocka_unit_test(a_row_that_is_wrong_stops_all_of_it),
        cmocka_unit_test(who_is_told_of_the_differences_can_stop_them),
        cmocka_unit_test(a_slow_giver_keeps_nobody_waiting),
        cmocka_unit_test(a_store_that_is_only_read_is_a_bug),
        cmocka_unit_test(a_fault_at_any_call_leaves_all_or_nothing),
        cmocka_unit_test(kill_9_leaves_all_or_nothing),
    };
    fault_memory_install();
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
