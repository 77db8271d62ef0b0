#include "check.h"

#include "mail/mbox.h"

static int take(void *user, struct str message, uint64_t number, uint64_t offset, bool too_large)
{
    struct buf *log = user;
    buf_printf(log, "%u@%u%s[%.*s]", (unsigned)number, (unsigned)offset, too_large ? "!" : "",
               STR_ARG(message));
    return 0;
}

static int refuse(void *user, struct str message, uint64_t number, uint64_t offset, bool too_large)
{
    (void)message;
    (void)offset;
    (void)too_large;
    *(uint64_t *)user = number;
    return -5;
}

/* Feeds text in pieces of n bytes. */
static void split(const char *text, size_t n, size_t max, struct buf *log)
{
    struct mbox box;
    struct str rest = str_from(text);
    mbox_init(&box, max);
    box.message = take;
    box.user = log;
    for (; rest.n; rest = str_skip(rest, n))
        assert_int_equal(mbox_feed(&box, str_head(rest, n)), 0);
    assert_int_equal(mbox_end(&box), 0);
    mbox_done(&box);
}

#define FROM "From a@b Tue Nov 24 11:36:00 2026\n"

static void messages_are_split_where_rfc_4155_says(void **state)
{
    static const struct {
        const char *name, *text, *log;
    } rows[] = {
        {"one", FROM "To: x\n\nbody\n", "1@0[To: x\n\nbody\n]"},
        {"two", FROM "To: x\n\nb\n\n" FROM "To: y\n", "1@0[To: x\n\nb\n\n]2@44[To: y\n]"},
        {"CRLF", "From a 1:23\r\nTo: x\r\n\r\nFrom b 1:23\r\nTo: y\r\n",
         "1@0[To: x\r\n\r\n]2@22[To: y\r\n]"},
        {"a bare From_ line", "From \nTo: x\n\nFrom -\nTo: y\n", "1@0[To: x\n\n]2@13[To: y\n]"},
        {"not behind an empty line", FROM "To: x\n\nb\n" FROM "To: y\n",
         "1@0[To: x\n\nb\n" FROM "To: y\n]"},
        {"not before a field", FROM "To: x\n\n" FROM "hello\n", "1@0[To: x\n\n" FROM "hello\n]"},
        {"a letter", FROM "To: x\n\nFrom here on\nTo: y\n", "1@0[To: x\n\nFrom here on\nTo: y\n]"},
        {"quoting", FROM "To: x\n\n>From a\n>>From b\n> From c\n>x\n",
         "1@0[To: x\n\nFrom a\n>From b\n> From c\n>x\n]"},
        {"no last line end", FROM "To: x\n\nend", "1@0[To: x\n\nend]"},
        {"a From_ line at the end", FROM "To: x\n\n" FROM, "1@0[To: x\n\n" FROM "]"},
    };
    struct buf log CLEANUP(buf_done);
    (void)state;
    buf_init(&log, 10000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t n = 1; n < 60; n++) {
            buf_reset(&log);
            split(rows[i].text, n, 1000, &log);
            CHECK_STR(buf_view(&log), rows[i].log, rows[i].name);
        }
}

static void a_message_beyond_the_maximum_does_not_stop_the_next(void **state)
{
    struct buf log CLEANUP(buf_done);
    (void)state;
    buf_init(&log, 10000);
    split(FROM "To: x\n\n0123\n\n" FROM "To: y\n", 7, 13, &log);
    CHECK_STR(buf_view(&log), "1@0[To: x\n\n0123\n\n]2@47[To: y\n]", "at the maximum");
    buf_reset(&log);
    split(FROM "To: x\n\n0123\n\n" FROM "To: y\n", 7, 12, &log);
    CHECK_STR(buf_view(&log), "1@0![]2@47[To: y\n]", "above it");
}

static void a_long_line_is_kept_whole(void **state)
{
    char text[5000], expected[5000];
    struct buf log CLEANUP(buf_done);
    (void)state;
    buf_init(&log, 20000);
    for (size_t length = MBOX_LINE_MAX - 2; length < MBOX_LINE_MAX + 3; length++) {
        char line[MBOX_LINE_MAX + 10];
        memset(line, 'x', length);
        line[length] = '\0';
        snprintf(text, sizeof text, FROM "To: x\n\n%s\n\n" FROM "To: y\n", line);
        snprintf(expected, sizeof expected, "1@0[To: x\n\n%s\n\n]2@%u[To: y\n]", line,
                 (unsigned)(length + 43));
        for (size_t n = 1; n < 3000; n = n * 3 + 1) {
            buf_reset(&log);
            split(text, n, 10000, &log);
            CHECK_STR(buf_view(&log), expected, "long line");
        }
    }
}

static void the_handler_stops_it(void **state)
{
    struct mbox box;
    uint64_t number = 0;
    (void)state;
    mbox_init(&box, 1000);
    box.message = refuse;
    box.user = &number;
    assert_int_equal(mbox_feed(&box, STR(FROM "To: x\n\n" FROM "To: y\n\n" FROM "To: z\n")), -5);
    assert_int_equal(number, 1);
    mbox_done(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_split_where_rfc_4155_says),
        cmocka_unit_test(a_message_beyond_the_maximum_does_not_stop_the_next),
        cmocka_unit_test(a_long_line_is_kept_whole),
        cmocka_unit_test(the_handler_stops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
