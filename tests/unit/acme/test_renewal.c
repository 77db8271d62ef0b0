#include "acme/renewal.h"

#include "check.h"

#define NOW  INT64_C(1795518000)
#define DAY  INT64_C(86400)
#define HOUR INT64_C(3600)
#define MOST UINT32_MAX

static void without_a_window_two_thirds_of_the_life_or_half_of_a_short_one(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t life;
        uint32_t spread;
        int64_t from, to; /* after the beginning; both included */
    } rows[] = {
        {"90 days, no spread", 90 * DAY, 0, 60 * DAY, 60 * DAY},
        {"90 days, all spread", 90 * DAY, MOST, 57 * DAY, 57 * DAY + 1},
        {"90 days, half of it", 90 * DAY, MOST / 2, 58 * DAY + 12 * HOUR, 58 * DAY + 12 * HOUR + 1},
        {"47 days, no spread", 47 * DAY, 0, 47 * DAY * 2 / 3, 47 * DAY * 2 / 3 + 1},
        {"47 days, all spread", 47 * DAY, MOST, 47 * DAY * 19 / 30, 47 * DAY * 19 / 30 + 2},
        {"10 days and a second", 10 * DAY + 1, 0, 6 * DAY + 16 * HOUR, 6 * DAY + 16 * HOUR + 1},
        {"10 days", 10 * DAY, 0, 5 * DAY, 5 * DAY},
        {"10 days, all spread", 10 * DAY, MOST, 4 * DAY + 12 * HOUR, 4 * DAY + 12 * HOUR + 1},
        {"6 days", 6 * DAY, 0, 3 * DAY, 3 * DAY},
        {"6 days, all spread", 6 * DAY, MOST, 3 * DAY - 26000, 3 * DAY - 25919},
        {"one second", 1, MOST, 1, 1},
        {"no life", 0, MOST, 0, 0},
        {"a negative life", -DAY, 0, -DAY, -DAY},
        {"five years", 1826 * DAY, 0, 1826 * DAY * 2 / 3, 1826 * DAY * 2 / 3 + 1},
        {"8000 years", 2922000 * DAY, MOST, 1800000 * DAY, 1948000 * DAY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t at = acme_renew_at(NOW, NOW + rows[i].life, NULL, rows[i].spread) - NOW;
        CHECK(at >= rows[i].from && at <= rows[i].to, rows[i].what);
    }
    assert_int_equal(acme_renew_at(INT64_MIN, INT64_MAX, NULL, MOST), INT64_MIN);
}

/* RFC 9773 4.2: a moment of the window, at random; one that has passed means at once. */
static void with_a_window_a_moment_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t start, end; /* after the beginning of 90 days */
        uint32_t spread;
        int64_t from, to;
    } rows[] = {
        {"its start", 60 * DAY, 62 * DAY, 0, 60 * DAY, 60 * DAY},
        {"its middle", 60 * DAY, 62 * DAY, 0x80000000, 61 * DAY, 61 * DAY},
        {"before its end", 60 * DAY, 62 * DAY, MOST, 62 * DAY - 1, 62 * DAY - 1},
        {"begins before the certificate was made", -DAY, DAY, 0, -DAY, -DAY},
        {"ends before the certificate was made: by the life", -5 * DAY, 0, 0, 60 * DAY, 60 * DAY},
        {"early, as after a revocation", DAY, 2 * DAY, 0, DAY, DAY},
        {"at nine tenths of the life", 81 * DAY, 82 * DAY, 0, 81 * DAY, 81 * DAY},
        {"later: by the life", 81 * DAY + 1, 82 * DAY, 0, 60 * DAY, 60 * DAY},
        {"after the end: by the life", 91 * DAY, 95 * DAY, MOST, 57 * DAY, 57 * DAY + 1},
        {"empty: by the life", 10 * DAY, 10 * DAY, 0, 60 * DAY, 60 * DAY},
        {"ends before it starts", 62 * DAY, 60 * DAY, 0, 60 * DAY, 60 * DAY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acme_window window = {.start = NOW + rows[i].start, .end = NOW + rows[i].end};
        int64_t at = acme_renew_at(NOW, NOW + 90 * DAY, &window, rows[i].spread) - NOW;
        CHECK(at >= rows[i].from && at <= rows[i].to, rows[i].what);
    }
    struct acme_window widest = {.start = INT64_MIN, .end = INT64_MAX};
    assert_int_equal(acme_renew_at(NOW, NOW + 90 * DAY, &widest, 0), NOW + 60 * DAY);
}

/* The same series in each run (xorshift). */
static uint32_t any(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static void never_in_the_last_tenth_of_the_life(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        int64_t life = 1 + any() % (400 * DAY);
        int64_t start = NOW + any() % (500 * DAY) - 50 * DAY;
        struct acme_window window = {.start = start, .end = start + any() % (10 * DAY)};
        int64_t at = acme_renew_at(NOW, NOW + life, i % 2 ? &window : NULL, any());
        assert_true(at <= NOW + life - life / 10);
    }
}

static void failures_are_tried_again_by_what_failed(void **state)
{
    (void)state;
    static const struct {
        enum acme_problem problem;
        unsigned failures;
        int64_t after;
    } rows[] = {
        {ACME_NO_PROBLEM, 0, 60},
        {ACME_NO_PROBLEM, 1, 60},
        {ACME_NO_PROBLEM, 2, 120},
        {ACME_NO_PROBLEM, 6, 1920},
        {ACME_NO_PROBLEM, 7, HOUR},
        {ACME_NO_PROBLEM, UINT32_MAX, HOUR},
        {ACME_OTHER_PROBLEM, 11, 61440},
        {ACME_OTHER_PROBLEM, 12, DAY},
        {ACME_OTHER_PROBLEM, UINT32_MAX, DAY},
        {ACME_SERVER_INTERNAL, 1, 60},
        {ACME_BAD_NONCE, 3, 240},
        {ACME_OTHER_PROBLEM, 4, 480},
        {ACME_ACCOUNT_DOES_NOT_EXIST, 1, 60},
        {ACME_CAA, 1, HOUR},
        {ACME_COMPOUND, 1, HOUR},
        {ACME_CONNECTION, 6, HOUR},
        {ACME_CONNECTION, 7, 3840},
        {ACME_DNS, 1, HOUR},
        {ACME_INCORRECT_RESPONSE, 1, HOUR},
        {ACME_RATE_LIMITED, 1, HOUR},
        {ACME_TLS, 1, HOUR},
        {ACME_UNAUTHORIZED, 12, DAY},
        {ACME_BAD_CSR, 1, DAY},
        {ACME_BAD_PUBLIC_KEY, 1, DAY},
        {ACME_EXTERNAL_ACCOUNT_REQUIRED, 1, DAY},
        {ACME_INVALID_CONTACT, 1, DAY},
        {ACME_INVALID_PROFILE, 1, DAY},
        {ACME_MALFORMED, 1, DAY},
        {ACME_REJECTED_IDENTIFIER, 1, DAY},
        {ACME_UNSUPPORTED_CONTACT, 1, DAY},
        {ACME_UNSUPPORTED_IDENTIFIER, 1, DAY},
        {ACME_USER_ACTION_REQUIRED, 9, DAY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acme_refusal refusal = {.problem = rows[i].problem};
        int64_t after = rows[i].after;
        assert_int_equal(acme_retry_time(&refusal, rows[i].failures, NOW, 0), NOW + after);
        int64_t last = acme_retry_time(&refusal, rows[i].failures, NOW, MOST);
        assert_in_range(last - NOW, after + after / 10 - 1, after + after / 10);
    }
    assert_int_equal(acme_retry_time(NULL, 1, NOW, 0), NOW + 60);
    assert_int_equal(acme_retry_time(NULL, 99, NOW, 0), NOW + HOUR);
    assert_int_equal(acme_retry_time(NULL, 1, INT64_MAX - 5, 0), INT64_MAX);
}

/* What a CA said by its status, and how long that can hold a name up after many failures. */
static void an_outage_of_the_ca_holds_a_name_up_an_hour_at_most(void **state)
{
    static const struct {
        const char *what;
        struct acme_refusal refusal;
        int64_t most;
    } rows[] = {
        {"no answer: refused, DNS, time", {.status = 0}, HOUR},
        {"500", {.status = 500}, HOUR},
        {"502 of what stands before it", {.status = 502}, HOUR},
        {"503 with a problem", {.problem = ACME_SERVER_INTERNAL, .status = 503}, HOUR},
        {"503 with Retry-After", {.status = 503, .retry_at = NOW + 2 * HOUR}, 2 * HOUR},
        {"403", {.status = 403}, DAY},
        {"404", {.status = 404}, DAY},
        {"200 that makes no sense", {.status = 200}, DAY},
        {"a limit", {.problem = ACME_RATE_LIMITED, .status = 429}, DAY},
        {"a validation that failed", {.problem = ACME_DNS, .status = 200}, DAY},
        {"the same without a status", {.problem = ACME_CONNECTION}, DAY},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t at = acme_retry_time(&rows[i].refusal, 100, NOW, 0);
        CHECK(at == NOW + rows[i].most, rows[i].what);
    }
}

static void a_ca_that_does_not_answer_is_left_alone_ever_longer(void **state)
{
    static const struct {
        uint64_t failures;
        int64_t retry_after, wait;
    } rows[] = {
        {1, 0, 60},  {2, 0, 120},     {6, 0, 1920},          {7, 0, HOUR},  {1000, 0, HOUR},
        {1, 30, 60}, {1, 7200, 7200}, {UINT64_MAX, 0, HOUR}, {9, 60, HOUR},
    };
    static const struct {
        int64_t until;
        bool blocked;
    } blocks[] = {{0, false},        {NOW, false},           {NOW + 1, true},
                  {NOW + DAY, true}, {NOW + DAY + 1, false}, {INT64_MAX, false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct acme_refusal refusal = {
            .status = 503, .retry_at = rows[i].retry_after ? NOW + rows[i].retry_after : 0};
        assert_int_equal(acme_outage_until(&refusal, rows[i].failures, NOW), NOW + rows[i].wait);
    }
    assert_int_equal(acme_outage_until(NULL, 3, NOW), NOW + 240);
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        assert_int_equal(acme_is_blocked(blocks[i].until, NOW), blocks[i].blocked);
}

/* RFC 8555 6.6 */
static void never_before_retry_after(void **state)
{
    (void)state;
    struct acme_refusal refusal = {.problem = ACME_RATE_LIMITED, .retry_at = NOW + 2 * HOUR};
    assert_int_equal(acme_retry_time(&refusal, 1, NOW, 0), NOW + 2 * HOUR);
    assert_in_range(acme_retry_time(&refusal, 1, NOW, MOST), NOW + 2 * HOUR, NOW + 2 * HOUR + 360);
    refusal.retry_at = NOW + 60;
    assert_int_equal(acme_retry_time(&refusal, 1, NOW, 0), NOW + 60);
    assert_int_equal(acme_retry_time(&refusal, 5, NOW, 0), NOW + 960);
    refusal = (struct acme_refusal){.status = 503, .retry_at = NOW - DAY};
    assert_int_equal(acme_retry_time(&refusal, 1, NOW, 0), NOW + 60);
}

static void a_name_that_leads_elsewhere_is_looked_at_every_hour_at_least(void **state)
{
    (void)state;
    assert_int_equal(acme_look_again(1, NOW, 0), NOW + 60);
    assert_int_equal(acme_look_again(6, NOW, 0), NOW + 1920);
    assert_int_equal(acme_look_again(7, NOW, 0), NOW + HOUR);
    assert_int_equal(acme_look_again(UINT32_MAX, NOW, 0), NOW + HOUR);
    assert_in_range(acme_look_again(99, NOW, MOST), NOW + HOUR, NOW + HOUR + 360);
}

static struct acme_bucket bucket(int64_t level_ms)
{
    return (struct acme_bucket){ACME_BUCKET_SIZE, ACME_BUCKET_PERIOD, level_ms, NOW};
}

/* Takes until there is no more; how many there were. */
static int empty_out(struct acme_bucket *b, int64_t now)
{
    int taken = 0;
    while (acme_bucket_take(b, now) == 0)
        taken++;
    return taken;
}

static void a_bucket_gives_what_is_in_it_and_what_flows_in(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t level_ms, after;
        int taken;
        int64_t next; /* then, after NOW */
    } rows[] = {
        {"full", 300000, 0, 300, 36},
        {"more than full", 900000, 0, 300, 36},
        {"empty", 0, 0, 0, 36},
        {"less than empty", INT64_MIN, 0, 0, 36},
        {"a thousandth short of one", 999, 0, 0, 1},
        {"one", 1000, 0, 1, 36},
        {"empty, a second before", 0, 35, 0, 36},
        {"empty, in time", 0, 36, 1, 72},
        {"empty, half of the period later", 0, 5400, 150, 5436},
        {"empty, the period later", 0, 10800, 300, 10836},
        {"empty, years later", 0, 30 * 366 * DAY, 300, 30 * 366 * DAY + 36},
        {"half, a clock gone back an hour", 150000, -HOUR, 150, -HOUR + 36},
        {"half, a clock gone back years", 150000, -20 * 366 * DAY, 150, -20 * 366 * DAY + 36},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acme_bucket b = bucket(rows[i].level_ms);
        CHECK(empty_out(&b, NOW + rows[i].after) == rows[i].taken, rows[i].what);
        CHECK(acme_bucket_take(&b, NOW + rows[i].after) == NOW + rows[i].next, rows[i].what);
        CHECK(acme_bucket_take(&b, NOW + rows[i].next) == 0, rows[i].what);
    }
}

static void a_bucket_holds_at_the_ends_of_numbers(void **state)
{
    (void)state;
    struct acme_bucket b = bucket(0);
    b.at = INT64_MIN;
    assert_int_equal(empty_out(&b, INT64_MAX), 300);
    assert_int_equal(acme_bucket_take(&b, INT64_MAX), INT64_MAX);
    assert_int_equal(acme_bucket_take(&b, INT64_MIN), INT64_MIN + 36);
    b = (struct acme_bucket){INT64_MAX, INT64_MAX, 0, NOW};
    assert_true(acme_bucket_take(&b, NOW + 1) == 0);
    b = (struct acme_bucket){.size = 0, .period = 10800};
    assert_int_equal(empty_out(&(struct acme_bucket){1, 1, 1000, NOW}, NOW), 1);
    assert_int_equal(acme_bucket_take(&b, NOW), 0);
    b = (struct acme_bucket){.size = 300, .period = 0};
    assert_int_equal(acme_bucket_take(&b, NOW), 0);
}

/* However often it is asked: 300 in each three hours in the long run, and never 600 in any. */
static void a_bucket_that_is_asked_every_second_gives_its_rate(void **state)
{
    (void)state;
    struct acme_bucket b = bucket(0);
    int taken = 0;
    for (int64_t t = NOW; t < NOW + 10 * DAY; t++)
        taken += acme_bucket_take(&b, t) == 0;
    assert_in_range(taken, 23900, 24000);
}

/* What the two functions are for. */
struct story {
    int64_t now, not_after, due;
    unsigned failures;
    int64_t broken_until;
    bool broken;
};

/* The CA works for some days, then fails for up to five. */
static void turn(struct story *s)
{
    if (s->now < s->broken_until)
        return;
    s->broken = !s->broken;
    s->broken_until = s->now + any() % (s->broken ? 5 * DAY : 20 * DAY);
}

static void act(struct story *s)
{
    struct acme_refusal refusal = {.problem = any() % 2 ? ACME_SERVER_INTERNAL : ACME_CONNECTION};
    if (s->broken) {
        s->due = acme_retry_time(&refusal, ++s->failures, s->now, any());
        return;
    }
    s->failures = 0;
    s->not_after = s->now + 90 * DAY;
    s->due = acme_renew_at(s->now, s->not_after, NULL, any());
}

static void two_hundred_days_have_no_gap(void **state)
{
    (void)state;
    for (int run = 0; run < 500; run++) {
        struct story s = {.now = NOW, .broken_until = NOW + any() % (20 * DAY)};
        int certificates = 0;
        for (act(&s); s.now < NOW + 200 * DAY; s.now += 1 + any() % (12 * HOUR)) {
            int64_t before = s.not_after;
            turn(&s);
            assert_true(s.not_after > s.now);
            if (s.due <= s.now)
                act(&s);
            certificates += s.not_after != before;
        }
        assert_in_range(certificates, 2, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_window_two_thirds_of_the_life_or_half_of_a_short_one),
        cmocka_unit_test(with_a_window_a_moment_of_it),
        cmocka_unit_test(never_in_the_last_tenth_of_the_life),
        cmocka_unit_test(failures_are_tried_again_by_what_failed),
        cmocka_unit_test(an_outage_of_the_ca_holds_a_name_up_an_hour_at_most),
        cmocka_unit_test(a_ca_that_does_not_answer_is_left_alone_ever_longer),
        cmocka_unit_test(never_before_retry_after),
        cmocka_unit_test(a_name_that_leads_elsewhere_is_looked_at_every_hour_at_least),
        cmocka_unit_test(a_bucket_gives_what_is_in_it_and_what_flows_in),
        cmocka_unit_test(a_bucket_holds_at_the_ends_of_numbers),
        cmocka_unit_test(a_bucket_that_is_asked_every_second_gives_its_rate),
        cmocka_unit_test(two_hundred_days_have_no_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
