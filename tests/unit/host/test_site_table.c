#include "check.h"

#include "fault.h"
#include "host/site_table.h"

static const uint64_t seed[2] = {1, 2};

/* What the table should hold: domain number i has the policy and certificate here, or is not there
 * (policy -1). */
#define DOMAINS 3000

struct model {
    int policy[DOMAINS];
    int64_t certificate[DOMAINS];
    size_t count;
};

static struct str named(const char *form, unsigned i, char text[64])
{
    int n = snprintf(text, 64, "%s%u.test", form, i);
    return (struct str){text, (size_t)n};
}

static void model_clear(struct model *m)
{
    *m = (struct model){.count = 0};
    for (size_t i = 0; i < DOMAINS; i++)
        m->policy[i] = -1;
}

static void compare(const struct site_table *table, const struct model *m)
{
    char name[64], policy[64];
    struct site site;
    assert_int_equal(site_table_count(table), m->count);
    for (unsigned i = 0; i < DOMAINS; i++) {
        bool found = site_table_find(table, named("d", i, name), &site);
        CHECK(found == (m->policy[i] >= 0), name);
        if (!found)
            continue;
        CHECK_STR(site.domain, name, "domain");
        check_str(site.policy, named("p", (unsigned)m->policy[i], policy), name, __FILE__,
                  __LINE__);
        CHECK(site.certificate == m->certificate[i], name);
    }
}

/* The same numbers in every run. */
static unsigned chance(unsigned below)
{
    static uint64_t x = 88172645463325252U;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)(x % below);
}

/* One change that chance chooses, in the table and in the model. */
static void change(struct site_edit *edit, struct model *m)
{
    char name[64], policy[64];
    unsigned i = chance(DOMAINS), what = chance(8), value = chance(20);
    struct str domain = named("d", i, name);
    if (what < 4) {
        assert_true(site_edit_policy(edit, domain, named("p", value, policy)));
        m->count += m->policy[i] < 0;
        m->policy[i] = (int)value;
    } else if (what < 6) {
        assert_true(site_edit_certificate(edit, domain, value));
        m->certificate[i] = m->policy[i] >= 0 ? value : 0;
    } else {
        assert_true(site_edit_remove(edit, domain));
        m->count -= m->policy[i] >= 0;
        m->policy[i] = -1;
        m->certificate[i] = 0;
    }
}

/* Old versions stay as they were, whatever is done to the ones that were made from them. */
static void versions_hold_what_was_put(void **state)
{
    enum { VERSIONS = 12, CHANGES = 2500 };
    static struct model models[VERSIONS];
    struct site_table *tables[VERSIONS] = {NULL};
    struct text_pool *pool = text_pool_new(seed);
    (void)state;
    model_clear(&models[0]);
    for (int v = 0; v < VERSIONS; v++) {
        if (v)
            models[v] = models[v - 1];
        struct site_edit *edit = site_edit_begin(pool, v ? tables[v - 1] : NULL, seed);
        for (int i = 0; i < CHANGES; i++)
            change(edit, &models[v]);
        tables[v] = site_edit_end(edit);
    }
    for (int v = 0; v < VERSIONS; v++)
        compare(tables[v], &models[v]);
    for (int v = 0; v < VERSIONS; v += 2)
        site_table_unref(tables[v]);
    text_pool_free(pool);
    for (int v = 1; v < VERSIONS; v += 2) {
        compare(tables[v], &models[v]);
        site_table_unref(tables[v]);
    }
}

/* Removing leaves no gap that hides a name behind it. */
static void all_can_be_taken_out_one_by_one(void **state)
{
    static struct model m;
    char name[64];
    struct text_pool *pool = text_pool_new(seed);
    struct site_edit *edit = site_edit_begin(pool, NULL, seed);
    (void)state;
    model_clear(&m);
    for (unsigned i = 0; i < DOMAINS; i++) {
        assert_true(site_edit_policy(edit, named("d", i, name), STR("p7.test")));
        m.policy[i] = 7;
        m.count++;
    }
    assert_int_equal(text_pool_count(pool), 1);
    struct site_table *table = site_edit_end(edit);
    compare(table, &m);
    for (unsigned i = 0; i < DOMAINS; i++) {
        edit = site_edit_begin(pool, table, seed);
        assert_true(site_edit_remove(edit, named("d", i, name)));
        site_table_unref(table);
        table = site_edit_end(edit);
        m.policy[i] = -1;
        m.count--;
        if (i % 500 == 0)
            compare(table, &m);
    }
    compare(table, &m);
    site_table_unref(table);
    text_pool_free(pool);
}

static void an_edit_can_be_dropped(void **state)
{
    struct text_pool *pool = text_pool_new(seed);
    struct site_edit *edit = site_edit_begin(pool, NULL, seed);
    struct site site;
    (void)state;
    assert_true(site_edit_policy(edit, STR("a.test"), STR("one")));
    assert_true(site_edit_certificate(edit, STR("a.test"), 5));
    assert_true(site_edit_find(edit, STR("a.test"), &site));
    assert_int_equal(site.certificate, 5);
    struct site_table *table = site_table_ref(site_edit_end(edit));
    site_table_unref(table);
    edit = site_edit_begin(pool, table, seed);
    assert_true(site_edit_policy(edit, STR("a.test"), STR("two")));
    assert_true(site_edit_remove(edit, STR("none.test")));
    site_edit_drop(edit);
    site_edit_drop(NULL);
    assert_true(site_table_find(table, STR("a.test"), &site));
    CHECK_STR(site.policy, "one", "policy");
    site_table_unref(table);
    site_table_unref(NULL);
    text_pool_free(pool);
}

/* The table that an edit began from stays whole, and nothing leaks. */
static void it_says_when_memory_is_short(void **state)
{
    struct text_pool *pool = text_pool_new(seed);
    struct site site;
    char name[64];
    (void)state;
    struct site_edit *edit = site_edit_begin(pool, NULL, seed);
    for (unsigned i = 0; i < 20; i++)
        assert_true(site_edit_policy(edit, named("d", i, name), STR("one")));
    struct site_table *table = site_edit_end(edit);
    for (unsigned n = 1;; n++) {
        fault_alloc_at(n);
        edit = site_edit_begin(pool, table, seed);
        bool done = edit && site_edit_policy(edit, STR("d1.test"), STR("two")) &&
                    site_edit_certificate(edit, STR("d2.test"), 9) &&
                    site_edit_policy(edit, STR("new.test"), STR("one")) &&
                    site_edit_remove(edit, STR("d3.test"));
        bool failed = fault_alloc_off();
        assert_int_equal(done, !failed);
        site_edit_drop(edit);
        assert_true(site_table_find(table, STR("d1.test"), &site));
        CHECK_STR(site.policy, "one", "policy");
        if (!failed)
            break;
    }
    site_table_unref(table);
    text_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_hold_what_was_put),
        cmocka_unit_test(all_can_be_taken_out_one_by_one),
        cmocka_unit_test(an_edit_can_be_dropped),
        cmocka_unit_test(it_says_when_memory_is_short),
    };
    return cmocka_run_group_tests_name("host/site_table", tests, NULL, NULL);
}
