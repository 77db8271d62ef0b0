#include "base/msg_record.h"

#include "base/json_read.h"

/* ---- writing ---- */

static bool is_signed(enum msg_arg_type type)
{
    return type == MSG_ARG_INT || type == MSG_ARG_TIME || type == MSG_ARG_DATE;
}

void msg_record_write(struct json_writer *w, const struct msg *m)
{
    json_open(w, '{');
    json_key(w, "code");
    json_put_str(w, str_from(m->def->id));
    json_key(w, "args");
    json_open(w, '{');
    for (unsigned i = 0; i < m->def->nargs; i++) {
        json_key(w, m->def->args[i].name);
        if (m->def->args[i].type == MSG_ARG_STR)
            json_put_str(w, m->args[i].str);
        else if (is_signed(m->def->args[i].type))
            json_put_i64(w, m->args[i].i);
        else
            json_put_u64(w, m->args[i].u);
    }
    json_close(w);
    json_key(w, "text");
    json_put_msg(w, LANG_EN, MSG_TEXT, m);
    json_close(w);
}

/* ---- reading ---- */

static const struct msg_def *find_def(const struct msg_def *const *const *catalogues,
                                      struct str code)
{
    for (; *catalogues; catalogues++) {
        for (const struct msg_def *const *def = *catalogues; *def; def++) {
            if (str_eq(str_from((*def)->id), code))
                return *def;
        }
    }
    return NULL;
}

static bool read_signed(struct str digits, int64_t *out)
{
    bool negative = str_starts(digits, STR("-"));
    uint64_t n;
    if (!str_to_u64(str_skip(digits, negative), &n) || n > INT64_MAX)
        return false;
    *out = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool read_arg(struct json_reader *r, struct msg_arg *arg)
{
    struct str digits;
    if (arg->type == MSG_ARG_STR)
        return json_string(r, &arg->str);
    if (!json_number(r, &digits))
        return false;
    return is_signed(arg->type) ? read_signed(digits, &arg->i) : str_to_u64(digits, &arg->u);
}

/* The arguments by their names; false when one is missing or of another type. */
static bool read_args(struct str json, struct arena *arena, struct msg *m)
{
    struct json_reader r;
    struct str key;
    unsigned found = 0;
    json_reader_init(&r, json, arena);
    if (!json_enter(&r))
        return m->def->nargs == 0;
    while (json_next_key(&r, &key)) {
        unsigned i = 0;
        while (i < m->def->nargs && !str_eq(str_from(m->def->args[i].name), key))
            i++;
        if (i == m->def->nargs) {
            json_skip(&r, NULL);
            continue;
        }
        m->args[i].type = m->def->args[i].type;
        if (!read_arg(&r, &m->args[i]))
            return false;
        found |= 1U << i;
    }
    return !r.error && found == (1U << m->def->nargs) - 1;
}

struct msg_record msg_record_read(struct str json, const struct msg_def *const *const *catalogues,
                                  struct arena *arena)
{
    struct msg_record record = {.code = STR("")};
    struct json_reader r;
    struct str key, args = STR("{}");
    json_reader_init(&r, json, arena);
    if (json_peek(&r) != JSON_OBJECT || !json_enter(&r))
        return record;
    while (json_next_key(&r, &key)) {
        struct str *text = str_eq(key, STR("code"))   ? &record.code
                           : str_eq(key, STR("text")) ? &record.text
                                                      : NULL;
        if (!(text && json_string(&r, text)))
            json_skip(&r, str_eq(key, STR("args")) ? &args : NULL);
    }
    if (r.error)
        return (struct msg_record){.code = STR("")};
    record.msg.def = find_def(catalogues, record.code);
    if (record.msg.def && !read_args(args, arena, &record.msg))
        record.msg.def = NULL;
    return record;
}
