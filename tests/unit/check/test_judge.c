/* All steps together: nothing is asked of the arena that is not looked at, and no fact is needed.
 */
#include "perfect.h"

#include "check/messages.h"

#define ARENA_MAX  ((size_t)1024 * 1024)
#define ARENA_STEP 96

/* A domain with as many faults at once as facts can show. */
static void break_much(struct perfect *p)
{
    static const char *const txt[] = {"v=STSv1; id=1", "v=spf1 -all", "\"v=STSv1\\; id=1\\;\""};
    struct check_facts *f = &p->facts;
    perfect_answer(p, &f->sts_txt, txt, ARRAY_LEN(txt));
    f->sts_txt.answer.records.ttl = 1;
    perfect_answer(p, &f->subdomain_mx[0], txt, 1);
    f->mx[0].cname = STR("host.example.net");
    f->web[0].verified.chain = TLS_CHAIN_INCOMPLETE;
    f->web[0].verified.name = TLS_NAME_MISMATCH;
    f->web[0].verified.date = TLS_DATE_EXPIRED;
    f->web[0].fetched.cache_control = STR("max-age=31536000");
    f->web[1].fetched.body = STR("<html>");
    f->nameservers[1].txt_count = 0;
    f->earlier = (struct fact_earlier){
        .known = true, .at = NOW - DAY, .id = STR("1"), .body_hash = STR("00")};
}

static bool judge_within(const struct check_facts *facts, size_t max)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct check_results results;
    struct check_verdict verdict;
    arena_init(&arena, max);
    check_results_init(&results, &arena);
    return check_judge(facts, &arena, &results, &verdict);
}

static void a_full_arena_is_told_and_harms_nothing(void **state)
{
    (void)state;
    for (unsigned broken = 0; broken < 2; broken++) {
        struct perfect p;
        size_t max = 0;
        perfect_init(&p);
        if (broken)
            break_much(&p);
        while (max < ARENA_MAX && !judge_within(&p.facts, max))
            max += ARENA_STEP;
        assert_true(max > ARENA_STEP);
        assert_true(max < ARENA_MAX);
        perfect_done(&p);
    }
}

static void a_perfect_domain_has_no_fault_in_any_step(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    struct check_verdict verdict;
    perfect_init(&p);
    assert_true(check_judge(&p.facts, &p.arena, &p.results, &verdict));
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        assert_int_equal(perfect_faults(&p, (enum check_step)step, "perfect"), 0);
        assert_non_null(p.results.step[step].first);
    }
    assert_int_equal(verdict.enforce, CHECK_ENFORCE_ALREADY);
}

/* The look may have been stopped before anything was asked. */
static void without_facts_every_step_still_says_something(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct check_results results;
    struct check_verdict verdict;
    struct check_facts facts = {.given = STR("example.org"),
                                .domain = STR("example.org"),
                                .now = NOW,
                                .sts_txt = {.name = STR("_mta-sts.example.org")}};
    arena_init(&arena, ARENA_MAX);
    check_results_init(&results, &arena);
    assert_true(check_judge(&facts, &arena, &results, &verdict));
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++)
        assert_non_null(results.step[step].first);
    assert_int_equal(results.count[CHECK_ERROR], 0);
    assert_int_equal(results.count[CHECK_WARNING], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_arena_is_told_and_harms_nothing),
        cmocka_unit_test(a_perfect_domain_has_no_fault_in_any_step),
        cmocka_unit_test(without_facts_every_step_still_says_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
