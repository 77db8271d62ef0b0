#include "acme/messages.h"
#include "acme/reading.h"
#include "check.h"
#include "stage.h"

static void the_directory_is_read_once_a_day(void **state)
{
    struct stage *s = *state;
    const struct acme_directory *d;
    static const struct {
        int64_t later;
        unsigned reads;
    } rows[] = {{0, 1}, {ACME_DIRECTORY_S - 1, 1}, {ACME_DIRECTORY_S, 2}};
    int64_t start = fake_ca_now(s->ca);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_ca_set_now(s->ca, start + rows[i].later);
        assert_int_equal(acme_session_directory(s->session, &d, &s->refusal, &s->err), 0);
        assert_int_equal(fake_ca_requests(s->ca, "/directory"), rows[i].reads);
    }
    CHECK_STR(d->new_order, "https://ca.test/new-order", "newOrder");
}

/* RFC 8555 7.1.1 */
static void directories_that_cannot_be_used(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *body, *part;
    } rows[] = {
        {"", "directory"},
        {"<html>", "directory"},
        {"[]", "directory"},
        {"{}", "newNonce"},
        {"{\"newNonce\":\"http://ca.test/n\"}", "newNonce"},
        {"{\"newNonce\":\"https://\"}", "newNonce"},
        {"{\"newNonce\":\"https://ca.test/\\u0000\"}", "directory"},
        {"{\"newNonce\":\"https://ca.test/\\n\"}", "newNonce"},
        {"{\"newNonce\":\"https://ca.test/n\"}", "newAccount"},
        {"{\"newNonce\":\"https://ca.test/n\",\"newAccount\":\"https://ca.test/a\","
         "\"newOrder\":7}",
         "newOrder"},
    };
    const struct acme_directory *d;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_ca_faults_end(s->ca);
        fake_ca_fault(
            s->ca, &(struct fake_fault){.path = "/directory", .status = 200, .body = rows[i].body});
        CHECK(acme_session_directory(s->session, &d, &s->refusal, &s->err) == -ERROR_TEMPORARY,
              rows[i].body);
        CHECK(error_is(&s->err, &MSG_ACME_ANSWER), rows[i].body);
        CHECK_STR(s->err.msg.args[1].str, rows[i].part, rows[i].body);
    }
    fake_ca_fault(s->ca,
                  &(struct fake_fault){
                      .path = "/directory", .status = 503, .header = "retry-after", .value = "7"});
    assert_int_equal(acme_session_directory(s->session, &d, &s->refusal, &s->err),
                     -ERROR_TEMPORARY);
    assert_int_equal(s->refusal.status, 503);
    assert_int_equal(s->refusal.retry_at, fake_ca_now(s->ca) + 7);
}

static void profiles_as_the_directory_lists_them(void **state)
{
    struct stage *s = *state;
    const struct acme_directory *d;
    fake_ca_settings(s->ca)->profiles = "\"classic\":\"the usual\",\"\":\"none\",\"odd\":7";
    fake_ca_settings(s->ca)->caa = "\"ca.test\",\"with blank\",7,\"b.test\"";
    assert_int_equal(acme_session_directory(s->session, &d, &s->refusal, &s->err), 0);
    assert_int_equal(d->profile_count, 2);
    CHECK_STR(d->profiles[0].description, "the usual", "description");
    assert_true(acme_directory_has_profile(d, STR("odd")));
    assert_false(acme_directory_has_profile(d, STR("Odd")));
    CHECK_STR(d->caa_identities, "ca.test b.test", "caaIdentities");
}

struct bad_nonce {
    struct acme_world real;
    const char *nonce;
};

static int64_t real_now(void *context)
{
    const struct bad_nonce *b = context;
    return b->real.now(b->real.context);
}

static int send_bad_nonce(void *context, const struct api_request *request, struct arena *arena,
                          struct api_response *response, struct error *err)
{
    const struct bad_nonce *b = context;
    int rc = b->real.send(b->real.context, request, arena, response, err);
    struct api_header *header = arena_alloc(arena, sizeof *header);
    *header = (struct api_header){STR("replay-nonce"), str_from(b->nonce)};
    response->headers = header;
    response->header_count = 1;
    return rc;
}

/* RFC 8555 6.5.1 and 7.2: what is no base64url is no nonce. */
static void nonces_that_are_none(void **state)
{
    struct stage *s = *state;
    static char long_one[ACME_NONCE_MAX + 2];
    memset(long_one, 'a', ACME_NONCE_MAX + 1);
    const char *const rows[] = {"", "a b", "a\"b", "a+b", "a==", long_one};
    struct bad_nonce bad = {s->world, NULL};
    const struct acme_world world = {.now = real_now, .send = send_bad_nonce, .context = &bad};
    const struct acme_account_request request = {.terms_agreed = true};
    acme_session_free(s->session);
    assert_int_equal(acme_session_new(&s->session, &world, fake_ca_directory(), &s->err), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bad.nonce = rows[i];
        CHECK(acme_account_open(s->session, s->account_key, &request, &s->arena, &s->account,
                                &s->refusal, &s->err) == -ERROR_TEMPORARY,
              rows[i]);
        CHECK(error_is(&s->err, &MSG_ACME_ANSWER), rows[i]);
        CHECK_STR(s->err.msg.args[1].str, "Replay-Nonce", rows[i]);
    }
    assert_int_equal(fake_ca_requests(s->ca, "/new-account"), 0);
    bad.nonce = long_one + 1;
    assert_true(acme_account_open(s->session, s->account_key, &request, &s->arena, &s->account,
                                  &s->refusal, &s->err) < 0);
    assert_int_equal(fake_ca_requests(s->ca, "/new-account"), ACME_NONCE_TRIES);
}

static struct api_response answer_with(const struct api_header *headers, size_t count)
{
    return (struct api_response){.status = 200, .headers = headers, .header_count = count};
}

/* RFC 9110 10.2.3 */
static void retry_after_as_rfc_9110_10_2_3(void **state)
{
    static const struct {
        const char *value;
        int64_t at; /* after now; -1: none */
    } rows[] = {
        {"", -1},
        {"0", 0},
        {"120", 120},
        {"86400", 86400},
        {"86401", 86400},
        {"99999999999999999999", -1},
        {"-5", -1},
        {"soon", -1},
        {"Tue, 24 Nov 2026 12:00:00 GMT", 7200},
        {"Tuesday, 24-Nov-26 12:00:00 GMT", 7200},
        {"Tue Nov 24 12:00:00 2026", 7200},
        {"Tue, 24 Nov 2025 12:00:00 GMT", 0},
        {"Tue, 24 Nov 2027 12:00:00 GMT", 86400},
    };
    const int64_t now = 1795514400; /* 2026-11-24T10:00:00Z */
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct api_header header = {STR("retry-after"), str_from(rows[i].value)};
        const struct api_response response = answer_with(&header, 1);
        CHECK(acme_retry_at(&response, now) == (rows[i].at < 0 ? 0 : now + rows[i].at),
              rows[i].value);
    }
}

/* RFC 8288 3 */
static void links_as_rfc_8288_3(void **state)
{
    static const struct {
        const char *value;
        const char *found[3];
    } rows[] = {
        {"<https://ca.test/1>;rel=\"alternate\"", {"https://ca.test/1"}},
        {"<https://ca.test/1>; rel=alternate", {"https://ca.test/1"}},
        {"<https://ca.test/1>;rel=\"up ALTERNATE\"", {"https://ca.test/1"}},
        {"<https://ca.test/1>;rel=\"alternates\"", {NULL}},
        {"<https://ca.test/1>;rev=\"alternate\"", {NULL}},
        {"<https://ca.test/1>;rel=\"up\";rel=\"alternate\"", {NULL}},
        {"<https://ca.test/1>;title=\"a,b;rel=x\";rel=\"alternate\"", {"https://ca.test/1"}},
        {"<https://ca.test/0>;rel=\"index\" , <https://ca.test/1>;rel=\"alternate\",<https://"
         "ca.test/a,b>;rel=alternate",
         {"https://ca.test/1", "https://ca.test/a,b"}},
        {"<http://ca.test/1>;rel=\"alternate\"", {NULL}},
        {"</cert/1>;rel=\"alternate\"", {NULL}},
        {"<https://ca.test/1;rel=\"alternate\"", {NULL}},
        {"https://ca.test/1;rel=\"alternate\"", {NULL}},
        {",,,", {NULL}},
        {"<>;rel=alternate", {NULL}},
        {"<https://ca.test/1>", {NULL}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct api_header headers[] = {{STR("link"), str_from(rows[i].value)},
                                             {STR("link"), str_from("<https://ca.test/last>;"
                                                                    "rel=alternate")}};
        const struct api_response response = answer_with(headers, 2);
        size_t at = 0, within = 0;
        struct str url;
        for (size_t k = 0; rows[i].found[k]; k++) {
            CHECK(acme_link_next(&response, STR("alternate"), &at, &within, &url), rows[i].value);
            CHECK_STR(url, rows[i].found[k], rows[i].value);
        }
        CHECK(acme_link_next(&response, STR("alternate"), &at, &within, &url), rows[i].value);
        CHECK_STR(url, "https://ca.test/last", rows[i].value);
        CHECK(!acme_link_next(&response, STR("alternate"), &at, &within, &url), rows[i].value);
    }
}

/* RFC 8555 6.7 and 6.7.1 */
static void problems_as_rfc_8555_6_7(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *json, *type, *detail;
        enum acme_problem problem;
    } rows[] = {
        {"{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"d\"}", "caa", "d", ACME_CAA},
        {"{\"type\":\"urn:ietf:params:acme:error:new\"}", "new", "", ACME_OTHER_PROBLEM},
        {"{\"type\":\"urn:other:caa\"}", "urn:other:caa", "", ACME_OTHER_PROBLEM},
        {"{\"type\":\"urn:ietf:params:acme:error:compound\",\"detail\":\"d\",\"subproblems\":[{"
         "\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"e\"}]}",
         "dns", "e", ACME_DNS},
        {"{\"type\":\"urn:ietf:params:acme:error:compound\",\"subproblems\":[{}]}", "compound", "",
         ACME_COMPOUND},
        {"{\"type\":\"about:blank\"}", NULL, NULL, ACME_NO_PROBLEM},
        {"{\"type\":7}", NULL, NULL, ACME_NO_PROBLEM},
        {"{}", NULL, NULL, ACME_NO_PROBLEM},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acme_problem_text p;
        json_t *json = acme_json_read(str_from(rows[i].json));
        bool read = acme_problem_read(json, &s->arena, &p);
        CHECK(read == (rows[i].type != NULL), rows[i].json);
        if (read) {
            CHECK_STR(p.type, rows[i].type, rows[i].json);
            CHECK_STR(p.detail, rows[i].detail, rows[i].json);
            CHECK(p.problem == rows[i].problem, rows[i].json);
        }
        json_decref(json);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, stage_make, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_directory_is_read_once_a_day),
        TEST(directories_that_cannot_be_used),
        TEST(profiles_as_the_directory_lists_them),
        TEST(nonces_that_are_none),
        cmocka_unit_test(retry_after_as_rfc_9110_10_2_3),
        cmocka_unit_test(links_as_rfc_8288_3),
        TEST(problems_as_rfc_8555_6_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
