/* What the judging files share: lists, and which answers count as what. */
#include "perfect.h"

#include "check/judge_text.h"

static void a_list_is_cut_at_its_limit_and_says_so_once(void **state)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        judge_list_add(&list, STR("192.0.2.1"));
    assert_false(list.failed);
    assert_true(list.n <= JUDGE_LIST_MAX);
    assert_true(str_starts(buf_view(&list), STR("192.0.2.1, 192.0.2.1, ")));
    assert_true(str_ends(buf_view(&list), STR("192.0.2.1, ...")));
}

static void an_item_longer_than_the_limit_is_left_out(void **state)
{
    static char item[JUDGE_LIST_MAX * 2];
    struct buf list CLEANUP(buf_done);
    buf_init(&list, JUDGE_LIST_MAX);
    (void)state;
    judge_list_add(&list, (struct str){item, sizeof item});
    assert_false(list.failed);
    CHECK_STR(buf_view(&list), ", ...", "left out");
}

static void a_chain_of_aliases_begins_with_the_name(void **state)
{
    struct str targets[] = {STR_INIT("b.example"), STR_INIT("c.example")};
    struct fact_dns dns = {.name = STR("a.example"),
                           .answer.records = {.cnames = targets, .cname_count = 2}};
    struct perfect p CLEANUP(perfect_done);
    (void)state;
    perfect_init(&p);
    CHECK_STR(judge_alias_chain(&p.j, &dns), "a.example -> b.example -> c.example", "chain");
    CHECK_STR(judge_last_alias(&dns), "c.example", "last");
    dns.answer.records = (struct dns_records){0};
    CHECK_STR(judge_alias_chain(&p.j, &dns), "a.example", "no alias");
    CHECK_STR(judge_last_alias(&dns), "", "no alias");
}

static void an_answer_is_found_nothing_or_failure(void **state)
{
    static const struct {
        bool asked, timed_out;
        enum dns_status status;
        size_t count;
        bool found, nothing, fails;
        const char *name;
    } rows[] = {
        {false, false, DNS_FOUND, 0, false, false, false, "not asked"},
        {true, false, DNS_FOUND, 1, true, false, false, "found"},
        {true, false, DNS_NO_NAME, 0, false, true, false, "no name"},
        {true, false, DNS_NO_DATA, 0, false, true, false, "no data"},
        {true, false, DNS_BOGUS, 0, false, false, true, "bogus"},
        {true, false, DNS_FAILED, 0, false, false, true, "failed"},
        {true, true, DNS_FAILED, 0, false, false, true, "timed out"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fact_dns dns = {
            .asked = rows[i].asked,
            .timed_out = rows[i].timed_out,
            .answer = {.status = rows[i].status, .records.count = rows[i].count}};
        CHECK(judge_found(&dns) == rows[i].found, rows[i].name);
        CHECK(judge_nothing(&dns) == rows[i].nothing, rows[i].name);
        CHECK(judge_dns_fails(&dns) == rows[i].fails, rows[i].name);
    }
}

/* RFC 8461 3.3: 64 KB. */
static void only_a_whole_small_policy_with_status_200_is_served(void **state)
{
    static char body[STS_POLICY_TEXT_MAX + 1];
    struct perfect p CLEANUP(perfect_done);
    (void)state;
    perfect_init(&p);
    p.facts.policy_host.count = 1;
    struct fact_web *web = &p.facts.web[0];
    web->fetched.body = (struct str){body, STS_POLICY_TEXT_MAX};
    assert_ptr_equal(judge_served(&p.facts, true), web);
    web->fetched.body.n++;
    assert_null(judge_served(&p.facts, false));
    web->fetched.body.n = 10;
    web->fetched.failure = NET_CLOSED;
    assert_null(judge_served(&p.facts, false));
    web->fetched.failure = NET_OK;
    web->verified.trusted = false;
    assert_null(judge_served(&p.facts, true));
    assert_ptr_equal(judge_served(&p.facts, false), web);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_cut_at_its_limit_and_says_so_once),
        cmocka_unit_test(an_item_longer_than_the_limit_is_left_out),
        cmocka_unit_test(a_chain_of_aliases_begins_with_the_name),
        cmocka_unit_test(an_answer_is_found_nothing_or_failure),
        cmocka_unit_test(only_a_whole_small_policy_with_status_200_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
