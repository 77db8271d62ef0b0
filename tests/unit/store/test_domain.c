#include "store/messages.h"
#include "world.h"

COUNT_ROWS(count_domain, struct store_domain)

static void a_domain_is_added_once(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_domain domain;
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_get(w.store, STR("example.org"), &w.arena, &domain, NULL), 0);
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW, NULL), 1);
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW + 5, NULL), 0);
    assert_int_equal(store_domain_get(w.store, STR("example.org"), &w.arena, &domain, NULL), 1);
    CHECK_STR(domain.name, "example.org", "name");
    assert_int_equal(domain.created, NOW);
    assert_false(domain.has_policy);
    CHECK_STR(domain.policy_id, "", "policy id");
    uint64_t count;
    assert_int_equal(store_domain_count(w.store, &count, NULL), 0);
    assert_int_equal(count, 1);
}

static void only_the_stored_form_of_a_name_is_taken(void **state)
{
    static const char *const refused[] = {
        "",
        "Example.org",
        "example.org.",
        ("b\xc3\xbc"
         "cher.example"),
        "a b.test",
        "*.example",
        "-a.example",
        "192.0.2.1",
        "a..b",
        "_a.example",
        "exa'mple.test",
    };
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        int rc = store_domain_add(w.store, str_from(refused[i]), NOW, &w.err);
        CHECK(rc == -ERROR_PERMANENT, refused[i]);
        CHECK(error_is(&w.err, &MSG_STORE_DOMAIN_INVALID), refused[i]);
    }
    assert_int_equal(store_domain_add(w.store, STR("xn--bcher-kva.example"), NOW, NULL), 1);
}

static void text_is_bound_and_never_sql(void **state)
{
    struct world w CLEANUP(world_done);
    struct str value;
    (void)state;
    world_init(&w);
    assert_int_equal(
        store_setting_set(w.store, STR(""), STR("x'; DROP TABLE domain; --"), STR("y'); --"), NULL),
        1);
    assert_int_equal(store_setting_get(w.store, STR(""), STR("x'; DROP TABLE domain; --"), &w.arena,
                                       &value, NULL),
                     1);
    CHECK_STR(value, "y'); --", "value");
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW, NULL), 1);
}

static void a_domain_is_removed_once_and_may_come_back(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_domain domain;
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_remove(w.store, STR("example.org"), NOW, NULL), 0);
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW, NULL), 1);
    assert_int_equal(store_domain_remove(w.store, STR("example.org"), NOW, NULL), 1);
    assert_int_equal(store_domain_remove(w.store, STR("example.org"), NOW, NULL), 0);
    assert_int_equal(store_domain_get(w.store, STR("example.org"), &w.arena, &domain, NULL), 0);
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW, NULL), 1);
}

struct page {
    char last[DOMAIN_NAME_MAX + 1];
    unsigned rows;
    unsigned stop_at; /* 0: never */
};

static int take_page(void *context, const struct store_domain *row)
{
    struct page *page = context;
    char name[DOMAIN_NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s", STR_ARG(row->name));
    assert_true(strcmp(name, page->last) > 0);
    snprintf(page->last, sizeof page->last, "%s", name);
    return ++page->rows == page->stop_at ? 7 : 0;
}

static void pages_give_every_domain_once_in_order(void **state)
{
    static const unsigned limits[] = {1, 3, 7, 24, 25, 26, 0, 5000};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    for (unsigned i = 0; i < 25; i++) {
        char name[64];
        snprintf(name, sizeof name, "d%u.example", i * 7 % 25);
        assert_int_equal(store_domain_add(w.store, str_from(name), NOW, NULL), 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct page page = {.rows = 0};
        unsigned before, pages = 0;
        do {
            before = page.rows;
            assert_int_equal(
                store_domain_list(w.store, str_from(page.last), limits[i], take_page, &page, NULL),
                0);
            pages++;
        } while (page.rows > before && pages < 100);
        assert_int_equal(page.rows, 25);
    }
}

static void a_callback_ends_the_walk(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, STR("a.example"), NOW, NULL), 1);
    assert_int_equal(store_domain_add(w.store, STR("b.example"), NOW, NULL), 1);
    struct page page = {.stop_at = 1};
    assert_int_equal(store_domain_list(w.store, STR(""), 0, take_page, &page, NULL), 7);
    assert_int_equal(page.rows, 1);
}

static void a_page_has_a_maximum(void **state)
{
    struct world w CLEANUP(world_done);
    unsigned rows = 0;
    (void)state;
    world_init(&w);
    world_sql(&w, STORE_CONTROL,
              "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)"
              " INSERT INTO domain (name, created) SELECT 'd' || i || '.example', 0 FROM n");
    assert_int_equal(store_domain_list(w.store, STR(""), 0, count_domain, &rows, NULL), 0);
    assert_int_equal(rows, STORE_PAGE_MAX);
}

static void a_domain_tells_its_current_policy(void **state)
{
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(86400);
    struct store_domain domain;
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, STR("example.org"), NOW, NULL), 1);
    assert_int_equal(store_policy_set(w.store, STR("example.org"), &policy, NOW, NULL, NULL), 1);
    policy.mode = STS_MODE_ENFORCE;
    assert_int_equal(store_policy_set(w.store, STR("example.org"), &policy, NOW + 9, NULL, NULL),
                     1);
    assert_int_equal(store_domain_get(w.store, STR("example.org"), &w.arena, &domain, NULL), 1);
    assert_true(domain.has_policy);
    assert_int_equal(domain.mode, STS_MODE_ENFORCE);
    CHECK_STR(domain.policy_id, "20261124T110009Z", "policy id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_is_added_once),
        cmocka_unit_test(only_the_stored_form_of_a_name_is_taken),
        cmocka_unit_test(text_is_bound_and_never_sql),
        cmocka_unit_test(a_domain_is_removed_once_and_may_come_back),
        cmocka_unit_test(pages_give_every_domain_once_in_order),
        cmocka_unit_test(a_callback_ends_the_walk),
        cmocka_unit_test(a_page_has_a_maximum),
        cmocka_unit_test(a_domain_tells_its_current_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
