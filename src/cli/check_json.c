/* A finished check for programs: sealpost-check(1) documents the form. */
#include "cli/check_view.h"
#include "cli/messages.h"
#include "cli/policy_json.h"

/* Memory for the policy and its record. */
#define OFFER_MAX ((size_t)4 * 1024 * 1024)

static void put_or_null(struct json_writer *w, const char *key, struct str value)
{
    json_key(w, key);
    if (value.n)
        json_put_str(w, value);
    else
        json_put_null(w);
}

static void put_number_or_null(struct json_writer *w, const char *key, uint64_t value)
{
    json_key(w, key);
    if (value)
        json_put_u64(w, value);
    else
        json_put_null(w);
}

static void put_name(struct json_writer *w, const char *key, const char *name)
{
    json_key(w, key);
    json_put_str(w, str_from(name));
}

static void put_texts(struct json_writer *w, enum lang lang, const struct check_result *result)
{
    json_key(w, "text");
    json_put_msg(w, lang, MSG_TEXT, &result->msg);
    json_key(w, "meaning");
    if (msg_has(&result->msg, MSG_MEANING))
        json_put_msg(w, lang, MSG_MEANING, &result->msg);
    else
        json_put_msg(w, lang, MSG_TEXT, &result->meaning);
    json_key(w, "fix");
    json_put_msg(w, lang, MSG_FIX, &result->msg);
}

static void put_result(struct json_writer *w, enum lang lang, const struct check_result *result)
{
    json_open(w, '{');
    put_name(w, "code", result->msg.def->id);
    put_name(w, "grade", check_grade_name(result->grade));
    put_texts(w, lang, result);
    put_or_null(w, "rfc", str_from(result->rfc));
    put_or_null(w, "host", result->about);
    put_or_null(w, "address", result->address);
    put_number_or_null(w, "line", result->line);
    put_number_or_null(w, "column", result->column);
    json_close(w);
}

static void put_steps(struct json_writer *w, enum lang lang, const struct check_results *results)
{
    json_key(w, "steps");
    json_open(w, '[');
    for (unsigned step = 0; step < CHECK_STEP_COUNT; step++) {
        json_open(w, '{');
        put_name(w, "step", check_step_name((enum check_step)step));
        put_name(w, "grade", check_grade_name(results->step[step].worst));
        json_key(w, "results");
        json_open(w, '[');
        for (const struct check_result *i = results->step[step].first; i; i = i->next)
            put_result(w, lang, i);
        json_close(w);
        json_close(w);
    }
    json_close(w);
}

static void put_mx(struct json_writer *w, const struct check_mx_verdict *mx)
{
    json_open(w, '{');
    json_key(w, "host");
    json_put_str(w, mx->host);
    json_key(w, "preference");
    json_put_u64(w, mx->preference);
    put_name(w, "today", check_delivery_name(mx->today));
    put_name(w, "enforce", check_delivery_name(mx->enforce));
    put_or_null(w, "pattern", mx->pattern ? *mx->pattern : STR(""));
    json_close(w);
}

static void put_next(struct json_writer *w, enum lang lang, const struct check_result *result)
{
    json_open(w, '{');
    put_name(w, "code", result->msg.def->id);
    put_name(w, "step", check_step_name(result->step));
    put_or_null(w, "host", result->about);
    json_key(w, "fix");
    json_put_msg(w, lang, MSG_FIX, &result->msg);
    json_close(w);
}

static void put_verdict(struct json_writer *w, enum lang lang, const struct check_verdict *verdict)
{
    json_key(w, "verdict");
    json_open(w, '{');
    put_name(w, "enforce", check_enforce_name(verdict->enforce));
    json_key(w, "mx");
    json_open(w, '[');
    for (size_t i = 0; i < verdict->mx_count; i++)
        put_mx(w, &verdict->mx[i]);
    json_close(w);
    json_key(w, "next");
    json_open(w, '[');
    for (size_t i = 0; i < CHECK_NEXT_STEPS; i++) {
        if (verdict->next[i])
            put_next(w, lang, verdict->next[i]);
    }
    json_close(w);
    json_close(w);
}

static void put_counts(struct json_writer *w, const struct check_results *results)
{
    put_name(w, "grade", check_grade_name(check_worst(results)));
    json_key(w, "counts");
    json_open(w, '{');
    for (unsigned grade = 0; grade < CHECK_GRADE_COUNT; grade++) {
        json_key(w, check_grade_name((enum check_grade)grade));
        json_put_u64(w, results->count[grade]);
    }
    json_close(w);
}

static void put_offer(struct json_writer *w, const struct check_facts *facts)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct check_offer offer;
    arena_init(&arena, OFFER_MAX);
    check_offer_find(facts, &arena, &offer);
    put_or_null(w, "id", offer.id);
    json_key(w, "policy");
    cli_json_policy(w, offer.has_policy ? &offer.policy : NULL);
}

static void begin(struct cli *c, struct json_writer *w, uint64_t line, bool pretty)
{
    json_writer_init(w, &c->out, pretty);
    json_open(w, '{');
    if (line) {
        json_key(w, "input_line");
        json_put_u64(w, line);
    }
}

/* The writer ends what is indented with a line end of its own. */
static void end(struct cli *c, struct json_writer *w)
{
    json_close(w);
    if (!w->pretty)
        buf_byte(&c->out, '\n');
}

void check_put_json(struct cli *c, const struct check_report *report, uint64_t line, bool pretty)
{
    const struct check_facts *facts = report->facts;
    struct json_writer w;
    begin(c, &w, line, pretty);
    json_key(&w, "given");
    json_put_str(&w, facts->given);
    json_key(&w, "domain");
    json_put_str(&w, facts->domain);
    put_or_null(&w, "unicode", facts->unicode);
    json_key(&w, "checked_at");
    json_put_time(&w, facts->now);
    json_key(&w, "elapsed_ms");
    json_put_u64(&w, facts->elapsed_ms);
    put_counts(&w, report->results);
    put_offer(&w, facts);
    put_steps(&w, c->lang, report->results);
    put_verdict(&w, c->lang, report->verdict);
    end(c, &w);
}

void check_put_json_error(struct cli *c, struct str given, const struct msg *error, uint64_t line,
                          bool pretty)
{
    struct json_writer w;
    begin(c, &w, line, pretty);
    json_key(&w, "given");
    json_put_str(&w, given);
    json_key(&w, "error");
    json_open(&w, '{');
    put_name(&w, "code", error->def->id);
    json_key(&w, "text");
    json_put_msg(&w, c->lang, MSG_TEXT, error);
    json_key(&w, "fix");
    json_put_msg(&w, c->lang, MSG_FIX, error);
    json_close(&w);
    end(c, &w);
}
