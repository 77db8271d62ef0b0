#include "acme/messages.h"
#include "acme/solver.h"
#include "check.h"

#define TXT "lCM7cZyQXcVHK2nnW3jjAhNT3Fvm18UN-kWZZknKoYM"

static const struct acme_challenge challenge = {
    ACME_DNS_01, STR_INIT("mta-sts.example.org"), STR_INIT("token"),
    STR_INIT(
        "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI")};

struct publisher {
    char text[1024];
    int result;
};

static int note(struct publisher *p, const char *what, struct str name, struct str text)
{
    size_t n = strlen(p->text);
    snprintf(p->text + n, sizeof p->text - n, "%s %.*s %.*s\n", what, STR_ARG(name), STR_ARG(text));
    return p->result;
}

static int on_add(void *context, struct str name, struct str text, struct error *err)
{
    (void)err;
    return note(context, "add", name, text);
}

static int on_wait(void *context, struct str name, struct str text, struct error *err)
{
    (void)err;
    return note(context, "wait", name, text);
}

static int on_remove(void *context, struct str name, struct str text, struct error *err)
{
    (void)err;
    return note(context, "remove", name, text);
}

/* RFC 8555 8.4 */
static void the_record_is_added_waited_for_and_removed(void **state)
{
    struct publisher p = {.text = ""};
    struct acme_dns publish = {on_add, on_wait, on_remove, &p};
    struct acme_dns_solver context = {.publish = &publish};
    struct acme_solver solver = acme_solver_dns(&context);
    struct error err;
    (void)state;
    solver.remove(solver.context, &challenge); /* nothing was added */
    assert_int_equal(solver.present(solver.context, &challenge, &err), 0);
    assert_int_equal(solver.wait(solver.context, &challenge, &err), 0);
    solver.remove(solver.context, &challenge);
    solver.remove(solver.context, &challenge);
    assert_string_equal(p.text, "add _acme-challenge.mta-sts.example.org " TXT "\n"
                                "wait _acme-challenge.mta-sts.example.org " TXT "\n"
                                "remove _acme-challenge.mta-sts.example.org " TXT "\n");
    p.result = -ERROR_TEMPORARY;
    assert_int_equal(solver.present(solver.context, &challenge, &err), -ERROR_TEMPORARY);
}

static void an_alias_leads_to_where_the_record_goes(void **state)
{
    static const struct {
        const char *what;
        enum dns_status status;
        const char *canonical, *target; /* NULL: an error */
        const struct msg_def *error;
    } rows[] = {
        {"nothing there", DNS_NO_NAME, "", "_acme-challenge.a.test", NULL},
        {"other records there", DNS_NO_DATA, "", "_acme-challenge.a.test", NULL},
        {"a text there", DNS_FOUND, "", "_acme-challenge.a.test", NULL},
        {"an alias of nothing yet", DNS_NO_NAME, "x.acme.test", "x.acme.test", NULL},
        {"an alias of a text", DNS_FOUND, "_x.acme.test", "_x.acme.test", NULL},
        {"an alias of no name", DNS_NO_NAME, "x;reboot.test", NULL, &MSG_ACME_DNS_TARGET},
        {"an alias of the root", DNS_NO_NAME, ".", NULL, &MSG_ACME_DNS_TARGET},
        {"no answer", DNS_FAILED, "", NULL, &MSG_ACME_DNS_FAILED},
        {"a forged answer", DNS_BOGUS, "x.test", NULL, &MSG_ACME_DNS_BOGUS},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dns_answer answer = {.status = rows[i].status,
                                    .records = {.canonical = str_from(rows[i].canonical)}};
        struct str target;
        struct error err;
        int rc = acme_dns_target(STR("_acme-challenge.a.test"), &answer, &target, &err);
        CHECK((rc == 0) == (rows[i].target != NULL), rows[i].what);
        if (rows[i].target)
            CHECK_STR(target, rows[i].target, rows[i].what);
        else
            CHECK(error_is(&err, rows[i].error), rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_is_added_waited_for_and_removed),
        cmocka_unit_test(an_alias_leads_to_where_the_record_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
