#include "check.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static void a_test_can_tell_the_time(void **state)
{
    static const struct {
        const char *told;
        bool relative;
        int64_t value;
    } rows[] = {
        {"1700000000", false, 1700000000},
        {"0", false, 0},
        {"+86400", true, 86400},
        {"-86400", true, -86400},
        {"", true, 0},
        {"nonsense", true, 0},
        {"+", true, 0},
        {"+1x", true, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        setenv("SEALPOST_CLOCK", rows[i].told, 1);
        int64_t before = time(NULL), now = clock_now(), after = time(NULL);
        if (rows[i].relative)
            CHECK(now >= before + rows[i].value && now <= after + rows[i].value, rows[i].told);
        else
            CHECK(now == rows[i].value, rows[i].told);
    }
    unsetenv("SEALPOST_CLOCK");
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    int64_t last = clock_monotonic_ms();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ms();
        assert_true(now >= last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_can_tell_the_time),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };
    return cmocka_run_group_tests_name("base clock", tests, NULL, NULL);
}
