/*
 * policy_json.h - a policy as the JSON that `policy lint`, `policy show` and others print.
 */
#ifndef SEALPOST_CLI_POLICY_JSON_H
#define SEALPOST_CLI_POLICY_JSON_H

#include "base/json_write.h"
#include "mtasts/policy.h"

/* {"version", "mode", "max_age", "mx": [...]}; null for NULL. */
void cli_json_policy(struct json_writer *w, const struct sts_policy *policy);

#endif
