/*
 * banned.h - functions that this program does not use.
 *
 * The build includes this header before every file (-include), so that calling one of these is a
 * compile error and not a habit to be policed. Each has a replacement that carries a length or
 * reports its errors:
 *
 *   strcpy strcat strncpy strncat sprintf vsprintf gets   buf_add, buf_printf, snprintf
 *   strtok strtok_r                                        str_cut
 *   atoi atol atoll atof                                   str_to_u64
 *   localtime gmtime ctime asctime strftime                base/timefmt.h (UTC, no locale, no
 * statics) alloca                                                 arena_alloc rand srand random
 * random_bytes system popen                                           posix_spawn with an argument
 * vector
 */
#ifndef SEALPOST_BASE_BANNED_H
#define SEALPOST_BASE_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) this_function_is_banned__##name##__see_src_base_banned_h

#undef strcpy
#define strcpy(a, b) BANNED(strcpy)
#undef strcat
#define strcat(a, b) BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) BANNED(strncpy)
#undef strncat
#define strncat(a, b, n) BANNED(strncat)
#undef strtok
#define strtok(a, b) BANNED(strtok)
#undef strtok_r
#define strtok_r(a, b, c) BANNED(strtok_r)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef gets
#define gets(a) BANNED(gets)
#undef atoi
#define atoi(a) BANNED(atoi)
#undef atol
#define atol(a) BANNED(atol)
#undef atoll
#define atoll(a) BANNED(atoll)
#undef atof
#define atof(a) BANNED(atof)
#undef localtime
#define localtime(a) BANNED(localtime)
#undef gmtime
#define gmtime(a) BANNED(gmtime)
#undef ctime
#define ctime(a) BANNED(ctime)
#undef asctime
#define asctime(a) BANNED(asctime)
#undef strftime
#define strftime(...) BANNED(strftime)
#undef alloca
#define alloca(a) BANNED(alloca)
#undef rand
#define rand() BANNED(rand)
#undef srand
#define srand(a) BANNED(srand)
#undef random
#define random() BANNED(random)
#undef system
#define system(a) BANNED(system)
#undef popen
#define popen(a, b) BANNED(popen)

#endif
