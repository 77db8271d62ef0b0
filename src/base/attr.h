/*
 * attr.h - compiler attributes by short names.
 *
 * CLEANUP(fn) runs fn(&variable) when the variable's scope ends, on every path out of it; the
 * functions ending in _done and _freep are written to be used with it.
 */
#ifndef SEALPOST_BASE_ATTR_H
#define SEALPOST_BASE_ATTR_H

#define NODISCARD         __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))
#define UNUSED            __attribute__((unused))
#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))

#endif
