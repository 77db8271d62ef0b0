#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/access_log.h"

static struct address read_address(const char *text)
{
    struct address a;
    assert_true(address_parse(str_from(text), &a));
    return a;
}

static void an_anonymous_address_is_its_network(void **state)
{
    static const struct {
        const char *address, *anonymous, *full;
    } rows[] = {
        {"192.0.2.77", "192.0.2.0/24", "192.0.2.77"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2:3:4:5:6"},
        {"2001:db8::1", "2001:db8::/48", "2001:db8::1"},
        {"::1", "::/48", "::1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a = read_address(rows[i].address);
        struct buf text CLEANUP(buf_done);
        buf_init(&text, 128);
        access_address(&text, &a, ACCESS_ANONYMOUS);
        CHECK_STR(buf_view(&text), rows[i].anonymous, rows[i].address);
        buf_reset(&text);
        access_address(&text, &a, ACCESS_FULL);
        CHECK_STR(buf_view(&text), rows[i].full, rows[i].address);
    }
}

static void an_unknown_address_is_a_dash(void **state)
{
    const struct address unknown = {.family = 0};
    struct buf text CLEANUP(buf_done);
    (void)state;
    buf_init(&text, 128);
    access_address(&text, &unknown, ACCESS_FULL);
    CHECK_STR(buf_view(&text), "-", "unknown");
}

static struct counters_block block;

static struct access_log *start(int fd)
{
    struct access_log *log;
    memset(&block, 0, sizeof block);
    assert_int_equal(access_log_new(&log, ACCESS_ANONYMOUS, fd, &block, NULL), 0);
    return log;
}

static void add(struct access_log *log, struct str path, unsigned refused)
{
    struct address client = read_address("192.0.2.77");
    const struct http_request request = {
        .method_name = STR("GET"), .path = path, .status = refused};
    const struct access access = {&client, STR("mta-sts.example.org"), &request,
                                  refused ? refused : 200, "TLSv1.3"};
    access_log_add(log, &access);
}

/* All that was written to the reading end, with times cut off. */
static void read_all(int fd, struct buf *out)
{
    char bytes[65536];
    ssize_t n;
    buf_init(out, 16 * ACCESS_LOG_BYTES);
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        buf_str(out, (struct str){bytes, (size_t)n});
}

static uint64_t count_lines(struct str text, struct str with)
{
    uint64_t n = 0;
    struct str line;
    while (text.n) {
        str_cut(text, '\n', &line, &text);
        n += str_find(line, with) >= 0;
    }
    return n;
}

static void a_request_is_one_line_and_foreign_text_is_escaped(void **state)
{
    static const struct {
        struct str path;
        unsigned refused;
        struct str line;
    } rows[] = {
        {STR("/.well-known/mta-sts.txt"), 0,
         STR("level=info event=host.request client=192.0.2.0/24 host=mta-sts.example.org "
             "method=GET path=/.well-known/mta-sts.txt status=200 tls=TLSv1.3")},
        {STR("/a b\"\x1b[31m"), 0, STR("path=\"/a b\\\"\\x1b[31m\" status=200")},
        {STR("/garbled"), 400, STR("method=- path=- status=400")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int ends[2];
        struct buf text CLEANUP(buf_done);
        assert_int_equal(pipe(ends), 0);
        struct access_log *log = start(ends[1]);
        add(log, rows[i].path, rows[i].refused);
        access_log_end(log, 60000);
        close(ends[1]);
        read_all(ends[0], &text);
        close(ends[0]);
        CHECK(count_lines(buf_view(&text), rows[i].line) == 1, text.p);
        CHECK(count_lines(buf_view(&text), STR("")) == 1, text.p);
    }
}

/* How many lines are said to be missing, in all places where some are. */
static uint64_t sum_dropped(struct str text)
{
    const struct str before = STR("event=host.access_dropped lines=");
    uint64_t sum = 0, n = 0;
    struct str line;
    while (text.n) {
        str_cut(text, '\n', &line, &text);
        ssize_t at = str_find(line, before);
        if (at >= 0 && str_to_u64(str_skip(line, (size_t)at + before.n), &n))
            sum += n;
    }
    return sum;
}

struct reading {
    int fd;
    struct buf text;
};

static void *read_end(void *context)
{
    struct reading *reading = context;
    read_all(reading->fd, &reading->text);
    return NULL;
}

/* Nobody reads the pipe while requests come: were one to wait for that, this test would not end. */
static void a_reader_that_is_stuck_costs_lines_and_no_time(void **state)
{
    enum { REQUESTS = 5000 };
    static char path[ACCESS_PATH_MAX * 2];
    int ends[2];
    pthread_t reader;
    (void)state;
    memset(path, 'x', sizeof path);
    assert_int_equal(pipe(ends), 0);
    struct reading reading = {.fd = ends[0]};
    struct access_log *log = start(ends[1]);
    for (int i = 0; i < REQUESTS; i++)
        add(log, (struct str){path, sizeof path}, 0);
    uint64_t dropped = block.values[COUNTER_ACCESS_DROPPED];
    assert_true(dropped > 0);
    assert_int_equal(pthread_create(&reader, NULL, read_end, &reading), 0);
    access_log_end(log, 60000);
    close(ends[1]);
    assert_int_equal(pthread_join(reader, NULL), 0);
    close(ends[0]);
    struct str all = buf_view(&reading.text);
    assert_int_equal(count_lines(all, STR("event=host.request")) + dropped, REQUESTS);
    assert_int_equal(sum_dropped(all), dropped);
    buf_done(&reading.text);
}

static void the_end_does_not_wait_for_a_reader_that_is_stuck(void **state)
{
    int ends[2];
    static char path[ACCESS_PATH_MAX];
    (void)state;
    memset(path, 'x', sizeof path);
    assert_int_equal(pipe(ends), 0);
    struct access_log *log = start(ends[1]);
    for (int i = 0; i < 1000; i++)
        add(log, (struct str){path, sizeof path}, 0);
    access_log_end(log, 1); /* returns */
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]); /* and now the thread ends, too */
    access_log_end(log, 60000);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anonymous_address_is_its_network),
        cmocka_unit_test(an_unknown_address_is_a_dash),
        cmocka_unit_test(a_request_is_one_line_and_foreign_text_is_escaped),
        cmocka_unit_test(a_reader_that_is_stuck_costs_lines_and_no_time),
        cmocka_unit_test(the_end_does_not_wait_for_a_reader_that_is_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
