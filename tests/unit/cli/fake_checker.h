/*
 * fake_checker.h - a checker that looks at nothing: it stands in for that of src/check where the
 * loop and the output of `sealpost check` are tested.
 *
 * The first label of a domain says how its check goes: "good", "bad" (an error is found), "nodns"
 * (no question is answered), "memory" (the check itself fails), "slow" (ends after the others);
 * a domain with a blank is refused at once.
 */
#ifndef SEALPOST_TESTS_CLI_FAKE_CHECKER_H
#define SEALPOST_TESTS_CLI_FAKE_CHECKER_H

#include "sample_report.h"

struct fake_seen {
    struct check_settings settings;  /* of the last checker */
    char described[1000];            /* what they point at */
    unsigned started, running, most; /* checks in all, now, at a time */
    unsigned with_earlier;           /* that knew what was seen earlier */
    char earlier_id[64];             /* of the last one that did */
    bool trust_fails;                /* tls_trust_new */
};

extern struct fake_seen fake;

#endif
