/* Step 2: the `_mta-sts` record, RFC 8461 3.1. */
#include "perfect.h"

#include "check/messages.h"
#include "mtasts/messages.h"

#define BREAK(name, ...)                                                                           \
    static void name(struct perfect *p)                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define RECORD "v=STSv1; id=20260101T000000Z;"

static void set(struct perfect *p, struct fact_dns *dns, const char *one, const char *two)
{
    const char *texts[] = {one, two};
    perfect_answer(p, dns, texts, two ? 2 : 1);
}

static void record(struct perfect *p, const char *one, const char *two)
{
    set(p, &p->facts.sts_txt, one, two);
    p->facts.nameserver_count = 0;
}

static void drop(struct perfect *p, enum dns_status status)
{
    perfect_no_answer(&p->facts.sts_txt, status);
    p->facts.sts_txt.answer.why = STR("signature expired");
}

static void alias(struct perfect *p, size_t count)
{
    static struct str targets[] = {STR_INIT("_mta-sts.provider.example"),
                                   STR_INIT("sts.provider.example")};
    p->facts.sts_txt.answer.records.cnames = targets;
    p->facts.sts_txt.answer.records.cname_count = count;
}

/* The policy host leads elsewhere too, as RFC 8461 8.2 has it. */
static void alias_host(struct perfect *p)
{
    static struct str targets[] = {STR_INIT("mta-sts.provider.example")};
    p->facts.policy_host.a.answer.records.cnames = targets;
    p->facts.policy_host.a.answer.records.cname_count = 1;
}

static void subdomain(struct perfect *p, const char *mx)
{
    set(p, &p->facts.subdomain_mx[1], mx, NULL);
}

static void second_server(struct perfect *p, const char *txt)
{
    struct fact_nameserver *server = &p->facts.nameservers[1];
    server->txt_count = txt ? 1 : 0;
    server->txt[0] = str_from(txt);
}

static void keep_enforce(struct perfect *p, int64_t until)
{
    p->facts.earlier = (struct fact_earlier){
        .known = true, .at = NOW - DAY, .mode = STS_MODE_ENFORCE, .enforce_until = until};
}

/* The second entry is another address of the first server. */
static void other_address(struct perfect *p, const char *txt)
{
    second_server(p, txt);
    p->facts.nameservers[1].name = p->facts.nameservers[0].name;
    p->facts.nameservers[1].address = STR("2001:db8::53");
}

/* What both servers and the resolver say. */
static void everywhere(struct perfect *p, const char *txt)
{
    set(p, &p->facts.sts_txt, txt, NULL);
    p->facts.nameservers[0].txt[0] = p->facts.nameservers[1].txt[0] = str_from(txt);
}

BREAK(nothing, (void)p;)
BREAK(no_name, drop(p, DNS_NO_NAME);)
BREAK(no_data, drop(p, DNS_NO_DATA);)
BREAK(removed, drop(p, DNS_NO_DATA); keep_enforce(p, NOW + DAY);)
BREAK(forgotten, drop(p, DNS_NO_DATA); keep_enforce(p, NOW);)
BREAK(bogus, drop(p, DNS_BOGUS);)
BREAK(failed, drop(p, DNS_FAILED);)
BREAK(late, drop(p, DNS_FAILED); p->facts.sts_txt.timed_out = true;)
BREAK(all_bogus, drop(p, DNS_BOGUS); perfect_no_answer(&p->facts.mx_records, DNS_BOGUS);)
BREAK(no_domain, drop(p, DNS_NO_NAME); perfect_no_answer(&p->facts.mx_records, DNS_NO_NAME);)
BREAK(no_mail, drop(p, DNS_NO_DATA); p->facts.null_mx = true;)
BREAK(several, record(p, RECORD, "v=STSv1; id=2;");)
BREAK(unrelated, record(p, RECORD, "v=spf1 -all");)
BREAK(version_case, record(p, "v=stsv1; id=1;", NULL);)
BREAK(id_missing, record(p, "v=STSv1;", NULL);)
BREAK(id_long, record(p, "v=STSv1; id=123456789012345678901234567890123;", NULL);)
BREAK(id_character, record(p, "v=STSv1; id=2026-01-01;", NULL);)
BREAK(id_twice, record(p, "v=STSv1; id=1; id=2;", NULL);)
BREAK(empty_field, record(p, "v=STSv1; id=1;;", NULL);)
BREAK(backslash, record(p, "v=STSv1\\; id=1\\;", NULL);)
BREAK(delegated, alias(p, 1); alias_host(p);)
BREAK(record_alone, alias(p, 1);)
BREAK(chain, alias(p, 2); alias_host(p);)
BREAK(dangling, drop(p, DNS_NO_NAME); alias(p, 1);)
BREAK(ttl_day, p->facts.sts_txt.answer.records.ttl = 86400;)
BREAK(ttl_long, p->facts.sts_txt.answer.records.ttl = 86401;)
BREAK(ttl_zone, p->facts.nameservers[1].ttl = 86401;)
BREAK(ttl_zone_lame, p->facts.nameservers[1].ttl = 86401;
      p->facts.nameservers[1].authoritative = false;)
BREAK(ttl_minute, p->facts.sts_txt.answer.records.ttl = 60;)
BREAK(ttl_short, p->facts.sts_txt.answer.records.ttl = 59;)
BREAK(unsigned_record, p->facts.sts_txt.answer.secure = false;)
BREAK(wildcard_spf, record(p, "v=spf1 -all", NULL);
      set(p, &p->facts.wildcard_txt, "v=spf1 -all", NULL);)
BREAK(wildcard_sts, set(p, &p->facts.wildcard_txt, RECORD, NULL);)
BREAK(wildcard_bad_sts, record(p, "v=STSv1;", NULL);
      set(p, &p->facts.wildcard_txt, "v=STSv1;", NULL);)
BREAK(wildcard_elsewhere, set(p, &p->facts.wildcard_txt, "v=spf1 -all", NULL);)
BREAK(apex, drop(p, DNS_NO_DATA); set(p, &p->facts.apex_txt, RECORD, "v=spf1 -all");)
BREAK(apex_too, set(p, &p->facts.apex_txt, RECORD, "v=spf1 -all");)
BREAK(apex_and_wildcard, wildcard_spf(p); set(p, &p->facts.apex_txt, RECORD, NULL);)
BREAK(stale, second_server(p, "v=STSv1; id=old;");)
BREAK(without, second_server(p, NULL);)
BREAK(silent, p->facts.nameservers[1].answered = false;)
BREAK(silent_v6, p->facts.nameservers[1].answered = false;
      p->facts.nameservers[1].address = STR("2001:db8::53");)
BREAK(all_silent, p->facts.nameservers[0].answered = p->facts.nameservers[1].answered = false;)
BREAK(lame_absent, no_data(p); second_server(p, NULL); p->facts.nameservers[0].txt_count = 0;
      p->facts.nameservers[1].authoritative = false;)
BREAK(without_absent, no_data(p); second_server(p, NULL);)
BREAK(without_bad, everywhere(p, "v=STSv1; id=-;"); second_server(p, NULL);)
BREAK(without_failed, drop(p, DNS_FAILED); second_server(p, NULL);)
BREAK(stale_v6, other_address(p, "v=STSv1; id=old;");)
BREAK(without_v6, other_address(p, NULL);)
BREAK(silent_at_v6, other_address(p, RECORD); p->facts.nameservers[1].answered = false;
      p->facts.nameservers[0].address = STR("2001:db8::1");)
BREAK(lame, p->facts.nameservers[1].authoritative = false;)
BREAK(lists, subdomain(p, "mx1.example.org");)
BREAK(lists_null, subdomain(p, ".");)
BREAK(lists_own, subdomain(p, "mx1.example.org"); set(p, &p->facts.subdomain_sts[1], RECORD, NULL);)

static const struct perfect_row rows[] = {
    {nothing, &MSG_CHECK_RECORD_FOUND, CHECK_OK, "RFC 8461 3.1: a good record"},
    {nothing, &MSG_CHECK_RECORD_NAMESERVERS_AGREE, CHECK_OK, "RFC 1034 4.3.5: same everywhere"},
    {no_name, &MSG_CHECK_RECORD_ABSENT, CHECK_ERROR, "RFC 8461 3.1: no such name"},
    {no_data, &MSG_CHECK_RECORD_ABSENT, CHECK_ERROR, "RFC 8461 3.1: no TXT"},
    {removed, &MSG_CHECK_RECORD_REMOVED, CHECK_ERROR, "RFC 8461 8.3: removed in enforce"},
    {forgotten, &MSG_CHECK_RECORD_ABSENT, CHECK_ERROR,
     "RFC 8461 8.3: removed when all had expired"},
    {bogus, &MSG_CHECK_RECORD_BOGUS, CHECK_ERROR, "RFC 4035 5.5: broken signature"},
    {failed, &MSG_CHECK_RECORD_DNS_FAILED, CHECK_ERROR, "RFC 8461 3.1: SERVFAIL"},
    {late, &MSG_CHECK_RECORD_DNS_TIMEOUT, CHECK_ERROR, "RFC 8461 3.1: no answer"},
    {all_bogus, &MSG_CHECK_RECORD_NOT_JUDGED, CHECK_NOTE, "step 1 has named it"},
    {no_domain, &MSG_CHECK_RECORD_NOT_JUDGED, CHECK_NOTE, "no domain, no blame"},
    {no_mail, &MSG_CHECK_RECORD_UNNEEDED, CHECK_OK, "RFC 7505 3: null MX needs none"},
    {several, &MSG_STS_TXT_SEVERAL, CHECK_ERROR, "RFC 8461 3.1: several"},
    {unrelated, &MSG_STS_TXT_UNRELATED, CHECK_WARNING, "RFC 8461 3.1: another kind"},
    {version_case, &MSG_STS_TXT_NONE, CHECK_ERROR, "RFC 8461 3.1: v=stsv1"},
    {id_missing, &MSG_STS_TXT_ID_MISSING, CHECK_ERROR, "RFC 8461 3.1: no id"},
    {id_long, &MSG_STS_TXT_ID_LONG, CHECK_ERROR, "RFC 8461 3.1: 33 characters"},
    {id_character, &MSG_STS_TXT_ID_CHARACTER, CHECK_ERROR, "RFC 8461 3.1: a hyphen"},
    {id_twice, &MSG_STS_TXT_ID_AGAIN, CHECK_WARNING, "RFC 8461 3.1: two ids"},
    {empty_field, &MSG_STS_TXT_EMPTY_FIELD, CHECK_ERROR, "RFC 8461 3.1: ;;"},
    {backslash, &MSG_STS_TXT_NONE, CHECK_ERROR, "RFC 8461 3.1: backslashes"},
    {delegated, &MSG_CHECK_RECORD_ALIAS, CHECK_OK, "RFC 8461 8.2: delegated"},
    {record_alone, &MSG_CHECK_RECORD_DELEGATED_ALONE, CHECK_NOTE, "RFC 8461 8.2: alone"},
    {chain, &MSG_CHECK_RECORD_ALIAS_CHAIN, CHECK_WARNING, "RFC 1034 3.6.2: two aliases"},
    {dangling, &MSG_CHECK_RECORD_ALIAS_DANGLING, CHECK_ERROR, "RFC 8461 8.2: leads nowhere"},
    {ttl_day, &MSG_CHECK_RECORD_FOUND, CHECK_OK, "RFC 8461 8.1: a day"},
    {ttl_long, &MSG_CHECK_RECORD_TTL_LONG, CHECK_WARNING, "RFC 8461 8.1: above a day"},
    {ttl_zone, &MSG_CHECK_RECORD_TTL_LONG, CHECK_WARNING, "RFC 8461 8.1: the cache has capped it"},
    {ttl_zone_lame, &MSG_CHECK_RECORD_NAMESERVER_LAME, CHECK_WARNING, "its TTL says nothing"},
    {ttl_minute, &MSG_CHECK_RECORD_FOUND, CHECK_OK, "RFC 8461 8.1: a minute"},
    {ttl_short, &MSG_CHECK_RECORD_TTL_SHORT, CHECK_WARNING, "RFC 8461 8.1: below a minute"},
    {unsigned_record, &MSG_CHECK_RECORD_UNSIGNED, CHECK_NOTE, "RFC 4035 5: unsigned"},
    {wildcard_spf, &MSG_CHECK_RECORD_WILDCARD, CHECK_ERROR, "RFC 8461 3.1: SPF by wildcard"},
    {wildcard_sts, &MSG_CHECK_RECORD_WILDCARD_VALID, CHECK_NOTE, "RFC 8461 3.1: STS by wildcard"},
    {wildcard_bad_sts, &MSG_STS_TXT_ID_MISSING, CHECK_ERROR, "RFC 8461 3.1: bad STS by wildcard"},
    {wildcard_elsewhere, &MSG_CHECK_RECORD_FOUND, CHECK_OK, "a wildcard that does not answer here"},
    {apex, &MSG_CHECK_RECORD_AT_APEX, CHECK_ERROR, "RFC 8461 3.1: at the domain itself"},
    {apex_too, &MSG_CHECK_RECORD_AT_APEX, CHECK_NOTE, "RFC 8461 3.1: there too"},
    {apex_and_wildcard, &MSG_CHECK_RECORD_AT_APEX, CHECK_ERROR, "at the domain, wildcard answers"},
    {stale, &MSG_CHECK_RECORD_NAMESERVERS_DIFFER, CHECK_WARNING, "RFC 1034 4.3.5: stale"},
    {without, &MSG_CHECK_RECORD_NAMESERVER_WITHOUT, CHECK_WARNING, "RFC 1034 4.3.5: not there"},
    {silent, &MSG_CHECK_RECORD_NAMESERVER_SILENT, CHECK_WARNING, "RFC 1034 4.1: silent"},
    {silent_v6, &MSG_CHECK_RECORD_NAMESERVERS_AGREE, CHECK_OK, "no IPv6 here, perhaps"},
    {all_silent, &MSG_CHECK_RECORD_NAMESERVERS_UNSEEN, CHECK_NOTE, "port 53 closed, perhaps"},
    {lame, &MSG_CHECK_RECORD_NAMESERVER_LAME, CHECK_WARNING, "RFC 1034 4.2.2: lame"},
    {stale_v6, &MSG_CHECK_RECORD_NAMESERVERS_DIFFER, CHECK_WARNING,
     "RFC 1034 4.3.5: stale at one address"},
    {without_v6, &MSG_CHECK_RECORD_NAMESERVER_WITHOUT, CHECK_WARNING,
     "RFC 1034 4.3.5: not at one address"},
    {silent_at_v6, &MSG_CHECK_RECORD_NAMESERVER_SILENT, CHECK_WARNING,
     "RFC 1034 4.1: silent at one address"},
    {lists, &MSG_CHECK_RECORD_SUBDOMAINS, CHECK_NOTE, "RFC 8461 3.4: a subdomain without"},
};

static void each_fault_of_the_record_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(rows, ARRAY_LEN(rows), CHECK_STS_TXT, judge_sts_txt);
}

static const struct {
    void (*break_it)(struct perfect *p);
    const struct msg_def *def;
    const char *name;
} silent_rows[] = {
    {nothing, &MSG_CHECK_RECORD_SUBDOMAINS, "no subdomain takes mail"},
    {lists_null, &MSG_CHECK_RECORD_SUBDOMAINS, "a subdomain with null MX"},
    {lists_own, &MSG_CHECK_RECORD_SUBDOMAINS, "a subdomain with its own record"},
    {delegated, &MSG_CHECK_RECORD_DELEGATED_ALONE, "both delegated"},
    {nothing, &MSG_CHECK_RECORD_UNSIGNED, "signed"},
    {wildcard_elsewhere, &MSG_CHECK_RECORD_WILDCARD_VALID, "a wildcard of another kind"},
    {silent_v6, &MSG_CHECK_RECORD_NAMESERVER_SILENT, "IPv6 is silent where none answers"},
};

static void what_is_in_order_is_not_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(silent_rows); i++) {
        struct perfect p;
        perfect_init(&p);
        silent_rows[i].break_it(&p);
        judge_sts_txt(&p.j);
        CHECK(!perfect_find(&p, silent_rows[i].def), silent_rows[i].name);
        perfect_done(&p);
    }
}

static const struct {
    void (*break_it)(struct perfect *p);
    const struct msg_def *also;
    const struct msg_def *def; /* NULL: nothing of the servers */
    const char *text, *name;
} compared[] = {
    {without_absent, &MSG_CHECK_RECORD_ABSENT, &MSG_CHECK_RECORD_NAMESERVER_WITHOUT,
     "the name server ns2.example.net has no TXT record at _mta-sts.example.org, while "
     "ns1.example.net has",
     "absent at one"},
    {lame_absent, &MSG_CHECK_RECORD_ABSENT, &MSG_CHECK_RECORD_NAMESERVER_LAME,
     "the name server ns2.example.net does not answer with authority for the zone", "absent, lame"},
    {without_bad, &MSG_STS_TXT_ID_CHARACTER, &MSG_CHECK_RECORD_NAMESERVER_WITHOUT,
     "the name server ns2.example.net has no TXT record at _mta-sts.example.org, while "
     "ns1.example.net has",
     "bad at one, absent at the other"},
    {stale_v6, &MSG_CHECK_RECORD_FOUND, &MSG_CHECK_RECORD_NAMESERVERS_DIFFER,
     "the name servers differ about _mta-sts.example.org: at 192.0.2.53 stands "
     "`v=STSv1; id=20260101T000000Z;`, at 2001:db8::53 `v=STSv1; id=old;`",
     "one server, two addresses"},
    {no_domain, &MSG_CHECK_RECORD_NOT_JUDGED, NULL, NULL, "no domain"},
    {without_failed, &MSG_CHECK_RECORD_DNS_FAILED, &MSG_CHECK_RECORD_NAMESERVER_WITHOUT, NULL,
     "no answer by the resolver"},
};

/* RFC 1034 4.3.5: whatever the record is worth. */
static void name_servers_are_compared_whether_the_record_is_usable_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(compared); i++) {
        struct perfect p;
        struct buf text CLEANUP(buf_done);
        buf_init(&text, 1000);
        perfect_init(&p);
        compared[i].break_it(&p);
        judge_sts_txt(&p.j);
        CHECK(perfect_find(&p, compared[i].also) != NULL, compared[i].name);
        const struct check_result *r = compared[i].text ? perfect_find(&p, compared[i].def) : NULL;
        CHECK(!r == !compared[i].text, compared[i].name);
        if (r && msg_render(LANG_EN, MSG_TEXT, &r->msg, &text))
            CHECK_STR(buf_view(&text), compared[i].text, compared[i].name);
        if (!r && compared[i].def)
            CHECK(!perfect_find(&p, compared[i].def), compared[i].name);
        perfect_done(&p);
    }
}

static void the_id_is_handed_on_only_from_a_usable_record(void **state)
{
    (void)state;
    struct perfect p;
    perfect_init(&p);
    judge_sts_txt(&p.j);
    assert_true(p.j.sts_txt_usable);
    CHECK_STR(p.j.sts_id, "20260101T000000Z", "id");
    perfect_done(&p);
    perfect_init(&p);
    several(&p);
    judge_sts_txt(&p.j);
    assert_false(p.j.sts_txt_usable);
    CHECK_STR(p.j.sts_id, "", "id");
    perfect_done(&p);
}

static void an_error_of_the_record_says_what_it_means_for_mail(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    several(&p);
    judge_sts_txt(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_STS_TXT_SEVERAL);
    assert_non_null(r);
    assert_ptr_equal(r->meaning.def, &MSG_CHECK_RECORD_MEANS_NONE);
    CHECK_STR(r->about, "_mta-sts.example.org", "about");
}

static void the_fix_of_an_absent_record_can_be_pasted(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    struct buf fix CLEANUP(buf_done);
    buf_init(&fix, 1000);
    perfect_init(&p);
    no_name(&p);
    judge_sts_txt(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_RECORD_ABSENT);
    assert_non_null(r);
    assert_true(msg_render(LANG_EN, MSG_FIX, &r->msg, &fix));
    CHECK_STR(buf_view(&fix), "_mta-sts.example.org. IN TXT \"v=STSv1; id=20261124T110000Z;\"",
              "fix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_record_is_named_alone),
        cmocka_unit_test(what_is_in_order_is_not_named),
        cmocka_unit_test(name_servers_are_compared_whether_the_record_is_usable_or_not),
        cmocka_unit_test(the_id_is_handed_on_only_from_a_usable_record),
        cmocka_unit_test(an_error_of_the_record_says_what_it_means_for_mail),
        cmocka_unit_test(the_fix_of_an_absent_record_can_be_pasted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
