/* The rows of `domain apply`. */
#include "cli/apply_rows.h"

#include "../check.h"

/* What is read of a file, as "line: domain mode mx,mx max_age rua|-" and "line! code". */
static void read_in_pieces(struct str text, size_t piece, enum apply_format format, struct buf *out)
{
    struct apply_rows r CLEANUP(apply_rows_done) = {0};
    struct apply_row row;
    struct msg fault;
    enum apply_rows_result result;
    apply_rows_init(&r, format);
    while ((result = apply_rows_next(&r, &row, &fault)) != APPLY_ROWS_END) {
        if (result == APPLY_ROWS_MORE) {
            apply_rows_feed(&r, str_head(text, piece));
            text = str_skip(text, piece);
            continue;
        }
        buf_u64(out, r.line);
        if (result != APPLY_ROWS_ROW) {
            buf_printf(out, "! %s\n", fault.def->id);
            if (result == APPLY_ROWS_HEADER)
                return;
            continue;
        }
        buf_printf(out, ": %.*s", STR_ARG(row.domain));
        if (row.has_policy)
            buf_printf(out, " %s", sts_mode_name(row.policy.mode));
        for (size_t i = 0; row.has_policy && i < row.policy.mx_count; i++)
            buf_printf(out, "%s%.*s", i ? "," : " ", STR_ARG(row.policy.mx[i]));
        if (row.has_policy)
            buf_printf(out, " %u", row.policy.max_age);
        if (row.has_rua)
            buf_printf(out, " rua=%.*s", STR_ARG(row.rua));
        buf_byte(out, '\n');
    }
}

static void check_text(const char *text, const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 100000};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct buf out CLEANUP(buf_done) = {0};
        buf_init(&out, 1 << 20);
        read_in_pieces(str_from(text), pieces[i], APPLY_BY_LOOK, &out);
        CHECK_STR(buf_view(&out), expected, text);
    }
}

static void csv_is_read_as_rfc_4180_has_it(void **state)
{
    (void)state;
    check_text("domain,mode,mx,max_age,rua\r\n"
               "Example.ORG.,testing,MX1.example.org *.example.net,604800,mailto:t@example.org\r\n"
               "\r\n"
               "\"b.example\",enforce,\"a.example\r\nc.example\",\"1\",\r\n"
               "d.example,,,,\n"
               "e.example,none,mx.e.example,,",
               "2: example.org testing mx1.example.org,*.example.net 604800"
               " rua=mailto:t@example.org\n"
               "4: b.example enforce a.example,c.example 1 rua=\n"
               "6: d.example rua=\n"
               "7: e.example none mx.e.example 604800 rua=\n");
    check_text("\xef\xbb\xbfmx,domain,mode\nmx.a.example,a.example,testing\n",
               "2: a.example testing mx.a.example 604800\n");
    check_text("", "");
    check_text("\n \n", "");
    check_text("domain\n", "");
}

static void json_lines_are_read(void **state)
{
    (void)state;
    check_text(
        "{\"domain\":\"a.example\",\"mode\":\"testing\",\"mx\":[\"m.example\",\"n.example\"],"
        "\"max_age\":86400,\"rua\":[\"mailto:x@a.example\",\"https://a.example/r\"]}\n\n"
        " {\"domain\":\"b\\u00fccher.example\",\"mode\":null,\"mx\":[]}\r\n"
        "{\"domain\":\"c.example\",\"rua\":[]}",
        "1: a.example testing m.example,n.example 86400"
        " rua=mailto:x@a.example https://a.example/r\n"
        "3: xn--bcher-kva.example\n"
        "4: c.example rua=\n");
}

static void each_fault_is_told_with_its_line_and_the_next_row_is_read(void **state)
{
    (void)state;
    check_text("domain,mode,mx,max_age,rua\n"
               "a b,,,,\n"
               "a.example,enforced,mx.example,,\n"
               "a.example,testing,,,\n"
               "a.example,testing,mx_example..,,\n"
               "a.example,testing,mx.example,31557601,\n"
               "a.example,testing,mx.example,31557600,\n"
               "a.example,,mx.example,,\n"
               "a.example,,,,ftp://x\n"
               "a.example\n"
               "a.example,,,,,\n"
               "a\"b.example,,,,\n"
               "\"a.example\"x,,,,\n"
               "z.example,,,,\n"
               "\"open,,,,\nrest,,,,\n",
               "2! apply-domain\n3! apply-mode\n4! apply-no-mx\n5! apply-mx\n6! apply-max-age\n"
               "7: a.example testing mx.example 31557600 rua=\n8! apply-no-mode\n9! apply-rua\n"
               "10! apply-fields\n11! apply-fields\n12! apply-quotes\n"
               "13! apply-quotes\n14: z.example rua=\n15! apply-quotes\n");
}

static void without_a_right_header_nothing_is_read(void **state)
{
    (void)state;
    check_text("example.org,testing\na.example,none\n", "1! apply-column\n");
    check_text("domain,domain\na,b\n", "1! apply-column\n");
    check_text("mode,mx\nnone,a.example\n", "1! apply-no-domain-column\n");
}

static void json_that_is_none_is_told(void **state)
{
    (void)state;
    check_text(
        "{\"domain\":\"a.example\"} x\n{\"domain\"\n[]\n{\"domian\":1}\n{\"domain\":1}\n"
        "{\"domain\":\"a.example\",\"mode\":\"none\",\"mx\":[1]}\n"
        "{\"domain\":\"a.example\",\"domain\":\"b.example\"}\n{}\n{\"domain\":\"b.example\"}\n",
        "1! apply-json\n2! apply-json\n3! apply-json\n4! apply-json-key\n5! apply-json-key\n"
        "6! apply-json-key\n7! apply-json-key\n8! apply-domain\n9: b.example\n");
}

static void a_row_beyond_the_limit_is_passed_over(void **state)
{
    static const struct {
        size_t size;
        const char *expected;
    } rows[] = {
        {APPLY_RECORD_MAX - 1, "2: a.example\n3: b.example\n"},
        {APPLY_RECORD_MAX, "2! apply-too-long\n3: b.example\n"},
        {APPLY_RECORD_MAX + 1, "2! apply-too-long\n3: b.example\n"},
        {APPLY_RECORD_MAX * 3, "2! apply-too-long\n3: b.example\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text CLEANUP(buf_done) = {0};
        buf_init(&text, APPLY_RECORD_MAX * 4);
        buf_cstr(&text, "domain\na.example");
        for (size_t n = sizeof "a.example" - 1; n < rows[i].size; n++)
            buf_byte(&text, ' ');
        buf_cstr(&text, "\nb.example\n");
        check_text(text.p, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_read_as_rfc_4180_has_it),
        cmocka_unit_test(json_lines_are_read),
        cmocka_unit_test(each_fault_is_told_with_its_line_and_the_next_row_is_read),
        cmocka_unit_test(without_a_right_header_nothing_is_read),
        cmocka_unit_test(json_that_is_none_is_told),
        cmocka_unit_test(a_row_beyond_the_limit_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
