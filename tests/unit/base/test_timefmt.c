#include "check.h"

#include "base/timefmt.h"

/* RFC 3339 section 5.6, and the deviations that are told apart. */
static void texts_become_times(void **state)
{
    static const struct {
        const char *text;
        enum time_form form;
        int64_t value;
    } rows[] = {
        {"1970-01-01T00:00:00Z", TIME_RFC3339, 0},
        {"2019-08-10T23:59:59Z", TIME_RFC3339, 1565481599},
        {"2019-08-10t23:59:59z", TIME_RFC3339, 1565481599},
        {"2019-08-11T01:59:59+02:00", TIME_RFC3339, 1565481599},
        {"2019-08-10T18:29:59-05:30", TIME_RFC3339, 1565481599},
        {"2019-08-10T23:59:59.999Z", TIME_RFC3339, 1565481599},
        {"2016-12-31T23:59:60Z", TIME_RFC3339, 1483228799},
        {"2023-01-10T00:00:00", TIME_NO_ZONE, 1673308800},
        {"2023-01-10T00:00:00.0000000", TIME_NO_ZONE, 1673308800},
        {"2023-01-10 00:00:00Z", TIME_SPACE, 1673308800},
        {"2023-01-10 00:00:00", TIME_SPACE, 1673308800},
        {"2023-01-10", TIME_DATE_ONLY, 1673308800},
        {"2024-02-29T00:00:00Z", TIME_RFC3339, 1709164800},
        {"0001-01-01T00:00:00Z", TIME_RFC3339, -62135596800},
        {"9999-12-31T23:59:59Z", TIME_RFC3339, 253402300799},
        {"2023-02-29T00:00:00Z", TIME_INVALID, 0},
        {"1900-02-29T00:00:00Z", TIME_INVALID, 0},
        {"2023-13-01T00:00:00Z", TIME_INVALID, 0},
        {"2023-00-01T00:00:00Z", TIME_INVALID, 0},
        {"2023-01-32T00:00:00Z", TIME_INVALID, 0},
        {"2023-01-01T24:00:00Z", TIME_INVALID, 0},
        {"2023-01-01T00:60:00Z", TIME_INVALID, 0},
        {"2023-01-01T00:00:61Z", TIME_INVALID, 0},
        {"2023-01-01T00:00:00.Z", TIME_INVALID, 0},
        {"2023-01-01T00:00:00+0200", TIME_INVALID, 0},
        {"2023-01-01T00:00:00Z ", TIME_INVALID, 0},
        {"2023-1-1T00:00:00Z", TIME_INVALID, 0},
        {"", TIME_INVALID, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = -4711;
        CHECK(time_parse(str_from(rows[i].text), &value) == rows[i].form, rows[i].text);
        CHECK(value == (rows[i].form == TIME_INVALID ? -4711 : rows[i].value), rows[i].text);
    }
}

static void dates_of_http_become_times(void **state)
{
    static const struct {
        const char *text;
        int64_t value; /* -1: none */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"Thursday, 29-Feb-24 00:00:00 GMT", 1709164800},
        {"Thu Feb 29 00:00:00 2024", 1709164800},
        {"Wednesday, 31-Dec-69 23:59:59 GMT", 3155759999},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228799},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"0", -1},
        {"-1", -1},
        {"", -1},
        {"Sun", -1},
        {"Sun, ", -1},
        {"Sun ", -1},
        {"Sunday", -1},
        {"Monnesday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 nov 1994 08:49:37 GMT", -1},
        {"sun, 06 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 31 Nov 1994 08:49:37 GMT", -1},
        {"Wed, 29 Feb 2023 00:00:00 GMT", -1},
        {"Sun, 06 Nov 1994 24:00:00 GMT", -1},
        {"Sun, 06 Nov 1994 00:60:00 GMT", -1},
        {"Sun, 06 Nov 1994 00:00:61 GMT", -1},
        {"Sun, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun Nov 6 08:49:37 1994", -1},
        {"Sun Nov  6 08:49:37 94", -1},
        {"Sun Nov  6 08:49:37 1994 GMT", -1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = -1;
        CHECK(time_parse_http(str_from(rows[i].text), &value) == (rows[i].value >= 0),
              rows[i].text);
        CHECK(value == rows[i].value, rows[i].text);
    }
}

static void times_become_texts(void **state)
{
    static const struct {
        int64_t time;
        const char *rfc3339, *date, *http, *compact;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01", "Thu, 01 Jan 1970 00:00:00 GMT",
         "19700101T000000Z"},
        {784111777, "1994-11-06T08:49:37Z", "1994-11-06", "Sun, 06 Nov 1994 08:49:37 GMT",
         "19941106T084937Z"},
        {-1, "1969-12-31T23:59:59Z", "1969-12-31", "Wed, 31 Dec 1969 23:59:59 GMT",
         "19691231T235959Z"},
        {1709164800, "2024-02-29T00:00:00Z", "2024-02-29", "Thu, 29 Feb 2024 00:00:00 GMT",
         "20240229T000000Z"},
    };
    void (*const printers[])(struct buf *, int64_t) = {time_print, time_print_date, time_print_http,
                                                       time_print_compact};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *expected[] = {rows[i].rfc3339, rows[i].date, rows[i].http, rows[i].compact};
        for (size_t f = 0; f < ARRAY_LEN(printers); f++) {
            struct buf out CLEANUP(buf_done);
            buf_init(&out, 100);
            printers[f](&out, rows[i].time);
            CHECK_STR(buf_view(&out), expected[f], expected[f]);
        }
    }
}

static void every_day_of_ten_thousand_years_round_trips(void **state)
{
    (void)state;
    for (int64_t day = -719528; day < 2932896; day++) {
        struct civil_time t = time_to_civil(day * 86400 + day % 86399 * (day > 0));
        int64_t back = time_from_civil(&t);
        assert_true(back == day * 86400 + day % 86399 * (day > 0));
        assert_true(t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= 31);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_times),
        cmocka_unit_test(dates_of_http_become_times),
        cmocka_unit_test(times_become_texts),
        cmocka_unit_test(every_day_of_ten_thousand_years_round_trips),
    };
    return cmocka_run_group_tests_name("base timefmt", tests, NULL, NULL);
}
