#include "sample_report.h"

#define ARENA_MAX ((size_t)16 * 1024 * 1024)

const struct msg_def sample_ok = {
    .id = "sample-ok",
    .nargs = 1,
    .args = {{"what", MSG_ARG_STR}},
    .text = {{[MSG_TEXT] = "{what} is fine"}, {[MSG_TEXT] = "{what} 没有问题"}},
};
const struct msg_def sample_note = {
    .id = "sample-note",
    .nargs = 1,
    .args = {{"what", MSG_ARG_STR}},
    .text = {{[MSG_TEXT] = "{what} is noted", [MSG_FIX] = "nothing"},
             {[MSG_TEXT] = "注意 {what}", [MSG_FIX] = "无"}},
};
const struct msg_def sample_warning = {
    .id = "sample-warning",
    .nargs = 1,
    .args = {{"what", MSG_ARG_STR}},
    .text = {{[MSG_TEXT] = "{what} is risky",
              [MSG_MEANING] = "It may break.",
              [MSG_FIX] = "add this line:\nmx: {what}"},
             {[MSG_TEXT] = "{what} 有风险",
              [MSG_MEANING] = "可能出错。",
              [MSG_FIX] = "添加此行：\nmx: {what}"}},
};
const struct msg_def sample_error = {
    .id = "sample-error",
    .nargs = 1,
    .args = {{"what", MSG_ARG_STR}},
    .text =
        {{[MSG_TEXT] = "{what} is broken",
          [MSG_MEANING] = "Mail fails.",
          [MSG_FIX] = "repair {what}"},
         {[MSG_TEXT] = "{what} 已损坏", [MSG_MEANING] = "邮件失败。", [MSG_FIX] = "修复 {what}"}},
};

static void offer(struct sample *s)
{
    s->record = (struct dns_record){.text = STR("v=STSv1; id=20261124T110000Z;")};
    s->facts.sts_txt = (struct fact_dns){.asked = true, .answer = {.status = DNS_FOUND}};
    s->facts.sts_txt.answer.records.at = &s->record;
    s->facts.sts_txt.answer.records.count = 1;
    s->web = (struct fact_web){
        .tried = true,
        .fetched = {.at = HTTP_COMPLETE,
                    .failure = NET_OK,
                    .status = 200,
                    .has_content_type = true,
                    .content_type = STR("text/plain; charset=utf-8"),
                    .body = STR(SAMPLE_POLICY)},
        .verified = {.trusted = true},
    };
    s->facts.web = &s->web;
    s->facts.policy_host.count = 1;
}

void sample_init(struct sample *s, const char *domain)
{
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, ARENA_MAX);
    check_results_init(&s->results, &s->arena);
    s->facts.given = s->facts.domain = str_from(domain);
    s->facts.now = SAMPLE_NOW;
    s->facts.elapsed_ms = 1234;
    s->facts.mx_records = (struct fact_dns){.asked = true, .answer = {.status = DNS_FOUND}};
    s->verdict.enforce = CHECK_ENFORCE_ALREADY;
    s->report = (struct check_report){&s->facts, &s->results, &s->verdict};
    offer(s);
}

void sample_done(struct sample *s)
{
    arena_done(&s->arena);
}

struct check_result *sample_add(struct sample *s, enum check_step step, enum check_grade grade,
                                const struct msg_def *def, const char *argument)
{
    struct check_result *result = arena_alloc(&s->arena, sizeof *result);
    assert_non_null(result);
    *result = (struct check_result){.step = step,
                                    .grade = grade,
                                    .msg = {.def = def},
                                    .rfc = grade >= CHECK_WARNING ? "RFC 8461 3.2" : ""};
    result->msg.args[0] = (struct msg_arg){.type = MSG_ARG_STR, .str = str_from(argument)};
    if (s->results.step[step].last)
        s->results.step[step].last->next = result;
    else
        s->results.step[step].first = result;
    s->results.step[step].last = result;
    if (grade > s->results.step[step].worst)
        s->results.step[step].worst = grade;
    s->results.count[grade]++;
    s->results.total++;
    return result;
}

void sample_fill(struct sample *s)
{
    static const struct str pattern = STR_INIT("*.example.org");
    sample_add(s, CHECK_DOMAIN, CHECK_OK, &sample_ok, "the domain");
    sample_add(s, CHECK_STS_TXT, CHECK_NOTE, &sample_note, "the record");
    struct check_result *warning =
        sample_add(s, CHECK_POLICY, CHECK_WARNING, &sample_warning, "mx1.example.org");
    warning->line = 3;
    warning->column = 5;
    struct check_result *error =
        sample_add(s, CHECK_MX, CHECK_ERROR, &sample_error, "the certificate");
    error->about = STR("mx2.example.org");
    error->address = STR("192.0.2.2");
    sample_add(s, CHECK_VERDICT, CHECK_OK, &sample_ok, "mx1.example.org");
    s->verdict.next[0] = error;
    s->verdict.next[1] = warning;
    s->mx[0] = (struct check_mx_verdict){.host = STR("mx1.example.org"),
                                         .preference = 10,
                                         .today = CHECK_DELIVERS,
                                         .enforce = CHECK_DELIVERS,
                                         .pattern = &pattern,
                                         .tls_ok = true};
    s->mx[1] = (struct check_mx_verdict){.host = STR("mx2.example.org"),
                                         .preference = 20,
                                         .today = CHECK_DELIVERS_UNCHECKED,
                                         .enforce = CHECK_REFUSES};
    s->verdict.mx = s->mx;
    s->verdict.mx_count = 2;
    s->verdict.enforce = CHECK_ENFORCE_UNSAFE;
}

void sample_cli(struct cli *c, enum lang lang)
{
    *c = (struct cli){.lang = lang};
    buf_init(&c->out, (size_t)64 * 1024 * 1024);
    arena_init(&c->arena, ARENA_MAX);
}

void sample_cli_done(struct cli *c)
{
    buf_done(&c->out);
    arena_done(&c->arena);
}

bool has(const struct buf *text, const char *part)
{
    return str_find(buf_view(text), str_from(part)) >= 0;
}
