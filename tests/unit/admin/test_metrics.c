#include "check.h"

#include "admin/metrics.h"
#include "world.h"

static struct buf text;

static struct str write(const struct admin_view *view)
{
    buf_reset(&text);
    metrics_write(view, true, &text);
    return buf_view(&text);
}

/* Whether the line stands in the text. */
static bool has(struct str all, const char *line)
{
    struct str head;
    while (all.n) {
        str_cut(all, '\n', &head, &all);
        if (str_eq(head, str_from(line)))
            return true;
    }
    return false;
}

static void a_sample_is_the_sum_of_what_workers_and_processes_have(void **state)
{
    static const char *const lines[] = {
        "sealpost_host_connections_total 7",
        "sealpost_host_connections 6",
        "sealpost_host_handshakes_total{version=\"TLSv1.3\"} 5",
        "sealpost_host_handshake_failures_total{cause=\"unknown_name\"} 2",
        "sealpost_host_responses_total{status=\"200\"} 9",
        "sealpost_host_state_timestamp_seconds 1699999999",
        "sealpost_certificates{left=\"expired\"} 1",
        "sealpost_certificates{left=\"more\"} 4",
        "sealpost_acme_orders_total{result=\"failed\"} 3",
        "sealpost_role_up{role=\"host\"} 1",
        "sealpost_role_starts_total{role=\"host\"} 1",
        "sealpost_store_failing{role=\"host\",op=\"read\"} 0",
        "sealpost_store_failing{role=\"host\",op=\"write\"} 1",
        "sealpost_store_disk_free_bytes 5000000000",
        ("sealpost_build_info{version=\"" SEALPOST_VERSION "\"} 1"),
        "sealpost_healthy 1",
        "# TYPE sealpost_host_connections_total counter",
        "# TYPE sealpost_host_response_duration_seconds histogram",
    };
    struct admin_view *view = world_new();
    struct counters_page *host = &view->roles[HOST].page, *keeper = &view->roles[KEEPER].page;
    (void)state;
    host->blocks[0].values[COUNTER_ACCEPTED] = 3;
    host->blocks[7].values[COUNTER_ACCEPTED] = 4;
    host->blocks[1].values[COUNTER_TLS_1_3] = 5;
    host->blocks[1].values[COUNTER_FAILED_UNKNOWN_NAME] = 2;
    host->blocks[2].values[COUNTER_STATUS_200] = 9;
    host->runs[1] = host->runs[0];
    host->runs[1].started++;
    host->runs[0].gauges[GAUGE_CONNECTIONS] = 2;
    host->runs[1].gauges[GAUGE_CONNECTIONS] = 4;
    host->runs[2].gauges[GAUGE_CONNECTIONS] = 99; /* of one that ended */
    host->runs[1].gauges[GAUGE_STORE_READ_AT] = NOW - 1;
    host->runs[1].gauges[GAUGE_WRITE_FAILING_SINCE] = NOW - 1;
    keeper->runs[0].gauges[GAUGE_CERTIFICATES] = 1;
    keeper->runs[0].gauges[GAUGE_CERTIFICATES_END] = 4;
    keeper->blocks[0].values[COUNTER_ACME_FAILED] = 3;
    struct str all = write(view);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        CHECK(has(all, lines[i]), lines[i]);
    free(view);
}

static void a_histogram_counts_each_bucket_with_those_below(void **state)
{
    static const char *const lines[] = {
        "sealpost_host_response_duration_seconds_bucket{le=\"0.001\"} 1",
        "sealpost_host_response_duration_seconds_bucket{le=\"0.002\"} 1",
        "sealpost_host_response_duration_seconds_bucket{le=\"0.005\"} 2",
        "sealpost_host_response_duration_seconds_bucket{le=\"10.000\"} 2",
        "sealpost_host_response_duration_seconds_bucket{le=\"+Inf\"} 3",
        "sealpost_host_response_duration_seconds_sum 20.004",
        "sealpost_host_response_duration_seconds_count 3",
    };
    struct admin_view *view = world_new();
    struct counters_block *block = &view->roles[HOST].page.blocks[0];
    (void)state;
    counters_time(block, COUNTER_RESPONSE_MS, 0);
    counters_time(block, COUNTER_RESPONSE_MS, 4);
    counters_time(block, COUNTER_RESPONSE_MS, 20000);
    struct str all = write(view);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        CHECK(has(all, lines[i]), lines[i]);
    free(view);
}

static void what_a_dead_process_held_is_no_longer_there(void **state)
{
    struct admin_view *view = world_new();
    struct counters_run *run = &view->roles[HOST].page.runs[0];
    (void)state;
    run->gauges[GAUGE_CONNECTIONS] = 5;
    run->beat = NOW_MS - ADMIN_SILENCE_MS - 1;
    struct str all = write(view);
    assert_true(has(all, "sealpost_host_connections 0"));
    assert_true(has(all, "sealpost_role_up{role=\"host\"} 0"));
    free(view);
}

static void a_role_that_is_not_here_has_no_samples_of_its_own(void **state)
{
    struct admin_view *view = world_new();
    (void)state;
    view->roles[KEEPER].counted = false;
    struct str all = write(view);
    assert_true(str_find(all, STR("sealpost_certificates")) < 0);
    assert_true(has(all, "sealpost_role_up{role=\"keeper\"} 0"));
    assert_true(str_find(all, STR("sealpost_host_connections_total")) >= 0);
    free(view);
}

static void the_text_fits_with_every_counter_at_its_most(void **state)
{
    struct admin_view *view = world_new();
    (void)state;
    for (size_t i = 0; i < ROLES; i++) {
        for (size_t j = 0; j < COUNTER_COUNT; j++)
            view->roles[i].page.blocks[0].values[j] = INT64_MAX / 32;
        for (size_t j = 0; j < GAUGE_COUNT; j++)
            view->roles[i].page.runs[0].gauges[j] = INT64_MIN;
    }
    write(view);
    assert_false(text.failed);
    assert_true(text.n < METRICS_TEXT_MAX / 2);
    free(view);
}

static int begin(void **state)
{
    (void)state;
    buf_init(&text, METRICS_TEXT_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_done(&text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_the_sum_of_what_workers_and_processes_have),
        cmocka_unit_test(a_histogram_counts_each_bucket_with_those_below),
        cmocka_unit_test(what_a_dead_process_held_is_no_longer_there),
        cmocka_unit_test(a_role_that_is_not_here_has_no_samples_of_its_own),
        cmocka_unit_test(the_text_fits_with_every_counter_at_its_most),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
