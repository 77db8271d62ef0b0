#include "store/messages.h"
#include "world.h"

struct nodes {
    char text[256];
};

static int write_down(void *context, const struct store_node *row)
{
    struct nodes *nodes = context;
    size_t n = strlen(nodes->text);
    snprintf(nodes->text + n, sizeof nodes->text - n, "%.*s %lld %llu/%llu\n", STR_ARG(row->id),
             (long long)(row->seen - NOW), (unsigned long long)row->applied,
             (unsigned long long)row->applied_secrets);
    return 0;
}

static void check_nodes(struct world *w, const char *expected)
{
    struct nodes nodes = {""};
    assert_int_equal(store_node_list(w->store, write_down, &nodes, NULL), 0);
    assert_string_equal(nodes.text, expected);
}

static void a_node_reports_what_it_has_applied(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    check_nodes(&w, "");
    assert_int_equal(store_node_seen(w.store, STR("b"), NOW, NULL), 0);
    check_nodes(&w, "b 0 0/0\n");
    assert_int_equal(store_node_applied(w.store, STR("b"), 7, 4, NOW + 1, NULL), 0);
    assert_int_equal(store_node_applied(w.store, STR("a-1"), 5, 0, NOW + 2, NULL), 0);
    assert_int_equal(store_node_seen(w.store, STR("b"), NOW + 3, NULL), 0);
    check_nodes(&w, "a-1 2 5/0\nb 3 7/4\n");
    assert_int_equal(store_node_applied(w.store, STR("b"), 2, 1, NOW + 4, NULL), 0);
    assert_int_equal(store_node_remove(w.store, STR("a-1"), NULL), 1);
    assert_int_equal(store_node_remove(w.store, STR("a-1"), NULL), 0);
    check_nodes(&w, "b 4 2/1\n");
}

static void a_name_is_letters_digits_and_hyphens(void **state)
{
    static char longest[STORE_NODE_ID_MAX + 2];
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    memset(longest, 'x', sizeof longest - 1);
    const struct {
        struct str id;
        bool ok;
    } rows[] = {
        {STR(""), false},
        {STR("a b"), false},
        {STR("a.b"), false},
        {STR("n\n"), false},
        {STR("Mail-1"), true},
        {{longest, STORE_NODE_ID_MAX}, true},
        {{longest, STORE_NODE_ID_MAX + 1}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int rc = store_node_seen(w.store, rows[i].id, NOW, &w.err);
        assert_int_equal(rc, rows[i].ok ? 0 : -ERROR_PERMANENT);
        if (rc < 0)
            assert_true(error_is(&w.err, &MSG_STORE_NODE_INVALID));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_reports_what_it_has_applied),
        cmocka_unit_test(a_name_is_letters_digits_and_hyphens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
