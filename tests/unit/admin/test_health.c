#include "check.h"

#include "admin/health.h"
#include "world.h"

static void nothing(struct admin_view *v)
{
    (void)v;
}

static void host_is_absent(struct admin_view *v)
{
    v->roles[HOST].page.runs[0].pid = 0;
}

static void host_was_never_here(struct admin_view *v)
{
    v->roles[HOST].counted = false;
}

static void host_is_silent(struct admin_view *v)
{
    v->roles[HOST].page.runs[0].beat = NOW_MS - 20000;
}

static void host_was_silent_and_a_new_one_lives(struct admin_view *v)
{
    v->roles[HOST].page.runs[1] = v->roles[HOST].page.runs[0];
    v->roles[HOST].page.runs[1].started++;
    host_is_silent(v);
}

static void fell(struct admin_view *v, uint64_t falls, int64_t first_ago)
{
    v->roles[HOST].page.falls = falls;
    for (size_t i = 0; i < COUNTERS_FALLS && i < falls; i++)
        v->roles[HOST].page.fell_at[i] = NOW_MS - first_ago + (int64_t)i;
}

static void host_fell_twice(struct admin_view *v)
{
    fell(v, 2, 1000);
}

static void host_keeps_falling(struct admin_view *v)
{
    fell(v, 4, 300000);
}

static void host_fell_long_ago(struct admin_view *v)
{
    fell(v, 4, 700000);
}

static void store_is_unread(struct admin_view *v)
{
    v->roles[HOST].page.runs[0].gauges[GAUGE_READ_FAILING_SINCE] = NOW - 3600;
}

static void store_is_unwritten(struct admin_view *v)
{
    v->roles[KEEPER].page.runs[0].gauges[GAUGE_WRITE_FAILING_SINCE] = NOW;
}

static void disk_is_full(struct admin_view *v)
{
    v->disk_free = 4096;
}

static void disk_is_unknown(struct admin_view *v)
{
    v->disk_known = false;
}

static void certificates_are_at_risk(struct admin_view *v)
{
    v->roles[KEEPER].page.runs[0].gauges[GAUGE_AT_RISK] = 2;
}

static void much_is_wrong(struct admin_view *v)
{
    store_is_unread(v);
    disk_is_full(v);
}

static void each_fault_is_named_in_plain_words(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct admin_view *v);
        const char *text;
    } rows[] = {
        {"well", nothing, "ok\n"},
        {"absent", host_is_absent,
         "the role host does not run here, though serve.roles names it; start it, or take it out "
         "of "
         "serve.roles\n"},
        {"never here", host_was_never_here,
         "the role host does not run here, though serve.roles names it; start it, or take it out "
         "of "
         "serve.roles\n"},
        {"silent", host_is_silent,
         "the role host has given no sign of life for 20 seconds; its last lines in the log say "
         "what it was about to do\n"},
        {"replaced", host_was_silent_and_a_new_one_lives, "ok\n"},
        {"two falls", host_fell_twice, "ok\n"},
        {"falls", host_keeps_falling,
         "the role host keeps falling: several times in the last ten minutes, 4 times in all; the "
         "lines that it logged before each fall say why\n"},
        {"fell long ago", host_fell_long_ago, "ok\n"},
        {"unread", store_is_unread,
         "the role host cannot read the store /var/lib/sealpost since 2023-11-14T21:13:20Z; what "
         "it "
         "read before is served on\n"},
        {"unwritten", store_is_unwritten,
         "the role keeper cannot write the store /var/lib/sealpost since 2023-11-14T22:13:20Z\n"},
        {"full", disk_is_full,
         "the disk of the store /var/lib/sealpost is full (4 KiB are free): nothing can be "
         "changed, "
         "and what was stored is served on; make room there\n"},
        {"no disk", disk_is_unknown,
         "the folder of the store /var/lib/sealpost cannot be looked at\n"},
        {"at risk", certificates_are_at_risk,
         "2 certificates expire soon or did already, and the last order of a new one failed; "
         "`sealpost cert list` says which, and why\n"},
        {"two faults", much_is_wrong,
         "the disk of the store /var/lib/sealpost is full (4 KiB are free): nothing can be "
         "changed, "
         "and what was stored is served on; make room there\n"
         "the role host cannot read the store /var/lib/sealpost since 2023-11-14T21:13:20Z; what "
         "it "
         "read before is served on\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct admin_view *view = world_new();
        struct buf text CLEANUP(buf_done);
        buf_init(&text, HEALTH_TEXT_MAX);
        rows[i].spoil(view);
        struct health health;
        health_judge(view, &health);
        health_write(&health, &text);
        CHECK_STR(buf_view(&text), rows[i].text, rows[i].name);
        CHECK((health.count == 0) == str_eq(str_from(rows[i].text), STR("ok\n")), rows[i].name);
        free(view);
    }
}

static void keeper_is_silent(struct admin_view *v)
{
    v->roles[KEEPER].page.runs[0].beat = NOW_MS - 20000;
}

static void host_is_silent_for_longer(struct admin_view *v)
{
    v->roles[HOST].page.runs[0].beat = NOW_MS - 30000;
}

static void judge_spoiled(void (*spoil)(struct admin_view *v), struct health *out)
{
    struct admin_view *view = world_new();
    spoil(view);
    health_judge(view, out);
    free(view);
}

/* So that each is told once when it begins and once when it ends. */
static void a_fault_is_the_same_while_only_its_figures_change(void **state)
{
    static const struct {
        const char *name;
        void (*before)(struct admin_view *v), (*now)(struct admin_view *v);
        bool same;
    } rows[] = {
        {"longer", host_is_silent, host_is_silent_for_longer, true},
        {"another role", host_is_silent, keeper_is_silent, false},
        {"another fault", host_is_silent, host_is_absent, false},
        {"beside another", disk_is_full, much_is_wrong, true},
        {"mended", disk_is_full, nothing, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct health before, now;
        judge_spoiled(rows[i].before, &before);
        judge_spoiled(rows[i].now, &now);
        assert_int_equal(before.count, 1);
        CHECK(health_has(&now, &before.faults[0]) == rows[i].same, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_named_in_plain_words),
        cmocka_unit_test(a_fault_is_the_same_while_only_its_figures_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
