/*
 * host_lab - what the tests and the measurement of the host role need beside it.
 *
 *     host_lab serve CONFIGURATION LISTENER...       runs the role: [https://|http://|challenge://]
 *     host_lab certificate STORE CHAIN KEY NAME...   puts a certificate (DER files) into the store
 *     host_lab policy STORE DOMAIN MODE MX...        sets the policy of a domain
 *     host_lab remove STORE DOMAIN                   removes a domain
 *     host_lab challenge STORE CHAIN KEY NAME        shows a CA this certificate for a minute
 *     host_lab answer STORE NAME TOKEN TEXT          answers http-01 for a minute
 *     host_lab applied STORE                         what each node has applied, and what there is
 *     host_lab many STORE CHAIN KEY COUNT            sets d0.test to d(COUNT-1).test, all with one
 *                                                    certificate and key in copies of their own
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "host/host.h"
#include "store/acme.h"
#include "store/store.h"

#define ADDRESSES_MAX 8
#define NAMES_MAX     16

static int fail(const struct error *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 4096);
    msg_render(LANG_EN, MSG_TEXT, &err->msg, &text);
    fprintf(stderr, "host_lab: %.*s\n", STR_ARG(buf_view(&text)));
    return 3;
}

static int serve(char **args, int count)
{
    struct config *config CLEANUP(config_freep) = NULL;
    struct listener listeners[ADDRESSES_MAX * 64];
    struct error err;
    size_t n = 0;
    if (config_load(&config, args[0], NULL, &err) < 0)
        return fail(&err);
    log_set_role("host");
    for (int i = 1; i < count && i <= ADDRESSES_MAX; i++) {
        struct config_listener l;
        struct str at = str_from(args[i]), mark = STR("challenge://");
        bool challenge = str_starts(at, mark);
        if (!config_listener_parse(challenge ? str_skip(at, mark.n) : at, &l))
            return 2;
        for (unsigned w = 0; w < config_workers(config); w++) {
            listeners[n].name = challenge                 ? HOST_SOCKET_CHALLENGE
                                : l.scheme == CONFIG_HTTP ? HOST_SOCKET_HTTP
                                                          : HOST_SOCKET_HTTPS;
            if (listen_open(&l.address, true, &listeners[n].fd, &err) < 0)
                return fail(&err);
            if (!listener_address(listeners[n++].fd, &l.address))
                return 2;
        }
        printf("port %u\n", (unsigned)config_address_port(&l.address));
    }
    fflush(stdout);
    struct counters counters;
    if (counters_begin(&counters, "host", clock_now(), clock_monotonic_ms(), &err) < 0)
        return fail(&err);
    return host_run(config, listeners, n, &counters);
}

static struct store *open_store(const char *path)
{
    const struct store_options options = {
        .access = {[STORE_CONTROL] = STORE_WRITE, [STORE_SECRETS] = STORE_WRITE}};
    struct store *store;
    struct error err;
    if (store_open(&store, path, &options, &err) == 0)
        return store;
    exit(fail(&err));
}

static int put_certificate(struct store *s, struct str chain, struct str key,
                           const struct str *names, size_t count)
{
    struct error err;
    const struct store_certificate row = {
        .names = names,
        .name_count = count,
        .chain = chain,
        .key = key,
        .not_before = clock_now(),
        .not_after = clock_now() + 86400,
        .source = STR("local"),
        .created = clock_now(),
    };
    return store_certificate_put(s, &row, NULL, &err) < 0 ? fail(&err) : 0;
}

static int put_policy(struct store *s, struct str domain, const char *mode, char **mx, int count)
{
    struct str patterns[NAMES_MAX];
    struct sts_policy policy = {.max_age = 86400, .mx = patterns};
    struct error err;
    if (count > NAMES_MAX || !sts_mode_parse(str_from(mode), &policy.mode))
        return 2;
    for (int i = 0; i < count; i++)
        patterns[policy.mx_count++] = str_from(mx[i]);
    if (store_domain_add(s, domain, clock_now(), &err) < 0 ||
        store_policy_set(s, domain, &policy, clock_now(), NULL, &err) < 0)
        return fail(&err);
    return 0;
}

static int read_pair(char **args, struct buf *chain, struct buf *key)
{
    struct error err;
    buf_init(chain, STORE_CERTIFICATE_CHAIN_MAX);
    buf_init(key, STORE_CERTIFICATE_KEY_MAX);
    if (file_read(args[0], chain, &err) < 0 || file_read(args[1], key, &err) < 0)
        return fail(&err);
    return 0;
}

static int certificate(char **args, int count)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    struct buf chain CLEANUP(buf_done), key CLEANUP(buf_done);
    struct str names[NAMES_MAX];
    size_t n = 0;
    int result = read_pair(args + 1, &chain, &key);
    for (int i = 3; i < count && n < NAMES_MAX; i++)
        names[n++] = str_from(args[i]);
    return result ? result : put_certificate(store, buf_view(&chain), buf_view(&key), names, n);
}

static int challenge(char **args)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    struct buf chain CLEANUP(buf_done), key CLEANUP(buf_done);
    struct error err;
    int result = read_pair(args + 1, &chain, &key);
    const struct store_challenge row = {.name = str_from(args[3]),
                                        .type = STR("tls-alpn-01"),
                                        .chain = buf_view(&chain),
                                        .key = buf_view(&key),
                                        .expires = clock_now() + 60};
    if (!result && store_challenge_put(store, &row, NULL, &err) < 0)
        result = fail(&err);
    return result;
}

/* An answer to http-01. */
static int put_answer(char **args)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    struct error err;
    const struct store_challenge row = {.name = str_from(args[1]),
                                        .type = STR("http-01"),
                                        .token = str_from(args[2]),
                                        .authorization = str_from(args[3]),
                                        .expires = clock_now() + 60};
    return store_challenge_put(store, &row, NULL, &err) < 0 ? fail(&err) : 0;
}

static int print_node(void *context, const struct store_node *row)
{
    (void)context;
    printf("%llu %llu\n", (unsigned long long)row->applied,
           (unsigned long long)row->applied_secrets);
    return 0;
}

/* "there CONTROL SECRETS", then a line for each node. */
static int applied(char **args)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    struct error err;
    uint64_t control, secrets;
    if (store_changes_last(store, STORE_CONTROL, &control, &err) < 0 ||
        store_changes_last(store, STORE_SECRETS, &secrets, &err) < 0)
        return fail(&err);
    printf("%llu %llu\n", (unsigned long long)control, (unsigned long long)secrets);
    return store_node_list(store, print_node, NULL, &err) < 0 ? fail(&err) : 0;
}

static int many(char **args)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    struct buf chain CLEANUP(buf_done), key CLEANUP(buf_done);
    uint64_t count = 0;
    char mx[] = "mx.example.org", *list[] = {mx};
    int result = read_pair(args + 1, &chain, &key);
    if (!str_to_u64(str_from(args[3]), &count))
        return 2;
    for (uint64_t i = 0; i < count && !result; i++) {
        char domain[64], host[80];
        snprintf(domain, sizeof domain, "d%llu.test", (unsigned long long)i);
        snprintf(host, sizeof host, "mta-sts.%s", domain);
        struct str name = str_from(host);
        result = put_policy(store, str_from(domain), "enforce", list, 1);
        if (!result)
            result = put_certificate(store, buf_view(&chain), buf_view(&key), &name, 1);
    }
    return result;
}

static int set_policy(char **args, int count)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    return put_policy(store, str_from(args[1]), args[2], args + 3, count - 3);
}

static int remove_domain(char **args)
{
    struct store *store CLEANUP(store_closep) = open_store(args[0]);
    struct error err;
    return store_domain_remove(store, str_from(args[1]), clock_now(), &err) < 0 ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (argc > 3 && strcmp(verb, "serve") == 0)
        return serve(argv + 2, argc - 2);
    if (argc > 5 && strcmp(verb, "certificate") == 0)
        return certificate(argv + 2, argc - 2);
    if (argc > 5 && strcmp(verb, "policy") == 0)
        return set_policy(argv + 2, argc - 2);
    if (argc > 5 && strcmp(verb, "challenge") == 0)
        return challenge(argv + 2);
    if (argc > 5 && strcmp(verb, "answer") == 0)
        return put_answer(argv + 2);
    if (argc > 2 && strcmp(verb, "applied") == 0)
        return applied(argv + 2);
    if (argc > 5 && strcmp(verb, "many") == 0)
        return many(argv + 2);
    if (argc > 3 && strcmp(verb, "remove") == 0)
        return remove_domain(argv + 2);
    return 2;
}
