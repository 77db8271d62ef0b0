#include "base/clock.h"
#include "check/look.h"

/* From here on the host's time runs. go may end the life of the line. */
static void let_in(struct look_line *line)
{
    const struct check_settings *s = &line->checker->settings;
    const int64_t now = clock_monotonic_ms();
    int64_t all = (int64_t)s->host_seconds * 1000, left = all - line->used_ms;
    /* Who has stood in the line has its time beyond the check's. */
    if (line->check && !line->queued && look_deadline_ms(line->check) < left)
        left = look_deadline_ms(line->check);
    line->whole = left == all;
    line->ends_ms = now + (left > 1 ? left : 1);
    line->go(line);
}

static void on_turn(struct gate_place *place)
{
    let_in((struct look_line *)((char *)place - offsetof(struct look_line, place)));
}

bool look_line_enter(struct look_line *line, const struct address *address)
{
    if (!gate_enter(&line->checker->gate, address, &line->place, on_turn))
        return false;
    if (line->place.inside)
        let_in(line);
    else
        line->queued = true;
    return true;
}

void look_line_leave(struct look_line *line)
{
    gate_leave(&line->checker->gate, &line->place);
}

unsigned look_line_left_ms(const struct look_line *line)
{
    int64_t left = line->ends_ms - clock_monotonic_ms();
    return left > 1 ? (unsigned)left : 1;
}

unsigned look_line_used_ms(const struct look_line *line)
{
    int64_t all = (int64_t)line->checker->settings.host_seconds * 1000;
    int64_t left = line->ends_ms - clock_monotonic_ms();
    return (unsigned)(left > 0 ? all - left : all);
}

bool look_line_waits(const struct look_line *line)
{
    return line->queued && (!line->ends_ms || clock_monotonic_ms() < line->ends_ms);
}

bool look_line_is_silent(const struct look_line *line)
{
    return gate_is_silent(&line->place, line->port);
}

void look_line_tell_silent(struct look_line *line)
{
    if (line->whole)
        gate_tell_silent(&line->place, line->port);
}
