#include "check/look.h"

#define POLICY_PATH "/.well-known/mta-sts.txt"
/* A name that no host can have a certificate for (RFC 6761 6.4). */
#define UNKNOWN_NAME "sealpost-check.invalid"
#define LITTLE       ((size_t)1024)

/* One address of the policy host. */
struct policy_look {
    struct check *check;
    size_t index;
};

/* A handshake for a name that the host cannot serve (RFC 8461 7.1), once. */
struct unknown_look {
    struct check *check;
    struct fact_web web;
};

static void on_unknown(void *user)
{
    struct unknown_look *u = user;
    struct fact_handshake *fact = &u->check->facts.unknown_sni;
    const struct http_fetched *f = &u->web.fetched;
    /* It had what was left of the host's time; too little says nothing of the host. */
    fact->tried = u->web.tried && (f->tls.version || f->failure != NET_TIMEOUT);
    fact->failure = f->tls.version ? NET_OK : f->failure;
    fact->detail = f->tls.version ? STR("") : f->detail;
    fact->tls = f->tls;
    fact->verified = u->web.verified;
}

static void try_unknown_name(struct check *check, size_t index)
{
    const struct fact_address *at = &check->facts.policy_host.at[index];
    struct unknown_look *u = arena_alloc(&check->arena, sizeof *u);
    if (!u)
        return;
    u->check = check;
    struct look_web_request request = {.host = check->facts.policy_host.name,
                                       .server_name = STR(UNKNOWN_NAME),
                                       .url_port = HTTPS_PORT,
                                       .path = STR("/"),
                                       .body_max = LITTLE,
                                       .used_ms = check->facts.web[index].used_ms};
    check->facts.unknown_sni.tried = true;
    look_web(check, &request, at, &u->web, on_unknown, u);
}

static void on_policy(void *user)
{
    struct policy_look *p = user;
    struct check *check = p->check;
    const struct fact_web *web = &check->facts.web[p->index];
    if (check->port_25_wanted)
        look_port_25(check);
    if (check->checker->settings.thorough && !check->closing && !check->facts.unknown_sni.tried &&
        web->fetched.tls.version)
        try_unknown_name(check, p->index);
}

static void on_addresses(void *user)
{
    struct check *check = user;
    const struct fact_host *host = &check->facts.policy_host;
    const struct look_web_request request = {.host = host->name,
                                             .url_port = HTTPS_PORT,
                                             .path = STR(POLICY_PATH),
                                             .body_max = STS_POLICY_TEXT_MAX,
                                             .as_browser_too = true};
    struct policy_look *looks = arena_array(&check->arena, host->count, sizeof *looks);
    struct fact_web *web = arena_array(&check->arena, host->count, sizeof *web);
    check->facts.web = web;
    for (size_t i = 0; looks && web && i < host->count; i++) {
        looks[i] = (struct policy_look){check, i};
        if (!host->at[i].allowed)
            continue;
        web[i].no_source = !look_has_source(&host->at[i].address);
        if (!web[i].no_source)
            look_web(check, &request, &host->at[i], &web[i], on_policy, &looks[i]);
    }
}

void look_policy_host(struct check *check)
{
    struct str name = look_name(check, STR("mta-sts."), check->facts.domain);
    look_host(check, &check->facts.policy_host, name, HTTPS_PORT, on_addresses, check);
}
