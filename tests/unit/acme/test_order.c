#include "acme/messages.h"
#include "check.h"
#include "net/messages.h"
#include "net/pem.h"
#include "stage.h"

#define DAY INT64_C(86400)

static void an_order_from_name_to_certificate_as_rfc_8555_7_4(void **state)
{
    struct stage *s = *state;
    int64_t before = fake_ca_now(s->ca);
    assert_int_equal(stage_order(s), 0);
    assert_true(s->result.chain.n > 500);
    assert_true(s->result.not_before >= before);
    assert_int_equal(s->result.not_after - s->result.not_before, 90 * DAY);
    assert_false(s->result.replaces_refused);
    assert_int_equal(s->begun, 1);
    assert_int_equal(s->presented, 1);
    assert_int_equal(fake_ca_issued(s->ca), 1);
    CHECK_STR(s->order, "https://ca.test/order/1", "order");
}

/* RFC 8555 7.5.1: the first of the solvers whose type is offered. */
static void chooses_the_challenge_by_the_order_of_the_solvers(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *offered;
        enum acme_challenge_type wanted[3], chosen;
        size_t count;
    } rows[] = {
        {"http-01 dns-01 tls-alpn-01", {ACME_TLS_ALPN_01, ACME_HTTP_01}, ACME_TLS_ALPN_01, 2},
        {"http-01 dns-01 tls-alpn-01", {ACME_DNS_01, ACME_HTTP_01}, ACME_DNS_01, 2},
        {"http-01 dns-01", {ACME_TLS_ALPN_01, ACME_HTTP_01}, ACME_HTTP_01, 2},
        {"new-99 dns-01", {ACME_TLS_ALPN_01, ACME_HTTP_01, ACME_DNS_01}, ACME_DNS_01, 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acme_solver solvers[3];
        for (size_t k = 0; k < rows[i].count; k++)
            solvers[k] = s->solvers[rows[i].wanted[k]];
        fake_ca_settings(s->ca)->challenges = rows[i].offered;
        s->request.solvers = solvers;
        s->request.solver_count = rows[i].count;
        CHECK(stage_order(s) == 0, rows[i].offered);
        CHECK(s->challenge.type == rows[i].chosen, rows[i].offered);
    }
}

static void no_challenge_that_can_be_answered(void **state)
{
    struct stage *s = *state;
    fake_ca_settings(s->ca)->challenges = "dns-01 new-99";
    s->request.solver_count = ACME_DNS_01;
    assert_int_equal(stage_order(s), -ERROR_PERMANENT);
    assert_true(error_is(&s->err, &MSG_ACME_CHALLENGE_ABSENT));
    CHECK_STR(s->err.msg.args[1].str, "dns-01, new-99", "offered");
    assert_int_equal(s->presented, 0);
}

/* RFC 8555 7.1.4: what is valid already is not shown again. */
static void a_valid_authorization_is_passed_over(void **state)
{
    struct stage *s = *state;
    fake_ca_settings(s->ca)->reuse = 1;
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(s->presented, 1);
    assert_int_equal(fake_ca_issued(s->ca), 2);
}

/* RFC 8555 7.5.1 and 6.7: the type and the detail of the challenge. */
static const char *refuse_by_context(void *context, struct str type, struct str name,
                                     struct str token, struct str authorization)
{
    (void)type;
    (void)name;
    (void)token;
    (void)authorization;
    return context;
}

static void a_failed_authorization_names_the_challenge(void **state)
{
    struct stage *s = *state;
    static const struct {
        char type[24];
        enum acme_problem problem;
        int rc;
    } rows[] = {
        {"connection", ACME_CONNECTION, -ERROR_TEMPORARY},
        {"dns", ACME_DNS, -ERROR_TEMPORARY},
        {"caa", ACME_CAA, -ERROR_TEMPORARY},
        {"incorrectResponse", ACME_INCORRECT_RESPONSE, -ERROR_TEMPORARY},
        {"rejectedIdentifier", ACME_REJECTED_IDENTIFIER, -ERROR_PERMANENT},
        {"somethingNew", ACME_OTHER_PROBLEM, -ERROR_TEMPORARY},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char type[24];
        snprintf(type, sizeof type, "%.23s", rows[i].type);
        fake_ca_settings(s->ca)->validate = refuse_by_context;
        fake_ca_settings(s->ca)->context = type;
        CHECK(stage_order(s) == rows[i].rc, rows[i].type);
        CHECK(error_is(&s->err, &MSG_ACME_CHALLENGE_FAILED), rows[i].type);
        CHECK(s->refusal.problem == rows[i].problem, rows[i].type);
        CHECK_STR(s->err.msg.args[1].str, "tls-alpn-01", rows[i].type);
        CHECK_STR(s->err.msg.args[2].str, rows[i].type, rows[i].type);
        CHECK_STR(s->err.msg.args[3].str, "no answer", rows[i].type);
    }
    assert_int_equal(fake_ca_issued(s->ca), 0);
}

/* RFC 8555 7.5.1: polled after 1, 2, 4 .. seconds. */
static void polls_with_growing_pauses(void **state)
{
    struct stage *s = *state;
    int64_t before = fake_ca_now(s->ca);
    fake_ca_settings(s->ca)->polls = 5;
    assert_int_equal(stage_order(s), 0);
    /* 1 + 2 + 4 + 8 + 16 + 30 for each of the two. */
    assert_int_equal(fake_ca_now(s->ca) - before, 2 * 61);
}

static void retry_after_says_the_pause(void **state)
{
    struct stage *s = *state;
    int64_t before = fake_ca_now(s->ca);
    /* The answer to the challenge. */
    fake_ca_fault(s->ca, &(struct fake_fault){.path = "/authz/",
                                              .skip = 1,
                                              .status = 200,
                                              .header = "retry-after",
                                              .value = "100",
                                              .body = "{\"status\":\"pending\",\"identifier\":{"
                                                      "\"type\":\"dns\",\"value\":\"" STAGE_NAME
                                                      "\"},\"challenges\":[]}"});
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(fake_ca_now(s->ca) - before, 1 + 100 + 1);
}

static void a_ca_that_never_ends_is_given_up(void **state)
{
    struct stage *s = *state;
    int64_t before = fake_ca_now(s->ca);
    fake_ca_settings(s->ca)->polls = 1000;
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_true(error_is(&s->err, &MSG_ACME_TIMEOUT));
    CHECK_STR(s->err.msg.args[1].str, "authorization", "step");
    assert_int_equal(fake_ca_now(s->ca) - before, ACME_ORDER_WAIT_S);
    assert_true(fake_ca_requests(s->ca, "") < 40);
}

static void order_not_ready_is_polled_as_rfc_8555_7_4(void **state)
{
    struct stage *s = *state;
    fake_ca_fault(
        s->ca, &(struct fake_fault){.path = "/finalize/", .status = 403, .type = "orderNotReady"});
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(fake_ca_requests(s->ca, "/finalize/"), 2);
}

/* What a CA answers in place of the order's next step, and what comes of it. */
static void refusals_of_a_new_order(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *what;
        struct fake_fault fault;
        int rc;
        const struct msg_def *code;
        enum acme_problem problem;
        unsigned status;
        int64_t wait; /* retry_at less now; 0: none */
    } rows[] = {
        {"rateLimited, RFC 8555 6.6",
         {.status = 429, .type = "rateLimited", .header = "retry-after", .value = "3600"},
         -ERROR_TEMPORARY,
         &MSG_ACME_LIMITED,
         ACME_RATE_LIMITED,
         429,
         3600},
        {"429 without words",
         {.status = 429, .header = "retry-after", .value = "60"},
         -ERROR_TEMPORARY,
         &MSG_ACME_STATUS,
         ACME_RATE_LIMITED,
         429,
         60},
        {"503 and HTML",
         {.status = 503, .body = "<html>busy</html>", .header = "retry-after", .value = "100000"},
         -ERROR_TEMPORARY,
         &MSG_ACME_STATUS,
         ACME_NO_PROBLEM,
         503,
         ACME_RETRY_AFTER_MAX},
        {"500 with a problem",
         {.status = 500, .type = "serverInternal"},
         -ERROR_TEMPORARY,
         &MSG_ACME_REFUSED,
         ACME_SERVER_INTERNAL,
         500,
         0},
        {"404 and HTML",
         {.status = 404, .body = "<html>"},
         -ERROR_PERMANENT,
         &MSG_ACME_STATUS,
         ACME_NO_PROBLEM,
         404,
         0},
        {"200 and HTML",
         {.status = 200, .body = "<html>"},
         -ERROR_TEMPORARY,
         &MSG_ACME_ANSWER,
         ACME_NO_PROBLEM,
         0,
         0},
        {"nothing at all",
         {.status = 0},
         -ERROR_TEMPORARY,
         &MSG_API_TIMEOUT,
         ACME_NO_PROBLEM,
         0,
         0},
        {"userActionRequired, RFC 8555 7.3.3",
         {.status = 403,
          .type = "userActionRequired",
          .header = "link",
          .value = "<https://ca.test/new-terms>;rel=\"help\""},
         -ERROR_PERMANENT,
         &MSG_ACME_USER_ACTION,
         ACME_USER_ACTION_REQUIRED,
         403,
         0},
        {"rejectedIdentifier with a page to read",
         {.status = 400,
          .type = "rejectedIdentifier",
          .header = "link",
          .value = "<https://ca.test/docs>;rel=\"help\""},
         -ERROR_PERMANENT,
         &MSG_ACME_REFUSED_HELP,
         ACME_REJECTED_IDENTIFIER,
         400,
         0},
        {"a type that nobody knows",
         {.status = 400, .type = "brandNew"},
         -ERROR_TEMPORARY,
         &MSG_ACME_REFUSED,
         ACME_OTHER_PROBLEM,
         400,
         0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_fault fault = rows[i].fault;
        fault.path = "/new-order";
        fake_ca_faults_end(s->ca);
        fake_ca_fault(s->ca, &fault);
        CHECK(stage_order(s) == rows[i].rc, rows[i].what);
        CHECK(error_is(&s->err, rows[i].code), rows[i].what);
        CHECK(s->refusal.problem == rows[i].problem, rows[i].what);
        CHECK(s->refusal.status == rows[i].status, rows[i].what);
        int64_t wait = s->refusal.retry_at ? s->refusal.retry_at - fake_ca_now(s->ca) : 0;
        CHECK(wait == rows[i].wait, rows[i].what);
    }
    assert_int_equal(s->begun, 0);
}

/* RFC 8555 6.5: the same request with the nonce of the error; no other is fetched for it. */
static void bad_nonces_are_tried_again(void **state)
{
    struct stage *s = *state;
    unsigned fetched = fake_ca_requests(s->ca, "/new-nonce");
    fake_ca_fault(
        s->ca, &(struct fake_fault){
                   .path = "/", .status = 400, .type = "badNonce", .times = ACME_NONCE_TRIES - 1});
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(fake_ca_requests(s->ca, "/new-nonce"), fetched);
    fake_ca_faults_end(s->ca);
    fake_ca_fault(s->ca,
                  &(struct fake_fault){
                      .path = "/", .status = 400, .type = "badNonce", .times = ACME_NONCE_TRIES});
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_true(error_is(&s->err, &MSG_ACME_REFUSED));
    assert_int_equal(s->refusal.problem, ACME_BAD_NONCE);
}

/* RFC 9773 5 */
static void replaces_is_sent_where_there_is_renewal_info(void **state)
{
    struct stage *s = *state;
    s->request.replaces = STR("aki.serial");
    assert_int_equal(stage_order(s), 0);
    assert_string_equal(fake_ca_last_replaces(s->ca), "");
}

static void replaces_is_left_out_when_it_is_refused_as_rfc_9773_5(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *type;
        unsigned status;
        bool again;
    } rows[] = {
        {"alreadyReplaced", 409, true},     {"malformed", 400, true},
        {"unauthorized", 403, true},        {"rateLimited", 429, false},
        {"rejectedIdentifier", 400, false}, {"serverInternal", 500, false},
    };
    s->request.replaces = STR("aki.serial");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned before = fake_ca_requests(s->ca, "/new-order");
        fake_ca_faults_end(s->ca);
        fake_ca_fault(s->ca, &(struct fake_fault){.path = "/new-order",
                                                  .status = rows[i].status,
                                                  .type = rows[i].type});
        CHECK((stage_order(s) == 0) == rows[i].again, rows[i].type);
        CHECK(fake_ca_requests(s->ca, "/new-order") - before == (rows[i].again ? 2 : 1),
              rows[i].type);
        CHECK(!rows[i].again || s->result.replaces_refused, rows[i].type);
    }
    assert_string_equal(fake_ca_last_replaces(s->ca), "");
    assert_int_equal(stage_order(s), 0);
    assert_string_equal(fake_ca_last_replaces(s->ca), "aki.serial");
    assert_false(s->result.replaces_refused);
}

static void a_profile_is_sent_when_the_directory_lists_it(void **state)
{
    struct stage *s = *state;
    s->request.profile = STR("shortlived");
    assert_int_equal(stage_order(s), 0);
    assert_string_equal(fake_ca_last_profile(s->ca), "shortlived");
    assert_int_equal(s->result.not_after - s->result.not_before, 6 * DAY);
    s->request.profile = STR("short");
    assert_int_equal(stage_order(s), -ERROR_PERMANENT);
    assert_true(error_is(&s->err, &MSG_ACME_PROFILE_UNKNOWN));
    CHECK_STR(s->err.msg.args[2].str, "classic, shortlived", "known");
    assert_int_equal(fake_ca_requests(s->ca, "/new-order"), 1);
}

static void a_profile_where_there_are_none(void **state)
{
    struct stage *s = *state;
    s->request.profile = STR("shortlived");
    assert_int_equal(stage_order(s), -ERROR_PERMANENT);
    assert_true(error_is(&s->err, &MSG_ACME_PROFILES_ABSENT));
}

/* ---- what is not trusted ---- */

static void answers_that_rfc_8555_7_1_does_not_allow(void **state)
{
    struct stage *s = *state;
#define IDENTIFIERS   "\"identifiers\":[{\"type\":\"dns\",\"value\":\"" STAGE_NAME "\"}]"
#define AUTHORIZATION "{\"status\":\"pending\",\"challenges\":[],\"identifier\":"
    static const struct {
        const char *path, *body, *part;
    } rows[] = {
        {"/new-order", "", "status"},
        {"/new-order", "[]", "status"},
        {"/new-order", "{\"status\":1}", "status"},
        {"/new-order", "{\"status\":\"pending\"," IDENTIFIERS "}", "authorizations"},
        {"/new-order", "{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":[]}",
         "authorizations"},
        {"/new-order",
         "{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":[\"http://ca.test/a\"]}",
         "authorizations"},
        {"/new-order",
         "{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":[\"https://ca.test/a\"],"
         "\"finalize\":\"file:///etc/passwd\"}",
         "finalize"},
        {"/new-order",
         "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}],"
         "\"authorizations\":[\"https://ca.test/a\"],\"finalize\":\"https://ca.test/f\"}",
         "identifiers"},
        {"/new-order",
         "{\"status\":\"pending\"," IDENTIFIERS ",\"authorizations\":[\"https://ca.test/a\"],"
         "\"finalize\":\"https://ca.test/f\"}",
         "Location"},
        {"/authz/", "{}", "status"},
        {"/authz/", AUTHORIZATION "{\"type\":\"ip\",\"value\":\"192.0.2.1\"}}", "identifier"},
        {"/authz/", AUTHORIZATION "{\"type\":\"dns\",\"value\":\"other.test\"}}", "identifier"},
        {"/authz/",
         AUTHORIZATION "{\"type\":\"dns\",\"value\":\"" STAGE_NAME "\"},\"wildcard\":true}",
         "identifier"},
        {"/authz/",
         "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"" STAGE_NAME "\"}}",
         "challenges"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_ca_faults_end(s->ca);
        fake_ca_fault(
            s->ca, &(struct fake_fault){.path = rows[i].path, .status = 201, .body = rows[i].body});
        CHECK(stage_order(s) == -ERROR_TEMPORARY, rows[i].body);
        CHECK(error_is(&s->err, &MSG_ACME_ANSWER), rows[i].body);
        CHECK_STR(s->err.msg.args[1].str, rows[i].part, rows[i].body);
    }
    assert_int_equal(s->presented, 0);
}

static void a_certificate_that_is_not_ours_is_not_taken(void **state)
{
    struct stage *s = *state;
    fake_ca_settings(s->ca)->wrong_name = "other.test";
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_true(error_is(&s->err, &MSG_ACME_CERTIFICATE_NAME));
    fake_ca_settings(s->ca)->wrong_key = true;
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_true(error_is(&s->err, &MSG_ACME_CERTIFICATE));
    CHECK_STR(s->err.msg.args[1].str, "pem-key-mismatch", "fault");
    fake_ca_fault(s->ca,
                  &(struct fake_fault){.path = "/cert/", .status = 200, .body = "<html>no</html>"});
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    CHECK_STR(s->err.msg.args[1].str, "pem-no-certificate", "fault");
}

/* RFC 8555 7.4.2: alternates by Link. */
static void the_preferred_chain_is_chosen(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *preferred;
        unsigned fetched;
    } rows[] = {{"", 1},
                {"Fake Root", 1},
                {"Fake Other Root", 2},
                {"fake other root", 2},
                {"Nobody's Root", 2}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned before = fake_ca_requests(s->ca, "/cert/");
        s->request.preferred_chain = str_from(rows[i].preferred);
        CHECK(stage_order(s) == 0, rows[i].preferred);
        CHECK(fake_ca_requests(s->ca, "/cert/") - before == rows[i].fetched, rows[i].preferred);
    }
    fake_ca_fault(s->ca, &(struct fake_fault){.path = "/cert/", .skip = 1, .status = 500});
    s->request.preferred_chain = STR("Fake Other Root");
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(s->refusal.status, 0);
}

static void what_a_solver_cannot_do_ends_the_order(void **state)
{
    struct stage *s = *state;
    s->present_fails = 1;
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_int_equal(s->waited, 0);
    s->present_fails = 0;
    s->wait_fails = 1;
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_int_equal(s->removed, 2);
    assert_int_equal(fake_ca_requests(s->ca, "/chall/"), 0);
    s->wait_fails = 0;
    s->begun_fails = 1;
    assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    assert_int_equal(s->presented, 2);
}

static int stage_with_ari(void **state)
{
    stage_make(state);
    struct stage *s = *state;
    fake_ca_settings(s->ca)->renewal_info = true;
    fake_ca_settings(s->ca)->profiles = "\"classic\":\"the usual\",\"shortlived\":\"6 days\"";
    const struct acme_account_request request = {.terms_agreed = true};
    assert_int_equal(acme_account_open(s->session, s->account_key, &request, &s->arena, &s->account,
                                       &s->refusal, &s->err),
                     0);
    acme_session_sign_by(s->session, s->account_key, s->account);
    return 0;
}

#define TEST(f)     cmocka_unit_test_setup_teardown(f, stage_open, stage_end)
#define TEST_ARI(f) cmocka_unit_test_setup_teardown(f, stage_with_ari, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_from_name_to_certificate_as_rfc_8555_7_4),
        TEST(chooses_the_challenge_by_the_order_of_the_solvers),
        TEST(no_challenge_that_can_be_answered),
        TEST(a_valid_authorization_is_passed_over),
        TEST(a_failed_authorization_names_the_challenge),
        TEST(polls_with_growing_pauses),
        TEST(retry_after_says_the_pause),
        TEST(a_ca_that_never_ends_is_given_up),
        TEST(order_not_ready_is_polled_as_rfc_8555_7_4),
        TEST(refusals_of_a_new_order),
        TEST(bad_nonces_are_tried_again),
        TEST(replaces_is_sent_where_there_is_renewal_info),
        TEST_ARI(replaces_is_left_out_when_it_is_refused_as_rfc_9773_5),
        TEST_ARI(a_profile_is_sent_when_the_directory_lists_it),
        TEST(a_profile_where_there_are_none),
        TEST(answers_that_rfc_8555_7_1_does_not_allow),
        TEST(a_certificate_that_is_not_ours_is_not_taken),
        TEST(the_preferred_chain_is_chosen),
        TEST(what_a_solver_cannot_do_ends_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
