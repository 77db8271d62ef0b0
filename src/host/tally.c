#include "host/tally.h"

#include "base/log.h"
#include "host/response.h"

void tally_begin(struct worker *w)
{
    counters_add(w->counts, COUNTER_ACCEPTED, 1);
    counters_shift(w->counters, GAUGE_CONNECTIONS, 1);
}

void tally_end(const struct connection *c)
{
    counters_add(c->worker->counts, c->ended ? c->ended : COUNTER_ENDED_CLIENT, 1);
    counters_shift(c->worker->counters, GAUGE_CONNECTIONS, -1);
}

void tally_handshake(const struct connection *c)
{
    struct counters_block *counts = c->worker->counts;
    counters_add(
        counts, SSL_version(c->transport.ssl) == TLS1_3_VERSION ? COUNTER_TLS_1_3 : COUNTER_TLS_1_2,
        1);
    if (!c->guest.validates)
        counters_time(counts, COUNTER_HANDSHAKE_MS, c->since - c->accepted);
}

void tally_refusal(struct connection *c)
{
    if (!c->failed && c->guest.greeted &&
        !SSL_get_servername(c->transport.ssl, TLSEXT_NAMETYPE_host_name))
        c->failed = COUNTER_FAILED_NO_NAME;
    counters_add(c->worker->counts, c->failed ? c->failed : COUNTER_FAILED_OTHER, 1);
    c->ended = COUNTER_ENDED_REFUSED;
}

static unsigned status_counter(unsigned status)
{
    static const struct {
        unsigned status, counter;
    } rows[] = {
        {200, COUNTER_STATUS_200}, {400, COUNTER_STATUS_400}, {403, COUNTER_STATUS_403},
        {405, COUNTER_STATUS_405}, {408, COUNTER_STATUS_408}, {413, COUNTER_STATUS_413},
        {414, COUNTER_STATUS_414}, {421, COUNTER_STATUS_421}, {431, COUNTER_STATUS_431},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status)
            return rows[i].counter;
    }
    return COUNTER_STATUS_OTHER;
}

void tally_response(const struct connection *c, unsigned status)
{
    counters_add(c->worker->counts, status_counter(status), 1);
    if (status == 200 && !str_eq(c->request.path, POLICY_PATH))
        counters_add(c->worker->counts, COUNTER_CHALLENGES_HTTP, 1);
}

void tally_first_response(const struct connection *c)
{
    if (c->requests == 1)
        counters_time(c->worker->counts, COUNTER_RESPONSE_MS, c->since - c->accepted);
}

void tally_time_out(struct connection *c)
{
    if (c->phase == PHASE_LINGER)
        return;
    if (c->phase == PHASE_HANDSHAKE)
        counters_add(c->worker->counts, COUNTER_FAILED_TIMEOUT, 1);
    c->ended = c->worker->stopping      ? COUNTER_ENDED_STOPPING
               : c->phase == PHASE_IDLE ? COUNTER_ENDED_IDLE
                                        : COUNTER_ENDED_TIMEOUT;
}

void tally_take(struct tally *t, const struct counters *counters)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        t->values[i] = counters_sum(counters->page, i);
}

/* The sum of what has come to counters first to last. */
static uint64_t gained(const struct tally *since, const struct counters *counters, unsigned first,
                       unsigned last)
{
    uint64_t sum = 0;
    for (unsigned i = first; i <= last; i++)
        sum += counters_sum(counters->page, i) - since->values[i];
    return sum;
}

#define GAINED(first, last) gained(since, counters, first, last)

void tally_log(const struct tally *since, const struct counters *counters)
{
    uint64_t by_http = GAINED(COUNTER_CHALLENGES_HTTP, COUNTER_CHALLENGES_HTTP);
    LOG(LOG_INFO, "host.stopped",
        LOG_U64("connections", GAINED(COUNTER_ACCEPTED, COUNTER_ACCEPTED)),
        LOG_U64("handshakes", GAINED(COUNTER_TLS_1_2, COUNTER_TLS_1_3)),
        LOG_U64("handshakes_failed", GAINED(COUNTER_FAILED_UNKNOWN_NAME, COUNTER_FAILED_OTHER)),
        LOG_U64("unknown_names", GAINED(COUNTER_FAILED_UNKNOWN_NAME, COUNTER_FAILED_NO_NAME)),
        LOG_U64("no_certificate",
                GAINED(COUNTER_FAILED_NO_CERTIFICATE, COUNTER_FAILED_NO_CERTIFICATE)),
        LOG_U64("challenges", GAINED(COUNTER_CHALLENGES, COUNTER_CHALLENGES) + by_http),
        LOG_U64("no_challenge", GAINED(COUNTER_FAILED_NO_CHALLENGE, COUNTER_FAILED_NO_CHALLENGE)),
        LOG_U64("made_room", GAINED(COUNTER_ENDED_ROOM, COUNTER_ENDED_ROOM)),
        LOG_U64("over_address_limit", GAINED(COUNTER_ENDED_LIMIT, COUNTER_ENDED_LIMIT)),
        LOG_U64("timeouts", GAINED(COUNTER_ENDED_TIMEOUT, COUNTER_ENDED_TIMEOUT)),
        LOG_U64("bad_proxy_headers", GAINED(COUNTER_BAD_PROXY_HEADERS, COUNTER_BAD_PROXY_HEADERS)),
        LOG_U64("policies", GAINED(COUNTER_STATUS_200, COUNTER_STATUS_200) - by_http),
        LOG_U64("other_responses", GAINED(COUNTER_STATUS_400, COUNTER_STATUS_OTHER)));
}
