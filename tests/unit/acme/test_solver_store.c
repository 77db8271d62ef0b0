#include "../store/world.h"

#include "acme/messages.h"
#include "acme/solver.h"
#include "store/acme.h"

/* Two nodes and a clock that only waiting moves. */
struct stage {
    struct world w;
    struct acme_world world;
    struct acme_store_solver context;
    struct acme_solver solver;
    int64_t ms;            /* since NOW */
    int64_t applies_at_ms; /* when node b applies what there is; -1: never */
    const char *living;    /* nodes, a letter each, that report all the time */
    bool stopped;
};

static int64_t now_of(void *context)
{
    const struct stage *s = context;
    return NOW + s->ms / 1000;
}

static int wait_ms(void *context, int64_t ms, struct error *err)
{
    struct stage *s = context;
    s->ms += ms;
    if (s->stopped)
        return error_set_memory(err);
    for (const char *id = s->living; id && *id; id++)
        assert_int_equal(store_node_seen(s->w.store, (struct str){id, 1}, now_of(s), NULL), 0);
    if (s->applies_at_ms >= 0 && s->ms >= s->applies_at_ms)
        assert_int_equal(
            store_node_applied(s->w.store, STR("b"), 0, s->context.seq, now_of(s), NULL), 0);
    return 0;
}

static void stage_init(struct stage *s, enum acme_challenge_type type)
{
    *s = (struct stage){.applies_at_ms = -1};
    world_init(&s->w);
    s->world = (struct acme_world){.now = now_of, .wait_ms = wait_ms, .context = s};
    s->context = (struct acme_store_solver){.store = s->w.store, .world = &s->world};
    s->solver = acme_solver_store(&s->context, type);
}

static void stage_done(struct stage *s)
{
    world_done(&s->w);
}

static const struct acme_challenge http = {ACME_HTTP_01, STR_INIT("mta-sts.a.test"),
                                           STR_INIT("token"), STR_INIT("token.thumbprint")};
static const struct acme_challenge tls = {ACME_TLS_ALPN_01, STR_INIT("mta-sts.a.test"),
                                          STR_INIT("token"), STR_INIT("token.thumbprint")};

struct rows {
    unsigned count;
    bool good;
    const struct acme_challenge *expected;
};

static int look_at_row(void *context, const struct store_challenge *row)
{
    struct rows *rows = context;
    rows->count++;
    rows->good = str_eq(row->name, rows->expected->name) &&
                 str_eq(row->type, str_from(acme_challenge_name(rows->expected->type))) &&
                 row->expires > NOW;
    if (rows->expected->type == ACME_HTTP_01)
        rows->good = rows->good && str_eq(row->token, rows->expected->token) &&
                     str_eq(row->authorization, rows->expected->authorization);
    else
        rows->good =
            rows->good && row->key.n && acme_challenge_is_shown(rows->expected, row->chain);
    return 0;
}

static struct rows rows_of(struct stage *s, const struct acme_challenge *expected)
{
    struct rows rows = {.expected = expected};
    assert_int_equal(store_challenge_each(s->w.store, look_at_row, &rows, NULL), 0);
    return rows;
}

static void the_answer_is_in_the_store_until_it_is_taken_away(void **state)
{
    const struct acme_challenge *const challenges[] = {&http, &tls};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(challenges); i++) {
        struct stage s CLEANUP(stage_done);
        stage_init(&s, challenges[i]->type);
        assert_int_equal(s.solver.present(s.solver.context, challenges[i], &s.w.err), 0);
        struct rows rows = rows_of(&s, challenges[i]);
        CHECK(rows.count == 1 && rows.good, acme_challenge_name(challenges[i]->type));
        s.solver.remove(s.solver.context, challenges[i]);
        assert_int_equal(rows_of(&s, challenges[i]).count, 0);
        s.solver.remove(s.solver.context, challenges[i]);
    }
}

static int present_and_wait(struct stage *s)
{
    assert_int_equal(s->solver.present(s->solver.context, &http, &s->w.err), 0);
    return s->solver.wait(s->solver.context, &http, &s->w.err);
}

static void node(struct stage *s, const char *id, int64_t seen)
{
    assert_int_equal(store_node_seen(s->w.store, str_from(id), seen, NULL), 0);
}

static void without_a_node_nobody_would_answer(void **state)
{
    struct stage s CLEANUP(stage_done);
    (void)state;
    stage_init(&s, ACME_HTTP_01);
    assert_int_equal(present_and_wait(&s), -ERROR_TEMPORARY);
    assert_true(error_is(&s.w.err, &MSG_ACME_NO_HOST));
    node(&s, "a", NOW - ACME_NODE_LIVES_S - 1);
    assert_int_equal(present_and_wait(&s), -ERROR_TEMPORARY);
    assert_true(error_is(&s.w.err, &MSG_ACME_NO_HOST));
    assert_int_equal(s.ms, 0);
}

static void every_node_that_lives_is_waited_for(void **state)
{
    struct stage s CLEANUP(stage_done);
    (void)state;
    stage_init(&s, ACME_HTTP_01);
    node(&s, "b", NOW);
    node(&s, "gone", NOW - ACME_NODE_LIVES_S - 1);
    assert_int_equal(s.solver.present(s.solver.context, &http, &s.w.err), 0);
    assert_int_equal(store_node_applied(s.w.store, STR("a"), 0, s.context.seq, NOW, NULL), 0);
    s.applies_at_ms = 5000;
    assert_int_equal(s.solver.wait(s.solver.context, &http, &s.w.err), 0);
    assert_int_equal(s.ms, 5000);
    /* What is applied already is not waited for. */
    assert_int_equal(s.solver.wait(s.solver.context, &http, &s.w.err), 0);
    assert_int_equal(s.ms, 5000);
    /* The next challenge is another change. */
    s.applies_at_ms = -1;
    s.living = "ab";
    assert_int_equal(present_and_wait(&s), -ERROR_TEMPORARY);
    assert_true(error_is(&s.w.err, &MSG_ACME_HOST_WAITS));
    assert_int_equal(s.ms, 5000 + ACME_NODES_WAIT_S * 1000);
}

static void a_node_one_change_behind_is_named(void **state)
{
    struct stage s CLEANUP(stage_done);
    (void)state;
    stage_init(&s, ACME_HTTP_01);
    assert_int_equal(s.solver.present(s.solver.context, &http, &s.w.err), 0);
    assert_int_equal(store_node_applied(s.w.store, STR("a"), 9, s.context.seq, NOW, NULL), 0);
    assert_int_equal(store_node_applied(s.w.store, STR("b"), 9, s.context.seq - 1, NOW, NULL), 0);
    s.living = "ab";
    assert_int_equal(s.solver.wait(s.solver.context, &http, &s.w.err), -ERROR_TEMPORARY);
    assert_true(error_is(&s.w.err, &MSG_ACME_HOST_WAITS));
    CHECK_STR(s.w.err.msg.args[0].str, "b", "node");
    assert_int_equal(s.w.err.msg.args[1].u, 1);
    assert_int_equal(s.w.err.msg.args[2].u, 2);
}

/* That it has died is no failure of the name. */
static void a_node_that_died_is_waited_for_until_that_is_known(void **state)
{
    struct stage s CLEANUP(stage_done);
    (void)state;
    stage_init(&s, ACME_HTTP_01);
    node(&s, "b", NOW);
    assert_int_equal(s.solver.present(s.solver.context, &http, &s.w.err), 0);
    assert_int_equal(store_node_applied(s.w.store, STR("a"), 9, s.context.seq, NOW, NULL), 0);
    s.living = "a";
    assert_int_equal(s.solver.wait(s.solver.context, &http, &s.w.err), 0);
    assert_in_range(s.ms, ACME_NODE_LIVES_S * 1000, (ACME_NODE_LIVES_S + 2) * 1000);
}

static void a_role_that_ends_is_not_held_up(void **state)
{
    struct stage s CLEANUP(stage_done);
    (void)state;
    stage_init(&s, ACME_HTTP_01);
    node(&s, "a", NOW);
    s.stopped = true;
    assert_int_equal(present_and_wait(&s), -ERROR_TEMPORARY);
    assert_true(s.ms < 1000);
}

static void a_token_that_is_none_is_refused(void **state)
{
    struct stage s CLEANUP(stage_done);
    struct acme_challenge bad = http;
    (void)state;
    stage_init(&s, ACME_HTTP_01);
    bad.token = STR("a/b");
    assert_int_equal(s.solver.present(s.solver.context, &bad, &s.w.err), -ERROR_PERMANENT);
    assert_true(error_is(&s.w.err, &MSG_ACME_TOKEN));
    assert_int_equal(rows_of(&s, &http).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_in_the_store_until_it_is_taken_away),
        cmocka_unit_test(without_a_node_nobody_would_answer),
        cmocka_unit_test(every_node_that_lives_is_waited_for),
        cmocka_unit_test(a_node_one_change_behind_is_named),
        cmocka_unit_test(a_node_that_died_is_waited_for_until_that_is_known),
        cmocka_unit_test(a_role_that_ends_is_not_held_up),
        cmocka_unit_test(a_token_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
