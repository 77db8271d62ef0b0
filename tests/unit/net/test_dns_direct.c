#include "check.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dns_direct.h"

#define DEADLINE 60000 /* ms; of what ends by itself */
#define SOON     300

/* A name server of ours on loopback, UDP and TCP at one port, in the same loop as what is tested.
 * The first label of a name says how it answers. */
struct world {
    struct event_base *base;
    struct event *udp, *tcp;
    struct event *stream; /* of the last TCP connection */
    int udp_fd, tcp_fd, stream_fd;
    unsigned asked, asked_by_stream;
    uint16_t port, last_id, source;
    struct address address;
};

static bool label_is(const unsigned char *m, const char *label)
{
    return m[12] == strlen(label) && memcmp(m + 13, label, m[12]) == 0;
}

/* Makes the question into the answer; gives its length. */
static size_t answer(unsigned char *m, size_t n)
{
    static const unsigned char txt[] = {0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 3, 2, 'o', 'k'};
    m[2] = 0x84;
    m[3] = label_is(m, "no") ? 3 : label_is(m, "refused") ? 5 : 0;
    if (label_is(m, "lame"))
        m[2] = 0x80;
    if (label_is(m, "empty") || m[3])
        return n;
    m[7] = 1;
    memcpy(m + n, txt, sizeof txt);
    n += sizeof txt;
    return label_is(m, "broken") ? n - 1 : n;
}

/* Others who answer first: another id, another name. */
static void send_lies(int fd, const unsigned char *m, size_t n, const struct sockaddr *to,
                      socklen_t to_n)
{
    unsigned char lie[1024];
    memcpy(lie, m, n);
    size_t length = answer(lie, n);
    lie[0] ^= 1;
    sendto(fd, lie, length, 0, to, to_n);
    lie[0] ^= 1;
    lie[13] ^= 1;
    sendto(fd, lie, length, 0, to, to_n);
    sendto(fd, lie, 3, 0, to, to_n);
}

static void on_udp(evutil_socket_t fd, short what, void *context)
{
    struct world *w = context;
    unsigned char m[1024];
    struct sockaddr_in from = {.sin_family = AF_INET};
    socklen_t from_n = sizeof from;
    ssize_t n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &from_n);
    (void)what;
    assert_true(n > 17);
    w->asked++;
    w->last_id = (uint16_t)(m[0] << 8 | m[1]);
    w->source = ntohs(from.sin_port);
    if (label_is(m, "mute") || (label_is(m, "second") && w->asked == 1))
        return;
    if (label_is(m, "lies"))
        send_lies(fd, m, (size_t)n, (struct sockaddr *)&from, from_n);
    size_t length = (size_t)n;
    if (strncmp((const char *)m + 13, "cut", 3) == 0) {
        m[2] = 0x86;
    } else {
        length = answer(m, length);
    }
    sendto(fd, m, length, 0, (struct sockaddr *)&from, from_n);
}

static void on_stream(evutil_socket_t fd, short what, void *context)
{
    struct world *w = context;
    unsigned char m[1024];
    ssize_t n = recv(fd, m, 512, 0);
    (void)what;
    if (n <= 0)
        event_del(w->stream);
    if (n <= 19 || label_is(m + 2, "cutmute"))
        return;
    w->asked_by_stream++;
    size_t length = answer(m + 2, (size_t)n - 2);
    m[0] = (unsigned char)(length >> 8);
    m[1] = (unsigned char)length;
    if (label_is(m + 2, "cutother"))
        m[2] ^= 1;
    if (label_is(m + 2, "cuthalf"))
        length -= 1;
    /* In two pieces. */
    if (!label_is(m + 2, "cutgone")) {
        send(fd, m, 1, MSG_NOSIGNAL);
        send(fd, m + 1, length + 1, MSG_NOSIGNAL);
    }
    shutdown(fd, SHUT_WR);
}

static void on_tcp(evutil_socket_t fd, short what, void *context)
{
    struct world *w = context;
    (void)what;
    w->stream_fd = accept(fd, NULL, NULL);
    w->stream = event_new(w->base, w->stream_fd, EV_READ | EV_PERSIST, on_stream, w);
    event_add(w->stream, NULL);
}

static int make_world(void **state)
{
    static struct world w;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    w = (struct world){.base = event_base_new(), .stream_fd = -1};
    w.tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    w.udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w.tcp_fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(w.tcp_fd, 4), 0);
    assert_int_equal(getsockname(w.tcp_fd, (struct sockaddr *)&in, &n), 0);
    assert_int_equal(bind(w.udp_fd, (struct sockaddr *)&in, n), 0);
    w.port = ntohs(in.sin_port);
    w.udp = event_new(w.base, w.udp_fd, EV_READ | EV_PERSIST, on_udp, &w);
    w.tcp = event_new(w.base, w.tcp_fd, EV_READ | EV_PERSIST, on_tcp, &w);
    event_add(w.udp, NULL);
    event_add(w.tcp, NULL);
    assert_true(address_parse(STR("127.0.0.1"), &w.address));
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    if (w->stream)
        event_free(w->stream);
    if (w->stream_fd >= 0)
        close(w->stream_fd);
    event_free(w->udp);
    event_free(w->tcp);
    close(w->udp_fd);
    close(w->tcp_fd);
    event_base_free(w->base);
    return 0;
}

struct heard {
    unsigned calls;
    struct dns_direct_answer answer;
    char first[64];
};

static void hear(void *user, const struct dns_direct_answer *answer)
{
    struct heard *h = user;
    h->calls++;
    h->answer = *answer;
    if (answer->records.count)
        snprintf(h->first, sizeof h->first, "%.*s", STR_ARG(answer->records.at[0].text));
}

static struct heard ask(struct world *w, const char *name, uint16_t port, unsigned deadline_ms)
{
    struct heard h = {0};
    struct error err;
    assert_non_null(dns_direct_start(w->base, &w->address, port, str_from(name), DNS_TXT,
                                     deadline_ms, hear, &h, &err));
    assert_int_equal(h.calls, 0);
    while (h.calls == 0)
        assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(h.calls, 1);
    return h;
}

static void each_answer_is_told(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        enum net_failure failure;
        enum dns_status status;
        bool authoritative;
        unsigned by_stream;
    } rows[] = {
        {"ok.example.org", NET_OK, DNS_FOUND, true, 0},
        {"empty.example.org", NET_OK, DNS_NO_DATA, true, 0},
        {"no.example.org", NET_OK, DNS_NO_NAME, true, 0},
        {"refused.example.org", NET_OK, DNS_FAILED, true, 0},
        {"lame.example.org", NET_OK, DNS_FOUND, false, 0},
        {"lies.example.org", NET_OK, DNS_FOUND, true, 0},
        {"broken.example.org", NET_PROTOCOL, DNS_FAILED, true, 0},
        /* RFC 7766: too long for a datagram. */
        {"cut.example.org", NET_OK, DNS_FOUND, true, 1},
        {"cutother.example.org", NET_PROTOCOL, DNS_FAILED, false, 1},
        {"cuthalf.example.org", NET_CLOSED, DNS_FAILED, false, 1},
        {"cutgone.example.org", NET_CLOSED, DNS_FAILED, false, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        w->asked = w->asked_by_stream = 0;
        struct heard h = ask(w, rows[i].name, w->port, DEADLINE);
        CHECK(h.answer.failure == rows[i].failure, rows[i].name);
        CHECK(h.answer.status == rows[i].status, rows[i].name);
        CHECK(h.answer.authoritative == rows[i].authoritative, rows[i].name);
        CHECK(w->asked == 1, rows[i].name);
        CHECK(w->asked_by_stream == rows[i].by_stream, rows[i].name);
        CHECK_STR(str_from(h.first), h.answer.status == DNS_FOUND ? "ok" : "", rows[i].name);
        if (w->stream) {
            event_free(w->stream);
            close(w->stream_fd);
            w->stream = NULL;
            w->stream_fd = -1;
        }
    }
}

static void a_question_that_was_lost_is_asked_again(void **state)
{
    struct world *w = *state;
    struct heard h = ask(w, "second.example.org", w->port, DEADLINE);
    assert_int_equal(h.answer.status, DNS_FOUND);
    assert_int_equal(w->asked, 2);
}

static void a_mute_server_ends_by_the_deadline(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"mute.example.org", "cutmute.example.org"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct heard h = ask(w, names[i], w->port, SOON);
        CHECK(h.answer.failure == NET_TIMEOUT, names[i]);
        CHECK(h.answer.status == DNS_FAILED, names[i]);
    }
}

static void a_server_that_is_not_there_is_told_at_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "ok.example.org", 1, DEADLINE).answer.failure, NET_REFUSED);
    assert_true(address_parse(STR("255.255.255.255"), &w->address));
    assert_int_equal(ask(w, "ok.example.org", 53, DEADLINE).answer.failure, NET_UNREACHABLE);
}

/* RFC 5452 9.2 and 4.5. */
static void ids_and_ports_change(void **state)
{
    struct world *w = *state;
    unsigned same_id = 0, same_port = 0;
    ask(w, "ok.example.org", w->port, DEADLINE);
    uint16_t id = w->last_id, source = w->source;
    for (int i = 0; i < 16; i++) {
        ask(w, "ok.example.org", w->port, DEADLINE);
        same_id += w->last_id == id;
        same_port += w->source == source;
        id = w->last_id;
        source = w->source;
    }
    assert_true(same_id < 8 && same_port < 8);
}

static void a_dropped_question_says_nothing(void **state)
{
    struct world *w = *state;
    struct heard dropped = {0};
    struct error err;
    struct dns_direct *query =
        dns_direct_start(w->base, &w->address, w->port, STR("ok.example.org"), DNS_TXT, DEADLINE,
                         hear, &dropped, &err);
    dns_direct_cancel(query);
    query = dns_direct_start(w->base, &w->address, w->port, STR("cutmute.example.org"), DNS_TXT,
                             DEADLINE, hear, &dropped, &err);
    while (!w->stream)
        event_base_loop(w->base, EVLOOP_ONCE);
    dns_direct_cancel(query);
    ask(w, "ok.example.org", w->port, DEADLINE);
    assert_int_equal(dropped.calls, 0);
}

static void what_is_no_name_is_not_asked(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"", "a..b", "a\\999"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct error err;
        assert_null(dns_direct_start(w->base, &w->address, w->port, str_from(names[i]), DNS_TXT,
                                     DEADLINE, hear, NULL, &err));
        CHECK_STR(str_from(err.msg.def->id), "dns-no-name", names[i]);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_answer_is_told),
        TEST(a_question_that_was_lost_is_asked_again),
        TEST(a_mute_server_ends_by_the_deadline),
        TEST(a_server_that_is_not_there_is_told_at_once),
        TEST(ids_and_ports_change),
        TEST(a_dropped_question_says_nothing),
        TEST(what_is_no_name_is_not_asked),
    };
    return cmocka_run_group_tests_name("net dns_direct", tests, NULL, NULL);
}
