#include "admin/metrics.h"

#include "admin/messages.h"

enum kind {
    KIND_COUNTER,
    KIND_HISTOGRAM, /* of milliseconds, shown in seconds */
    KIND_GAUGE,     /* of all living processes together */
    KIND_TIME,      /* of the youngest; seconds since 1970, left out while it is 0 */
};

struct row {
    const char *labels; /* NULL: none */
    unsigned place;     /* in enum counter or enum gauge */
};

struct family {
    const char *role;
    enum kind kind;
    const char *name;
    const struct msg_def *help;
    const struct row *rows;
    size_t count;
};

#define ROWS(...) (const struct row[]){__VA_ARGS__}, ARRAY_LEN(((const struct row[]){__VA_ARGS__}))

static const struct family families[] = {
    {"host", KIND_COUNTER, "sealpost_host_connections_total",
     &MSG_ADMIN_METRIC_HOST_CONNECTIONS_TOTAL, ROWS({NULL, COUNTER_ACCEPTED})},
    {"host", KIND_GAUGE, "sealpost_host_connections", &MSG_ADMIN_METRIC_HOST_CONNECTIONS,
     ROWS({NULL, GAUGE_CONNECTIONS})},
    {"host", KIND_COUNTER, "sealpost_host_connections_ended_total",
     &MSG_ADMIN_METRIC_HOST_CONNECTIONS_ENDED_TOTAL,
     ROWS({"cause=\"client\"", COUNTER_ENDED_CLIENT}, {"cause=\"served\"", COUNTER_ENDED_SERVED},
          {"cause=\"refused\"", COUNTER_ENDED_REFUSED},
          {"cause=\"timeout\"", COUNTER_ENDED_TIMEOUT}, {"cause=\"idle\"", COUNTER_ENDED_IDLE},
          {"cause=\"room\"", COUNTER_ENDED_ROOM}, {"cause=\"limit\"", COUNTER_ENDED_LIMIT},
          {"cause=\"stopping\"", COUNTER_ENDED_STOPPING})},
    {"host", KIND_COUNTER, "sealpost_host_accept_pauses_total",
     &MSG_ADMIN_METRIC_HOST_ACCEPT_PAUSES_TOTAL, ROWS({NULL, COUNTER_ACCEPT_PAUSED})},
    {"host", KIND_COUNTER, "sealpost_host_bad_proxy_headers_total",
     &MSG_ADMIN_METRIC_HOST_BAD_PROXY_HEADERS_TOTAL, ROWS({NULL, COUNTER_BAD_PROXY_HEADERS})},
    {"host", KIND_COUNTER, "sealpost_host_handshakes_total",
     &MSG_ADMIN_METRIC_HOST_HANDSHAKES_TOTAL,
     ROWS({"version=\"TLSv1.2\"", COUNTER_TLS_1_2}, {"version=\"TLSv1.3\"", COUNTER_TLS_1_3})},
    {"host", KIND_COUNTER, "sealpost_host_challenges_total",
     &MSG_ADMIN_METRIC_HOST_CHALLENGES_TOTAL,
     ROWS({"type=\"tls-alpn-01\"", COUNTER_CHALLENGES},
          {"type=\"http-01\"", COUNTER_CHALLENGES_HTTP})},
    {"host", KIND_COUNTER, "sealpost_host_handshake_failures_total",
     &MSG_ADMIN_METRIC_HOST_HANDSHAKE_FAILURES_TOTAL,
     ROWS({"cause=\"unknown_name\"", COUNTER_FAILED_UNKNOWN_NAME},
          {"cause=\"no_name\"", COUNTER_FAILED_NO_NAME},
          {"cause=\"no_certificate\"", COUNTER_FAILED_NO_CERTIFICATE},
          {"cause=\"no_challenge\"", COUNTER_FAILED_NO_CHALLENGE},
          {"cause=\"timeout\"", COUNTER_FAILED_TIMEOUT},
          {"cause=\"other\"", COUNTER_FAILED_OTHER})},
    {"host", KIND_HISTOGRAM, "sealpost_host_handshake_duration_seconds",
     &MSG_ADMIN_METRIC_HOST_HANDSHAKE_DURATION_SECONDS, ROWS({NULL, COUNTER_HANDSHAKE_MS})},
    {"host", KIND_HISTOGRAM, "sealpost_host_response_duration_seconds",
     &MSG_ADMIN_METRIC_HOST_RESPONSE_DURATION_SECONDS, ROWS({NULL, COUNTER_RESPONSE_MS})},
    {"host", KIND_COUNTER, "sealpost_host_responses_total", &MSG_ADMIN_METRIC_HOST_RESPONSES_TOTAL,
     ROWS({"status=\"200\"", COUNTER_STATUS_200}, {"status=\"400\"", COUNTER_STATUS_400},
          {"status=\"403\"", COUNTER_STATUS_403}, {"status=\"405\"", COUNTER_STATUS_405},
          {"status=\"408\"", COUNTER_STATUS_408}, {"status=\"413\"", COUNTER_STATUS_413},
          {"status=\"414\"", COUNTER_STATUS_414}, {"status=\"421\"", COUNTER_STATUS_421},
          {"status=\"431\"", COUNTER_STATUS_431}, {"status=\"other\"", COUNTER_STATUS_OTHER})},
    {"host", KIND_GAUGE, "sealpost_host_policies", &MSG_ADMIN_METRIC_HOST_POLICIES,
     ROWS({NULL, GAUGE_POLICIES})},
    {"host", KIND_GAUGE, "sealpost_host_challenges", &MSG_ADMIN_METRIC_HOST_CHALLENGES,
     ROWS({NULL, GAUGE_CHALLENGES})},
    {"host", KIND_TIME, "sealpost_host_state_timestamp_seconds",
     &MSG_ADMIN_METRIC_HOST_STATE_TIMESTAMP_SECONDS, ROWS({NULL, GAUGE_STORE_READ_AT})},
    {"host", KIND_COUNTER, "sealpost_host_access_lines_dropped_total",
     &MSG_ADMIN_METRIC_HOST_ACCESS_LINES_DROPPED_TOTAL, ROWS({NULL, COUNTER_ACCESS_DROPPED})},
    {"keeper", KIND_GAUGE, "sealpost_certificates", &MSG_ADMIN_METRIC_CERTIFICATES,
     ROWS({"left=\"expired\"", GAUGE_CERTIFICATES}, {"left=\"1d\"", GAUGE_CERTIFICATES + 1},
          {"left=\"3d\"", GAUGE_CERTIFICATES + 2}, {"left=\"7d\"", GAUGE_CERTIFICATES + 3},
          {"left=\"14d\"", GAUGE_CERTIFICATES + 4}, {"left=\"30d\"", GAUGE_CERTIFICATES + 5},
          {"left=\"60d\"", GAUGE_CERTIFICATES + 6}, {"left=\"90d\"", GAUGE_CERTIFICATES + 7},
          {"left=\"more\"", GAUGE_CERTIFICATES + 8})},
    {"keeper", KIND_TIME, "sealpost_certificates_timestamp_seconds",
     &MSG_ADMIN_METRIC_CERTIFICATES_TIMESTAMP_SECONDS, ROWS({NULL, GAUGE_CERTIFICATES_COUNTED_AT})},
    {"keeper", KIND_GAUGE, "sealpost_acme_names_failing", &MSG_ADMIN_METRIC_ACME_NAMES_FAILING,
     ROWS({NULL, GAUGE_JOBS_FAILING})},
    {"keeper", KIND_GAUGE, "sealpost_acme_certificates_at_risk",
     &MSG_ADMIN_METRIC_ACME_CERTIFICATES_AT_RISK, ROWS({NULL, GAUGE_AT_RISK})},
    {"keeper", KIND_COUNTER, "sealpost_acme_orders_total", &MSG_ADMIN_METRIC_ACME_ORDERS_TOTAL,
     ROWS({"result=\"issued\"", COUNTER_ACME_ISSUED}, {"result=\"failed\"", COUNTER_ACME_FAILED},
          {"result=\"refused\"", COUNTER_ACME_REFUSED})},
};

static void head(struct buf *out, const char *name, const char *type, const struct msg_def *help)
{
    const struct msg text = {.def = help};
    buf_printf(out, "# HELP %s ", name);
    msg_render(LANG_EN, MSG_TEXT, &text, out);
    buf_printf(out, "\n# TYPE %s %s\n", name, type);
}

static void sample(struct buf *out, const char *name, const char *labels, int64_t value)
{
    buf_printf(out, labels ? "%s{%s} %lld\n" : "%s%s %lld\n", name, labels ? labels : "",
               (long long)value);
}

/* ---- of one role ---- */

static void write_histogram(struct buf *out, const struct admin_role *role, const char *name,
                            unsigned first)
{
    static const unsigned bounds[] = COUNTERS_BOUNDS;
    uint64_t count = 0, sum = counters_sum(&role->page, first + COUNTERS_BUCKETS);
    for (unsigned i = 0; i < COUNTERS_BUCKETS; i++) {
        count += counters_sum(&role->page, first + i);
        if (i < ARRAY_LEN(bounds))
            buf_printf(out, "%s_bucket{le=\"%u.%03u\"} ", name, bounds[i] / 1000, bounds[i] % 1000);
        else
            buf_printf(out, "%s_bucket{le=\"+Inf\"} ", name);
        buf_u64(out, count);
        buf_byte(out, '\n');
    }
    buf_printf(out, "%s_sum %llu.%03u\n%s_count %llu\n", name, (unsigned long long)(sum / 1000),
               (unsigned)(sum % 1000), name, (unsigned long long)count);
}

static int64_t gauge(const struct admin_view *view, const struct admin_role *role, unsigned place)
{
    int64_t sum = 0;
    for (size_t i = 0; i < COUNTERS_RUNS; i++) {
        if (admin_run_lives(view, &role->page.runs[i]))
            sum += role->page.runs[i].gauges[place];
    }
    return sum;
}

static void write_family(struct buf *out, const struct admin_view *view,
                         const struct admin_role *role, const struct family *f)
{
    static const char *const types[] = {"counter", "histogram", "gauge", "gauge"};
    const struct counters_run *run = admin_run(role);
    head(out, f->name, types[f->kind], f->help);
    for (size_t i = 0; i < f->count; i++) {
        const struct row *r = &f->rows[i];
        if (f->kind == KIND_HISTOGRAM)
            write_histogram(out, role, f->name, r->place);
        else if (f->kind == KIND_COUNTER)
            sample(out, f->name, r->labels, (int64_t)counters_sum(&role->page, r->place));
        else if (f->kind == KIND_GAUGE)
            sample(out, f->name, r->labels, gauge(view, role, r->place));
        else if (run && run->gauges[r->place])
            sample(out, f->name, r->labels, run->gauges[r->place]);
    }
}

/* ---- of every role ---- */

static int64_t up(const struct admin_view *view, const struct admin_role *role)
{
    return admin_run_lives(view, admin_run(role));
}

static int64_t started(const struct admin_view *view, const struct admin_role *role)
{
    const struct counters_run *run = admin_run(role);
    (void)view;
    return run ? run->started : 0;
}

static int64_t starts(const struct admin_view *view, const struct admin_role *role)
{
    (void)view;
    return role->counted ? (int64_t)role->page.starts : 0;
}

static int64_t falls(const struct admin_view *view, const struct admin_role *role)
{
    (void)view;
    return role->counted ? (int64_t)role->page.falls : 0;
}

static void write_roles(struct buf *out, const struct admin_view *view)
{
    static const struct {
        const char *name, *type;
        const struct msg_def *help;
        int64_t (*value)(const struct admin_view *view, const struct admin_role *role);
    } rows[] = {
        {"sealpost_role_up", "gauge", &MSG_ADMIN_METRIC_ROLE_UP, up},
        {"sealpost_role_start_time_seconds", "gauge", &MSG_ADMIN_METRIC_ROLE_START_TIME_SECONDS,
         started},
        {"sealpost_role_starts_total", "counter", &MSG_ADMIN_METRIC_ROLE_STARTS_TOTAL, starts},
        {"sealpost_role_falls_total", "counter", &MSG_ADMIN_METRIC_ROLE_FALLS_TOTAL, falls},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        head(out, rows[i].name, rows[i].type, rows[i].help);
        for (size_t j = 0; j < view->count; j++)
            buf_printf(out, "%s{role=\"%.*s\"} %lld\n", rows[i].name, STR_ARG(view->roles[j].name),
                       (long long)rows[i].value(view, &view->roles[j]));
    }
}

static void write_store_pair(struct buf *out, const char *name, struct str role, int64_t read,
                             int64_t write)
{
    buf_printf(out, "%s{role=\"%.*s\",op=\"read\"} %lld\n", name, STR_ARG(role), (long long)read);
    buf_printf(out, "%s{role=\"%.*s\",op=\"write\"} %lld\n", name, STR_ARG(role), (long long)write);
}

/* How the roles get on with the store; the admin role opens none. */
static void write_store(struct buf *out, const struct admin_view *view)
{
    const char *errors = "sealpost_store_errors_total", *failing = "sealpost_store_failing";
    head(out, errors, "counter", &MSG_ADMIN_METRIC_STORE_ERRORS_TOTAL);
    for (size_t i = 0; i < view->count; i++) {
        const struct admin_role *role = &view->roles[i];
        if (role->counted && !str_eq(role->name, STR("admin")))
            write_store_pair(out, errors, role->name,
                             (int64_t)counters_sum(&role->page, COUNTER_STORE_READ_ERRORS),
                             (int64_t)counters_sum(&role->page, COUNTER_STORE_WRITE_ERRORS));
    }
    head(out, failing, "gauge", &MSG_ADMIN_METRIC_STORE_FAILING);
    for (size_t i = 0; i < view->count; i++) {
        const struct counters_run *run = admin_run(&view->roles[i]);
        if (run && !str_eq(view->roles[i].name, STR("admin")))
            write_store_pair(out, failing, view->roles[i].name,
                             run->gauges[GAUGE_READ_FAILING_SINCE] != 0,
                             run->gauges[GAUGE_WRITE_FAILING_SINCE] != 0);
    }
}

void metrics_write(const struct admin_view *view, bool healthy, struct buf *out)
{
    head(out, "sealpost_build_info", "gauge", &MSG_ADMIN_METRIC_BUILD_INFO);
    sample(out, "sealpost_build_info", "version=\"" SEALPOST_VERSION "\"", 1);
    head(out, "sealpost_healthy", "gauge", &MSG_ADMIN_METRIC_HEALTHY);
    sample(out, "sealpost_healthy", NULL, healthy);
    if (view->disk_known) {
        head(out, "sealpost_store_disk_free_bytes", "gauge",
             &MSG_ADMIN_METRIC_STORE_DISK_FREE_BYTES);
        sample(out, "sealpost_store_disk_free_bytes", NULL, (int64_t)view->disk_free);
    }
    write_roles(out, view);
    write_store(out, view);
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        for (size_t j = 0; j < view->count; j++) {
            if (view->roles[j].counted && str_eq(view->roles[j].name, str_from(families[i].role)))
                write_family(out, view, &view->roles[j], &families[i]);
        }
    }
}
