#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

#include "base/str.h"

static int64_t real_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

#ifdef NDEBUG

int64_t clock_now(void)
{
    return real_now();
}

#else

int64_t clock_now(void)
{
    struct str told = str_from(getenv("SEALPOST_CLOCK"));
    uint64_t value = 0;
    if (str_to_u64(told, &value) && value <= INT64_MAX)
        return (int64_t)value;
    if (told.n > 1 && str_to_u64(str_skip(told, 1), &value) && value <= INT32_MAX)
        return told.p[0] == '-' ? real_now() - (int64_t)value : real_now() + (int64_t)value;
    return real_now();
}

#endif

int64_t clock_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
