#include "cli/check_view.h"

#include "base/escape.h"
#include "cli/messages.h"
#include "mtasts/txt.h"

static void find_id(const struct check_facts *facts, struct arena *arena, struct check_offer *out)
{
    const struct dns_answer *answer = &facts->sts_txt.answer;
    struct findings findings;
    struct sts_txt txt;
    if (answer->status != DNS_FOUND || answer->records.count == 0)
        return;
    struct str *records = arena_array(arena, answer->records.count, sizeof *records);
    if (!records)
        return;
    for (size_t i = 0; i < answer->records.count; i++)
        records[i] = answer->records.at[i].text;
    findings_init(&findings, arena);
    if (sts_txt_parse(&txt, records, answer->records.count, &findings) == 0)
        out->id = txt.id;
}

/* RFC 8461 3.3: only status 200, from a host whose certificate is good. */
static bool is_taken(const struct fact_web *web)
{
    return web->tried && web->fetched.failure == NET_OK && web->fetched.at == HTTP_COMPLETE &&
           web->fetched.status == 200 && web->verified.trusted &&
           sts_media_type_ok(web->fetched.content_type);
}

void check_offer_find(const struct check_facts *facts, struct arena *arena, struct check_offer *out)
{
    *out = (struct check_offer){0};
    find_id(facts, arena, out);
    for (size_t i = 0; facts->web && i < facts->policy_host.count && !out->has_policy; i++) {
        struct findings findings;
        findings_init(&findings, arena);
        if (is_taken(&facts->web[i]) &&
            sts_policy_parse(&out->policy, facts->web[i].fetched.body, &findings) == 0)
            out->has_policy = true;
    }
}

bool check_without_dns(const struct check_facts *facts)
{
    const struct fact_dns *questions[] = {
        &facts->mx_records,    &facts->ns,
        &facts->sts_txt,       &facts->rpt_txt,
        &facts->policy_host.a, &facts->policy_host.aaaa,
    };
    bool asked = false;
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        if (!questions[i]->asked)
            continue;
        if (questions[i]->answer.status != DNS_FAILED)
            return false;
        asked = true;
    }
    return asked;
}

/* Memory for one policy and its record. */
#define OFFER_MAX ((size_t)4 * 1024 * 1024)

int check_exit_status(const struct check_report *report)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct check_offer offer;
    if (check_without_dns(report->facts))
        return CLI_OUTSIDE;
    if (report->results->count[CHECK_ERROR])
        return CLI_BAD_NEWS;
    if (report->verdict->enforce != CHECK_ENFORCE_UNSAFE)
        return CLI_FINE;
    arena_init(&arena, OFFER_MAX);
    check_offer_find(report->facts, &arena, &offer);
    return offer.has_policy && offer.policy.mode == STS_MODE_ENFORCE ? CLI_BAD_NEWS : CLI_FINE;
}

enum check_grade check_worst(const struct check_results *results)
{
    enum check_grade worst = CHECK_OK;
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        if (results->step[step].worst > worst)
            worst = results->step[step].worst;
    }
    return worst;
}

static void render(enum lang lang, struct msg m, struct buf *out)
{
    msg_render(lang, MSG_TEXT, &m, out);
}

void check_render_step(enum lang lang, enum check_step step, struct buf *out)
{
    const struct msg names[CHECK_STEP_COUNT] = {
        [CHECK_DOMAIN] = msg_check_step_domain(),
        [CHECK_STS_TXT] = msg_check_step_sts_txt(),
        [CHECK_POLICY_HOST] = msg_check_step_policy_host(),
        [CHECK_POLICY] = msg_check_step_policy(),
        [CHECK_MX] = msg_check_step_mx(),
        [CHECK_DANE] = msg_check_step_dane(),
        [CHECK_RPT_TXT] = msg_check_step_rpt_txt(),
        [CHECK_VERDICT] = msg_check_step_verdict(),
    };
    render(lang, names[step], out);
}

void check_render_grade(enum lang lang, enum check_grade grade, struct buf *out)
{
    const struct msg names[CHECK_GRADE_COUNT] = {
        [CHECK_OK] = msg_check_view_ok(),
        [CHECK_NOTE] = msg_finding_note(),
        [CHECK_WARNING] = msg_finding_warning(),
        [CHECK_ERROR] = msg_finding_error(),
    };
    render(lang, names[grade], out);
}

bool check_render_meaning(enum lang lang, const struct check_result *result, struct buf *out)
{
    if (msg_has(&result->msg, MSG_MEANING))
        return msg_render(lang, MSG_MEANING, &result->msg, out);
    return msg_render(lang, MSG_TEXT, &result->meaning, out);
}

static void put_separator(struct buf *out, size_t begin)
{
    if (out->n > begin)
        buf_cstr(out, ", ");
}

void check_render_place(enum lang lang, const struct check_result *result, struct str text,
                        struct buf *out)
{
    size_t begin = out->n;
    if (result->about.n && str_find(text, result->about) < 0)
        escape_text(out, result->about);
    if (result->address.n && str_find(text, result->address) < 0) {
        buf_cstr(out, out->n > begin ? " [" : "[");
        escape_text(out, result->address);
        buf_byte(out, ']');
    }
    if (!result->line)
        return;
    put_separator(out, begin);
    if (result->column)
        render(lang, msg_check_view_place_column(result->line, result->column), out);
    else
        render(lang, msg_check_view_place_line(result->line), out);
}

const char *check_delivery_name(enum check_delivery delivery)
{
    static const char *const names[] = {
        [CHECK_DELIVERS] = "delivers",
        [CHECK_DELIVERS_UNCHECKED] = "delivers-unchecked",
        [CHECK_DELIVERS_PLAIN] = "delivers-plain",
        [CHECK_REFUSES] = "refuses",
        [CHECK_UNREACHABLE] = "unreachable",
        [CHECK_UNKNOWN] = "unknown",
    };
    return (unsigned)delivery < ARRAY_LEN(names) ? names[delivery] : "unknown";
}

const char *check_enforce_name(enum check_enforce enforce)
{
    static const char *const names[] = {
        [CHECK_ENFORCE_SAFE] = "safe",       [CHECK_ENFORCE_UNSAFE] = "unsafe",
        [CHECK_ENFORCE_UNKNOWN] = "unknown", [CHECK_ENFORCE_ALREADY] = "already",
        [CHECK_ENFORCE_NOTHING] = "nothing",
    };
    return (unsigned)enforce < ARRAY_LEN(names) ? names[enforce] : "unknown";
}
