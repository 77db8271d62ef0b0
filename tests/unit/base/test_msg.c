#include "check.h"

#include "base/msg.h"

static const struct msg_def SAMPLE = {
    .id = "sample",
    .nargs = 2,
    .args = {{"name", MSG_ARG_STR}, {"count", MSG_ARG_UINT}},
    .text =
        {
            [LANG_EN] = {[MSG_TEXT] = "{name} has {count} {count?session:sessions} {unknown} {",
                         [MSG_FIX] = "mend {name}"},
            [LANG_ZH_CN] = {[MSG_TEXT] = "{name}:{count}", [MSG_FIX] = "{name}"},
        },
};

static struct msg sample(struct str name, uint64_t count)
{
    return (struct msg){&SAMPLE, {{MSG_ARG_STR, {.str = name}}, {MSG_ARG_UINT, {.u = count}}}};
}

static void check_render(enum lang lang, enum msg_part part, struct msg m, const char *expected)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 10000);
    assert_true(msg_render(lang, part, &m, &out));
    CHECK_STR(buf_view(&out), expected, expected);
}

static void placeholders_are_filled(void **state)
{
    (void)state;
    check_render(LANG_EN, MSG_TEXT, sample(STR("mx"), 2), "mx has 2 sessions {unknown} {");
    check_render(LANG_EN, MSG_TEXT, sample(STR("mx"), 1), "mx has 1 session {unknown} {");
    check_render(LANG_EN, MSG_TEXT, sample(STR("mx"), 0), "mx has 0 sessions {unknown} {");
    check_render(LANG_ZH_CN, MSG_TEXT, sample(STR("mx"), 3), "mx:3");
    check_render(LANG_EN, MSG_FIX, sample(STR("mx"), 3), "mend mx");
}

static void foreign_bytes_are_harmless(void **state)
{
    (void)state;
    check_render(LANG_EN, MSG_FIX, sample(STR("\x1b[2J{count}"), 3), "mend \\x1b[2J{count}");
    check_render(LANG_EN, MSG_FIX, sample(STR("\xe2\x80\xae"), 3), "mend \\u202e");
}

static void a_missing_part_says_so(void **state)
{
    struct msg m = sample(STR("x"), 1);
    struct msg none = {0};
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 100);
    assert_false(msg_render(LANG_EN, MSG_CAUSE, &m, &out));
    assert_false(msg_has(&m, MSG_CAUSE));
    assert_true(msg_has(&m, MSG_FIX));
    assert_false(msg_render(LANG_EN, MSG_TEXT, &none, &out));
    assert_int_equal(out.n, 0);
}

static void numbers_are_printed_by_their_kind(void **state)
{
    static const struct {
        enum msg_arg_type type;
        int64_t value;
        const char *en, *zh;
    } rows[] = {
        {MSG_ARG_INT, -5, "-5", "-5"},
        {MSG_ARG_DURATION, 86400, "1 day", "1 天"},
        {MSG_ARG_DURATION, 1209600, "14 days", "14 天"},
        {MSG_ARG_DURATION, 86401, "86401 seconds", "86401 秒"},
        {MSG_ARG_DURATION, 5400, "90 minutes", "90 分钟"},
        {MSG_ARG_DURATION, 0, "0 seconds", "0 秒"},
        {MSG_ARG_SIZE, 65536, "64 KiB", "64 KiB"},
        {MSG_ARG_SIZE, 65537, "65537 bytes", "65537 字节"},
        {MSG_ARG_SIZE, 1, "1 byte", "1 字节"},
        {MSG_ARG_TIME, 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
        {MSG_ARG_DATE, 0, "1970-01-01", "1970-01-01"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct msg_def def = {
            .id = "n", .nargs = 1, .args = {{"n", rows[i].type}}, .text = {{"{n}"}, {"{n}"}}};
        struct msg m = {&def, {{rows[i].type, {.i = rows[i].value}}}};
        check_render(LANG_EN, MSG_TEXT, m, rows[i].en);
        check_render(LANG_ZH_CN, MSG_TEXT, m, rows[i].zh);
    }
}

static void languages_are_known_by_their_usual_names(void **state)
{
    static const struct {
        const char *name;
        bool known;
        enum lang lang;
    } rows[] = {
        {"en", true, LANG_EN},
        {"C", true, LANG_EN},
        {"C.UTF-8", true, LANG_EN},
        {"en_GB.UTF-8", true, LANG_EN},
        {"zh", true, LANG_ZH_CN},
        {"zh_CN.UTF-8", true, LANG_ZH_CN},
        {"zh-CN", true, LANG_ZH_CN},
        {"zh_CN@pinyin", true, LANG_ZH_CN},
        {"zh-Hans-CN", true, LANG_ZH_CN},
        {"zh_TW", false, LANG_EN},
        {"de_DE.UTF-8", false, LANG_EN},
        {"", false, LANG_EN},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum lang lang = LANG_EN;
        CHECK(lang_parse(rows[i].name, &lang) == rows[i].known, rows[i].name);
        CHECK(lang == rows[i].lang, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_filled),
        cmocka_unit_test(foreign_bytes_are_harmless),
        cmocka_unit_test(a_missing_part_says_so),
        cmocka_unit_test(numbers_are_printed_by_their_kind),
        cmocka_unit_test(languages_are_known_by_their_usual_names),
    };
    return cmocka_run_group_tests_name("base msg", tests, NULL, NULL);
}
