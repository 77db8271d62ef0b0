/* What of a check is kept for the next one. */
#include "perfect.h"

#include "check/remember.h"

#define MAX_AGE 2592000

static struct fact_earlier remember(struct perfect *p)
{
    struct fact_earlier out;
    check_remember(&p->facts, &p->arena, &out);
    return out;
}

static void a_body_is_kept_as_its_sha_256(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    CHECK_STR(check_body_hash(STR("abc"), &p.arena),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "FIPS 180-4 B.1");
    CHECK_STR(check_body_hash(STR(""), &p.arena),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "empty");
}

static void what_was_seen_is_kept(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    struct fact_earlier kept = remember(&p);
    assert_true(kept.known);
    assert_int_equal(kept.at, NOW);
    CHECK_STR(kept.id, "20260101T000000Z", "id");
    assert_int_equal(kept.body_hash.n, 64);
    assert_int_equal(kept.mode, STS_MODE_ENFORCE);
    assert_int_equal(kept.max_age, MAX_AGE);
    assert_int_equal(kept.enforce_until, NOW + MAX_AGE);
}

/* RFC 8461 8.3: the largest max_age ever served counts until it has expired. */
static void the_longest_hold_of_enforce_counts(void **state)
{
    static const struct {
        const char *policy;
        int64_t before, expected;
        const char *name;
    } rows[] = {
        {PERFECT_POLICY, NOW + 2 * MAX_AGE, NOW + 2 * MAX_AGE, "a longer one from before"},
        {PERFECT_POLICY, NOW + 1, NOW + MAX_AGE, "a longer one now"},
        {"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n", NOW + 1, NOW + 1,
         "none, still held"},
        {"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n", NOW, 0, "none, expired"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct perfect p;
        perfect_init(&p);
        perfect_serve(&p, str_from(rows[i].policy));
        p.facts.earlier = (struct fact_earlier){.known = true, .enforce_until = rows[i].before};
        CHECK(remember(&p).enforce_until == rows[i].expected, rows[i].name);
        perfect_done(&p);
    }
}

/* A host that is away for a day must not make the next check forget what it had to compare with. */
/* RFC 8461 3.1 and 10.2. */
static void without_a_record_only_who_holds_a_policy_renews_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t before, expected;
    } rows[] = {{"never seen", 0, 0}, {"run out", NOW - 1, 0}, {"held", NOW + 1, NOW + MAX_AGE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct perfect p;
        perfect_init(&p);
        perfect_no_answer(&p.facts.sts_txt, DNS_NO_NAME);
        p.facts.earlier = (struct fact_earlier){.known = true, .enforce_until = rows[i].before};
        CHECK(remember(&p).enforce_until == rows[i].expected, rows[i].name);
        perfect_done(&p);
    }
}

/* RFC 8461 5: from the first check that saw it to the last before another mode. */
static void testing_is_counted_from_the_first_check_that_saw_it(void **state)
{
#define TESTING "version: STSv1\r\nmode: testing\r\nmx: mx1.example.org\r\nmax_age: 86400\r\n"
    static const struct {
        const char *name, *policy; /* NULL: not served */
        int64_t before, expected;
    } rows[] = {
        {"the first time", TESTING, 0, NOW},
        {"since long", TESTING, NOW - 40 * DAY, NOW - 40 * DAY},
        {"away for a while", NULL, NOW - 40 * DAY, NOW - 40 * DAY},
        {"in enforce now", PERFECT_POLICY, NOW - 40 * DAY, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct perfect p;
        perfect_init(&p);
        if (rows[i].policy)
            perfect_serve(&p, str_from(rows[i].policy));
        else
            p.facts.web[0].fetched.status = p.facts.web[1].fetched.status = 404;
        p.facts.earlier = (struct fact_earlier){.known = true, .testing_since = rows[i].before};
        CHECK(remember(&p).testing_since == rows[i].expected, rows[i].name);
        perfect_done(&p);
    }
}

static void what_is_not_served_today_is_kept_from_before(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    p.facts.web[0].fetched.status = p.facts.web[1].fetched.status = 404;
    p.facts.earlier = (struct fact_earlier){.known = true,
                                            .at = NOW - DAY,
                                            .id = STR("1"),
                                            .body_hash = STR("00"),
                                            .enforce_until = NOW + DAY};
    struct fact_earlier kept = remember(&p);
    assert_int_equal(kept.at, NOW - DAY);
    CHECK_STR(kept.id, "1", "id");
    CHECK_STR(kept.body_hash, "00", "hash");
    assert_int_equal(kept.enforce_until, NOW + DAY);
}

static void what_never_was_is_kept_as_nothing(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    perfect_no_answer(&p.facts.sts_txt, DNS_NO_NAME);
    p.facts.web[0].verified.trusted = p.facts.web[1].verified.trusted = false;
    struct fact_earlier kept = remember(&p);
    assert_true(kept.known);
    assert_int_equal(kept.at, NOW);
    assert_int_equal(kept.id.n, 0);
    assert_int_equal(kept.body_hash.n, 0);
    assert_int_equal(kept.enforce_until, 0);
}

/* What is kept today is what the next check compares with: no false alarm. */
static void the_next_check_sees_no_change(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    p.facts.earlier = remember(&p);
    judge_sts_txt(&p.j);
    judge_policy(&p.j);
    assert_int_equal(perfect_faults(&p, CHECK_POLICY, "next"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_kept_as_its_sha_256),
        cmocka_unit_test(what_was_seen_is_kept),
        cmocka_unit_test(the_longest_hold_of_enforce_counts),
        cmocka_unit_test(without_a_record_only_who_holds_a_policy_renews_it),
        cmocka_unit_test(testing_is_counted_from_the_first_check_that_saw_it),
        cmocka_unit_test(what_is_not_served_today_is_kept_from_before),
        cmocka_unit_test(what_never_was_is_kept_as_nothing),
        cmocka_unit_test(the_next_check_sees_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
