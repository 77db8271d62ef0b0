/* check --rules: what a check can find, for those who write about it or work with its codes. */
#include "cli/check_view.h"
#include "cli/messages.h"
#include "cli/wrap.h"

/* A message as it stands in the catalogue, with its placeholders. */
static struct str skeleton(const struct cli *c, const struct msg_def *def, enum msg_part part)
{
    return str_from(def->text[c->lang][part]);
}

static void put_part(struct json_writer *w, const char *key, struct str text)
{
    json_key(w, key);
    if (text.n)
        json_put_str(w, text);
    else
        json_put_null(w);
}

static void put_json(struct cli *c)
{
    struct json_writer w;
    json_writer_init(&w, &c->out, true);
    json_open(&w, '{');
    json_key(&w, "rules");
    json_open(&w, '[');
    for (const struct check_rule *rule = check_rules; rule->def; rule++) {
        json_open(&w, '{');
        put_part(&w, "code", str_from(rule->def->id));
        put_part(&w, "step", str_from(check_step_name(rule->step)));
        put_part(&w, "grade", str_from(check_grade_name(rule->grade)));
        put_part(&w, "rfc", str_from(rule->rfc));
        put_part(&w, "text", skeleton(c, rule->def, MSG_TEXT));
        put_part(&w, "meaning", skeleton(c, rule->def, MSG_MEANING));
        put_part(&w, "fix", skeleton(c, rule->def, MSG_FIX));
        json_close(&w);
    }
    json_close(&w);
    json_close(&w);
}

void check_put_rules(struct cli *c)
{
    if (c->json) {
        put_json(c);
        return;
    }
    for (const struct check_rule *rule = check_rules; rule->def; rule++) {
        cli_style(c, CLI_BOLD);
        buf_cstr(&c->out, rule->def->id);
        cli_style(c, CLI_PLAIN);
        buf_cstr(&c->out, "  ");
        check_render_grade(c->lang, rule->grade, &c->out);
        buf_printf(&c->out, "%s%s\n", *rule->rfc ? "  " : "", rule->rfc);
        wrap_put(&c->out, skeleton(c, rule->def, MSG_TEXT), 4);
    }
}
