#include "check/judge.h"
#include "check/look.h"

struct checker *checker_new(struct event_base *base, const struct check_settings *settings,
                            struct error *err)
{
    return look_checker_new(base, settings, check_judge, err);
}
