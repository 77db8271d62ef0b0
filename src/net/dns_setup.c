#include "net/dns_setup.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unbound.h>
#include <unistd.h>

#include "base/file.h"
#include "net/address.h"
#include "net/dns_relay.h"
#include "net/messages.h"

#define FORWARD_MAX   127
#define RANGE_MAX     64   /* an address and the length of its prefix */
#define AT_ONCE_USUAL 16   /* questions that libunbound has open, unless told */
#define CACHE_BYTES   "4m" /* as libunbound's options have it; of messages, and of records */

/* After how long a resolver is asked again, at least, and how often. */
#define ASK_AGAIN_MS "400"
#define ASK_AGAIN    "30"

/* How long the first answer of a server may take. libunbound's own 376 ms take each server behind a
 * satellite, or behind a busy machine, for dead, and after five of them there is no answer. */
#define FIRST_ANSWER_MS "1128"

#define ANCHOR_BYTES_MAX  ((size_t)64 * 1024)
#define RELAY_CONNECTIONS "16" /* each carries many questions at once */
#define ANCHOR_MODE       0644

static bool is_given(const char *path)
{
    return path && *path;
}

/* libunbound as a library asks 16 questions at a time, and lets the others wait for their turn.
 * Each open one takes a descriptor. */
static int make_room(struct ub_ctx *ctx)
{
    struct rlimit files;
    rlim_t most = DNS_AT_ONCE_MAX;
    char text[16];
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / 4 < most)
        most = files.rlim_cur / 4;
    if (most <= AT_ONCE_USUAL)
        return 0;
    snprintf(text, sizeof text, "%u", (unsigned)most);
    int failed = ub_ctx_set_option(ctx, "outgoing-range:", text);
    if (!failed)
        failed = ub_ctx_set_option(ctx, "msg-cache-size:", CACHE_BYTES);
    return failed ? failed : ub_ctx_set_option(ctx, "rrset-cache-size:", CACHE_BYTES);
}

static int set_forward(struct ub_ctx *ctx, struct str forward, struct error *err)
{
    char address[FORWARD_MAX + 1] = "";
    if (forward.n <= FORWARD_MAX)
        memcpy(address, forward.p, forward.n);
    if (!*address || ub_ctx_set_fwd(ctx, address) != 0)
        return error_set(err, ERROR_PERMANENT, msg_dns_bad_forward(forward));
    return 0;
}

/* libunbound asks our relay, over TCP. */
static int set_relay(struct ub_ctx *ctx, struct event_base *base,
                     const struct dns_settings *settings, struct dns_relay **relay,
                     struct error *err)
{
    struct dns_relay_target targets[DNS_RELAY_TARGETS_MAX];
    size_t count = 0;
    for (; count < settings->forward_count && count < DNS_RELAY_TARGETS_MAX; count++) {
        struct str text = settings->forward[count];
        if (str_chr(text, '#') < 0)
            return error_set(err, ERROR_PERMANENT, msg_dns_mixed_forward());
        if (!dns_relay_target_parse(text, &targets[count]))
            return error_set(err, ERROR_PERMANENT, msg_dns_bad_forward(text));
    }
    *relay = dns_relay_new(base, targets, count, settings->ca_file, err);
    if (!*relay)
        return -ERROR_PERMANENT;
    char address[FORWARD_MAX + 1];
    snprintf(address, sizeof address, "127.0.0.1@%u", dns_relay_port(*relay));
    int failed = ub_ctx_set_option(ctx, "tcp-upstream:", "yes");
    if (!failed)
        failed = ub_ctx_set_option(ctx, "outgoing-num-tcp:", RELAY_CONNECTIONS);
    if (failed)
        return error_set(err, ERROR_BUG, msg_dns_set_up(str_from(ub_strerror(failed))));
    return set_forward(ctx, str_from(address), err);
}

/* libunbound expects every answer within what the last ones took, 50 ms from a resolver that has
 * them in its cache, and gives one up after five questions. With these it waits for 12 s at least.
 */
static int be_patient(struct ub_ctx *ctx)
{
    int failed = ub_ctx_set_option(ctx, "infra-cache-min-rtt:", ASK_AGAIN_MS);
    return failed ? failed : ub_ctx_set_option(ctx, "outbound-msg-retry:", ASK_AGAIN);
}

static int set_forwards(struct ub_ctx *ctx, struct event_base *base,
                        const struct dns_settings *settings, struct dns_relay **relay,
                        struct error *err)
{
    int result = 0;
    size_t over_tls = 0;
    for (size_t i = 0; i < settings->forward_count; i++)
        over_tls += str_chr(settings->forward[i], '#') >= 0;
    if (over_tls)
        return set_relay(ctx, base, settings, relay, err);
    for (size_t i = 0; i < settings->forward_count && result == 0; i++)
        result = set_forward(ctx, settings->forward[i], err);
    return result;
}

/* Whether the anchor has come after what is kept, with a package that was brought up to date. */
static bool is_newer(const char *anchor, const char *state)
{
    struct stat a, s;
    return stat(anchor, &a) == 0 && stat(state, &s) == 0 && a.st_mtime > s.st_mtime;
}

/* Makes the state from the anchor where it is missing or older; libunbound writes it from then on.
 */
static int begin_state(const char *anchor, const char *state, struct error *err)
{
    struct buf keys CLEANUP(buf_done);
    buf_init(&keys, ANCHOR_BYTES_MAX);
    if (access(state, F_OK) == 0 && !is_newer(anchor, state))
        return 0;
    if (file_read(anchor, &keys, NULL) < 0)
        return error_set(err, ERROR_PERMANENT, msg_dns_bad_trust_anchor(str_from(anchor)));
    return file_write(state, buf_view(&keys), ANCHOR_MODE, err);
}

static int set_anchor(struct ub_ctx *ctx, const struct dns_settings *settings, struct error *err)
{
    const char *anchor = settings->trust_anchor, *state = settings->trust_anchor_state;
    if (!is_given(anchor))
        return 0;
    /* libunbound would not look at the file before the first question. */
    if (access(anchor, R_OK) != 0)
        return error_set(err, ERROR_PERMANENT, msg_dns_bad_trust_anchor(str_from(anchor)));
    if (is_given(state)) {
        int result = begin_state(anchor, state, err);
        if (result < 0)
            return result;
        if (access(state, R_OK) != 0 || ub_ctx_add_ta_autr(ctx, state) != 0)
            return error_set(err, ERROR_PERMANENT, msg_dns_bad_anchor_state(str_from(state)));
    } else if (ub_ctx_add_ta_file(ctx, anchor) != 0) {
        return error_set(err, ERROR_PERMANENT, msg_dns_bad_trust_anchor(str_from(anchor)));
    }
    return 0;
}

static int refuse_private(struct ub_ctx *ctx)
{
    int failed = 0;
    struct buf range CLEANUP(buf_done);
    buf_init(&range, RANGE_MAX);
    for (size_t i = 0; !failed && address_print_refused(i, &range); i++) {
        failed = ub_ctx_set_option(ctx, "do-not-query-address:", range.p);
        buf_reset(&range);
    }
    return failed;
}

int dns_set_up(struct ub_ctx *ctx, struct event_base *base, const struct dns_settings *settings,
               struct dns_relay **relay, struct error *err)
{
    int result = set_forwards(ctx, base, settings, relay, err);
    if (result == 0)
        result = set_anchor(ctx, settings, err);
    if (result < 0)
        return result;
    /* A resolver on loopback is what dns.forward mostly names. */
    int failed = 0;
    if (settings->forward_count)
        failed = be_patient(ctx);
    if (failed)
        return error_set(err, ERROR_BUG, msg_dns_set_up(str_from(ub_strerror(failed))));
    if (settings->forward_count || settings->allow_private)
        failed = ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
    else
        failed = refuse_private(ctx);
    if (!failed)
        failed = ub_ctx_set_option(ctx, "unknown-server-time-limit:", FIRST_ANSWER_MS);
    if (!failed)
        failed = make_room(ctx);
    /* A zone's keys are asked for when its delegation is seen, beside the question itself. */
    if (!failed)
        failed = ub_ctx_set_option(ctx, "prefetch-key:", "yes");
    if (!failed && settings->whole_names)
        failed = ub_ctx_set_option(ctx, "qname-minimisation:", "no");
    /* libunbound would answer by itself that nothing is below test. (RFC 6761 6.2), which is right
     * for the Internet, where the root says the same; a laboratory has names there. */
    if (!failed)
        failed = ub_ctx_zone_remove(ctx, "test.");
    if (failed)
        return error_set(err, ERROR_BUG, msg_dns_set_up(str_from(ub_strerror(failed))));
    return 0;
}
