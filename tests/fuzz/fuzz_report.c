/* Reports: what was read is written in the RFC's form and reads again as the same report, with no
 * warning about its form; what the report lacks or gets wrong in itself may still be said. */
#include <stdint.h>

#include "tlsrpt/messages.h"
#include "tlsrpt/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_about_content(const struct msg_def *def)
{
    static const struct msg_def *const codes[] = {
        &MSG_REPORT_MEMBER_MISSING,      &MSG_REPORT_NO_POLICIES,    &MSG_REPORT_SUMS_DISAGREE,
        &MSG_REPORT_DETAILS_MISSING,     &MSG_REPORT_RANGE_REVERSED, &MSG_REPORT_RANGE_LONG,
        &MSG_REPORT_POLICY_TYPE_UNKNOWN, &MSG_REPORT_RESULT_UNKNOWN, &MSG_REPORT_ADDRESS_INVALID,
        &MSG_REPORT_DOMAIN_UNKNOWN,      &MSG_REPORT_COUNT_HUGE,     &MSG_REPORT_DOMAIN_FROM_ID,
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i] == def)
            return true;
    }
    return false;
}

static void check_again(const struct rpt_report *report, struct str text, struct arena *arena)
{
    struct rpt_report again;
    struct buf second CLEANUP(buf_done);
    buf_init(&second, SIZE_MAX / 4);
    if (rpt_report_read(&again, text, NULL, arena, NULL, NULL) < 0)
        abort();
    for (const struct finding *f = again.warnings.first; f; f = f->next) {
        if (f->severity != SEVERITY_NOTE && !is_about_content(f->msg.def))
            abort();
    }
    struct rpt_totals a = rpt_report_totals(report, STR("")),
                      b = rpt_report_totals(&again, STR(""));
    if (a.sessions != b.sessions || a.failed != b.failed)
        abort();
    rpt_report_write(&again, &second);
    if (!str_eq(text, buf_view(&second)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rpt_hints hints = {.file_name = STR_INIT("a.example!b.example!0!1.json")};
    struct arena arena;
    struct rpt_report report;
    struct error err;
    uint64_t offset = UINT64_MAX;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX / 4);
    arena_init(&arena, 256 * 1024 * 1024);
    if (rpt_report_read(&report, (struct str){(const char *)data, size}, &hints, &arena, &offset,
                        &err) == 0) {
        rpt_report_write(&report, &text);
        check_again(&report, buf_view(&text), &arena);
    } else if (offset > size) {
        abort();
    }
    arena_done(&arena);
    return 0;
}
