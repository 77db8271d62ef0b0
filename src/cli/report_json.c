#include "base/escape.h"
#include "base/utf8.h"
#include "cli/messages.h"
#include "cli/report_view.h"

static void put_key_str(struct json_writer *w, const char *key, struct str value)
{
    json_key(w, key);
    json_put_str(w, value);
}

static void put_key_str_or_null(struct json_writer *w, const char *key, struct str value)
{
    json_key(w, key);
    if (value.n)
        json_put_str(w, value);
    else
        json_put_null(w);
}

static void put_key_u64(struct json_writer *w, const char *key, uint64_t value)
{
    json_key(w, key);
    json_put_u64(w, value);
}

static void put_key_time(struct json_writer *w, const char *key, bool known, int64_t value)
{
    json_key(w, key);
    if (known)
        json_put_time(w, value);
    else
        json_put_null(w);
}

static void put_key_strings(struct json_writer *w, const char *key, const struct str *at,
                            size_t count)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < count; i++)
        json_put_str(w, at[i]);
    json_close(w);
}

static void put_max_age(struct json_writer *w, bool known, uint64_t max_age)
{
    json_key(w, "max_age");
    if (known)
        json_put_u64(w, max_age);
    else
        json_put_null(w);
}

static struct str type_of(enum rpt_policy_type type, struct str text)
{
    return type == RPT_POLICY_UNKNOWN ? text : rpt_policy_type_name(type);
}

static void put_policy(struct json_writer *w, const struct rpt_policy *p, struct arena *arena)
{
    struct rpt_seen seen;
    if (rpt_seen_read(&seen, p, arena, NULL) < 0)
        seen = (struct rpt_seen){.mode = RPT_MODE_UNKNOWN};
    json_open(w, '{');
    put_key_str(w, "type", type_of(p->type, p->type_text));
    put_key_str(w, "domain", p->domain);
    put_key_str_or_null(w, "mode", rpt_mode_name(seen.mode));
    put_max_age(w, seen.has_max_age, seen.max_age);
    put_key_strings(w, "mx", seen.patterns, seen.pattern_count);
    put_key_strings(w, "strings", p->policy_strings.at, p->policy_strings.count);
    put_key_u64(w, "successful", p->successful);
    put_key_u64(w, "failed", p->failed);
    json_close(w);
}

/* "lost" is a plain yes or no for those who count; "delivery" tells no from not known. */
static void put_lost(struct json_writer *w, enum rpt_lost lost)
{
    static const struct str words[] = {[RPT_LOST_NO] = STR_INIT("delivered"),
                                       [RPT_LOST_YES] = STR_INIT("lost"),
                                       [RPT_LOST_UNKNOWN] = STR_INIT("unknown")};
    json_key(w, "lost");
    json_put_bool(w, lost == RPT_LOST_YES);
    put_key_str(w, "delivery", words[lost]);
}

static void put_msg_part(const struct cli *c, struct json_writer *w, const char *key,
                         enum msg_part part, const struct msg *m)
{
    json_key(w, key);
    json_put_msg(w, c->lang, part, m);
}

static void put_failure(const struct cli *c, struct json_writer *w, const struct rpt_failure *f)
{
    json_open(w, '{');
    put_key_str(w, "result_type",
                f->result == RPT_RESULT_UNKNOWN ? f->result_text : rpt_result_name(f->result));
    put_key_str(w, "mx", f->mx);
    put_key_str(w, "reason", f->reason);
    put_key_u64(w, "sessions", f->sessions);
    put_lost(w, f->lost);
    put_key_str(w, "code", str_from(f->explanation.def->id));
    put_msg_part(c, w, "explanation", MSG_TEXT, &f->explanation);
    put_msg_part(c, w, "cause", MSG_CAUSE, &f->explanation);
    put_msg_part(c, w, "fix", MSG_FIX, &f->explanation);
    put_key_str(w, "policy_type", rpt_policy_type_name(f->policy_type));
    put_key_str(w, "policy_domain", f->policy_domain);
    put_key_str_or_null(w, "mode", rpt_mode_name(f->mode));
    put_max_age(w, f->max_age > 0, f->max_age);
    put_key_u64(w, "senders", f->senders);
    put_key_str_or_null(w, "first_sender", f->first_sender);
    json_close(w);
}

static void put_totals(struct json_writer *w, const struct rpt_totals *t)
{
    json_key(w, "sessions");
    json_open(w, '{');
    put_key_u64(w, "total", t->sessions);
    put_key_u64(w, "failed", t->failed);
    json_key(w, "estimated");
    json_put_bool(w, t->estimated);
    json_close(w);
}

static void put_warnings(const struct cli *c, struct json_writer *w, const struct findings *all)
{
    json_key(w, "warnings");
    json_open(w, '[');
    uint64_t number = 0;
    for (const struct finding *f = all->first; f; f = f->next) {
        json_open(w, '{');
        put_key_u64(w, "number", ++number);
        put_key_str(w, "code", str_from(f->msg.def->id));
        put_key_str(w, "severity", str_from(severity_name(f->severity)));
        put_key_str(w, "path", f->path);
        put_msg_part(c, w, "message", MSG_TEXT, &f->msg);
        json_close(w);
    }
    json_close(w);
}

void report_put_json(const struct cli *c, struct json_writer *w, const struct report_view *v)
{
    const struct rpt_report *r = v->report;
    struct buf room CLEANUP(buf_done);
    buf_init(&room, 65536);
    struct msg headline = report_headline(v, c->lang, &room);
    json_open(w, '{');
    put_key_str(w, "organization", r->organization);
    put_key_str(w, "domain", r->domain);
    put_key_str(w, "report_id", r->report_id);
    put_key_time(w, "begin", r->has_range, r->begin);
    put_key_time(w, "end", r->has_range, r->end);
    put_key_str_or_null(w, "contact", r->contact);
    put_msg_part(c, w, "summary", MSG_TEXT, &headline);
    put_totals(w, &v->totals);
    json_key(w, "policies");
    json_open(w, '[');
    for (size_t i = 0; i < r->policy_count; i++)
        put_policy(w, &r->policies[i], r->warnings.arena);
    json_close(w);
    json_key(w, "failures");
    json_open(w, '[');
    for (size_t i = 0; i < v->failures->count; i++)
        put_failure(c, w, &v->failures->at[i]);
    json_close(w);
    put_warnings(c, w, &r->warnings);
    put_key_str(w, "source", v->source);
    json_close(w);
}
