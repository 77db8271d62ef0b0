#include "check.h"

#include <string.h>

#include "net/smtp_reply.h"

/* Reads the bytes in pieces of `step`; fails when more was needed than there is. */
static enum smtp_progress read_all(struct smtp_reply *r, struct str bytes, size_t step)
{
    enum smtp_progress progress = SMTP_MORE;
    smtp_reply_init(r);
    for (size_t n = 0; n < bytes.n && progress == SMTP_MORE;) {
        n = n + step < bytes.n ? n + step : bytes.n;
        progress = smtp_reply_read(r, str_head(bytes, n));
    }
    return progress;
}

/* RFC 5321 4.2 and 4.2.1. */
static void replies_are_read_however_they_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum smtp_progress progress;
        unsigned code, lines;
        bool bare_lf;
        enum smtp_reply_fault fault;
    } rows[] = {
        {"220 mx.test ESMTP\r\n", SMTP_COMPLETE, 220, 1, false, SMTP_REPLY_OK},
        {"250-mx.test\r\n250-SIZE\r\n250 X\r\n", SMTP_COMPLETE, 250, 3, false, SMTP_REPLY_OK},
        {"250\r\n", SMTP_COMPLETE, 250, 1, false, SMTP_REPLY_OK},
        {"250\n", SMTP_COMPLETE, 250, 1, true, SMTP_REPLY_OK},
        {"250 \r\n", SMTP_COMPLETE, 250, 1, false, SMTP_REPLY_OK},
        {"250-\r\n250\r\n", SMTP_COMPLETE, 250, 2, false, SMTP_REPLY_OK},
        {"250-a\n250 b\r\n", SMTP_COMPLETE, 250, 2, true, SMTP_REPLY_OK},
        {"554 a\rb\r\n", SMTP_COMPLETE, 554, 1, false, SMTP_REPLY_OK},
        {"550 \xff\x01\r\n", SMTP_COMPLETE, 550, 1, false, SMTP_REPLY_OK},
        {"299 x\r\n", SMTP_COMPLETE, 299, 1, false, SMTP_REPLY_OK},
        {"", SMTP_MORE, 0, 0, false, SMTP_REPLY_OK},
        {"2", SMTP_MORE, 0, 1, false, SMTP_REPLY_OK},
        {"220 no end", SMTP_MORE, 220, 1, false, SMTP_REPLY_OK},
        {"220 no end\r", SMTP_MORE, 220, 1, false, SMTP_REPLY_OK},
        {"250-more\r\n", SMTP_MORE, 250, 1, false, SMTP_REPLY_OK},
        {"250-more\r\n250", SMTP_MORE, 250, 2, false, SMTP_REPLY_OK},
        {"\r\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {"\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {"25\n", SMTP_NOT_REPLY, 0, 1, false, SMTP_REPLY_NO_CODE},
        {"25\r\n", SMTP_NOT_REPLY, 0, 1, false, SMTP_REPLY_NO_CODE},
        {"2500\r\n", SMTP_NOT_REPLY, 250, 1, false, SMTP_REPLY_NO_CODE},
        {"250\rx\r\n", SMTP_NOT_REPLY, 250, 1, false, SMTP_REPLY_NO_CODE},
        {"250\tx\r\n", SMTP_NOT_REPLY, 250, 1, false, SMTP_REPLY_NO_CODE},
        {"150 x\r\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {"600 x\r\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {" 250 x\r\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {"HTTP/1.1 400\r\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {"* OK IMAP\r\n", SMTP_NOT_REPLY, 0, 0, false, SMTP_REPLY_NO_CODE},
        {"250-a\r\nb\r\n", SMTP_NOT_REPLY, 250, 1, false, SMTP_REPLY_NO_CODE},
        {"250-a\r\n251 b\r\n", SMTP_NOT_REPLY, 250, 2, false, SMTP_REPLY_CODE_CHANGES},
        {"250-a\r\n251\r\n", SMTP_NOT_REPLY, 250, 2, false, SMTP_REPLY_CODE_CHANGES},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str bytes = str_from(rows[i].bytes);
        for (size_t step = 1; step <= bytes.n + 1; step++) {
            struct smtp_reply r;
            CHECK(read_all(&r, bytes, step) == rows[i].progress, rows[i].bytes);
            CHECK(r.fault == rows[i].fault, rows[i].bytes);
            CHECK(r.code == rows[i].code, rows[i].bytes);
            CHECK(r.lines == rows[i].lines, rows[i].bytes);
            CHECK(r.bare_lf == rows[i].bare_lf, rows[i].bytes);
            CHECK(rows[i].progress != SMTP_COMPLETE || r.size == bytes.n, rows[i].bytes);
        }
    }
}

static void what_follows_a_reply_is_left_alone(void **state)
{
    (void)state;
    struct smtp_reply r;
    struct str bytes = STR("220 go\r\n250 injected\r\n");
    assert_int_equal(read_all(&r, bytes, 100), SMTP_COMPLETE);
    assert_int_equal(r.size, 8);
    assert_int_equal(read_all(&r, str_skip(bytes, 8), 100), SMTP_COMPLETE);
    assert_int_equal(r.code, 250);
}

static enum smtp_reply_fault fault_of(struct buf *b)
{
    struct smtp_reply whole, cut;
    enum smtp_progress at_once = read_all(&whole, buf_view(b), b->n);
    assert_int_equal(read_all(&cut, buf_view(b), 1), at_once);
    assert_int_equal(whole.fault, cut.fault);
    if (whole.fault == SMTP_REPLY_OK)
        assert_int_equal(at_once, SMTP_COMPLETE);
    buf_reset(b);
    return whole.fault;
}

/* "250 " and so many bytes in all. */
static void put_line(struct buf *b, char separator, size_t n, const char *end)
{
    buf_cstr(b, "250");
    for (size_t i = 3; i < n; i++)
        buf_byte(b, i == 3 ? separator : 'x');
    buf_cstr(b, end);
}

static void limits_hold_at_their_edges(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 1 << 20);
    put_line(&b, ' ', SMTP_REPLY_LINE_MAX, "\r\n");
    assert_int_equal(fault_of(&b), SMTP_REPLY_OK);
    put_line(&b, ' ', SMTP_REPLY_LINE_MAX, "\n");
    assert_int_equal(fault_of(&b), SMTP_REPLY_OK);
    put_line(&b, ' ', SMTP_REPLY_LINE_MAX + 1, "\r\n");
    assert_int_equal(fault_of(&b), SMTP_REPLY_LONG_LINE);
    for (unsigned lines = SMTP_REPLY_LINES_MAX - 1; lines <= SMTP_REPLY_LINES_MAX + 1; lines++) {
        for (unsigned i = 1; i < lines; i++)
            put_line(&b, '-', 8, "\r\n");
        put_line(&b, ' ', 8, "\r\n");
        assert_int_equal(fault_of(&b),
                         lines > SMTP_REPLY_LINES_MAX ? SMTP_REPLY_MANY_LINES : SMTP_REPLY_OK);
    }
    for (size_t last = 1021; last <= 1023; last++) { /* 15 * 1024 and last + 2 */
        for (unsigned i = 0; i < 15; i++)
            put_line(&b, '-', 1022, "\r\n");
        put_line(&b, ' ', last, "\r\n");
        assert_int_equal(fault_of(&b), last > 1022 ? SMTP_REPLY_LONG : SMTP_REPLY_OK);
    }
}

static void text_is_that_of_all_lines(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t max;
        const char *text;
    } rows[] = {
        {"220 mx.test ESMTP\r\n", 512, "mx.test ESMTP"},
        {"250-a\r\n250-b\n250 c\r\n", 512, "a b c"},
        {"250-a\r\n250-b\n250 c\r\n", 4, "a b"},
        {"250-a\r\n250-b\n250 c\r\n", 3, "a b"},
        {"250-a\r\n250-b\n250 c\r\n", 2, "a"},
        {"250-a\r\n250 b\r\n", 1, "a"},
        {"250-a\r\n250 b\r\n", 0, ""},
        {"250\r\n", 512, ""},
        {"250-\r\n250 x\r\n", 512, " x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 1024);
        smtp_reply_text(str_from(rows[i].bytes), rows[i].max, &out);
        CHECK_STR(buf_view(&out), rows[i].text, rows[i].bytes);
    }
}

/* RFC 5321 4.1.1.1, RFC 3207 section 4. */
static void a_keyword_is_the_first_word_of_a_line_behind_the_first(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool offers;
    } rows[] = {
        {"250-mx.test\r\n250 STARTTLS\r\n", true},
        {"250-mx.test\r\n250-starttls\r\n250 SIZE\r\n", true},
        {"250-mx.test\r\n250 STARTTLS REQUIRED\r\n", true},
        {"250-mx.test\n250-SIZE\n250 StartTLS\n", true},
        {"250 STARTTLS\r\n", false},
        {"250-STARTTLS\r\n250 SIZE\r\n", false},
        {"250-mx.test\r\n250 XSTARTTLS\r\n", false},
        {"250-mx.test\r\n250 STARTTLSX\r\n", false},
        {"250-mx.test\r\n250 NO STARTTLS\r\n", false},
        {"250-mx.test\r\n250\r\n", false},
        {"250 mx.test\r\n", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(smtp_reply_offers(str_from(rows[i].bytes), STR("STARTTLS")) == rows[i].offers,
              rows[i].bytes);
}

static void every_fault_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = SMTP_REPLY_OK; a <= SMTP_REPLY_LONG; a++) {
        for (int b = SMTP_REPLY_OK; b < a; b++)
            assert_string_not_equal(smtp_reply_fault_name((enum smtp_reply_fault)a),
                                    smtp_reply_fault_name((enum smtp_reply_fault)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read_however_they_are_cut),
        cmocka_unit_test(what_follows_a_reply_is_left_alone),
        cmocka_unit_test(limits_hold_at_their_edges),
        cmocka_unit_test(text_is_that_of_all_lines),
        cmocka_unit_test(a_keyword_is_the_first_word_of_a_line_behind_the_first),
        cmocka_unit_test(every_fault_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests_name("net smtp_reply", tests, NULL, NULL);
}
