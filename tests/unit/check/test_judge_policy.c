/* Step 4: the policy, RFC 8461 3.2, and what has changed since the last check. */
#include "perfect.h"

#include "check/messages.h"
#include "check/remember.h"
#include "mtasts/messages.h"

#define BREAK(name, ...)                                                                           \
    static void name(struct perfect *p)                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define POLICY(mode, max_age, mx)                                                                  \
    "version: STSv1\r\nmode: " mode "\r\n" mx "max_age: " max_age "\r\n"
#define MX "mx: mx1.example.org\r\n"

#define SERVE(name, text) BREAK(name, perfect_serve(p, STR(text));)

static void stop(struct perfect *p)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        p->facts.web[i].fetched.status = 404;
}

/* What a check saw yesterday. */
static void earlier(struct perfect *p, const char *id, const char *body)
{
    p->facts.earlier = (struct fact_earlier){
        .known = true,
        .at = NOW - DAY,
        .id = str_from(id),
        .body_hash = body ? check_body_hash(str_from(body), &p->arena) : STR(""),
        .mode = STS_MODE_ENFORCE,
        .max_age = 2592000,
    };
}

BREAK(nothing, (void)p;)
BREAK(not_served, stop(p);)
BREAK(gone, stop(p); earlier(p, "1", PERFECT_POLICY);)
BREAK(gone_enforced, gone(p); p->facts.earlier.enforce_until = NOW + DAY;)
BREAK(never_was, stop(p); earlier(p, "", NULL);)
BREAK(untrusted, p->facts.web[0].verified.trusted = p->facts.web[1].verified.trusted = false;)
BREAK(second_only, p->facts.web[0].fetched.status = 404;)
SERVE(no_version, "mode: enforce\r\n" MX "max_age: 2592000\r\n")
SERVE(no_mode, "version: STSv1\r\n" MX "max_age: 2592000\r\n")
SERVE(no_max_age, "version: STSv1\r\nmode: enforce\r\n" MX)
SERVE(no_mx, POLICY("enforce", "2592000", ""))
SERVE(trailing_dot, POLICY("enforce", "2592000", "mx: mx1.example.org.\r\n"))
SERVE(duplicate, POLICY("enforce", "2592000", MX "mode: none\r\n"))
SERVE(unknown, POLICY("enforce", "2592000", MX "url: https://example.org\r\n"))
SERVE(no_final_eol, "version: STSv1\r\nmode: enforce\r\n" MX "max_age: 2592000")
SERVE(blank_line, POLICY("enforce", "2592000", MX "\r\n"))
SERVE(bom, "\xef\xbb\xbf" POLICY("enforce", "2592000", MX))
SERVE(bare_cr, POLICY("enforce", "2592000", "mx: mx1.example.org\rmx: mx2.example.org\r\n"))
SERVE(page, "<!DOCTYPE html>\n<title>Welcome</title>\n")
SERVE(empty, "")
SERVE(hours, POLICY("testing", "86399", MX))
SERVE(week, POLICY("enforce", "604800", MX))
SERVE(too_long, POLICY("enforce", "31557601", MX))
SERVE(testing, POLICY("testing", "604800", MX))
SERVE(none, POLICY("none", "86400", MX))
SERVE(wide, POLICY("enforce", "2592000", "mx: *.com\r\n"))
SERVE(wide_country, POLICY("enforce", "2592000", "mx: *.co.uk\r\n"))
SERVE(wide_listed, POLICY("enforce", "2592000", "mx: *.github.io\r\n"))
SERVE(wide_own, POLICY("enforce", "2592000", "mx: *.example.org\r\n"))
BREAK(same, earlier(p, "20260101T000000Z", PERFECT_POLICY);)
BREAK(both_changed, earlier(p, "1", "version: STSv1\r\n");)
BREAK(id_unchanged, earlier(p, "20260101T000000Z", "version: STSv1\r\n");)
BREAK(body_unchanged, earlier(p, "1", PERFECT_POLICY);)
BREAK(no_id_then, earlier(p, "", "version: STSv1\r\n");)
BREAK(no_id_now, body_unchanged(p); p->j.sts_txt_usable = false; p->j.sts_id = STR("");)
BREAK(testing_month, testing(p); earlier(p, "1", NULL);
      p->facts.earlier.testing_since = NOW - 30 * DAY;)
BREAK(testing_longer, testing_month(p); p->facts.earlier.testing_since--;)
BREAK(enforced_at_last, earlier(p, "1", NULL); p->facts.earlier.testing_since = NOW - 90 * DAY;)
BREAK(retiring, none(p); earlier(p, "1", PERFECT_POLICY);
      p->facts.earlier.enforce_until = NOW + DAY;)

static const struct perfect_row rows[] = {
    {nothing, &MSG_CHECK_POLICY_VALID, CHECK_OK, "RFC 8461 3.2: valid"},
    {not_served, &MSG_CHECK_POLICY_UNAVAILABLE, CHECK_NOTE, "step 3 has named it"},
    {gone, &MSG_CHECK_POLICY_GONE, CHECK_WARNING, "RFC 8461 8.3: gone"},
    {gone_enforced, &MSG_CHECK_POLICY_GONE_ENFORCED, CHECK_WARNING, "RFC 8461 8.3: gone, held"},
    {never_was, &MSG_CHECK_POLICY_UNAVAILABLE, CHECK_NOTE, "none then, none now"},
    {untrusted, &MSG_CHECK_POLICY_UNSEEN, CHECK_NOTE, "RFC 8461 3.3: from a bad host"},
    {second_only, &MSG_CHECK_POLICY_VALID, CHECK_OK, "from the second address"},
    {no_version, &MSG_POLICY_VERSION_MISSING, CHECK_ERROR, "RFC 8461 3.2: no version"},
    {no_mode, &MSG_POLICY_MODE_MISSING, CHECK_ERROR, "RFC 8461 3.2: no mode"},
    {no_max_age, &MSG_POLICY_MAX_AGE_MISSING, CHECK_ERROR, "RFC 8461 3.2: no max_age"},
    {no_mx, &MSG_POLICY_MX_MISSING, CHECK_ERROR, "RFC 8461 3.2: no mx"},
    {trailing_dot, &MSG_POLICY_MX_TRAILING_DOT, CHECK_ERROR, "RFC 8461 3.2: trailing dot"},
    {duplicate, &MSG_POLICY_DUPLICATE_KEY, CHECK_WARNING, "RFC 8461 3.2: a second mode"},
    {unknown, &MSG_POLICY_UNKNOWN_KEY, CHECK_NOTE, "RFC 8461 3.2: an extension"},
    {no_final_eol, &MSG_POLICY_NO_FINAL_LINE_END, CHECK_WARNING, "RFC 8461 3.2: no final EOL"},
    {blank_line, &MSG_POLICY_BLANK_LINE, CHECK_ERROR, "RFC 8461 3.2: a blank line"},
    {bom, &MSG_POLICY_BOM, CHECK_ERROR, "RFC 8461 3.2: a BOM"},
    {bare_cr, &MSG_POLICY_BARE_CR, CHECK_ERROR, "RFC 8461 3.2: a bare CR"},
    {page, &MSG_POLICY_HTML, CHECK_ERROR, "RFC 8461 3.2: a page"},
    {empty, &MSG_POLICY_EMPTY, CHECK_ERROR, "RFC 8461 3.2: nothing"},
    {hours, &MSG_POLICY_MAX_AGE_UNDER_DAY, CHECK_WARNING, "max_age under a day"},
    {week, &MSG_POLICY_MAX_AGE_SHORT, CHECK_WARNING, "max_age under two weeks"},
    {too_long, &MSG_POLICY_MAX_AGE_LARGE, CHECK_ERROR, "RFC 8461 3.2: above a year"},
    {testing, &MSG_POLICY_MODE_TESTING, CHECK_NOTE, "RFC 8461 5: testing"},
    {none, &MSG_POLICY_MODE_NONE, CHECK_NOTE, "RFC 8461 5: none"},
    {wide, &MSG_POLICY_MX_TOO_BROAD, CHECK_WARNING, "RFC 8461 10.2: *.com"},
    {wide_country, &MSG_POLICY_MX_TOO_BROAD, CHECK_WARNING, "RFC 8461 10.2: said once"},
    {wide_listed, &MSG_CHECK_POLICY_PUBLIC_SUFFIX, CHECK_WARNING, "RFC 8461 10.2: from the list"},
    {wide_own, &MSG_CHECK_POLICY_VALID, CHECK_OK, "RFC 8461 4.1: one's own wildcard"},
    {same, &MSG_CHECK_POLICY_SAME, CHECK_OK, "RFC 8461 3.1: nothing has changed"},
    {both_changed, &MSG_CHECK_POLICY_CHANGED, CHECK_OK, "RFC 8461 3.1: both have changed"},
    {id_unchanged, &MSG_CHECK_POLICY_ID_UNCHANGED, CHECK_ERROR, "RFC 8461 3.1: the id has not"},
    {body_unchanged, &MSG_CHECK_POLICY_BODY_UNCHANGED, CHECK_WARNING, "RFC 8461 8.1: the id alone"},
    {no_id_then, &MSG_CHECK_POLICY_VALID, CHECK_OK, "nothing to compare with"},
    {no_id_now, &MSG_CHECK_POLICY_VALID, CHECK_OK, "step 2 has named it"},
    {testing_month, &MSG_POLICY_MODE_TESTING, CHECK_NOTE, "RFC 8461 5: testing for 30 days"},
    {testing_longer, &MSG_CHECK_POLICY_TESTING_LONG, CHECK_WARNING, "RFC 8461 5: for longer"},
    {enforced_at_last, &MSG_CHECK_POLICY_VALID, CHECK_OK, "RFC 8461 5: in testing before"},
    {retiring, &MSG_CHECK_POLICY_RETIRING, CHECK_NOTE, "RFC 8461 8.3: being taken back"},
};

static void each_fault_of_the_policy_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_POLICY, judge_policy);
}

static void a_finding_has_its_line_and_what_it_means_for_mail(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    trailing_dot(&p);
    judge_policy(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_POLICY_MX_TRAILING_DOT);
    assert_non_null(r);
    assert_int_equal(r->line, 3);
    assert_ptr_equal(r->meaning.def, &MSG_CHECK_POLICY_MEANS_NONE);
    CHECK_STR(r->about, "mta-sts.example.org", "about");
}

static const struct {
    void (*break_it)(struct perfect *p);
    bool served, valid;
    const char *name;
} handed_on[] = {
    {nothing, true, true, "in order"},
    {no_mode, true, false, "RFC 8461 3.2: invalid"},
    {untrusted, false, false, "RFC 8461 3.3: from a host that senders leave"},
    {not_served, false, false, "404"},
};

static void only_what_a_sender_takes_is_handed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(handed_on); i++) {
        struct perfect p;
        perfect_init(&p);
        handed_on[i].break_it(&p);
        judge_policy(&p.j);
        CHECK(p.j.policy_served == handed_on[i].served, handed_on[i].name);
        CHECK(p.j.policy_valid == handed_on[i].valid, handed_on[i].name);
        perfect_done(&p);
    }
}

/* Otherwise a host that is mended shows the policy's faults only then. */
static void a_policy_from_a_bad_host_is_read_all_the_same(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    untrusted(&p);
    no_mode(&p);
    judge_policy(&p.j);
    perfect_expect_only(&p, CHECK_POLICY, &MSG_POLICY_MODE_MISSING, CHECK_ERROR, "both");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_policy_is_named_alone),
        cmocka_unit_test(a_finding_has_its_line_and_what_it_means_for_mail),
        cmocka_unit_test(only_what_a_sender_takes_is_handed_on),
        cmocka_unit_test(a_policy_from_a_bad_host_is_read_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
