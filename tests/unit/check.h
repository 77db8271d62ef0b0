/*
 * check.h - what every unit test includes: cmocka, and comparisons of struct str and buffers.
 *
 * A test program is a table of functions; a table-driven test names the row that fails:
 *
 *     CHECK_STR(buf_view(&out), "expected", row->name);
 */
#ifndef SEALPOST_TESTS_CHECK_H
#define SEALPOST_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"

#define CHECK_STR(actual, expected, what)                                                          \
    check_str(actual, str_from(expected), what, __FILE__, __LINE__)

/* cond must hold; what names the row of the table. */
#define CHECK(cond, what)                                                                          \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            print_error("%s: %s\n", what, #cond);                                                  \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)

static inline void check_str(struct str actual, struct str expected, const char *what,
                             const char *file, int line)
{
    if (str_eq(actual, expected))
        return;
    print_error("%s:\n  expected \"%.*s\"\n  got      \"%.*s\"\n", what, STR_ARG(expected),
                STR_ARG(actual));
    _fail(file, line);
}

#endif
