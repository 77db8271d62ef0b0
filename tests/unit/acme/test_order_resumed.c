/* Orders that were begun before: RFC 8555 7.1.6. */
#include "check.h"
#include "stage.h"

/* What stops an order at each step; the same order is gone on with. */
static void an_order_that_was_begun_is_gone_on_with(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *path;
        unsigned skip;
    } rows[] = {
        {"/authz/", 0},    {"/chall/", 0}, {"/authz/", 1}, {"/order/", 0},
        {"/finalize/", 0}, {"/order/", 1}, {"/cert/", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned before = fake_ca_requests(s->ca, "/new-order");
        fake_ca_faults_end(s->ca);
        fake_ca_fault(s->ca, &(struct fake_fault){.path = rows[i].path, .skip = rows[i].skip});
        s->request.order = STR("");
        CHECK(stage_order(s) == -ERROR_TEMPORARY, rows[i].path);
        s->request.order = s->order;
        CHECK(stage_order(s) == 0, rows[i].path);
        CHECK(fake_ca_requests(s->ca, "/new-order") - before == 1, rows[i].path);
    }
    /* What a kill may have left of those that were authorized before. */
    assert_int_equal(s->rest_removed, 5);
    assert_int_equal(s->begun, ARRAY_LEN(rows));
    assert_int_equal(fake_ca_issued(s->ca), ARRAY_LEN(rows));
}

static void an_order_that_leads_nowhere_gives_way_to_another(void **state)
{
    struct stage *s = *state;
    static const char *const invalid =
        "{\"status\":\"invalid\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" STAGE_NAME
        "\"}],\"authorizations\":[\"https://ca.test/authz/1\"],\"finalize\":\"https://ca.test/f\"}";
    static const char *const other =
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"other.test\"}],"
        "\"authorizations\":[\"https://ca.test/authz/1\"],\"finalize\":\"https://ca.test/f\"}";
    const struct {
        const char *what;
        struct fake_fault fault;
    } rows[] = {
        {"404", {.path = "/order/", .status = 404, .type = "malformed"}},
        {"404 without words", {.path = "/order/", .status = 404}},
        {"another account's", {.path = "/order/", .status = 403, .type = "unauthorized"}},
        {"invalid", {.path = "/order/", .status = 200, .body = invalid}},
        {"of another name", {.path = "/order/", .status = 200, .body = other}},
    };
    s->request.order = STR("https://ca.test/order/77");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned begun = s->begun;
        fake_ca_faults_end(s->ca);
        fake_ca_fault(s->ca, &rows[i].fault);
        CHECK(stage_order(s) == 0, rows[i].what);
        CHECK(s->begun == begun + 1, rows[i].what);
    }
}

/* The CA's troubles are no reason to order again. */
static void an_order_is_kept_while_the_ca_is_in_trouble(void **state)
{
    struct stage *s = *state;
    static const struct fake_fault rows[] = {
        {.path = "/order/", .status = 500, .type = "serverInternal"},
        {.path = "/order/", .status = 429, .type = "rateLimited"},
        {.path = "/order/", .status = 503},
        {.path = "/order/", .status = 0},
        {.path = "/order/", .status = 200, .body = "<html>"},
    };
    s->request.order = STR("https://ca.test/order/1");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_ca_fault(s->ca, &rows[i]);
        assert_int_equal(stage_order(s), -ERROR_TEMPORARY);
    }
    assert_int_equal(fake_ca_requests(s->ca, "/new-order"), 0);
}

static void an_order_that_was_finalised_by_another_key_gives_way(void **state)
{
    struct stage *s = *state;
    EVP_PKEY *lost;
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(acme_key_new(ACME_KEY_P256, &lost, &s->err), 0);
    s->request.key = lost;
    s->request.order = s->order;
    assert_int_equal(stage_order(s), 0);
    assert_int_equal(fake_ca_issued(s->ca), 2);
    EVP_PKEY_free(lost);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, stage_open, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_that_was_begun_is_gone_on_with),
        TEST(an_order_that_leads_nowhere_gives_way_to_another),
        TEST(an_order_is_kept_while_the_ca_is_in_trouble),
        TEST(an_order_that_was_finalised_by_another_key_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
