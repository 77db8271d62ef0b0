#include "acme/messages.h"
#include "check.h"
#include "stage.h"

static int account_open(struct stage *s, const struct acme_account_request *request)
{
    int rc = acme_account_open(s->session, s->account_key, request, &s->arena, &s->account,
                               &s->refusal, &s->err);
    const char *complaint = fake_ca_complaint(s->ca);
    if (complaint)
        fail_msg("%s", complaint);
    return rc;
}

/* RFC 8555 7.3 and 7.3.1: one key, one account. */
static void an_account_is_made_once_as_rfc_8555_7_3(void **state)
{
    struct stage *s = *state;
    const struct acme_account_request request = {.contact = STR("mailto:a@example.test"),
                                                 .terms_agreed = true};
    assert_int_equal(account_open(s, &request), 0);
    CHECK_STR(s->account, "https://ca.test/account/1", "made");
    assert_string_equal(fake_ca_contact(s->ca), "[\"mailto:a@example.test\"]");
    assert_int_equal(account_open(s, &request), 0);
    CHECK_STR(s->account, "https://ca.test/account/1", "found");
    assert_int_equal(fake_ca_accounts(s->ca), 1);
}

/* RFC 8555 7.3.3: never without the user's word; naming the terms. */
static void terms_are_not_agreed_to_silently(void **state)
{
    struct stage *s = *state;
    const struct acme_account_request request = {.terms_agreed = false};
    assert_int_equal(account_open(s, &request), -ERROR_POLICY);
    assert_true(error_is(&s->err, &MSG_ACME_TERMS));
    CHECK_STR(s->err.msg.args[1].str, "https://ca.test/terms", "terms");
    assert_int_equal(fake_ca_requests(s->ca, "/new-account"), 0);
    fake_ca_settings(s->ca)->no_terms = true;
    acme_session_free(s->session);
    assert_int_equal(acme_session_new(&s->session, &s->world, fake_ca_directory(), &s->err), 0);
    assert_int_equal(account_open(s, &request), 0);
}

static void only_an_existing_one_as_rfc_8555_7_3_1(void **state)
{
    struct stage *s = *state;
    const struct acme_account_request existing = {.existing_only = true};
    const struct acme_account_request request = {.terms_agreed = true};
    assert_int_equal(account_open(s, &existing), -ERROR_PERMANENT);
    assert_int_equal(s->refusal.problem, ACME_ACCOUNT_DOES_NOT_EXIST);
    assert_int_equal(account_open(s, &request), 0);
    assert_int_equal(account_open(s, &existing), 0);
    assert_int_equal(fake_ca_accounts(s->ca), 1);
}

static void an_external_account_is_bound_as_rfc_8555_7_3_4(void **state)
{
    struct stage *s = *state;
    struct acme_account_request request = {.terms_agreed = true};
    *fake_ca_settings(s->ca) = (struct fake_ca_settings){
        .eab_required = true, .eab_kid = STR("kid-1"), .eab_key = STR("\0secret\xff")};
    assert_int_equal(account_open(s, &request), -ERROR_PERMANENT);
    assert_true(error_is(&s->err, &MSG_ACME_EAB_MISSING));
    assert_int_equal(fake_ca_requests(s->ca, "/new-account"), 0);
    request.eab_kid = STR("kid-1");
    request.eab_key = STR("wrong");
    assert_int_equal(account_open(s, &request), -ERROR_PERMANENT);
    assert_int_equal(s->refusal.problem, ACME_EXTERNAL_ACCOUNT_REQUIRED);
    request.eab_key = STR("\0secret\xff");
    assert_int_equal(account_open(s, &request), 0);
}

/* RFC 8555 7.1.2: an account that is not valid is of no use. */
static void answers_about_accounts(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *body, *header, *value;
        const struct msg_def *code;
        int rc;
    } rows[] = {
        {"{\"status\":\"deactivated\"}", "location", "https://ca.test/account/1",
         &MSG_ACME_ACCOUNT_STATUS, -ERROR_PERMANENT},
        {"{\"status\":\"valid\"}", NULL, NULL, &MSG_ACME_ANSWER, -ERROR_TEMPORARY},
        {"{\"status\":\"valid\"}", "location", "http://ca.test/account/1", &MSG_ACME_ANSWER,
         -ERROR_TEMPORARY},
        {"{\"status\":\"valid\"}", "location", "https://ca.test/a b", &MSG_ACME_ANSWER,
         -ERROR_TEMPORARY},
    };
    const struct acme_account_request request = {.terms_agreed = true};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_ca_faults_end(s->ca);
        fake_ca_fault(s->ca, &(struct fake_fault){.path = "/new-account",
                                                  .status = 200,
                                                  .body = rows[i].body,
                                                  .header = rows[i].header,
                                                  .value = rows[i].value});
        CHECK(account_open(s, &request) == rows[i].rc, rows[i].body);
        CHECK(error_is(&s->err, rows[i].code), rows[i].body);
    }
}

static void the_key_is_changed_as_rfc_8555_7_3_5(void **state)
{
    struct stage *s = *state;
    EVP_PKEY *fresh, *old = s->account_key;
    assert_int_equal(acme_key_new(ACME_KEY_P256, &fresh, &s->err), 0);
    assert_int_equal(
        acme_account_change_key(s->session, old, fresh, s->account, &s->refusal, &s->err), 0);
    assert_null(fake_ca_complaint(s->ca));
    /* The session signs by the new one. */
    s->account_key = s->request.account_key = fresh;
    assert_int_equal(stage_order(s), 0);
    EVP_PKEY_free(old);
}

static void a_key_that_is_refused_leaves_the_old_one(void **state)
{
    struct stage *s = *state;
    EVP_PKEY *fresh;
    assert_int_equal(acme_key_new(ACME_KEY_P256, &fresh, &s->err), 0);
    fake_ca_fault(s->ca,
                  &(struct fake_fault){.path = "/key-change", .status = 409, .type = "malformed"});
    assert_int_equal(acme_account_change_key(s->session, s->account_key, fresh, s->account,
                                             &s->refusal, &s->err),
                     -ERROR_PERMANENT);
    assert_int_equal(s->refusal.status, 409);
    assert_int_equal(stage_order(s), 0);
    EVP_PKEY_free(fresh);
}

static void the_contact_is_set_and_removed_as_rfc_8555_7_3_2(void **state)
{
    struct stage *s = *state;
    assert_int_equal(acme_account_set_contact(s->session, s->account, STR("mailto:b@example.test"),
                                              &s->refusal, &s->err),
                     0);
    assert_string_equal(fake_ca_contact(s->ca), "[\"mailto:b@example.test\"]");
    assert_int_equal(
        acme_account_set_contact(s->session, s->account, STR(""), &s->refusal, &s->err), 0);
    assert_string_equal(fake_ca_contact(s->ca), "[]");
}

static struct str leaf_of(struct str chain)
{
    const unsigned char *p = (const unsigned char *)chain.p;
    return str_head(chain, 4 + ((size_t)p[2] << 8 | p[3]));
}

/* RFC 8555 7.6: by the account, by the certificate's key of any type; twice is no error. */
static void certificates_are_revoked_as_rfc_8555_7_6(void **state)
{
    struct stage *s = *state;
    for (int type = ACME_KEY_P256; type <= ACME_KEY_RSA2048; type++) {
        EVP_PKEY *key;
        assert_int_equal(acme_key_new((enum acme_key_type)type, &key, &s->err), 0);
        s->request.key = key;
        for (int by_key = 0; by_key < 2; by_key++) {
            unsigned before = fake_ca_revoked(s->ca);
            assert_int_equal(stage_order(s), 0);
            struct str leaf = leaf_of(s->result.chain);
            for (int twice = 0; twice < 2; twice++)
                assert_int_equal(
                    acme_revoke(s->session, by_key ? key : NULL, leaf, 1, &s->refusal, &s->err), 0);
            assert_int_equal(fake_ca_revoked(s->ca), before + 1);
        }
        EVP_PKEY_free(key);
    }
    assert_null(fake_ca_complaint(s->ca));
}

#define FRESH(f) cmocka_unit_test_setup_teardown(f, stage_make, stage_end)
#define TEST(f)  cmocka_unit_test_setup_teardown(f, stage_open, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(an_account_is_made_once_as_rfc_8555_7_3),
        FRESH(terms_are_not_agreed_to_silently),
        FRESH(only_an_existing_one_as_rfc_8555_7_3_1),
        FRESH(an_external_account_is_bound_as_rfc_8555_7_3_4),
        FRESH(answers_about_accounts),
        TEST(the_key_is_changed_as_rfc_8555_7_3_5),
        TEST(a_key_that_is_refused_leaves_the_old_one),
        TEST(the_contact_is_set_and_removed_as_rfc_8555_7_3_2),
        TEST(certificates_are_revoked_as_rfc_8555_7_6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
