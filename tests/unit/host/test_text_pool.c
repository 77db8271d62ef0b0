#include "check.h"

#include "host/text_pool.h"

static const uint64_t seed[2] = {1, 2};

static void equal_texts_are_one(void **state)
{
    struct text_pool *pool = text_pool_new(seed);
    (void)state;
    struct text *a = text_pool_get(pool, STR("one")), *b = text_pool_get(pool, STR("one"));
    struct text *c = text_pool_get(pool, STR("")), *d = text_pool_get(pool, STR("One"));
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, d);
    CHECK_STR(text_bytes(a), "one", "a");
    CHECK_STR(text_bytes(c), "", "c");
    assert_int_equal(text_pool_count(pool), 3);
    struct text *all[] = {a, b, c, d};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        text_unref(all[i]);
    text_pool_free(pool);
}

static void a_text_outlives_its_pool(void **state)
{
    struct text_pool *pool = text_pool_new(seed);
    (void)state;
    struct text *text = text_ref(text_pool_get(pool, STR("one")));
    text_unref(text);
    text_pool_free(pool);
    CHECK_STR(text_bytes(text), "one", "text");
    text_unref(text);
    text_unref(NULL);
    text_pool_free(NULL);
}

/* A text for each number is asked for and let go of: there are never many more than a thousand. */
static void texts_that_nobody_uses_go(void **state)
{
    struct text_pool *pool = text_pool_new(seed);
    char bytes[32];
    (void)state;
    struct text *kept = text_pool_get(pool, STR("kept"));
    for (unsigned i = 0; i < 50000; i++) {
        int n = snprintf(bytes, sizeof bytes, "text %u", i);
        text_unref(text_pool_get(pool, (struct str){bytes, (size_t)n}));
        assert_true(text_pool_count(pool) < 5000);
    }
    struct text *again = text_pool_get(pool, STR("kept"));
    assert_ptr_equal(again, kept);
    text_unref(again);
    text_unref(kept);
    text_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_are_one),
        cmocka_unit_test(a_text_outlives_its_pool),
        cmocka_unit_test(texts_that_nobody_uses_go),
    };
    return cmocka_run_group_tests_name("host/text_pool", tests, NULL, NULL);
}
