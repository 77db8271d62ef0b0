#include "base/finding.h"

void findings_init(struct findings *f, struct arena *arena)
{
    *f = (struct findings){.arena = arena, .max = FINDINGS_MAX};
}

static struct msg copy_msg(struct arena *arena, struct msg m)
{
    for (unsigned i = 0; m.def && i < m.def->nargs; i++) {
        if (m.args[i].type == MSG_ARG_STR)
            m.args[i].str = arena_str(arena, m.args[i].str);
    }
    return m;
}

struct finding *finding_add(struct findings *f, enum severity severity, struct msg m, uint64_t line,
                            uint64_t column)
{
    f->count++;
    f->errors += severity == SEVERITY_ERROR;
    f->warnings += severity == SEVERITY_WARNING;
    if (f->count > f->max)
        return NULL;
    struct finding *new = arena_alloc(f->arena, sizeof *new);
    if (!new)
        return NULL;
    *new = (struct finding){
        .severity = severity, .msg = copy_msg(f->arena, m), .line = line, .column = column};
    if (f->last)
        f->last->next = new;
    else
        f->first = new;
    f->last = new;
    return new;
}

/* Whether a has to stand before b, though it was added later. */
static bool goes_before(const struct finding *a, const struct finding *b)
{
    /* 0 becomes the largest: the whole text. */
    uint64_t a_line = a->line - 1, b_line = b->line - 1;
    if (a_line != b_line)
        return a_line < b_line;
    if (a->column != b->column)
        return a->column < b->column;
    return a->severity > b->severity;
}

void findings_sort(struct findings *f)
{
    /* Insertion: they are few (FINDINGS_MAX) and mostly in order already. */
    struct finding *rest = f->first, *next;
    f->first = f->last = NULL;
    for (; rest; rest = next) {
        struct finding **at = &f->first;
        next = rest->next;
        if (f->last && !goes_before(rest, f->last))
            at = &f->last->next;
        while (*at && !goes_before(rest, *at))
            at = &(*at)->next;
        rest->next = *at;
        *at = rest;
        if (!rest->next)
            f->last = rest;
    }
}

bool findings_have(const struct findings *f, const struct msg_def *def)
{
    for (const struct finding *at = f->first; at; at = at->next) {
        if (at->msg.def == def)
            return true;
    }
    return false;
}

const char *severity_name(enum severity s)
{
    static const char *const names[] = {"note", "warning", "error"};
    return names[s];
}
