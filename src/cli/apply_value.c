#include "cli/apply_value.h"

#include "base/domain.h"
#include "cli/messages.h"
#include "tlsrpt/txt.h"

#define RUA_MAX APPLY_RECORD_MAX

unsigned apply_column(struct str name)
{
    static const char *const names[APPLY_COLUMNS] = {"domain", "mode", "mx", "max_age", "rua"};
    unsigned i = 0;
    while (i < APPLY_COLUMNS && !str_eq(name, str_from(names[i])))
        i++;
    return i;
}

/* The next word of a list; false: there is none. */
static bool next_word(struct str *list, struct str *word)
{
    size_t n = 0;
    *list = str_trim(*list);
    while (n < list->n &&
           !(list->p[n] == ' ' || list->p[n] == '\t' || list->p[n] == '\r' || list->p[n] == '\n'))
        n++;
    *word = str_head(*list, n);
    *list = str_skip(*list, n);
    return n > 0;
}

static bool fail(struct msg *fault, struct msg m)
{
    *fault = m;
    return false;
}

static bool read_domain(struct str typed, uint64_t line, struct arena *arena, struct str *out,
                        struct msg *fault)
{
    struct buf name CLEANUP(buf_done) = {0};
    buf_init(&name, DOMAIN_NAME_MAX + 1);
    if (!domain_to_ascii(typed, &name) || domain_check(buf_view(&name)) != DOMAIN_OK)
        return fail(fault, msg_apply_domain(line, typed));
    *out = arena_str(arena, buf_view(&name));
    return true;
}

static bool read_mx(struct str list, uint64_t line, struct arena *arena, struct sts_policy *policy,
                    struct msg *fault)
{
    struct str rest = list, word;
    size_t count = 0;
    while (next_word(&rest, &word))
        count++;
    policy->mx = arena_array(arena, count, sizeof *policy->mx);
    while (policy->mx && next_word(&list, &word)) {
        struct buf pattern CLEANUP(buf_done) = {0};
        buf_init(&pattern, DOMAIN_NAME_MAX + 3);
        if (!sts_mx_pattern_from_user(word, &pattern))
            return fail(fault, msg_apply_mx(line, word));
        policy->mx[policy->mx_count++] = arena_str(arena, buf_view(&pattern));
    }
    return true;
}

static bool read_policy(const struct apply_texts *texts, uint64_t line, struct arena *arena,
                        struct sts_policy *policy, struct msg *fault)
{
    struct str mode = texts->at[APPLY_MODE], max_age = texts->at[APPLY_MAX_AGE_S];
    uint64_t seconds = APPLY_MAX_AGE;
    *policy = (struct sts_policy){.mx_count = 0};
    if (!sts_mode_parse(mode, &policy->mode))
        return fail(fault, msg_apply_mode(line, mode));
    if (max_age.n && (!str_to_u64(max_age, &seconds) || seconds > STS_MAX_AGE_MAX))
        return fail(fault, msg_apply_max_age(line, max_age, STS_MAX_AGE_MAX));
    policy->max_age = (uint32_t)seconds;
    if (!read_mx(texts->at[APPLY_MX], line, arena, policy, fault))
        return false;
    return policy->mx_count || fail(fault, msg_apply_no_mx(line, texts->at[APPLY_DOMAIN]));
}

static bool read_rua(struct str list, uint64_t line, struct arena *arena, struct str *out,
                     struct msg *fault)
{
    struct buf joined CLEANUP(buf_done) = {0};
    struct str word;
    buf_init(&joined, RUA_MAX);
    while (next_word(&list, &word)) {
        struct findings findings;
        struct rpt_rua rua;
        findings_init(&findings, arena);
        if (rpt_rua_from_user(&rua, word, &findings) < 0)
            return fail(fault, msg_apply_rua(line, word));
        if (joined.n)
            buf_byte(&joined, ' ');
        buf_str(&joined, rua.uri);
    }
    if (joined.failed)
        return fail(fault, msg_apply_too_long(line, RUA_MAX));
    *out = arena_str(arena, buf_view(&joined));
    return true;
}

bool apply_value_read(const struct apply_texts *texts, uint64_t line, struct arena *arena,
                      struct apply_row *row, struct msg *fault)
{
    *row = (struct apply_row){.has_policy = texts->at[APPLY_MODE].n > 0,
                              .has_rua = texts->given[APPLY_RUA]};
    if (!read_domain(texts->at[APPLY_DOMAIN], line, arena, &row->domain, fault))
        return false;
    if (!row->has_policy && (texts->at[APPLY_MX].n || texts->at[APPLY_MAX_AGE_S].n))
        return fail(fault, msg_apply_no_mode(line, row->domain));
    if (row->has_policy && !read_policy(texts, line, arena, &row->policy, fault))
        return false;
    return !row->has_rua || read_rua(texts->at[APPLY_RUA], line, arena, &row->rua, fault);
}
