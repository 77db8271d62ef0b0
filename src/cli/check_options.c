/* The options of `sealpost check` as the settings of a checker. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/domain.h"
#include "cli/check_run.h"

/* A number within bounds; *out stays as it is when the option was not given. */
static int read_number(struct check_run *run, const char *name, unsigned high, unsigned *out)
{
    const char *value = cli_value(run->c, name);
    uint64_t number;
    if (!value)
        return CLI_FINE;
    if (!str_to_u64(str_from(value), &number) || number < 1 || number > high)
        return cli_refuse(run->c, msg_check_bad_number(str_from(name), str_from(value), 1, high));
    *out = (unsigned)number;
    return CLI_FINE;
}

static int read_numbers(struct check_run *run)
{
    int status = read_number(run, "jobs", CHECK_JOBS_MAX, &run->jobs);
    if (status == CLI_FINE)
        status = read_number(run, "host-timeout", CHECK_SECONDS_MAX, &run->settings.host_seconds);
    if (status == CLI_FINE)
        status = read_number(run, "timeout", CHECK_SECONDS_MAX, &run->settings.total_seconds);
    if (status == CLI_FINE)
        status = read_number(run, "per-address", CHECK_ADDRESS_MAX, &run->settings.at_one_address);
    return status;
}

/* The lower-case A-labels of a host that a person typed, in the arena; empty when it is none. */
static struct str host_name(struct check_run *run, struct str typed)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, DOMAIN_NAME_MAX + 1);
    if (!domain_to_ascii(typed, &name) || domain_check(buf_view(&name)) != DOMAIN_OK)
        return STR("");
    return arena_str(&run->c->arena, buf_view(&name));
}

static int read_mx(struct check_run *run)
{
    size_t n = cli_value_count(run->c, "mx");
    struct str *hosts = arena_array(&run->c->arena, n, sizeof *hosts);
    if (!hosts)
        return cli_refuse(run->c, msg_cli_no_memory());
    for (size_t i = 0; i < n; i++) {
        struct str typed = str_from(cli_value_at(run->c, "mx", i));
        hosts[i] = host_name(run, typed);
        if (hosts[i].n == 0)
            return cli_refuse(run->c, msg_check_bad_host(STR("mx"), typed));
    }
    run->settings.mx = hosts;
    run->settings.mx_count = n;
    return CLI_FINE;
}

/* What EHLO may carry: a name, or an address in brackets (RFC 5321 4.1.3). */
static int read_ehlo(struct check_run *run)
{
    struct str value = str_from(cli_value(run->c, "ehlo"));
    if (value.n == 0)
        return CLI_FINE;
    bool literal =
        value.n > 2 && value.p[0] == '[' && value.p[value.n - 1] == ']' && domain_is_address(value);
    run->settings.ehlo = literal ? value : host_name(run, value);
    return run->settings.ehlo.n ? CLI_FINE
                                : cli_refuse(run->c, msg_check_bad_host(STR("ehlo"), value));
}

static void take_address(const struct config_address *from, struct check_connect *to)
{
    to->address.family = from->any.sa_family;
    if (from->any.sa_family == AF_INET)
        memcpy(to->address.bytes, &from->v4.sin_addr, sizeof from->v4.sin_addr);
    else
        memcpy(to->address.bytes, &from->v6.sin6_addr, sizeof from->v6.sin6_addr);
    to->to_port = config_address_port(from);
}

/* HOST:PORT=ADDRESS:PORT. */
static bool parse_connect(struct check_run *run, struct str typed, struct check_connect *out)
{
    struct str left, right;
    struct config_address address;
    uint64_t port;
    if (!str_cut(typed, '=', &left, &right) || !config_address_parse(right, 0, &address))
        return false;
    ssize_t colon = str_rchr(left, ':');
    if (colon < 0 || !str_to_u64(str_skip(left, (size_t)colon + 1), &port) || port < 1 ||
        port > UINT16_MAX)
        return false;
    *out = (struct check_connect){.host = host_name(run, str_head(left, (size_t)colon)),
                                  .port = (uint16_t)port};
    take_address(&address, out);
    return out->host.n > 0;
}

static int read_connect(struct check_run *run)
{
    size_t n = cli_value_count(run->c, "connect");
    struct check_connect *connect = arena_array(&run->c->arena, n, sizeof *connect);
    if (!connect)
        return cli_refuse(run->c, msg_cli_no_memory());
    for (size_t i = 0; i < n; i++) {
        struct str typed = str_from(cli_value_at(run->c, "connect", i));
        if (!parse_connect(run, typed, &connect[i]))
            return cli_refuse(run->c, msg_check_bad_connect(typed));
    }
    run->settings.connect = connect;
    run->settings.connect_count = n;
    return CLI_FINE;
}

static int read_dns(struct check_run *run)
{
    struct dns_settings *dns = &run->settings.dns;
    size_t n = cli_value_count(run->c, "resolver");
    const char *anchor = cli_value(run->c, "trust-anchor");
    *dns = run->node.dns;
    dns->ca_file = cli_value(run->c, "ca-file");
    dns->whole_names = true;
    dns->allow_private = run->settings.allow_private;
    if (anchor) {
        dns->trust_anchor = anchor;
        dns->trust_anchor_state = NULL; /* that of another */
    }
    if (!dns->trust_anchor)
        cli_say(run->c, msg_setup_not_validated());
    if (n == 0)
        return CLI_FINE;
    struct str *resolvers = arena_array(&run->c->arena, n, sizeof *resolvers);
    if (!resolvers)
        return cli_refuse(run->c, msg_cli_no_memory());
    for (size_t i = 0; i < n; i++)
        resolvers[i] = str_from(cli_value_at(run->c, "resolver", i));
    dns->forward = resolvers;
    dns->forward_count = n;
    return CLI_FINE;
}

unsigned check_jobs_for_files(unsigned wanted, uint64_t files)
{
    uint64_t jobs =
        files > CHECK_FILES_BESIDE ? (files - CHECK_FILES_BESIDE) / CHECK_FILES_EACH : 0;
    if (jobs < 1)
        jobs = 1;
    return jobs < wanted ? (unsigned)jobs : wanted;
}

unsigned check_jobs_within_limit(unsigned wanted, uint64_t *limit)
{
    struct rlimit files;
    *limit = 0;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return wanted;
    if (files.rlim_cur < files.rlim_max) {
        struct rlimit raised = {files.rlim_max, files.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            files = raised;
    }
    *limit = files.rlim_cur;
    return files.rlim_cur == RLIM_INFINITY ? wanted : check_jobs_for_files(wanted, *limit);
}

/* No more slots than there are domains. */
static void fit_jobs(struct check_run *run)
{
    uint64_t limit;
    if (!cli_value(run->c, "from") && run->c->arg_count < run->jobs)
        run->jobs = run->c->arg_count ? (unsigned)run->c->arg_count : 1;
    unsigned jobs = check_jobs_within_limit(run->jobs, &limit);
    if (jobs < run->jobs)
        cli_say(run->c, msg_check_fewer_jobs(jobs, limit));
    run->jobs = jobs;
}

int check_read_options(struct check_run *run)
{
    struct error err;
    run->settings = (struct check_settings){
        .allow_private = cli_flag(run->c, "allow-private"),
        .probe_rua = cli_flag(run->c, "probe-rua"),
        .thorough = !cli_value(run->c, "from") || cli_flag(run->c, "thorough"),
        .clock = clock_now,
    };
    int status = read_numbers(run);
    if (status == CLI_FINE)
        status = read_mx(run);
    if (status == CLI_FINE)
        status = read_ehlo(run);
    if (status == CLI_FINE)
        status = read_connect(run);
    if (status == CLI_FINE)
        status = read_dns(run);
    if (status != CLI_FINE)
        return status;
    if (tls_trust_new(&run->trust, cli_value(run->c, "ca-file"), &err) < 0)
        return cli_fail(run->c, &err);
    run->settings.trust = run->trust;
    fit_jobs(run);
    return CLI_FINE;
}
