/*
 * counters.h - what the roles of this node count, in memory that outlives their processes.
 *
 * Each role has one page of counters (it never goes back while the node runs, whichever of the
 * role's processes is killed or replaced) and, for each process of it, gauges and signs of life. A
 * role writes its own page; whoever shows them (src/admin) reads copies of all.
 *
 * Where a page is: the supervisor makes one for each role, in memory without a name, and hands them
 * on as descriptors that COUNTERS_ENVIRONMENT names ("host:5,keeper:6"; the others' for reading
 * only). Under a unit of one role it is the file "counters" in RUNTIME_DIRECTORY, and the other
 * roles' are in the folders beside that. Else the process counts for itself, and nobody sees it.
 *
 * Adding costs one instruction on memory that few share: worker threads count in blocks of their
 * own. Two processes of one role may count at the same time, so it is an atomic one.
 */
#ifndef SEALPOST_BASE_COUNTERS_H
#define SEALPOST_BASE_COUNTERS_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/str.h"

#define COUNTERS_ENVIRONMENT "SEALPOST_COUNTERS"
#define COUNTERS_ROLE_MAX    32 /* bytes of a role's name */

/* The upper bounds of a histogram's buckets in milliseconds; one more bucket has no bound. */
#define COUNTERS_BOUNDS                                                                            \
    {                                                                                              \
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000                                \
    }
#define COUNTERS_BUCKETS 14

/* The places of a histogram: its buckets, then the sum in milliseconds. */
#define COUNTER_HISTOGRAM(name) name, name##_SUM = name + COUNTERS_BUCKETS, name##_END = name##_SUM

enum counter {
    /* host: connections, by how they began and how they ended */
    COUNTER_ACCEPTED,
    COUNTER_BAD_PROXY_HEADERS, /* balancers that sent none, or a wrong one */
    COUNTER_ACCEPT_PAUSED,     /* no descriptors or memory for a new one */
    COUNTER_ENDED_CLIENT,      /* the client went away, or broke the rules of TLS */
    COUNTER_ENDED_SERVED,      /* the last response was sent */
    COUNTER_ENDED_REFUSED,     /* the handshake failed */
    COUNTER_ENDED_TIMEOUT,     /* of any phase but idle */
    COUNTER_ENDED_IDLE,        /* no next request in time */
    COUNTER_ENDED_ROOM,        /* the longest idle, closed for a new one */
    COUNTER_ENDED_LIMIT,       /* one client had too many */
    COUNTER_ENDED_STOPPING,    /* the role ended */
    /* host: handshakes that were finished; those that failed */
    COUNTER_TLS_1_2,
    COUNTER_TLS_1_3,
    COUNTER_CHALLENGES, /* among them: shown to a CA (tls-alpn-01) */
    COUNTER_FAILED_UNKNOWN_NAME,
    COUNTER_FAILED_NO_NAME,
    COUNTER_FAILED_NO_CERTIFICATE,
    COUNTER_FAILED_NO_CHALLENGE,
    COUNTER_FAILED_TIMEOUT,
    COUNTER_FAILED_OTHER,
    /* host: responses by status */
    COUNTER_STATUS_200,
    COUNTER_STATUS_400,
    COUNTER_STATUS_403,
    COUNTER_STATUS_405,
    COUNTER_STATUS_408,
    COUNTER_STATUS_413,
    COUNTER_STATUS_414,
    COUNTER_STATUS_421,
    COUNTER_STATUS_431,
    COUNTER_STATUS_OTHER,
    COUNTER_CHALLENGES_HTTP,                 /* among those with 200: shown to a CA (http-01) */
    COUNTER_ACCESS_DROPPED,                  /* lines of the access log that nobody took in time */
    COUNTER_HISTOGRAM(COUNTER_HANDSHAKE_MS), /* from accept to the end of the handshake */
    COUNTER_HISTOGRAM(COUNTER_RESPONSE_MS),  /* from accept to the first response, sent */
    /* host, keeper */
    COUNTER_STORE_READ_ERRORS,
    COUNTER_STORE_WRITE_ERRORS,
    /* keeper: orders, by their end */
    COUNTER_ACME_ISSUED,
    COUNTER_ACME_FAILED,  /* by every CA that was asked */
    COUNTER_ACME_REFUSED, /* by one CA; the next one may be asked */
    COUNTER_COUNT
};

/* Of one process. A time is in seconds since 1970, and 0 for never. */
enum gauge {
    GAUGE_CONNECTIONS,
    GAUGE_POLICIES,
    GAUGE_CHALLENGES,
    GAUGE_STORE_READ_AT,       /* what is served was the store's then */
    GAUGE_READ_FAILING_SINCE,  /* 0: the store can be read */
    GAUGE_WRITE_FAILING_SINCE, /* 0: the store can be written */
    /* keeper: certificates by the days that they are still good for; see store/acme.h */
    GAUGE_CERTIFICATES_COUNTED_AT,
    GAUGE_CERTIFICATES,
    GAUGE_CERTIFICATES_END = GAUGE_CERTIFICATES + 8,
    GAUGE_JOBS_FAILING, /* names whose last order failed */
    GAUGE_AT_RISK,      /* among them: in the last sixth of its certificate's life, or beyond */
    GAUGE_COUNT
};

#define COUNTERS_BLOCKS 8 /* worker number i counts in block i % COUNTERS_BLOCKS */
#define COUNTERS_RUNS   4 /* processes of one role at a time; mostly one */
#define COUNTERS_FALLS  3 /* that are remembered with their time */

struct counters_block {
    _Alignas(64) _Atomic uint64_t values[COUNTER_COUNT];
};

/* One process. */
struct counters_run {
    _Atomic int64_t pid;     /* 0: nobody's, or it ended as it was told */
    _Atomic int64_t started; /* seconds since 1970 */
    _Atomic int64_t beat;    /* its last sign of life; clock_monotonic_ms */
    _Atomic int64_t gauges[GAUGE_COUNT];
};

struct counters_page {
    _Atomic uint64_t layout;                 /* COUNTERS_LAYOUT, when it is ready */
    _Atomic uint64_t starts, falls;          /* of processes; those that ended without being told */
    _Atomic int64_t fell_at[COUNTERS_FALLS]; /* the last ones; clock_monotonic_ms */
    struct counters_run runs[COUNTERS_RUNS];
    struct counters_block blocks[COUNTERS_BLOCKS];
};

/* Changes with every enumerator above: a page of another version is not read. */
#define COUNTERS_LAYOUT (UINT64_C(0x53506e00) << 32 | COUNTER_COUNT << 16 | GAUGE_COUNT)

/* A role's own page, and this process's place in it. */
struct counters {
    struct counters_page *page;
    struct counters_run *run;
};

/* Makes a page in memory without a name; the descriptor is *out. */
int counters_make(int *out, struct error *err) NODISCARD;

/* Takes the role's page, as above. Processes that ended without a word are counted as falls.
 * Fails only without memory. The time comes in: seconds since 1970 and clock_monotonic_ms. */
int counters_begin(struct counters *c, const char *role, int64_t now, int64_t now_ms,
                   struct error *err) NODISCARD;

/* The process ends as it was told to. */
void counters_end(struct counters *c);

/* Adds in the block of a worker. NULL counts nothing. */
static inline void counters_add(struct counters_block *block, unsigned counter, uint64_t n)
{
    if (block)
        atomic_fetch_add_explicit(&block->values[counter], n, memory_order_relaxed);
}

/* Counts a length of time in a histogram, by the name of the latter. */
void counters_time(struct counters_block *block, unsigned histogram, int64_t ms);

/* The block of worker number i. */
struct counters_block *counters_block(struct counters *c, unsigned i);

/* NULL sets nothing. */
static inline void counters_set(struct counters *c, unsigned gauge, int64_t value)
{
    if (c)
        atomic_store_explicit(&c->run->gauges[gauge], value, memory_order_relaxed);
}

static inline void counters_shift(struct counters *c, unsigned gauge, int64_t by)
{
    if (c)
        atomic_fetch_add_explicit(&c->run->gauges[gauge], by, memory_order_relaxed);
}

static inline int64_t counters_get(const struct counters *c, unsigned gauge)
{
    return atomic_load_explicit(&c->run->gauges[gauge], memory_order_relaxed);
}

/* How reading or writing the store went (COUNTER_STORE_READ_ERRORS or ..._WRITE_ERRORS says which):
 * counts a failure, and keeps since when it fails and when it was last read. */
void counters_store(struct counters *c, unsigned counter, bool good, int64_t now);

/* A sign of life: to be given by what would stop if the process hung. */
static inline void counters_beat(struct counters *c, int64_t now_ms)
{
    atomic_store_explicit(&c->run->beat, now_ms, memory_order_relaxed);
}

/* Whether the last sign of life is at most so old. */
static inline bool counters_alive(const struct counters *c, int64_t now_ms, int64_t age_ms)
{
    return now_ms - atomic_load_explicit(&c->run->beat, memory_order_relaxed) <= age_ms;
}

/* ---- reading ---- */

/* A copy of a role's page. False: there is none, or it is of another version. */
bool counters_read(const char *role, struct counters_page *out) NODISCARD;

/* The sum of all blocks. */
uint64_t counters_sum(const struct counters_page *page, unsigned counter);

#endif
