#include "cli/policy_json.h"

void cli_json_policy(struct json_writer *w, const struct sts_policy *policy)
{
    if (!policy) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    json_key(w, "version");
    json_put_str(w, STR("STSv1"));
    json_key(w, "mode");
    json_put_str(w, str_from(sts_mode_name(policy->mode)));
    json_key(w, "max_age");
    json_put_u64(w, policy->max_age);
    json_key(w, "mx");
    json_open(w, '[');
    for (size_t i = 0; i < policy->mx_count; i++)
        json_put_str(w, policy->mx[i]);
    json_close(w);
    json_close(w);
}
