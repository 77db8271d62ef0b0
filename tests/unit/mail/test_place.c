#include "check.h"

#include "mail/place.h"

static void a_place_reads_from_the_outside_in(void **state)
{
    struct place box = {NULL, PLACE_INPUT, 0, STR("box.mbox"), NULL};
    struct place message = {&box, PLACE_MESSAGE, 3, {0}, NULL};
    struct place part = {&message, PLACE_PART, 2, STR("r.zip"), NULL};
    struct place file = {&part, PLACE_FILE, 0, STR("r\x1b[31m.json"), NULL};
    struct place same = {&file, PLACE_SAME, 0, STR("hidden"), NULL};
    struct buf out CLEANUP(buf_done);
    (void)state;
    buf_init(&out, 1000);
    place_write(&same, &out);
    CHECK_STR(buf_view(&out), "box.mbox, message 3, part 2 (r.zip), r\\x1b[31m.json", "escaped");
}

static void the_innermost_name_of_the_rfc_8460_form_wins(void **state)
{
    struct rpt_hints hints;
    struct place input = {NULL, PLACE_INPUT, 0, STR("/x!y/a!b!1!2.eml"), NULL};
    struct place part = {&input, PLACE_PART, 2, STR("c!d!1!2.gz"), NULL};
    struct place file = {&part, PLACE_FILE, 0, STR("r.json"), NULL};
    (void)state;
    place_hints(&file, &hints);
    CHECK_STR(hints.file_name, "c!d!1!2.gz", "part");
    place_hints(&input, &hints);
    CHECK_STR(hints.file_name, "a!b!1!2.eml", "without the folder");
    CHECK_STR(hints.subject, "", "no message");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_reads_from_the_outside_in),
        cmocka_unit_test(the_innermost_name_of_the_rfc_8460_form_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
