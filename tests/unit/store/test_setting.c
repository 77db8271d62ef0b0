#include "store/messages.h"
#include "world.h"

#define DOMAIN STR("example.org")

COUNT_ROWS(count_setting, struct store_setting)

static void a_setting_is_written_read_and_removed(void **state)
{
    static const struct str scopes[] = {STR_INIT(""), STR_INIT("example.org")};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        struct str value = STR("untouched");
        const char *what = i ? "domain" : "global";
        CHECK(store_setting_get(w.store, scopes[i], STORE_SETTING_RUA, &w.arena, &value, NULL) == 0,
              what);
        CHECK_STR(value, "untouched", what);
        CHECK(store_setting_set(w.store, scopes[i], STORE_SETTING_RUA, STR("mailto:a@b.example"),
                                NULL) == 1,
              what);
        CHECK(store_setting_get(w.store, scopes[i], STORE_SETTING_RUA, &w.arena, &value, NULL) == 1,
              what);
        CHECK_STR(value, "mailto:a@b.example", what);
        CHECK(store_setting_remove(w.store, scopes[i], STORE_SETTING_RUA, NULL) == 1, what);
        CHECK(store_setting_remove(w.store, scopes[i], STORE_SETTING_RUA, NULL) == 0, what);
        CHECK(store_setting_get(w.store, scopes[i], STORE_SETTING_RUA, &w.arena, &value, NULL) == 0,
              what);
    }
}

static void the_same_value_again_changes_nothing(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t before, after;
    (void)state;
    world_init(&w);
    assert_int_equal(store_setting_set(w.store, STR(""), STR("k"), STR(""), NULL), 1);
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &before, NULL), 0);
    assert_int_equal(store_setting_set(w.store, STR(""), STR("k"), STR(""), NULL), 0);
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &after, NULL), 0);
    assert_int_equal(before, after);
    assert_int_equal(store_setting_set(w.store, STR(""), STR("k"), STR("v"), NULL), 1);
}

static void settings_of_a_domain_need_it_and_go_with_it(void **state)
{
    struct world w CLEANUP(world_done);
    unsigned rows = 0;
    (void)state;
    world_init(&w);
    assert_int_equal(store_setting_set(w.store, DOMAIN, STR("k"), STR("v"), &w.err),
                     -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_DOMAIN_UNKNOWN));
    assert_int_equal(store_setting_remove(w.store, DOMAIN, STR("k"), NULL), 0);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_setting_set(w.store, DOMAIN, STR("k"), STR("v"), NULL), 1);
    assert_int_equal(store_setting_set(w.store, DOMAIN, STR("l"), STR("v"), NULL), 1);
    assert_int_equal(store_setting_list(w.store, DOMAIN, count_setting, &rows, NULL), 0);
    assert_int_equal(rows, 2);
    assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    rows = 0;
    assert_int_equal(store_setting_list(w.store, DOMAIN, count_setting, &rows, NULL), 0);
    assert_int_equal(rows, 0);
}

static int check_order(void *context, const struct store_setting *row)
{
    unsigned *n = context;
    char key[] = {(char)('a' + (char)*n), '\0'};
    CHECK_STR(row->key, key, "key");
    CHECK_STR(row->value, "v", "value");
    ++*n;
    return 0;
}

static void a_list_is_in_order_of_the_keys(void **state)
{
    struct world w CLEANUP(world_done);
    unsigned rows = 0;
    (void)state;
    world_init(&w);
    for (const char *key = "cab"; *key; key++)
        assert_int_equal(store_setting_set(w.store, STR(""), (struct str){key, 1}, STR("v"), NULL),
                         1);
    assert_int_equal(store_setting_list(w.store, STR(""), check_order, &rows, NULL), 0);
    assert_int_equal(rows, 3);
}

static void sizes_have_limits(void **state)
{
    static char bytes[STORE_SETTING_VALUE_MAX + 1];
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    memset(bytes, 'x', sizeof bytes);
    const struct {
        size_t key, value;
        int result;
    } rows[] = {
        {0, 1, -ERROR_PERMANENT},        {1, 1, 1},
        {STORE_SETTING_KEY_MAX, 1, 1},   {STORE_SETTING_KEY_MAX + 1, 1, -ERROR_PERMANENT},
        {2, STORE_SETTING_VALUE_MAX, 1}, {2, STORE_SETTING_VALUE_MAX + 1, -ERROR_PERMANENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int rc = store_setting_set(w.store, STR(""), (struct str){bytes, rows[i].key},
                                   (struct str){bytes, rows[i].value}, &w.err);
        assert_int_equal(rc, rows[i].result);
        if (rc < 0)
            assert_true(error_is(&w.err, &MSG_STORE_SETTING_LARGE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_is_written_read_and_removed),
        cmocka_unit_test(the_same_value_again_changes_nothing),
        cmocka_unit_test(settings_of_a_domain_need_it_and_go_with_it),
        cmocka_unit_test(a_list_is_in_order_of_the_keys),
        cmocka_unit_test(sizes_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
