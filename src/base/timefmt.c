#include "base/timefmt.h"

/* Days from 1970-01-01 to the first of March of year 0 of the 400-year cycle, negated; counting
 * years from March puts the leap day at their end. */
#define DAYS_TO_EPOCH 719468
#define DAYS_PER_ERA  146097

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;
}

struct civil_time time_to_civil(int64_t unix_seconds)
{
    int64_t days = floor_div(unix_seconds, 86400);
    unsigned seconds = (unsigned)(unix_seconds - days * 86400);
    days += DAYS_TO_EPOCH;
    int64_t era = floor_div(days, DAYS_PER_ERA);
    int64_t doe = days - era * DAYS_PER_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil_time){
        .year = yoe + era * 400 + (month <= 2),
        .month = month,
        .day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
        .hour = seconds / 3600,
        .minute = seconds / 60 % 60,
        .second = seconds % 60,
    };
}

int64_t time_from_civil(const struct civil_time *t)
{
    return days_from_civil(t->year, t->month, t->day) * 86400 + (int64_t)t->hour * 3600 +
           (int64_t)t->minute * 60 + t->second;
}

/* Takes n digits from the front of *s. */
static bool take_digits(struct str *s, size_t n, unsigned *out)
{
    unsigned value = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!ascii_is_digit(s->p[i]))
            return false;
        value = value * 10 + (unsigned)(s->p[i] - '0');
    }
    *s = str_skip(*s, n);
    *out = value;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct str *s, struct civil_time *t)
{
    unsigned year = 0;
    if (!take_digits(s, 4, &year) || !take_char(s, '-') || !take_digits(s, 2, &t->month) ||
        !take_char(s, '-') || !take_digits(s, 2, &t->day))
        return false;
    t->year = year;
    return t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= days_in_month(t->year, t->month);
}

static bool take_clock(struct str *s, struct civil_time *t)
{
    if (!take_digits(s, 2, &t->hour) || !take_char(s, ':') || !take_digits(s, 2, &t->minute) ||
        !take_char(s, ':') || !take_digits(s, 2, &t->second))
        return false;
    if (t->hour > 23 || t->minute > 59 || t->second > 60)
        return false;
    if (t->second == 60)
        t->second = 59;
    if (!take_char(s, '.'))
        return true;
    unsigned digit = 0;
    if (!take_digits(s, 1, &digit))
        return false;
    while (take_digits(s, 1, &digit)) {
    }
    return true;
}

/* Z or an offset: seconds to subtract. */
static bool take_zone(struct str *s, int64_t *offset)
{
    if (take_char(s, 'Z') || take_char(s, 'z')) {
        *offset = 0;
        return true;
    }
    int sign = take_char(s, '+') ? 1 : take_char(s, '-') ? -1 : 0;
    unsigned hours = 0, minutes = 0;
    if (!sign || !take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset = sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

enum time_form time_parse(struct str s, int64_t *out)
{
    struct civil_time t = {0};
    int64_t offset = 0;
    if (!take_date(&s, &t))
        return TIME_INVALID;
    if (s.n == 0) {
        *out = time_from_civil(&t);
        return TIME_DATE_ONLY;
    }
    bool space = take_char(&s, ' ');
    if (!space && !take_char(&s, 'T') && !take_char(&s, 't'))
        return TIME_INVALID;
    if (!take_clock(&s, &t))
        return TIME_INVALID;
    bool no_zone = s.n == 0;
    if (!no_zone && (!take_zone(&s, &offset) || s.n != 0))
        return TIME_INVALID;
    *out = time_from_civil(&t) - offset;
    return space ? TIME_SPACE : no_zone ? TIME_NO_ZONE : TIME_RFC3339;
}

static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Takes one of `count` names of three letters; gives its number, from 1, or 0. */
static unsigned take_name(struct str *s, const char *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (str_starts(*s, (struct str){names + (size_t)i * 3, 3})) {
            *s = str_skip(*s, 3);
            return i + 1;
        }
    }
    return 0;
}

static bool take_month(struct str *s, struct civil_time *t)
{
    t->month = take_name(s, month_names, 12);
    return t->month != 0;
}

/* 08:49:37; the date that came before it is complete. */
static bool take_time_of_day(struct str *s, struct civil_time *t)
{
    if (t->day < 1 || t->day > days_in_month(t->year, t->month))
        return false;
    if (!take_digits(s, 2, &t->hour) || !take_char(s, ':') || !take_digits(s, 2, &t->minute) ||
        !take_char(s, ':') || !take_digits(s, 2, &t->second))
        return false;
    bool leap = t->second == 60;
    t->second -= leap;
    return t->hour <= 23 && t->minute <= 59 && t->second <= 59;
}

/* Nov  6 08:49:37 1994, as asctime() of C writes it. The year comes last. */
static bool take_asctime(struct str s, struct civil_time *t)
{
    unsigned year = 0;
    struct str last = str_skip(s, s.n > 4 ? s.n - 4 : 0);
    if (!take_digits(&last, 4, &year) || !take_month(&s, t) || !take_char(&s, ' '))
        return false;
    t->year = year;
    if (!take_digits(&s, take_char(&s, ' ') ? 1 : 2, &t->day) || !take_char(&s, ' '))
        return false;
    return take_time_of_day(&s, t) && take_char(&s, ' ') && s.n == 4;
}

/* 06 Nov 1994 08:49:37 GMT, and with two digits of the year 06-Nov-94 08:49:37 GMT. */
static bool take_http(struct str s, char between, size_t digits, struct civil_time *t)
{
    unsigned year = 0;
    if (!take_digits(&s, 2, &t->day) || !take_char(&s, between) || !take_month(&s, t) ||
        !take_char(&s, between) || !take_digits(&s, digits, &year) || !take_char(&s, ' '))
        return false;
    t->year = digits == 4 ? year : year + (year < 70 ? 2000 : 1900);
    return take_time_of_day(&s, t) && str_eq(s, STR(" GMT"));
}

/* "nday" of Sunday, and so on: what follows the three letters in the form of RFC 850. */
static struct str rest_of_weekday(unsigned number)
{
    static const struct str rests[] = {STR_INIT("rsday"), STR_INIT("day"), STR_INIT("urday"),
                                       STR_INIT("day"),   STR_INIT("day"), STR_INIT("sday"),
                                       STR_INIT("nesday")};
    return rests[number - 1];
}

bool time_parse_http(struct str s, int64_t *out)
{
    struct civil_time t = {0};
    unsigned weekday = take_name(&s, weekdays, 7);
    bool read = false;
    if (!weekday)
        return false;
    if (str_starts(s, STR(", ")))
        read = take_http(str_skip(s, 2), ' ', 4, &t);
    else if (str_starts(s, STR(" ")))
        read = take_asctime(str_skip(s, 1), &t);
    else if (str_starts(s, rest_of_weekday(weekday)) &&
             str_starts(s = str_skip(s, rest_of_weekday(weekday).n), STR(", ")))
        read = take_http(str_skip(s, 2), '-', 2, &t);
    if (read)
        *out = time_from_civil(&t);
    return read;
}

void time_print(struct buf *out, int64_t unix_seconds)
{
    struct civil_time t = time_to_civil(unix_seconds);
    buf_printf(out, "%04lld-%02u-%02uT%02u:%02u:%02uZ", (long long)t.year, t.month, t.day, t.hour,
               t.minute, t.second);
}

void time_print_date(struct buf *out, int64_t unix_seconds)
{
    struct civil_time t = time_to_civil(unix_seconds);
    buf_printf(out, "%04lld-%02u-%02u", (long long)t.year, t.month, t.day);
}

void time_print_http(struct buf *out, int64_t unix_seconds)
{
    struct civil_time t = time_to_civil(unix_seconds);
    int64_t day = floor_div(unix_seconds, 86400);
    size_t weekday = (size_t)(day - floor_div(day, 7) * 7);
    buf_printf(out, "%.3s, %02u %.3s %04lld %02u:%02u:%02u GMT", weekdays + weekday * 3, t.day,
               month_names + (size_t)(t.month - 1) * 3, (long long)t.year, t.hour, t.minute,
               t.second);
}

void time_print_compact(struct buf *out, int64_t unix_seconds)
{
    struct civil_time t = time_to_civil(unix_seconds);
    buf_printf(out, "%04lld%02u%02uT%02u%02u%02uZ", (long long)t.year, t.month, t.day, t.hour,
               t.minute, t.second);
}
