#include "check.h"

#include "base/json_write.h"
#include "base/messages.h"

static void put_sample(struct json_writer *w)
{
    struct msg m = msg_out_of_memory();
    json_open(w, '{');
    json_key(w, "s");
    json_put_str(w, STR("a\"\n"));
    json_key(w, "list");
    json_open(w, '[');
    json_put_u64(w, UINT64_MAX);
    json_put_i64(w, -3);
    json_put_bool(w, true);
    json_put_null(w);
    json_close(w);
    json_key(w, "none");
    json_open(w, '[');
    json_close(w);
    json_key(w, "t");
    json_put_time(w, 0);
    json_key(w, "m");
    json_put_msg(w, LANG_EN, MSG_TEXT, &m);
    json_key(w, "fix");
    json_put_msg(w, LANG_EN, MSG_FIX, &m);
    json_key(w, "raw");
    json_put_raw(w, STR("{}"));
    json_close(w);
}

static void compact_form(void **state)
{
    struct buf out CLEANUP(buf_done);
    struct json_writer w;
    (void)state;
    buf_init(&out, 10000);
    json_writer_init(&w, &out, false);
    put_sample(&w);
    CHECK_STR(buf_view(&out),
              "{\"s\":\"a\\\"\\n\",\"list\":[18446744073709551615,-3,true,null],\"none\":[],"
              "\"t\":\"1970-01-01T00:00:00Z\",\"m\":\"there is not enough memory for this\","
              "\"fix\":null,\"raw\":{}}",
              "compact");
}

static void pretty_form(void **state)
{
    struct buf out CLEANUP(buf_done);
    struct json_writer w;
    (void)state;
    buf_init(&out, 10000);
    json_writer_init(&w, &out, true);
    json_open(&w, '{');
    json_key(&w, "a");
    json_open(&w, '[');
    json_put_u64(&w, 1);
    json_put_u64(&w, 2);
    json_close(&w);
    json_key(&w, "b");
    json_open(&w, '{');
    json_close(&w);
    json_close(&w);
    CHECK_STR(buf_view(&out), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}\n", "pretty");
}

static void too_deep_fails_the_buffer(void **state)
{
    struct buf out CLEANUP(buf_done);
    struct json_writer w;
    (void)state;
    buf_init(&out, 10000);
    json_writer_init(&w, &out, false);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        json_open(&w, '[');
    assert_false(out.failed);
    json_open(&w, '[');
    assert_true(out.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_form),
        cmocka_unit_test(pretty_form),
        cmocka_unit_test(too_deep_fails_the_buffer),
    };
    return cmocka_run_group_tests_name("base json_write", tests, NULL, NULL);
}
