/*
 * setup.h - `sealpost setup`: what is found out, and how it is told. For setup*.c only.
 */
#ifndef SEALPOST_CLI_SETUP_H
#define SEALPOST_CLI_SETUP_H

#include "cli/cli.h"
#include "cli/records.h"
#include "mtasts/policy.h"
#include "net/dns.h"
#include "store/store.h"

#define SETUP_WORDS_MAX 64

struct setup_words {
    struct str at[SETUP_WORDS_MAX];
    size_t count;
};

/* Where the policy host's certificate is to come from. */
enum setup_certificate {
    SETUP_CERTIFICATE_UNKNOWN, /* nowhere yet, or who runs the command may not know */
    SETUP_CERTIFICATE_AHEAD,   /* from a certificate authority that is set up */
    SETUP_CERTIFICATE_THERE,   /* the store has one */
};

struct setup {
    struct cli *c;
    struct str domain;            /* A-labels */
    struct setup_words mx;        /* MX hosts, in the order of preference */
    struct setup_words addresses; /* of the policy host */
    struct setup_words rua;       /* URIs */
    bool mx_implicit;             /* there is no MX record: the domain itself receives */
    bool had_policy;              /* there was one before, and it is kept */
    bool changed;                 /* something was written */
    struct sts_policy policy;
    struct str policy_id;
    enum setup_certificate certificate;
};

/* Each finds one thing out: from its option, else from the store, DNS or this machine, else by a
 * question, else an error that names the option. They give an exit status. */
int setup_find_mx(struct setup *s, const struct dns_settings *dns);
int setup_find_addresses(struct setup *s, struct store *store);
int setup_find_rua(struct setup *s, struct store *store);

/* The words separated by single blanks, in the arena. */
struct str setup_join(struct setup *s, const struct setup_words *words);

/* What was done, the DNS records, and what comes next, to c->out. */
int setup_print(struct setup *s);

#endif
