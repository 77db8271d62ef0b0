#include "acme/messages.h"
#include "acme/preflight_judge.h"
#include "check.h"

#define NOTES_MAX 8

struct table {
    struct arena arena;
    struct msg at[NOTES_MAX];
    struct acme_notes notes;
    struct error err;
};

static void table_init(struct table *t)
{
    arena_init(&t->arena, 100000);
    t->notes = (struct acme_notes){.at = t->at, .max = NOTES_MAX, .arena = &t->arena};
    t->err.msg.def = NULL;
}

static void table_done(struct table *t)
{
    arena_done(&t->arena);
}

/* The codes of the error or of the notes, without "acme-". */
static void check_said(const struct table *t, int rc, const char *expected, const char *what)
{
    struct buf said CLEANUP(buf_done);
    buf_init(&said, 1000);
    if (rc < 0)
        buf_cstr(&said, t->err.msg.def->id + 5);
    for (size_t i = 0; rc == 0 && i < t->notes.count; i++) {
        buf_cstr(&said, i ? " " : "");
        buf_cstr(&said, t->at[i].def->id + 5);
    }
    CHECK_STR(buf_view(&said), expected, what);
}

static void a_name_has_an_address_or_is_told_which_record_it_lacks(void **state)
{
    static const struct {
        const char *what;
        enum dns_status a, aaaa;
        const char *said;
        int class;
    } rows[] = {
        {"both", DNS_FOUND, DNS_FOUND, "", 0},
        {"IPv4 alone", DNS_FOUND, DNS_NO_DATA, "", 0},
        {"IPv6 alone", DNS_NO_DATA, DNS_FOUND, "", 0},
        {"neither", DNS_NO_DATA, DNS_NO_DATA, "host-absent", ERROR_PERMANENT},
        {"no such name", DNS_NO_NAME, DNS_NO_NAME, "host-absent", ERROR_PERMANENT},
        {"no answer for one", DNS_FOUND, DNS_FAILED, "note-dns", 0},
        {"no answer", DNS_FAILED, DNS_FAILED, "dns-failed", ERROR_TEMPORARY},
        {"perhaps one", DNS_NO_DATA, DNS_FAILED, "dns-failed", ERROR_TEMPORARY},
        {"bogus", DNS_FOUND, DNS_BOGUS, "dns-bogus", ERROR_PERMANENT},
        {"bogus the other way", DNS_BOGUS, DNS_FOUND, "dns-bogus", ERROR_PERMANENT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct table t CLEANUP(table_done);
        struct dns_answer a = {.status = rows[i].a}, aaaa = {.status = rows[i].aaaa};
        table_init(&t);
        int rc = acme_judge_lookup(STR("n.test"), STR("n.test. IN A 192.0.2.1"), true, &a, &aaaa,
                                   &t.notes, &t.err);
        check_said(&t, rc, rows[i].said, rows[i].what);
        CHECK(rc == -rows[i].class, rows[i].what);
    }
}

#define OURS        ACME_PORT_OURS
#define OTHER       ACME_PORT_OTHER
#define UNREACHABLE ACME_PORT_UNREACHABLE
#define UNTRIED     ACME_PORT_UNTRIED

static void another_server_is_refused_where_we_can_tell_and_noted_where_not(void **state)
{
    static const struct {
        const char *what;
        struct {
            const char *address; /* NULL: no more */
            enum acme_port port;
        } seen[3];
        const char *own; /* NULL: none */
        const char *said;
    } rows[] = {
        {"ours", {{"1.1.1.1", OURS}}, "1.1.1.1", ""},
        {"ours, by a balancer", {{"1.1.1.2", OURS}}, "1.1.1.1", ""},
        {"ours, by a translator", {{"1.1.1.2", OURS}}, NULL, ""},
        {"another", {{"1.1.1.2", OTHER}}, "1.1.1.1", "port-other"},
        {"another at our own address", {{"1.1.1.1", OTHER}}, "1.1.1.1", "port-other"},
        {"ours and another", {{"1.1.1.1", OURS}, {"1.1.1.2", OTHER}}, NULL, "port-other"},
        {"perhaps the translator", {{"1.1.1.2", OTHER}}, NULL, "note-port note-translated"},
        {"out of reach", {{"1.1.1.1", UNREACHABLE}}, "1.1.1.1", "note-unreachable"},
        {"out of reach, elsewhere",
         {{"1.1.1.2", UNREACHABLE}},
         "1.1.1.1",
         "note-unreachable note-elsewhere"},
        {"out of reach, behind a translator",
         {{"1.1.1.2", UNREACHABLE}},
         NULL,
         "note-unreachable note-translated"},
        {"not tried, ours", {{"1.1.1.1", UNTRIED}}, "1.1.1.1", ""},
        {"not tried, elsewhere", {{"1.1.1.2", UNTRIED}}, "1.1.1.1", "note-elsewhere"},
        {"private", {{"10.0.0.1", UNTRIED}}, "1.1.1.1", "note-private"},
        {"one of two out of reach",
         {{"2606:4700::1", UNREACHABLE}, {"1.1.1.1", OURS}},
         "1.1.1.1",
         "note-unreachable note-elsewhere"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct table t CLEANUP(table_done);
        struct acme_seen seen[3] = {{.what = STR("")}};
        struct address own;
        struct address_list own_list = {&own,
                                        rows[i].own && address_parse(str_from(rows[i].own), &own)};
        size_t count = 0;
        table_init(&t);
        for (; count < 3 && rows[i].seen[count].address; count++) {
            assert_true(address_parse(str_from(rows[i].seen[count].address), &seen[count].address));
            seen[count].port = rows[i].seen[count].port;
        }
        int rc = acme_judge_ports(STR("n.test"), 443, seen, count, &own_list, &t.notes, &t.err);
        check_said(&t, rc, rows[i].said, rows[i].what);
    }
}

static void caa_names_the_record_and_the_line_to_add(void **state)
{
    static const struct {
        const char *identities, *tag, *value;
        bool critical;
        const char *said, *line;
    } rows[] = {
        {"ca.test", "issue", "ca.test", false, "", NULL},
        {"ca.test", "iodef", "mailto:a@b", false, "", NULL},
        {"ca.test", "issue", "x.test", false, "caa-forbids", "a.test. IN CAA 0 issue \"ca.test\""},
        {"ca.test ca2.test", "issue", ";", false, "caa-forbids",
         "a.test. IN CAA 0 issue \"ca.test\""},
        {"ca.test", "issue", "ca.test; accounturi=x", false, "caa-forbids",
         "a.test. IN CAA 0 issue \"ca.test; accounturi=https://ca.test/1\""},
        {"ca.test", "issue", "ca.test; validationmethods=dns-01", false, "caa-forbids",
         "a.test. IN CAA 0 issue \"ca.test; validationmethods=tls-alpn-01\""},
        {"ca.test", "future", "x", true, "caa-critical", NULL},
        {"", "issue", "x.test", false, "note-caa", NULL},
        {"", "iodef", "mailto:a@b", false, "", NULL},
        {"", "future", "x", true, "caa-critical", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct table t CLEANUP(table_done);
        struct dns_record record = {.tag = str_from(rows[i].tag),
                                    .text = str_from(rows[i].value),
                                    .critical = rows[i].critical};
        struct dns_records records = {.at = &record, .count = 1};
        struct acme_preflight_request request = {.name = STR("mta-sts.a.test"),
                                                 .challenge = ACME_TLS_ALPN_01,
                                                 .caa_identities = str_from(rows[i].identities),
                                                 .account = STR("https://ca.test/1")};
        table_init(&t);
        int rc = acme_judge_caa(&request, STR("a.test"), &records, &t.notes, &t.err);
        check_said(&t, rc, rows[i].said, rows[i].value);
        if (rows[i].line)
            CHECK_STR(t.err.msg.args[2].str, rows[i].line, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_an_address_or_is_told_which_record_it_lacks),
        cmocka_unit_test(another_server_is_refused_where_we_can_tell_and_noted_where_not),
        cmocka_unit_test(caa_names_the_record_and_the_line_to_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
