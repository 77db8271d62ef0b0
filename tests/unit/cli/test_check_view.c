/* What the views of a check share: what is offered to senders, and the exit status. */
#include "sample_report.h"

#include "cli/messages.h"

static void what_a_sender_takes_is_found(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct check_offer offer;
    (void)state;
    sample_init(&s, "example.org");
    check_offer_find(&s.facts, &s.arena, &offer);
    CHECK_STR(offer.id, "20261124T110000Z", "id");
    assert_true(offer.has_policy);
    assert_int_equal(offer.policy.mode, STS_MODE_ENFORCE);
    assert_int_equal(offer.policy.mx_count, 1);
}

/* RFC 8461 3.3: status 200, text/plain, a good certificate, no redirect; 3.2: a valid policy. */
static void what_a_sender_does_not_take_is_no_policy(void **state)
{
    enum { STATUS, TRUST, TYPE, CUT, BODY, UNTRIED, HOW_MANY };
    (void)state;
    for (unsigned i = 0; i < HOW_MANY; i++) {
        struct sample s CLEANUP(sample_done);
        struct check_offer offer;
        sample_init(&s, "example.org");
        if (i == STATUS)
            s.web.fetched.status = 301;
        if (i == TRUST)
            s.web.verified.trusted = false;
        if (i == TYPE)
            s.web.fetched.content_type = STR("text/html");
        if (i == CUT)
            s.web.fetched.failure = NET_TOO_LARGE;
        if (i == BODY)
            s.web.fetched.body = STR("<html>");
        if (i == UNTRIED)
            s.web.tried = false;
        check_offer_find(&s.facts, &s.arena, &offer);
        assert_false(offer.has_policy);
    }
}

static void without_a_record_there_is_no_id(void **state)
{
    struct sample s CLEANUP(sample_done);
    struct check_offer offer;
    (void)state;
    sample_init(&s, "example.org");
    s.facts.sts_txt.answer.status = DNS_NO_DATA;
    check_offer_find(&s.facts, &s.arena, &offer);
    assert_int_equal(offer.id.n, 0);
}

static void the_exit_status_says_how_bad_it_is(void **state)
{
    static const struct {
        enum check_grade grade;
        enum check_enforce enforce;
        bool testing, no_dns;
        int status;
        const char *name;
    } rows[] = {
        {CHECK_OK, CHECK_ENFORCE_ALREADY, false, false, CLI_FINE, "fine"},
        {CHECK_WARNING, CHECK_ENFORCE_SAFE, true, false, CLI_FINE, "a warning"},
        {CHECK_ERROR, CHECK_ENFORCE_SAFE, false, false, CLI_BAD_NEWS, "an error"},
        {CHECK_WARNING, CHECK_ENFORCE_UNSAFE, false, false, CLI_BAD_NEWS, "enforce and unsafe"},
        {CHECK_WARNING, CHECK_ENFORCE_UNSAFE, true, false, CLI_FINE, "testing and unsafe"},
        {CHECK_ERROR, CHECK_ENFORCE_UNKNOWN, true, true, CLI_OUTSIDE, "no DNS"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sample s CLEANUP(sample_done);
        sample_init(&s, "example.org");
        sample_add(&s, CHECK_MX, rows[i].grade, &sample_ok, "x");
        s.verdict.enforce = rows[i].enforce;
        if (rows[i].testing)
            s.web.fetched.body =
                STR("version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmax_age: 604800\r\n");
        if (rows[i].no_dns)
            s.facts.mx_records.answer.status = s.facts.sts_txt.answer.status = DNS_FAILED;
        CHECK(check_exit_status(&s.report) == rows[i].status, rows[i].name);
    }
}

static void one_answer_of_any_kind_is_dns(void **state)
{
    struct sample s CLEANUP(sample_done);
    (void)state;
    sample_init(&s, "example.org");
    assert_false(check_without_dns(&s.facts));
    s.facts.mx_records.answer.status = DNS_FAILED;
    s.facts.sts_txt.answer.status = DNS_BOGUS;
    assert_false(check_without_dns(&s.facts));
    s.facts.sts_txt.answer.status = DNS_FAILED;
    assert_true(check_without_dns(&s.facts));
    s.facts.mx_records.asked = s.facts.sts_txt.asked = false;
    assert_false(check_without_dns(&s.facts));
}

static void a_place_says_what_the_text_does_not(void **state)
{
    static const struct {
        const char *about, *address, *text;
        uint64_t line, column;
        const char *place;
    } rows[] = {
        {"mx.example.org", "192.0.2.1", "it fails", 0, 0, "mx.example.org [192.0.2.1]"},
        {"mx.example.org", "192.0.2.1", "mx.example.org fails", 0, 0, "[192.0.2.1]"},
        {"mx.example.org", "192.0.2.1", "192.0.2.1 of mx.example.org fails", 0, 0, ""},
        {"", "", "it fails", 7, 0, "line 7"},
        {"", "", "it fails", 7, 2, "line 7, column 2"},
        {"mx.example.org", "", "it fails", 7, 2, "mx.example.org, line 7, column 2"},
        {"", "", "it fails", 0, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf place CLEANUP(buf_done);
        buf_init(&place, 1000);
        const struct check_result result = {.about = str_from(rows[i].about),
                                            .address = str_from(rows[i].address),
                                            .line = rows[i].line,
                                            .column = rows[i].column};
        check_render_place(LANG_EN, &result, str_from(rows[i].text), &place);
        CHECK_STR(buf_view(&place), rows[i].place, rows[i].place);
    }
}

/* The findings of a lint have no meaning of their own: the judge gives them one. */
static void a_meaning_comes_from_the_message_or_from_the_judge(void **state)
{
    struct buf text CLEANUP(buf_done);
    struct check_result result = {.msg = {.def = &sample_error}};
    (void)state;
    buf_init(&text, 1000);
    assert_true(check_render_meaning(LANG_EN, &result, &text));
    CHECK_STR(buf_view(&text), "Mail fails.", "of the message");
    buf_reset(&text);
    result.msg.def = &sample_ok;
    assert_false(check_render_meaning(LANG_EN, &result, &text));
    result.meaning = (struct msg){.def = &sample_ok};
    result.meaning.args[0].str = STR("it");
    assert_true(check_render_meaning(LANG_EN, &result, &text));
    CHECK_STR(buf_view(&text), "it is fine", "of the judge");
}

static void every_step_and_grade_has_a_name_in_each_language(void **state)
{
    (void)state;
    for (unsigned lang = 0; lang < LANG_COUNT; lang++) {
        struct buf text CLEANUP(buf_done);
        buf_init(&text, 1000);
        for (unsigned i = 0; i < CHECK_STEP_COUNT; i++) {
            buf_reset(&text);
            check_render_step((enum lang)lang, (enum check_step)i, &text);
            assert_true(text.n > 0);
        }
        for (unsigned i = 0; i < CHECK_GRADE_COUNT; i++) {
            buf_reset(&text);
            check_render_grade((enum lang)lang, (enum check_grade)i, &text);
            assert_true(text.n > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_sender_takes_is_found),
        cmocka_unit_test(what_a_sender_does_not_take_is_no_policy),
        cmocka_unit_test(without_a_record_there_is_no_id),
        cmocka_unit_test(the_exit_status_says_how_bad_it_is),
        cmocka_unit_test(one_answer_of_any_kind_is_dns),
        cmocka_unit_test(a_place_says_what_the_text_does_not),
        cmocka_unit_test(a_meaning_comes_from_the_message_or_from_the_judge),
        cmocka_unit_test(every_step_and_grade_has_a_name_in_each_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
