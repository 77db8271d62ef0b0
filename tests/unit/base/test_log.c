#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/messages.h"

static char line[65536];

/* What one event writes to standard error, without its time. */
static struct str logged(void (*write_event)(void))
{
    int ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    write_event();
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = read(ends[0], line, sizeof line);
    close(ends[0]);
    struct str s = {line, n < 0 ? 0 : (size_t)n};
    if (str_starts(s, STR("time="))) {
        struct str time;
        str_cut(s, ' ', &time, &s);
    }
    return s;
}

static void log_plain(void)
{
    LOG(LOG_INFO, "host.started", LOG_CSTR("listen", "[::1]:8443"), LOG_U64("workers", 2),
        LOG_I64("offset", -1));
}

static void log_foreign(void)
{
    LOG(LOG_WARN, "x", LOG_STR("name", STR("a\nlevel=error event=forged")));
}

static void log_error(void)
{
    struct error err;
    error_set(&err, ERROR_PERMANENT, msg_file_not_found(STR("a b")));
    LOG(LOG_ERROR, "x", LOG_ERR(&err));
}

static void log_remedy(void)
{
    static const struct msg_def def = {.id = "x-failed",
                                       .text = {{[MSG_TEXT] = "it fails", [MSG_FIX] = "mend it"}}};
    struct error err;
    error_set(&err, ERROR_PERMANENT, (struct msg){.def = &def});
    LOG(LOG_ERROR, "x", LOG_ERR(&err));
}

static void log_bare(void)
{
    LOG(LOG_INFO, "bare");
}

static void log_debug(void)
{
    LOG(LOG_DEBUG, "quiet");
}

static void log_long(void)
{
    static char text[20000];
    memset(text, 'x', sizeof text);
    LOG(LOG_INFO, "long", LOG_STR("text", ((struct str){text, sizeof text})));
}

static void an_event_is_one_logfmt_line(void **state)
{
    (void)state;
    CHECK_STR(logged(log_plain),
              "level=info event=host.started listen=[::1]:8443 workers=2 offset=-1\n", "plain");
    CHECK_STR(logged(log_bare), "level=info event=bare\n", "bare");
    CHECK_STR(logged(log_error),
              "level=error event=x code=file-not-found error=\"a b: there is no such file\"\n",
              "error");
}

static void an_error_is_logged_with_its_remedy(void **state)
{
    (void)state;
    CHECK_STR(logged(log_remedy),
              "level=error event=x code=x-failed error=\"it fails\" fix=\"mend it\"\n", "remedy");
}

static void foreign_text_cannot_forge_a_line(void **state)
{
    (void)state;
    CHECK_STR(logged(log_foreign), "level=warn event=x name=\"a\\x0alevel=error event=forged\"\n",
              "forged");
}

static void long_values_are_clipped(void **state)
{
    (void)state;
    struct str s = logged(log_long);
    assert_true(s.n < 2000);
    assert_true(str_ends(s, STR("...\n")));
}

static void levels_below_the_lowest_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(logged(log_debug).n, 0);
    log_set_level(LOG_DEBUG);
    CHECK_STR(logged(log_debug), "level=debug event=quiet\n", "debug");
    log_set_level(LOG_INFO);
}

static void the_role_stands_in_every_line(void **state)
{
    (void)state;
    log_set_role("host");
    CHECK_STR(logged(log_bare), "level=info event=bare role=host\n", "role");
    log_set_role(NULL);
}

static void under_systemd_a_line_has_its_priority(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    CHECK_STR(logged(log_foreign),
              "<4>level=warn event=x name=\"a\\x0alevel=error event=forged\"\n", "priority");
    unsetenv("JOURNAL_STREAM");
}

static void level_names(void **state)
{
    enum log_level level = LOG_INFO;
    (void)state;
    assert_true(log_level_parse(STR("debug"), &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_false(log_level_parse(STR("loud"), &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_logfmt_line),
        cmocka_unit_test(an_error_is_logged_with_its_remedy),
        cmocka_unit_test(foreign_text_cannot_forge_a_line),
        cmocka_unit_test(long_values_are_clipped),
        cmocka_unit_test(levels_below_the_lowest_are_dropped),
        cmocka_unit_test(the_role_stands_in_every_line),
        cmocka_unit_test(under_systemd_a_line_has_its_priority),
        cmocka_unit_test(level_names),
    };
    unsetenv("JOURNAL_STREAM");
    return cmocka_run_group_tests_name("base log", tests, NULL, NULL);
}
