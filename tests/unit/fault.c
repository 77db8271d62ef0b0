#include "fault.h"

#include <stddef.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static unsigned fail_from; /* 0: never */
static unsigned made;
static bool failed;

void fault_alloc_at(unsigned n)
{
    fail_from = n;
    made = 0;
    failed = false;
}

bool fault_alloc_off(void)
{
    fail_from = 0;
    return failed;
}

static bool fails_now(void)
{
    if (fail_from == 0 || ++made < fail_from)
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails_now() ? NULL : __real_realloc(p, n);
}
