#include "check.h"

#include "base/messages.h"
#include "base/msg_record.h"

enum { SOME_ARGS = 4 };

static const struct msg_def SAMPLE = {
    .id = "sample",
    .nargs = SOME_ARGS,
    .args = {{"who", MSG_ARG_STR},
             {"below", MSG_ARG_INT},
             {"n", MSG_ARG_UINT},
             {"t", MSG_ARG_TIME}},
    .text = {[LANG_EN] = {[MSG_TEXT] = "{who} {below} {n} {t}"},
             [LANG_ZH_CN] = {[MSG_TEXT] = "{n} {who}"}},
};
static const struct msg_def *const samples[] = {&SAMPLE, NULL};
static const struct msg_def *const *const catalogues[] = {base_messages, samples, NULL};

static const struct msg sample = {&SAMPLE,
                                  {{MSG_ARG_STR, {.str = STR_INIT("a \"b\"\n")}},
                                   {MSG_ARG_INT, {.i = -5}},
                                   {MSG_ARG_UINT, {.u = UINT64_MAX}},
                                   {MSG_ARG_TIME, {.i = 0}}}};

static void a_message_comes_back_as_it_was(void **state)
{
    const struct msg messages[] = {sample, msg_out_of_memory()};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct buf out CLEANUP(buf_done), english CLEANUP(buf_done);
        struct arena arena CLEANUP(arena_done);
        struct json_writer w;
        buf_init(&out, 10000);
        buf_init(&english, 10000);
        arena_init(&arena, 10000);
        json_writer_init(&w, &out, false);
        msg_record_write(&w, &messages[i]);
        struct msg_record record = msg_record_read(buf_view(&out), catalogues, &arena);
        msg_render(LANG_EN, MSG_TEXT, &messages[i], &english);
        CHECK(msg_eq(&record.msg, &messages[i]), messages[i].def->id);
        CHECK_STR(record.code, messages[i].def->id, "code");
        assert_true(str_eq(record.text, buf_view(&english)));
    }
}

/* A record of another version is said in English; what is no record says nothing. */
static void what_no_catalogue_has_keeps_its_text(void **state)
{
    static const struct {
        const char *json, *code, *text;
    } rows[] = {
        {"{\"code\":\"gone\",\"args\":{\"a\":1},\"text\":\"T\"}", "gone", "T"},
        {"{\"code\":\"sample\",\"text\":\"T\"}", "sample", "T"},
        {"{\"code\":\"sample\",\"args\":[],\"text\":\"T\"}", "sample", "T"},
        {"{\"code\":\"sample\",\"args\":{\"who\":\"x\",\"below\":1,\"n\":1},\"text\":\"T\"}",
         "sample", "T"},
        {"{\"code\":\"sample\",\"args\":{\"who\":\"x\",\"below\":1,\"n\":-1,\"t\":0},\"text\":"
         "\"T\"}",
         "sample", "T"},
        {"{\"code\":\"sample\",\"args\":{\"who\":1,\"below\":1,\"n\":1,\"t\":0},\"text\":\"T\"}",
         "sample", "T"},
        {"{\"code\":\"sample\",\"args\":{\"who\":\"x\",\"below\":9223372036854775808,\"n\":1,\"t\":"
         "0},"
         "\"text\":\"T\"}",
         "sample", "T"},
        {"{\"code\":1}", "", ""},
        {"{\"code\":\"sample\"", "", ""},
        {"[]", "", ""},
        {"", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena, 10000);
        struct msg_record record = msg_record_read(str_from(rows[i].json), catalogues, &arena);
        CHECK(!record.msg.def, rows[i].json);
        CHECK_STR(record.code, rows[i].code, rows[i].json);
        CHECK_STR(record.text, rows[i].text, rows[i].json);
    }
}

static void what_a_later_version_adds_is_read_over(void **state)
{
    struct arena arena CLEANUP(arena_done);
    (void)state;
    arena_init(&arena, 10000);
    struct msg_record record =
        msg_record_read(STR("{\"new\":[{}],\"code\":\"sample\",\"args\":{\"t\":0,\"new\":{},\"n\":"
                            "18446744073709551615,\"below\":-5,\"who\":\"a \\\"b\\\"\\n\"}}"),
                        catalogues, &arena);
    assert_true(msg_eq(&record.msg, &sample));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_back_as_it_was),
        cmocka_unit_test(what_no_catalogue_has_keeps_its_text),
        cmocka_unit_test(what_a_later_version_adds_is_read_over),
    };
    return cmocka_run_group_tests_name("base/msg_record", tests, NULL, NULL);
}
