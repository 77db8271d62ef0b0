#include "check.h"

#include "base/map.h"
#include "fault.h"

#define MANY 2000

static const uint64_t seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static char names[MANY][16];

static struct str name(size_t i)
{
    int n = snprintf(names[i], sizeof names[i], "key%zu", i);
    return (struct str){names[i], (size_t)n};
}

static void what_is_put_is_found_until_it_is_taken(void **state)
{
    struct map m CLEANUP(map_done);
    (void)state;
    map_init(&m, seed);
    assert_null(map_get(&m, STR("x")));
    assert_null(map_take(&m, STR("x")));
    for (size_t i = 0; i < MANY; i++)
        assert_true(map_put(&m, name(i), names[i]));
    assert_int_equal(m.n, MANY);
    for (size_t i = 0; i < MANY; i += 3)
        assert_ptr_equal(map_take(&m, name(i)), names[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&m, name(i)), i % 3 == 0 ? NULL : names[i]);
    assert_null(map_get(&m, STR("key")));
}

static void a_second_put_replaces(void **state)
{
    struct map m CLEANUP(map_done);
    char a, b;
    (void)state;
    map_init(&m, seed);
    assert_true(map_put(&m, STR("k"), &a));
    assert_true(map_put(&m, STR("k"), &b));
    assert_int_equal(m.n, 1);
    assert_ptr_equal(map_get(&m, STR("k")), &b);
}

static void a_walk_sees_each_once(void **state)
{
    struct map m CLEANUP(map_done);
    size_t at = 0, seen = 0;
    struct str key;
    (void)state;
    map_init(&m, seed);
    for (size_t i = 0; i < 100; i++)
        assert_true(map_put(&m, name(i), names[i]));
    for (const char *value; (value = map_next(&m, &at, &key)) != NULL; seen++)
        CHECK_STR(key, value, "key and value belong together");
    assert_int_equal(seen, 100);
}

static void without_memory_the_map_keeps_what_it_has(void **state)
{
    struct map m CLEANUP(map_done);
    size_t i = 0;
    (void)state;
    map_init(&m, seed);
    for (; i < 5; i++)
        assert_true(map_put(&m, name(i), names[i]));
    fault_alloc_at(1);
    while (map_put(&m, name(i), names[i]))
        i++;
    assert_true(fault_alloc_off());
    assert_int_equal(m.n, i);
    for (size_t k = 0; k < i; k++)
        assert_ptr_equal(map_get(&m, name(k)), names[k]);
}

/* Both the seed and every byte of the key count. */
static void the_hash_is_keyed(void **state)
{
    static const uint64_t other[2] = {1, 2};
    (void)state;
    assert_true(siphash(STR("a"), seed) != siphash(STR("a"), other));
    assert_true(siphash(STR("a"), seed) != siphash(STR("b"), seed));
    assert_true(siphash(STR(""), seed) != siphash(STR("\0"), seed));
    assert_true(siphash(STR("12345678"), seed) != siphash(STR("123456789"), seed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_found_until_it_is_taken),
        cmocka_unit_test(a_second_put_replaces),
        cmocka_unit_test(a_walk_sees_each_once),
        cmocka_unit_test(without_memory_the_map_keeps_what_it_has),
        cmocka_unit_test(the_hash_is_keyed),
    };
    return cmocka_run_group_tests_name("base map", tests, NULL, NULL);
}
