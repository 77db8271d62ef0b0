#include "world.h"

#define DOMAIN STR("example.org")

COUNT_ROWS(count_change, struct store_change)

struct log {
    char text[512];
    uint64_t last;
};

static int write_down(void *context, const struct store_change *row)
{
    static const char *const kinds[] = {"domain",      "policy",    "setting", "domain-setting",
                                        "certificate", "challenge", "other"};
    struct log *log = context;
    size_t n = strlen(log->text);
    assert_true(row->seq > log->last);
    log->last = row->seq;
    snprintf(log->text + n, sizeof log->text - n, "%s %.*s\n", kinds[row->kind], STR_ARG(row->key));
    return 0;
}

static void every_write_appends_in_its_transaction_and_nothing_else_does(void **state)
{
    struct world w CLEANUP(world_done);
    struct sts_policy policy = sample_policy(1);
    struct log log = {.text = ""};
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 0);
    assert_int_equal(store_domain_add(w.store, STR("-bad"), NOW, NULL), -ERROR_PERMANENT);
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW, NULL, NULL), 1);
    assert_int_equal(store_policy_set(w.store, DOMAIN, &policy, NOW, NULL, NULL), 0);
    assert_int_equal(store_setting_set(w.store, STR(""), STR("k"), STR("v"), NULL), 1);
    assert_int_equal(store_setting_set(w.store, DOMAIN, STR("k"), STR("v"), NULL), 1);
    assert_int_equal(store_setting_remove(w.store, DOMAIN, STR("k"), NULL), 1);
    assert_int_equal(store_node_seen(w.store, STR("n1"), NOW, NULL), 0);
    assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 0);
    assert_int_equal(store_changes_since(w.store, STORE_CONTROL, 0, write_down, &log, NULL), 0);
    assert_string_equal(log.text, "domain example.org\n"
                                  "policy example.org\n"
                                  "setting k\n"
                                  "domain-setting example.org\n"
                                  "domain-setting example.org\n"
                                  "domain example.org\n");
    uint64_t last;
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &last, NULL), 0);
    assert_int_equal(last, log.last);
    unsigned rows = 0;
    assert_int_equal(store_changes_since(w.store, STORE_CONTROL, last, count_change, &rows, NULL),
                     0);
    assert_int_equal(rows, 0);
    assert_int_equal(store_changes_since(w.store, STORE_SECRETS, 0, count_change, &rows, NULL), 0);
    assert_int_equal(rows, 0);
}

static void an_empty_log_ends_at_zero(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t last = 99;
    (void)state;
    world_init(&w);
    assert_int_equal(store_changes_last(w.store, STORE_SECRETS, &last, NULL), 0);
    assert_int_equal(last, 0);
}

static void a_reader_sees_that_another_wrote(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    struct store *reader CLEANUP(store_closep) = world_open(&w, STORE_CONTROL, STORE_READ);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 1);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 0);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 1);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 0);
    /* What was rolled back is no change. */
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 0);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 0);
}

static void databases_change_apart(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    struct store_options options = {{STORE_READ, STORE_READ}};
    struct store *reader CLEANUP(store_closep) = NULL;
    assert_int_equal(store_open(&reader, w.path, &options, NULL), 0);
    assert_int_equal(store_changed(reader, STORE_SECRETS, NULL), 1);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 1);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_changed(reader, STORE_SECRETS, NULL), 0);
    assert_int_equal(store_changed(reader, STORE_CONTROL, NULL), 1);
}

static void a_long_log_is_read_in_pages(void **state)
{
    struct world w CLEANUP(world_done);
    struct log log = {.text = ""};
    (void)state;
    world_init(&w);
    world_sql(&w, STORE_CONTROL,
              "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)"
              " INSERT INTO change (kind, key) SELECT 'future', i FROM n");
    unsigned rows = 0;
    assert_int_equal(store_changes_since(w.store, STORE_CONTROL, 0, count_change, &rows, NULL), 0);
    assert_int_equal(rows, STORE_PAGE_MAX);
    assert_int_equal(
        store_changes_since(w.store, STORE_CONTROL, STORE_PAGE_MAX, write_down, &log, NULL), 0);
    assert_string_equal(log.text, "other 1001\n");
}

static void a_number_in_the_log_is_never_used_twice(void **state)
{
    struct world w CLEANUP(world_done);
    uint64_t before, after;
    (void)state;
    world_init(&w);
    assert_int_equal(store_domain_add(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &before, NULL), 0);
    world_sql(&w, STORE_CONTROL, "DELETE FROM change");
    assert_int_equal(store_domain_remove(w.store, DOMAIN, NOW, NULL), 1);
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &after, NULL), 0);
    assert_true(after > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_appends_in_its_transaction_and_nothing_else_does),
        cmocka_unit_test(an_empty_log_ends_at_zero),
        cmocka_unit_test(a_reader_sees_that_another_wrote),
        cmocka_unit_test(databases_change_apart),
        cmocka_unit_test(a_long_log_is_read_in_pages),
        cmocka_unit_test(a_number_in_the_log_is_never_used_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
