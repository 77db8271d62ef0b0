#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/counters.h"

static struct counters_page page;

/* Where the counters are: "host:FD" for one, a folder for the other. */
enum place { HANDED, FILED, PLACES };

static char folder[] = "/tmp/sealpost-counters-XXXXXX";
static int handed = -1;

static void go_to(enum place place)
{
    char text[64];
    unsetenv(COUNTERS_ENVIRONMENT);
    unsetenv("RUNTIME_DIRECTORY");
    if (place == HANDED) {
        if (handed >= 0)
            close(handed);
        assert_int_equal(counters_make(&handed, NULL), 0);
        snprintf(text, sizeof text, "keeper:9999,host:%d", handed);
        setenv(COUNTERS_ENVIRONMENT, text, 1);
        return;
    }
    char path[64];
    snprintf(path, sizeof path, "%s/host", folder);
    mkdir(path, 0700);
    setenv("RUNTIME_DIRECTORY", path, 1);
    snprintf(path, sizeof path, "%s/host/counters", folder);
    unlink(path);
}

static struct counters begin(int64_t now_ms)
{
    struct counters c;
    assert_int_equal(counters_begin(&c, "host", 1700000000, now_ms, NULL), 0);
    return c;
}

/* A process that counts `n`, and ends as it was told or not. */
static void live(uint64_t n, bool as_told)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct counters c = begin(1000);
        counters_add(counters_block(&c, (unsigned)n), COUNTER_ACCEPTED, n);
        if (as_told)
            counters_end(&c);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void what_was_counted_outlives_the_process_however_it_ends(void **state)
{
    (void)state;
    for (int place = 0; place < PLACES; place++) {
        go_to((enum place)place);
        live(3, true);
        live(4, false);
        struct counters c = begin(2000);
        CHECK(counters_read("host", &page), "the page");
        CHECK(counters_sum(&page, COUNTER_ACCEPTED) == 7, "the sum");
        CHECK(page.starts == 3 && page.falls == 1, "starts and falls");
        CHECK(page.fell_at[0] == 2000, "when it fell");
        counters_end(&c);
    }
}

static void processes_of_one_role_count_together_and_each_has_its_gauges(void **state)
{
    (void)state;
    for (int place = 0; place < PLACES; place++) {
        go_to((enum place)place);
        struct counters a = begin(1000), b = begin(1000);
        counters_add(counters_block(&a, 0), COUNTER_ACCEPTED, 1);
        counters_add(counters_block(&b, 0), COUNTER_ACCEPTED, 1);
        counters_shift(&a, GAUGE_CONNECTIONS, 5);
        counters_shift(&b, GAUGE_CONNECTIONS, 2);
        counters_shift(&b, GAUGE_CONNECTIONS, -1);
        CHECK(counters_read("host", &page), "the page");
        CHECK(counters_sum(&page, COUNTER_ACCEPTED) == 2, "the sum");
        CHECK(page.runs[0].gauges[GAUGE_CONNECTIONS] == 5, "the first one's");
        CHECK(page.runs[1].gauges[GAUGE_CONNECTIONS] == 1, "the second one's");
        counters_end(&a);
        counters_end(&b);
        CHECK(counters_read("host", &page), "the page");
        CHECK(page.runs[0].pid == 0 && page.runs[1].pid == 0, "they ended as they were told");
    }
}

static void a_new_process_begins_with_empty_gauges(void **state)
{
    (void)state;
    go_to(HANDED);
    struct counters a = begin(1000);
    counters_set(&a, GAUGE_POLICIES, 9);
    counters_end(&a);
    struct counters b = begin(1000);
    assert_int_equal(counters_get(&b, GAUGE_POLICIES), 0);
    counters_end(&b);
}

static void a_page_of_another_version_is_not_read_and_is_made_anew(void **state)
{
    static const uint64_t other = COUNTERS_LAYOUT + 1;
    char path[64];
    (void)state;
    go_to(FILED);
    live(3, true);
    snprintf(path, sizeof path, "%s/host/counters", folder);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, &other, sizeof other, 0), sizeof other);
    close(fd);
    assert_false(counters_read("host", &page));
    live(2, true);
    assert_true(counters_read("host", &page));
    assert_int_equal(counters_sum(&page, COUNTER_ACCEPTED), 2);
}

static void a_file_that_was_cut_short_is_not_read(void **state)
{
    char path[64];
    (void)state;
    go_to(FILED);
    live(3, true);
    snprintf(path, sizeof path, "%s/host/counters", folder);
    assert_int_equal(truncate(path, 100), 0);
    assert_false(counters_read("host", &page));
}

static void one_role_reads_what_another_counts(void **state)
{
    char path[64];
    (void)state;
    go_to(FILED);
    live(3, true);
    snprintf(path, sizeof path, "%s/admin", folder);
    mkdir(path, 0700);
    setenv("RUNTIME_DIRECTORY", path, 1);
    assert_true(counters_read("host", &page));
    assert_false(counters_read("keeper", &page));
}

static void without_a_place_a_process_counts_for_itself(void **state)
{
    (void)state;
    unsetenv(COUNTERS_ENVIRONMENT);
    unsetenv("RUNTIME_DIRECTORY");
    struct counters c = begin(1000);
    counters_add(counters_block(&c, 0), COUNTER_ACCEPTED, 1);
    assert_int_equal(counters_sum(c.page, COUNTER_ACCEPTED), 1);
    assert_false(counters_read("host", &page));
    counters_end(&c);
}

static void a_length_of_time_is_counted_in_the_first_bucket_that_holds_it(void **state)
{
    static const struct {
        int64_t ms;
        unsigned bucket;
    } rows[] = {{-1, 0}, {0, 0}, {1, 0}, {2, 1}, {3, 2}, {5, 2}, {10000, 12}, {10001, 13}};
    char row[32];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static struct counters_block block;
        memset(&block, 0, sizeof block);
        counters_time(&block, COUNTER_RESPONSE_MS, rows[i].ms);
        uint64_t sum = (uint64_t)(rows[i].ms > 0 ? rows[i].ms : 0);
        snprintf(row, sizeof row, "%lld ms", (long long)rows[i].ms);
        CHECK(block.values[COUNTER_RESPONSE_MS + rows[i].bucket] == 1, row);
        CHECK(block.values[COUNTER_RESPONSE_MS_SUM] == sum, row);
    }
}

static void the_store_fails_since_its_first_failure_until_it_is_good_again(void **state)
{
    (void)state;
    go_to(HANDED);
    struct counters c = begin(1000);
    counters_store(&c, COUNTER_STORE_WRITE_ERRORS, false, 50);
    counters_store(&c, COUNTER_STORE_WRITE_ERRORS, false, 60);
    assert_int_equal(counters_get(&c, GAUGE_WRITE_FAILING_SINCE), 50);
    assert_int_equal(counters_get(&c, GAUGE_READ_FAILING_SINCE), 0);
    assert_int_equal(counters_sum(c.page, COUNTER_STORE_WRITE_ERRORS), 2);
    counters_store(&c, COUNTER_STORE_WRITE_ERRORS, true, 70);
    assert_int_equal(counters_get(&c, GAUGE_WRITE_FAILING_SINCE), 0);
    counters_store(&c, COUNTER_STORE_READ_ERRORS, true, 80);
    counters_store(&c, COUNTER_STORE_READ_ERRORS, false, 90);
    assert_int_equal(counters_get(&c, GAUGE_STORE_READ_AT), 80);
    assert_int_equal(counters_get(&c, GAUGE_READ_FAILING_SINCE), 90);
    counters_end(&c);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"host/counters", "host", "admin", ""};
    char path[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_counted_outlives_the_process_however_it_ends),
        cmocka_unit_test(processes_of_one_role_count_together_and_each_has_its_gauges),
        cmocka_unit_test(a_new_process_begins_with_empty_gauges),
        cmocka_unit_test(a_page_of_another_version_is_not_read_and_is_made_anew),
        cmocka_unit_test(a_file_that_was_cut_short_is_not_read),
        cmocka_unit_test(one_role_reads_what_another_counts),
        cmocka_unit_test(without_a_place_a_process_counts_for_itself),
        cmocka_unit_test(a_length_of_time_is_counted_in_the_first_bucket_that_holds_it),
        cmocka_unit_test(the_store_fails_since_its_first_failure_until_it_is_good_again),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
