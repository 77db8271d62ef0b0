#include "check.h"

#include "pack.h"

#define MIXED(parts)                                                                               \
    "Subject: s\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" parts "--b--\r\n"
#define PART(head, body) "--b\r\n" head "\r\n" body "\r\n"
#define LETTER           PART("Content-Type: text/plain\r\n", "Dear postmaster")
#define B64              "Content-Transfer-Encoding: base64\r\n"
#define FOUND(place)     "+ in" place " | " PACK_REPORT "\n"

struct row {
    const char *name, *message, *log;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pack_seen seen CLEANUP(pack_seen_done);
        struct buf message CLEANUP(buf_done);
        pack_seen_init(&seen);
        buf_init(&message, 1 << 20);
        pack_template(&message, rows[i].message);
        pack_read(&seen, buf_view(&message));
        CHECK_STR(buf_view(&seen.log), rows[i].log, rows[i].name);
    }
}

static void reports_are_found_in_any_form_of_message(void **state)
{
    static const struct row rows[] = {
        {"RFC 8460 5.3: multipart/report, gzip",
         "Subject: s\r\nContent-Type: multipart/report; report-type=tlsrpt; "
         "boundary=b\r\n\r\n" LETTER PART(
             "Content-Type: application/tlsrpt+gzip; name=r.gz\r\n" B64, "@GZ64@") "--b--\r\n",
         FOUND(", part 2 (r.gz)")},
        {"RFC 8460 5.3: JSON",
         MIXED(LETTER PART("Content-Type: application/tlsrpt+json\r\n", "@REPORT@")),
         FOUND(", part 2")},
        {"octet-stream", MIXED(PART("Content-Type: application/octet-stream\r\n" B64, "@GZ64@")),
         FOUND(", part 1")},
        {"x-gzip", MIXED(PART("Content-Type: application/x-gzip\r\n" B64, "@GZ64@")),
         FOUND(", part 1")},
        {"zip", MIXED(PART("Content-Type: application/zip\r\n" B64, "@ZIP64@")),
         FOUND(", part 1, r.json")},
        {"quoted-printable",
         MIXED(PART("Content-Type: application/json\r\nContent-Transfer-Encoding: "
                    "quoted-printable\r\n",
                    "@QP@")),
         FOUND(", part 1")},
        {"base64 that nothing declares",
         MIXED(LETTER PART("Content-Type: application/tlsrpt+gzip\r\n", "@GZ64@")),
         FOUND(", part 2")},
        {"base64 of JSON that nothing declares",
         MIXED(PART("Content-Type: application/tlsrpt\r\n", "@REPORT64@")), FOUND(", part 1")},
        {"gzip as it is", MIXED(PART("Content-Type: application/gzip\r\n", "@GZ@")),
         FOUND(", part 1")},
        {"an HTML first part",
         MIXED(PART("Content-Type: text/html\r\n", "<html>{}</html>")
                   PART("Content-Type: application/tlsrpt+gzip\r\n" B64, "@GZ64@")),
         FOUND(", part 2")},
        {"text/plain with a file name",
         MIXED(LETTER PART("Content-Type: text/plain; name=r.json\r\n", "@REPORT@")),
         FOUND(", part 2 (r.json)")},
        {"a letter that is the report", "To: x\r\n\r\n@REPORT@\r\n",
         "+ in | " PACK_REPORT "\r\n\n"},
        {"the message is the report",
         "To: x\r\nContent-Type: application/tlsrpt+gzip\r\n" B64 "\r\n@GZ64@", FOUND("")},
        {"a forwarded message",
         MIXED(LETTER "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: t\r\n"
                      "Content-Type: application/tlsrpt+gzip\r\n" B64 "\r\n@GZ64@\r\n"),
         FOUND(", part 2")},
        {"a message as a file",
         MIXED(PART("Content-Type: application/octet-stream; name=m.eml\r\n",
                    "To: x\r\n\r\n@REPORT@")),
         "+ in, part 1 (m.eml) | " PACK_REPORT "\n"},
        {"two reports",
         MIXED(PART("Content-Type: application/json\r\n", "@REPORT@")
                   PART("Content-Type: application/tlsrpt+gzip\r\n" B64, "@GZ64@")),
         FOUND(", part 1") FOUND(", part 2")},
        {"no end of the multipart",
         "To: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
         "Content-Type: application/json\n\n@REPORT@",
         FOUND(", part 1")},
        {"a BOM before the header", "\xef\xbb\xbfSubject: x\n\n@REPORT@", FOUND("")},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void letters_are_read_only_when_nothing_else_was_a_report(void **state)
{
    static const struct row rows[] = {
        {"both",
         MIXED(PART("Content-Type: text/plain\r\n", "@REPORT@")
                   PART("Content-Type: application/json\r\n", "@REPORT@")),
         FOUND(", part 2")},
        {"only letters", MIXED(LETTER PART("Content-Type: text/plain\r\n", "@REPORT@")),
         FOUND(", part 2")},
        {"a letter that begins like a header",
         MIXED(PART("Content-Type: text/plain\r\n", "To: x\r\n\r\n@REPORT@")),
         "- in | mail-no-report | -1\n"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void what_is_no_report_is_one_error(void **state)
{
    static const struct row rows[] = {
        {"letters only", MIXED(LETTER PART("Content-Type: text/html\r\n", "<p>")),
         "- in | mail-no-report | -1\n"},
        {"a broken part and a good one",
         MIXED(PART("Content-Type: application/gzip\r\n", "\x1f\x8b\x08")
                   PART("Content-Type: application/tlsrpt+gzip\r\n" B64, "@GZ64@")),
         "- in, part 1 | mail-gzip-truncated | 3\n" FOUND(", part 2")},
        {"only a broken part",
         MIXED(LETTER PART("Content-Type: application/tlsrpt+gzip\r\n" B64, "H4sIAAAA")),
         "- in, part 2 | mail-gzip-truncated | 6\n"},
        {"a DMARC report",
         MIXED(LETTER PART("Content-Type: text/xml; name=a.xml\r\n",
                           "<?xml version=\"1.0\"?><feedback>")),
         "- in, part 2 (a.xml) | mail-dmarc | 0\n"},
        {"an empty tlsrpt part",
         MIXED(LETTER PART("Content-Type: application/tlsrpt+gzip\r\n", "")),
         "- in, part 2 | mail-empty | -1\n"},
        {"no body", "To: x\n", "- in | mail-empty | -1\n"},
        {"a multipart of nothing", MIXED(""), "- in | mail-empty | -1\n"},
    };
    (void)state;
    check_rows(rows, ARRAY_LEN(rows));
}

static void take_text(void *user, struct str source, int64_t offset, const struct error *err)
{
    (void)source;
    (void)offset;
    msg_render(LANG_EN, MSG_TEXT, &err->msg, user);
}

static void the_error_lists_what_was_there(void **state)
{
    struct buf text CLEANUP(buf_done);
    struct intake *in = intake_new();
    (void)state;
    buf_init(&text, 1000);
    const struct intake_handler handler = {&text, NULL, take_text};
    const struct str message = STR(MIXED(LETTER PART("Content-Type: text/html\r\n", "")));
    assert_int_equal(intake_bytes(in, message, STR("in"), &handler), 0);
    CHECK_STR(buf_view(&text), "no part of this message is a TLS report: text/plain, text/html",
              "parts");
    intake_free(in);
}

static void hints_come_from_the_mail(void **state)
{
    struct pack_seen seen CLEANUP(pack_seen_done);
    struct buf message CLEANUP(buf_done);
    (void)state;
    pack_seen_init(&seen);
    buf_init(&message, 1 << 20);
    pack_template(&message,
                  "Subject: Fwd: outer\r\nTLS-Report-Domain: outer.example\r\n"
                  "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                  "--b\r\nContent-Type: message/rfc822\r\n\r\n"
                  "Subject: Report Domain: d\r\nContent-Type: application/tlsrpt+gzip;\r\n"
                  " name=\"a!d!1!2.json.gz\"\r\n" B64 "\r\n@GZ64@\r\n--b--\r\n");
    assert_int_equal(pack_read(&seen, buf_view(&message)), 1);
    CHECK_STR(seen.hints.subject, "Report Domain: d", "the inner subject");
    CHECK_STR(seen.hints.file_name, "a!d!1!2.json.gz", "the part's name");
    buf_reset(&message);
    pack_template(&message, "Subject: s\r\nTLS-Report-Domain: d.example\r\n\r\n@REPORT@");
    assert_int_equal(pack_read(&seen, buf_view(&message)), 1);
    CHECK_STR(seen.hints.tls_report_domain, "d.example", "RFC 8460 5.3");
    CHECK_STR(seen.hints.subject, "s", "subject");
}

static void parts_beyond_the_limit_are_one_error(void **state)
{
    struct buf message CLEANUP(buf_done);
    (void)state;
    buf_init(&message, 1 << 20);
    buf_cstr(&message, "To: x\nContent-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < INTAKE_PARTS_MAX; i++)
        buf_cstr(&message, "--b\n\nx\n");
    for (int i = 0; i < 2; i++) {
        struct pack_seen seen CLEANUP(pack_seen_done);
        pack_seen_init(&seen);
        pack_read(&seen, buf_view(&message));
        CHECK_STR(buf_view(&seen.log),
                  i ? "- in | mail-parts | -1\n" : "- in | mail-no-report | -1\n", "limit");
        buf_cstr(&message, "--b\n\nx\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_found_in_any_form_of_message),
        cmocka_unit_test(letters_are_read_only_when_nothing_else_was_a_report),
        cmocka_unit_test(what_is_no_report_is_one_error),
        cmocka_unit_test(the_error_lists_what_was_there),
        cmocka_unit_test(hints_come_from_the_mail),
        cmocka_unit_test(parts_beyond_the_limit_are_one_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
