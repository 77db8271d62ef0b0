#include "net/caa.h"

#include "check.h"

static void the_tree_is_climbed_to_the_root(void **state)
{
    (void)state;
    assert_true(str_eq(caa_parent(STR("mta-sts.example.org")), STR("example.org")));
    assert_true(str_eq(caa_parent(STR("example.org")), STR("org")));
    assert_int_equal(caa_parent(STR("org")).n, 0);
    assert_int_equal(caa_parent(STR("")).n, 0);
}

/* RFC 8659 4.2 */
static void a_value_is_of_the_grammar_or_permits_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *value, *issuer; /* NULL: malformed */
    } rows[] = {
        {"ca.example", "ca.example"},
        {" \tca.example\t ", "ca.example"},
        {"ca.example;", "ca.example"},
        {"ca.example ; ", "ca.example"},
        {"ca.example; account=230123", "ca.example"},
        {"ca.example;a=1;b=2", "ca.example"},
        {"ca.example ; a=1 ; b=", "ca.example"},
        {"ca.example; a=b=c", "ca.example"},
        {"", ""},
        {";", ""},
        {" ; a=1", ""},
        {"ca-1.example", "ca-1.example"},
        {"ca.example; a", NULL},
        {"ca.example; =1", NULL},
        {"ca.example; a =1", NULL},
        {"ca.example; a=1 2", NULL},
        {"ca.example; a=1;", NULL},
        {"ca.example; a=1;;b=2", NULL},
        {"ca.example; a=\x7f", NULL},
        {"ca.example; a=\xc3\xa4", NULL},
        {"ca.example; -a=1", NULL},
        {"ca example", NULL},
        {"ca..example", NULL},
        {"ca.example.", NULL},
        {"-ca.example", NULL},
        {"ca_1.example", NULL},
        {"https://ca.example", NULL},
        {"%%%%%", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct caa_value value;
        CHECK(caa_value_read(str_from(rows[i].value), &value) == (rows[i].issuer != NULL),
              rows[i].value);
        if (rows[i].issuer)
            CHECK_STR(value.issuer, rows[i].issuer, rows[i].value);
    }
}

#define RECORDS_MAX 4
#define ACCOUNT     "https://ca.example/acct/1"

struct record {
    const char *tag, *value;
    bool critical;
};

static struct dns_records records_of(const struct record *rows, struct dns_record *at)
{
    struct dns_records records = {.at = at};
    for (; records.count < RECORDS_MAX && rows[records.count].tag; records.count++) {
        const struct record *r = &rows[records.count];
        at[records.count] = (struct dns_record){
            .tag = str_from(r->tag), .text = str_from(r->value), .critical = r->critical};
    }
    return records;
}

static void records_permit_or_forbid(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct record records[RECORDS_MAX];
        bool wildcard;
        enum caa_verdict verdict;
        int because; /* -1: none */
    } rows[] = {
        {"no records", {{NULL}}, false, CAA_PERMITS, -1},
        {"only other properties", {{"iodef", "mailto:a@b"}}, false, CAA_PERMITS, -1},
        {"named", {{"issue", "ca.example"}}, false, CAA_PERMITS, 0},
        {"case does not matter", {{"ISSUE", "CA.Example"}}, false, CAA_PERMITS, 0},
        {"its second name", {{"issue", "ca.test"}}, false, CAA_PERMITS, 0},
        {"another", {{"issue", "other.example"}}, false, CAA_FORBIDS, 0},
        {"nobody", {{"issue", ";"}}, false, CAA_FORBIDS, 0},
        {"an empty value", {{"issue", ""}}, false, CAA_FORBIDS, 0},
        {"malformed", {{"issue", "ca.example; x"}}, false, CAA_FORBIDS, 0},
        {"the second of two", {{"issue", ";"}, {"issue", "ca.example"}}, false, CAA_PERMITS, 1},
        {"the first of two", {{"issue", "ca.example"}, {"issue", ";"}}, false, CAA_PERMITS, 0},
        /* RFC 8659 4.3 */
        {"issuewild is not for names", {{"issuewild", ";"}}, false, CAA_PERMITS, -1},
        {"issuewild is for wildcards", {{"issuewild", ";"}}, true, CAA_FORBIDS, 0},
        {"issue is for wildcards too", {{"issue", ";"}}, true, CAA_FORBIDS, 0},
        {"issuewild goes before issue",
         {{"issue", ";"}, {"issuewild", "ca.example"}},
         true,
         CAA_PERMITS,
         1},
        /* RFC 8659 4.1 */
        {"critical and known", {{"issue", "ca.example", true}}, false, CAA_PERMITS, 0},
        {"critical and unknown",
         {{"issue", "ca.example"}, {"future", "x", true}},
         false,
         CAA_CRITICAL,
         1},
        {"unknown", {{"future", "x"}}, false, CAA_PERMITS, -1},
        /* RFC 8657 3 */
        {"our account", {{"issue", "ca.example; accounturi=" ACCOUNT}}, false, CAA_PERMITS, 0},
        {"another account",
         {{"issue", "ca.example; accounturi=" ACCOUNT "2"}},
         false,
         CAA_FORBIDS_ACCOUNT,
         0},
        {"our account twice",
         {{"issue", "ca.example; accounturi=" ACCOUNT "; accounturi=" ACCOUNT}},
         false,
         CAA_FORBIDS_ACCOUNT,
         0},
        {"one record an account",
         {{"issue", "ca.example; accounturi=x"}, {"issue", "ca.example; accounturi=" ACCOUNT}},
         false,
         CAA_PERMITS,
         1},
        {"another account says more than another CA",
         {{"issue", "other.example"}, {"issue", "ca.example; accounturi=x"}, {"issue", ";"}},
         false,
         CAA_FORBIDS_ACCOUNT,
         1},
        /* RFC 8657 4 */
        {"our method",
         {{"issue", "ca.example; validationmethods=http-01,dns-01"}},
         false,
         CAA_PERMITS,
         0},
        {"another method",
         {{"issue", "ca.example; validationmethods=http-01"}},
         false,
         CAA_FORBIDS_METHOD,
         0},
        {"no method", {{"issue", "ca.example; validationmethods="}}, false, CAA_FORBIDS_METHOD, 0},
        {"a beginning of our method",
         {{"issue", "ca.example; validationmethods=dns-011,dns-0"}},
         false,
         CAA_FORBIDS_METHOD,
         0},
        {"both",
         {{"issue", "ca.example; validationmethods=dns-01; accounturi=" ACCOUNT}},
         false,
         CAA_PERMITS,
         0},
        {"other parameters", {{"issue", "ca.example; validity=1"}}, false, CAA_PERMITS, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dns_record at[RECORDS_MAX];
        struct dns_records records = records_of(rows[i].records, at);
        struct caa_question question = {STR("ca.test ca.example"), rows[i].wildcard, STR(ACCOUNT),
                                        STR("dns-01")};
        const struct dns_record *because;
        CHECK(caa_judge(&records, &question, &because) == rows[i].verdict, rows[i].what);
        CHECK(because == (rows[i].because < 0 ? NULL : &at[rows[i].because]), rows[i].what);
    }
}

static void what_is_not_known_is_not_held_against(void **state)
{
    static const struct record rows[] = {
        {"issue", "ca.example; accounturi=x; validationmethods=y", false}, {NULL}};
    struct dns_record at[RECORDS_MAX];
    struct dns_records records = records_of(rows, at);
    struct caa_question question = {.identities = STR("ca.example")};
    (void)state;
    assert_int_equal(caa_judge(&records, &question, NULL), CAA_PERMITS);
    question.account = STR("z");
    assert_int_equal(caa_judge(&records, &question, NULL), CAA_FORBIDS_ACCOUNT);
    question = (struct caa_question){.identities = STR("ca.example"), .method = STR("z")};
    assert_int_equal(caa_judge(&records, &question, NULL), CAA_FORBIDS_METHOD);
    question = (struct caa_question){.identities = STR("")};
    assert_int_equal(caa_judge(&records, &question, NULL), CAA_FORBIDS);
}

static void a_record_is_printed_as_in_a_zone(void **state)
{
    struct buf out CLEANUP(buf_done);
    struct dns_record record = {.tag = STR("issue"), .text = STR("a\"b\\c\n\xff; d=1")};
    (void)state;
    buf_init(&out, 256);
    caa_print(&record, &out);
    record.critical = true;
    caa_print(&record, &out);
    CHECK_STR(buf_view(&out),
              "0 issue \"a\\\"b\\\\c\\010\\255; d=1\"128 issue \"a\\\"b\\\\c\\010\\255; d=1\"", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_is_climbed_to_the_root),
        cmocka_unit_test(a_value_is_of_the_grammar_or_permits_nobody),
        cmocka_unit_test(records_permit_or_forbid),
        cmocka_unit_test(what_is_not_known_is_not_held_against),
        cmocka_unit_test(a_record_is_printed_as_in_a_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
