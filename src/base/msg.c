#include "base/msg.h"

#include <string.h>

#include "base/escape.h"
#include "base/timefmt.h"

/* A string argument longer than this is cut: a sentence with 64 KiB in it tells nobody anything. */
#define ARG_SHOWN_MAX 1024

struct unit {
    uint64_t size;
    const char *one[LANG_COUNT];
    const char *other[LANG_COUNT];
};

static const struct unit duration_units[] = {
    {86400, {" day", " 天"}, {" days", " 天"}},
    {3600, {" hour", " 小时"}, {" hours", " 小时"}},
    {60, {" minute", " 分钟"}, {" minutes", " 分钟"}},
    {1, {" second", " 秒"}, {" seconds", " 秒"}},
};

static const struct unit size_units[] = {
    {1024ULL * 1024 * 1024, {" GiB", " GiB"}, {" GiB", " GiB"}},
    {1024ULL * 1024, {" MiB", " MiB"}, {" MiB", " MiB"}},
    {1024, {" KiB", " KiB"}, {" KiB", " KiB"}},
    {1, {" byte", " 字节"}, {" bytes", " 字节"}},
};

/* The largest unit that divides the value; a value that none divides keeps the smallest, so that
 * what is printed is exact. */
static void render_units(struct buf *out, enum lang lang, uint64_t value, const struct unit *units,
                         size_t n)
{
    const struct unit *u = units;
    while (u < units + n - 1 && (value == 0 || value % u->size != 0))
        u++;
    uint64_t count = value / u->size;
    buf_u64(out, count);
    buf_cstr(out, count == 1 ? u->one[lang] : u->other[lang]);
}

static void render_arg(struct buf *out, enum lang lang, const struct msg_arg *arg)
{
    switch (arg->type) {
    case MSG_ARG_STR:
        escape_clipped(out, arg->str, ARG_SHOWN_MAX);
        break;
    case MSG_ARG_INT:
        buf_printf(out, "%lld", (long long)arg->i);
        break;
    case MSG_ARG_UINT:
        buf_u64(out, arg->u);
        break;
    case MSG_ARG_SIZE:
        render_units(out, lang, arg->u, size_units, ARRAY_LEN(size_units));
        break;
    case MSG_ARG_DURATION:
        render_units(out, lang, arg->u, duration_units, ARRAY_LEN(duration_units));
        break;
    case MSG_ARG_TIME:
        time_print(out, arg->i);
        break;
    case MSG_ARG_DATE:
        time_print_date(out, arg->i);
        break;
    }
}

static bool arg_is_one(const struct msg_arg *arg)
{
    return arg->type == MSG_ARG_STR ? str_eq(arg->str, STR("1")) : arg->u == 1;
}

static const struct msg_arg *find_arg(const struct msg *m, struct str name)
{
    for (unsigned i = 0; i < m->def->nargs; i++) {
        if (str_eq(str_from(m->def->args[i].name), name))
            return &m->args[i];
    }
    return NULL;
}

/* Renders what stands between the braces; false when it is no placeholder but plain text. */
static bool render_placeholder(struct buf *out, enum lang lang, const struct msg *m,
                               struct str inside)
{
    struct str name, choice, one, other;
    bool chooses = str_cut(inside, '?', &name, &choice);
    const struct msg_arg *arg = find_arg(m, name);
    if (!arg)
        return false;
    if (!chooses) {
        render_arg(out, lang, arg);
        return true;
    }
    str_cut(choice, ':', &one, &other);
    buf_str(out, arg_is_one(arg) ? one : other);
    return true;
}

bool msg_eq(const struct msg *a, const struct msg *b)
{
    if (a->def != b->def)
        return false;
    for (unsigned i = 0; a->def && i < a->def->nargs; i++) {
        bool same = a->def->args[i].type == MSG_ARG_STR ? str_eq(a->args[i].str, b->args[i].str)
                                                        : a->args[i].u == b->args[i].u;
        if (!same)
            return false;
    }
    return true;
}

bool msg_has(const struct msg *m, enum msg_part part)
{
    return m->def && m->def->text[LANG_EN][part];
}

bool msg_render(enum lang lang, enum msg_part part, const struct msg *m, struct buf *out)
{
    if (!msg_has(m, part))
        return false;
    struct str text = str_from(m->def->text[lang][part]);
    while (text.n) {
        ssize_t open = str_chr(text, '{');
        ssize_t close = open < 0 ? -1 : str_chr(str_skip(text, (size_t)open), '}');
        if (close < 0) {
            buf_str(out, text);
            break;
        }
        buf_str(out, str_head(text, (size_t)open));
        struct str inside = str_head(str_skip(text, (size_t)open + 1), (size_t)close - 1);
        if (render_placeholder(out, lang, m, inside)) {
            text = str_skip(text, (size_t)(open + close) + 1);
        } else {
            buf_byte(out, '{');
            text = str_skip(text, (size_t)open + 1);
        }
    }
    return true;
}

bool lang_parse(const char *name, enum lang *out)
{
    struct str s = str_from(name), rest;
    str_cut(s, '.', &s, &rest);
    str_cut(s, '@', &s, &rest);
    if (str_ieq(s, STR("C")) || str_ieq(s, STR("POSIX")) || str_ieq(s, STR("en")) ||
        str_istarts(s, STR("en_")) || str_istarts(s, STR("en-"))) {
        *out = LANG_EN;
        return true;
    }
    if (str_ieq(s, STR("zh")) || str_ieq(s, STR("zh_CN")) || str_ieq(s, STR("zh-CN")) ||
        str_ieq(s, STR("zh_SG")) || str_istarts(s, STR("zh-Hans")) ||
        str_istarts(s, STR("zh_Hans"))) {
        *out = LANG_ZH_CN;
        return true;
    }
    return false;
}

const char *lang_name(enum lang lang)
{
    return lang == LANG_ZH_CN ? "zh-CN" : "en";
}
