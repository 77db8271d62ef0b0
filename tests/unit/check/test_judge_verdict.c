/* Step 8: what senders do with the mail, whether enforce is safe, and what to do next. */
#include "perfect.h"

#include "check/messages.h"

/* ---- the truth table: listed, TLS and DANE against the mode ---- */

enum tls { GOOD, UNTRUSTED, PLAIN, DEAD, UNSEEN };
enum dane { NO_DANE, MATCHES, FAILS };

struct truth {
    bool listed;
    enum tls tls;
    enum dane dane;
    enum check_delivery lax;     /* today, in mode testing, in mode none, with no policy in force */
    enum check_delivery enforce; /* today in mode enforce; and were it so */
};

#define D CHECK_DELIVERS
#define U CHECK_DELIVERS_UNCHECKED
#define P CHECK_DELIVERS_PLAIN
#define R CHECK_REFUSES
#define N CHECK_UNREACHABLE
#define X CHECK_UNKNOWN

/* A host without TLS or without an answer cannot match its TLSA records. */
static const struct truth truths[] = {
    {true, GOOD, NO_DANE, U, D},       {true, GOOD, MATCHES, D, D},
    {true, GOOD, FAILS, R, R},         {true, UNTRUSTED, NO_DANE, U, R},
    {true, UNTRUSTED, MATCHES, D, R},  {true, UNTRUSTED, FAILS, R, R},
    {true, PLAIN, NO_DANE, P, R},      {true, PLAIN, FAILS, R, R},
    {true, DEAD, NO_DANE, N, N},       {true, DEAD, FAILS, R, R},
    {true, UNSEEN, NO_DANE, X, X},     {true, UNSEEN, FAILS, R, R},
    {false, GOOD, NO_DANE, U, R},      {false, GOOD, MATCHES, D, R},
    {false, GOOD, FAILS, R, R},        {false, UNTRUSTED, NO_DANE, U, R},
    {false, UNTRUSTED, MATCHES, D, R}, {false, UNTRUSTED, FAILS, R, R},
    {false, PLAIN, NO_DANE, P, R},     {false, PLAIN, FAILS, R, R},
    {false, DEAD, NO_DANE, N, R},      {false, DEAD, FAILS, R, R},
    {false, UNSEEN, NO_DANE, X, R},    {false, UNSEEN, FAILS, R, R},
};

static void stop(struct fact_smtp *smtp, enum smtp_step at, enum net_failure failure)
{
    smtp->session = (struct smtp_session){.at = at, .failure = failure};
}

static void set_tls(struct fact_smtp *smtp, enum tls tls)
{
    if (tls == UNTRUSTED) {
        smtp->verified.trusted = false;
        smtp->verified.chain = TLS_CHAIN_SELF_SIGNED;
    } else if (tls == PLAIN) {
        stop(smtp, SMTP_STARTTLS, NET_REPLY);
    } else if (tls == DEAD) {
        stop(smtp, SMTP_CONNECT, NET_REFUSED);
    } else if (tls == UNSEEN) {
        stop(smtp, SMTP_BANNER, NET_TIMEOUT);
    }
}

static void set_dane(struct fact_mx *mx, enum dane dane)
{
    if (dane == NO_DANE)
        perfect_no_answer(&mx->tlsa, DNS_NO_NAME);
    else if (dane == FAILS)
        perfect_no_answer(&mx->tlsa, DNS_BOGUS);
}

/* One host as the row says. */
static void arrange(struct perfect *p, const struct truth *t)
{
    p->facts.mx_count = 1;
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        set_tls(&p->facts.mx[0].smtp[i], t->tls);
    set_dane(&p->facts.mx[0], t->dane);
    if (!t->listed)
        p->j.policy.mx[0] = STR("other.example.org");
}

static void judge_all(struct perfect *p, struct check_verdict *verdict)
{
    judge_mx(&p->j);
    judge_dane(&p->j);
    judge_rpt_txt(&p->j);
    judge_verdict(&p->j, verdict);
}

static void the_truth_table_holds_in_every_mode(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
        const struct truth *t = &truths[i];
        for (int mode = STS_MODE_NONE; mode <= STS_MODE_ENFORCE; mode++) {
            struct perfect p;
            struct check_verdict v;
            char row[64];
            (void)snprintf(row, sizeof row, "row %zu, mode %d", i, mode);
            perfect_init(&p);
            arrange(&p, t);
            p.j.policy.mode = (enum sts_mode)mode;
            judge_all(&p, &v);
            CHECK(v.mx_count == 1, row);
            CHECK(v.mx[0].today == (mode == STS_MODE_ENFORCE ? t->enforce : t->lax), row);
            CHECK(v.mx[0].enforce == t->enforce, row);
            CHECK(perfect_faults(&p, CHECK_VERDICT, row) == 0, row);
            perfect_done(&p);
        }
    }
}

/* Without a policy that can be read, nobody is unlisted. */
static void without_a_policy_only_tls_and_dane_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
        struct truth t = truths[i];
        struct perfect p;
        struct check_verdict v;
        char row[64];
        if (!t.listed)
            continue;
        (void)snprintf(row, sizeof row, "row %zu", i);
        perfect_init(&p);
        arrange(&p, &t);
        p.j.policy_valid = p.j.policy_served = false;
        judge_all(&p, &v);
        CHECK(v.mx[0].today == t.lax, row);
        CHECK(v.mx[0].enforce == t.enforce, row);
        CHECK(v.enforce == CHECK_ENFORCE_NOTHING, row);
        perfect_done(&p);
    }
}

/* RFC 8461 3.1 and 3.3: senders that cannot find the policy do not enforce it. */
static void a_policy_that_is_not_found_is_not_in_force(void **state)
{
    (void)state;
    static const struct truth unlisted = {false, GOOD, NO_DANE, U, R};
    for (int n = 0; n < 2; n++) {
        struct perfect p;
        struct check_verdict v;
        perfect_init(&p);
        arrange(&p, &unlisted);
        if (n)
            p.j.sts_txt_usable = false;
        else
            p.j.policy_served = false;
        judge_all(&p, &v);
        assert_int_equal(v.mx[0].today, CHECK_DELIVERS_UNCHECKED);
        assert_int_equal(v.mx[0].enforce, CHECK_REFUSES);
        perfect_done(&p);
    }
}

/* ---- the sentences ---- */

struct sentence_row {
    const char *name;
    struct truth truth;
    enum sts_mode mode;
    const struct msg_def *def;
};

static const struct sentence_row sentence_rows[] = {
    {"enforced", {true, GOOD, NO_DANE, U, D}, STS_MODE_ENFORCE, &MSG_CHECK_VERDICT_DELIVERS},
    {"DANE", {true, GOOD, MATCHES, D, D}, STS_MODE_TESTING, &MSG_CHECK_VERDICT_DELIVERS_DANE},
    {"unchecked", {true, GOOD, NO_DANE, U, D}, STS_MODE_TESTING, &MSG_CHECK_VERDICT_UNCHECKED},
    {"plain", {true, PLAIN, NO_DANE, P, R}, STS_MODE_TESTING, &MSG_CHECK_VERDICT_PLAIN},
    {"unlisted",
     {false, GOOD, NO_DANE, U, R},
     STS_MODE_ENFORCE,
     &MSG_CHECK_VERDICT_REFUSES_UNLISTED},
    {"bad TLS", {true, UNTRUSTED, NO_DANE, U, R}, STS_MODE_ENFORCE, &MSG_CHECK_VERDICT_REFUSES_TLS},
    {"bad DANE", {true, GOOD, FAILS, R, R}, STS_MODE_ENFORCE, &MSG_CHECK_VERDICT_REFUSES_DANE},
    {"dead", {true, DEAD, NO_DANE, N, N}, STS_MODE_ENFORCE, &MSG_CHECK_VERDICT_UNREACHABLE},
    {"unseen", {true, UNSEEN, NO_DANE, X, X}, STS_MODE_ENFORCE, &MSG_CHECK_VERDICT_UNKNOWN},
};

static void each_host_gets_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sentence_rows); i++) {
        const struct sentence_row *row = &sentence_rows[i];
        struct perfect p;
        struct check_verdict v;
        perfect_init(&p);
        arrange(&p, &row->truth);
        p.j.policy.mode = row->mode;
        judge_all(&p, &v);
        const struct check_result *r = p.results.step[CHECK_VERDICT].first;
        assert_non_null(r);
        CHECK_STR(str_from(r->msg.def->id), row->def->id, row->name);
        CHECK_STR(r->about, "mx1.example.org", row->name);
        perfect_done(&p);
    }
}

static void behind_a_blocked_port_nothing_is_known(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    perfect_init(&p);
    for (size_t m = 0; m < PERFECT_MX; m++) {
        for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
            stop(&p.facts.mx[m].smtp[i], SMTP_CONNECT, NET_TIMEOUT);
    }
    judge_all(&p, &v);
    for (size_t m = 0; m < PERFECT_MX; m++)
        assert_int_equal(v.mx[m].today, CHECK_UNKNOWN);
    assert_int_equal(v.enforce, CHECK_ENFORCE_UNKNOWN);
    assert_int_equal(p.results.count[CHECK_ERROR] + p.results.count[CHECK_WARNING], 0);
    perfect_done(&p);
}

/* One address without TLS is where mail may go. */
static void the_worst_address_decides(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    perfect_init(&p);
    p.j.policy.mode = STS_MODE_TESTING;
    set_dane(&p.facts.mx[0], NO_DANE);
    set_tls(&p.facts.mx[0].smtp[1], PLAIN);
    judge_all(&p, &v);
    assert_int_equal(v.mx[0].today, CHECK_DELIVERS_PLAIN);
    assert_int_equal(v.mx[0].enforce, CHECK_REFUSES);
    perfect_done(&p);
    perfect_init(&p);
    set_tls(&p.facts.mx[0].smtp[1], DEAD);
    judge_all(&p, &v);
    assert_int_equal(v.mx[0].today, CHECK_DELIVERS);
    perfect_done(&p);
}

/* ---- enforce ---- */

static void break_testing(struct perfect *p)
{
    p->j.policy.mode = STS_MODE_TESTING;
}

static void break_none(struct perfect *p)
{
    p->j.policy.mode = STS_MODE_NONE;
}

static void break_no_policy(struct perfect *p)
{
    p->j.policy_valid = p->j.policy_served = false;
}

static void break_no_record(struct perfect *p)
{
    p->j.sts_txt_usable = false;
}

static void break_silent_dns(struct perfect *p)
{
    p->j.sts_txt_usable = false;
    perfect_no_answer(&p->facts.sts_txt, DNS_FAILED);
}

static void break_bogus_record(struct perfect *p)
{
    p->j.sts_txt_usable = false;
    perfect_no_answer(&p->facts.sts_txt, DNS_BOGUS);
}

static void break_null_mx(struct perfect *p)
{
    p->facts.null_mx = true;
    p->facts.mx_count = 0;
}

static void break_no_hosts(struct perfect *p)
{
    perfect_no_answer(&p->facts.mx_records, DNS_FAILED);
    p->facts.mx_count = 0;
}

static void break_one_unlisted(struct perfect *p)
{
    break_testing(p);
    p->j.policy.mx[1] = STR("other.example.org");
}

static void break_one_unseen(struct perfect *p)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        set_tls(&p->facts.mx[1].smtp[i], UNSEEN);
}

static void break_one_dead(struct perfect *p)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        set_tls(&p->facts.mx[1].smtp[i], DEAD);
}

static void break_all_dead(struct perfect *p)
{
    break_one_dead(p);
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        set_tls(&p->facts.mx[0].smtp[i], DEAD);
}

static void break_nothing(struct perfect *p)
{
    (void)p;
}

static void whether_enforce_is_safe_is_said_once(void **state)
{
    (void)state;
    static const struct {
        void (*break_it)(struct perfect *p);
        enum check_enforce enforce;
        const struct msg_def *def;
        const char *name;
    } rows[] = {
        {break_nothing, CHECK_ENFORCE_ALREADY, &MSG_CHECK_VERDICT_ENFORCED, "enforced"},
        {break_testing, CHECK_ENFORCE_SAFE, &MSG_CHECK_VERDICT_ENFORCE_SAFE, "testing"},
        {break_none, CHECK_ENFORCE_NOTHING, &MSG_CHECK_VERDICT_MODE_NONE, "none"},
        {break_no_policy, CHECK_ENFORCE_NOTHING, &MSG_CHECK_VERDICT_NO_POLICY, "no policy"},
        {break_no_record, CHECK_ENFORCE_NOTHING, &MSG_CHECK_VERDICT_NO_POLICY,
         "RFC 8461 3.1: nobody fetches a policy without a record"},
        {break_silent_dns, CHECK_ENFORCE_UNKNOWN, &MSG_CHECK_VERDICT_POLICY_UNKNOWN,
         "RFC 8461 3.1: no answer is not an answer of none"},
        {break_bogus_record, CHECK_ENFORCE_NOTHING, &MSG_CHECK_VERDICT_NO_POLICY, "bogus"},
        {break_null_mx, CHECK_ENFORCE_NOTHING, &MSG_CHECK_VERDICT_NO_MAIL, "null MX"},
        {break_no_hosts, CHECK_ENFORCE_UNKNOWN, &MSG_CHECK_VERDICT_NO_HOST, "no hosts"},
        {break_one_unlisted, CHECK_ENFORCE_UNSAFE, &MSG_CHECK_VERDICT_ENFORCE_UNSAFE, "unlisted"},
        {break_one_unseen, CHECK_ENFORCE_UNKNOWN, &MSG_CHECK_VERDICT_ENFORCE_UNKNOWN, "unseen"},
        {break_one_dead, CHECK_ENFORCE_ALREADY, &MSG_CHECK_VERDICT_ENFORCED, "one dead"},
        {break_all_dead, CHECK_ENFORCE_UNKNOWN, &MSG_CHECK_VERDICT_ENFORCE_UNKNOWN, "all dead"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct perfect p;
        struct check_verdict v;
        perfect_init(&p);
        rows[i].break_it(&p);
        judge_all(&p, &v);
        CHECK(v.enforce == rows[i].enforce, rows[i].name);
        CHECK(perfect_find(&p, rows[i].def), rows[i].name);
        CHECK(perfect_faults(&p, CHECK_VERDICT, rows[i].name) == 0, rows[i].name);
        perfect_done(&p);
    }
}

/* ---- the next steps ---- */

static void a_perfect_domain_needs_nothing_next(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    perfect_init(&p);
    judge_all(&p, &v);
    for (size_t i = 0; i < CHECK_NEXT_STEPS; i++)
        assert_null(v.next[i]);
    assert_int_equal(p.results.step[CHECK_VERDICT].worst, CHECK_OK);
    perfect_done(&p);
}

static void from_testing_the_next_step_is_enforce(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    struct buf fix CLEANUP(buf_done);
    buf_init(&fix, 256);
    perfect_init(&p);
    break_testing(&p);
    judge_all(&p, &v);
    assert_non_null(v.next[0]);
    assert_ptr_equal(v.next[0]->msg.def, &MSG_CHECK_VERDICT_NEXT_ENFORCE);
    assert_true(msg_render(LANG_EN, MSG_FIX, &v.next[0]->msg, &fix));
    CHECK_STR(buf_view(&fix), "sealpost policy set example.org --mode enforce", "fix");
    assert_null(v.next[1]);
    perfect_done(&p);
}

/* What stops mail comes first, whichever step found it; then what leaves it unprotected, what would
 * fail in enforce, other errors, and warnings. */
static void next_steps_are_those_with_the_greatest_effect(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    perfect_init(&p);
    p.facts.mx[0].smtp[0].session.pipelined_plaintext = true;       /* warning, step 5 */
    p.facts.mx[0].smtp[0].dane.status = TLS_DANE_MISMATCH;          /* stops mail, step 6 */
    p.facts.mx[1].smtp[0].dane.status = TLS_DANE_MISMATCH;          /* the same once more */
    perfect_no_answer(&p.facts.rpt_txt, DNS_BOGUS);                 /* error, step 7 */
    perfect_no_answer(&p.facts.rua[0].mx, DNS_NO_NAME);             /* not looked at */
    p.facts.mx[1].smtp[0].verified.certificates[0].not_after = NOW; /* warning, step 5 */
    judge_all(&p, &v);
    assert_ptr_equal(v.next[0]->msg.def, &MSG_CHECK_DANE_MISMATCH);
    assert_ptr_equal(v.next[1]->msg.def, &MSG_CHECK_RPT_BOGUS);
    assert_ptr_equal(v.next[2]->msg.def, &MSG_CHECK_MX_INJECTION);
    perfect_done(&p);
}

/* The record is looked at before the hosts, but that mail is refused weighs more. */
static void what_stops_mail_goes_before_what_leaves_it_unprotected(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    perfect_init(&p);
    perfect_no_answer(&p.facts.sts_txt, DNS_NO_NAME);
    p.facts.mx[0].smtp[0].dane.status = TLS_DANE_MISMATCH;
    judge_sts_txt(&p.j);
    judge_all(&p, &v);
    assert_ptr_equal(v.next[0]->msg.def, &MSG_CHECK_DANE_MISMATCH);
    assert_ptr_equal(v.next[1]->msg.def, &MSG_CHECK_RECORD_ABSENT);
    perfect_done(&p);
}

/* In mode testing these are warnings, and the reason not to go on to enforce. */
static void what_would_fail_in_enforce_goes_before_other_faults(void **state)
{
    (void)state;
    static const struct {
        struct truth truth;
        const struct msg_def *def;
    } rows[] = {
        {{true, UNTRUSTED, NO_DANE, U, R}, &MSG_CHECK_MX_CERT_SELF_SIGNED},
        {{true, PLAIN, NO_DANE, P, R}, &MSG_CHECK_MX_STARTTLS_ABSENT},
        {{false, GOOD, NO_DANE, U, R}, &MSG_CHECK_MX_UNLISTED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct perfect p;
        struct check_verdict v;
        perfect_init(&p);
        arrange(&p, &rows[i].truth);
        break_testing(&p);
        p.facts.sts_txt.answer.records.ttl = 5; /* warning, step 2 */
        perfect_no_answer(&p.facts.rpt_txt, DNS_BOGUS);
        judge_sts_txt(&p.j);
        judge_all(&p, &v);
        CHECK(v.next[0] && v.next[0]->msg.def == rows[i].def, rows[i].def->id);
        CHECK(v.next[1] && v.next[1]->msg.def == &MSG_CHECK_RPT_BOGUS, rows[i].def->id);
        CHECK(v.next[2] && v.next[2]->msg.def == &MSG_CHECK_RECORD_TTL_SHORT, rows[i].def->id);
        perfect_done(&p);
    }
}

/* Enforce is no next step while something is broken. */
static void with_an_error_enforce_is_not_advised(void **state)
{
    (void)state;
    struct perfect p;
    struct check_verdict v;
    perfect_init(&p);
    break_testing(&p);
    perfect_no_answer(&p.facts.rpt_txt, DNS_BOGUS);
    judge_all(&p, &v);
    assert_int_equal(v.enforce, CHECK_ENFORCE_SAFE);
    assert_null(perfect_find(&p, &MSG_CHECK_VERDICT_NEXT_ENFORCE));
    assert_ptr_equal(v.next[0]->msg.def, &MSG_CHECK_RPT_BOGUS);
    assert_null(v.next[1]);
    perfect_done(&p);
}

/* ---- limits ---- */

/* Whatever does not fit is left out, and arena->failed tells. */
static void with_a_full_arena_nothing_breaks(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t room = 0; failed; room += 64) {
        struct perfect p;
        struct check_verdict v;
        perfect_init(&p);
        p.facts.mx[0].smtp[0].dane.status = TLS_DANE_MISMATCH;
        p.j.mx = NULL;
        p.arena.max = p.arena.used + room;
        judge_all(&p, &v);
        failed = p.arena.failed;
        perfect_done(&p);
        assert_true(room < (size_t)1024 * 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_table_holds_in_every_mode),
        cmocka_unit_test(without_a_policy_only_tls_and_dane_count),
        cmocka_unit_test(a_policy_that_is_not_found_is_not_in_force),
        cmocka_unit_test(each_host_gets_its_sentence),
        cmocka_unit_test(behind_a_blocked_port_nothing_is_known),
        cmocka_unit_test(the_worst_address_decides),
        cmocka_unit_test(whether_enforce_is_safe_is_said_once),
        cmocka_unit_test(a_perfect_domain_needs_nothing_next),
        cmocka_unit_test(from_testing_the_next_step_is_enforce),
        cmocka_unit_test(next_steps_are_those_with_the_greatest_effect),
        cmocka_unit_test(what_stops_mail_goes_before_what_leaves_it_unprotected),
        cmocka_unit_test(what_would_fail_in_enforce_goes_before_other_faults),
        cmocka_unit_test(with_an_error_enforce_is_not_advised),
        cmocka_unit_test(with_a_full_arena_nothing_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
