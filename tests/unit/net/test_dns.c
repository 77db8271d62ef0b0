#include "check.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/dns.h"
#include "net/dns_setup.h"

/* So long a resolver may take to find an answer out, while others come from its cache at once. */
#define LATE_MS 2500
/* So many quick answers before it let libunbound expect each at once. */
#define QUICK 20

#define TYPE_DNSKEY 48

/* What libunbound was asked, and how often for the root's keys; and whether it refuses. */
static unsigned handed_over, for_keys;
static char last[80]; /* the name that it was asked for the last */
static bool refusing;

/* In the place of libunbound's, which does the work. */
int ub_resolve_async(struct ub_ctx *ctx, const char *name, int type, int class, void *mydata,
                     ub_callback_type callback, int *id)
{
    int (*real)(struct ub_ctx *, const char *, int, int, void *, ub_callback_type, int *) = NULL;
    if (refusing)
        return UB_NOMEM;
    handed_over++;
    snprintf(last, sizeof last, "%s", name);
    for_keys += type == TYPE_DNSKEY && strcmp(name, ".") == 0;
    memcpy(&real, &(void *){dlsym(RTLD_NEXT, "ub_resolve_async")}, sizeof real);
    return real(ctx, name, type, class, mydata, callback, id);
}

struct heard {
    unsigned calls;
    enum dns_status status;
    bool secure;
    size_t count;
    char first[64];
    char canonical[64];
};

/* A resolver of ours on loopback, in the same loop as what is tested. The first label of a name
 * says how it answers. */
struct world {
    struct event_base *base;
    struct event *readable;
    int fd;
    unsigned asked;  /* questions that arrived */
    int64_t late_ms; /* when the "late" one came first; 0: not yet */
    char forward[32];
    struct str forward_str;
    struct dns_settings settings;
    struct dns *dns;
    struct heard following;
};

static size_t question_end(const unsigned char *m, size_t n)
{
    size_t at = 12;
    while (at < n && m[at])
        at += m[at] + 1U;
    return at + 5;
}

/* The first label: "ok", "two" (answers), "no" (no such name), "empty" (no data), "fail", "mute",
 * "late" (an answer, after LATE_MS), "alias" (of a name that there is not). */
static bool label_is(const unsigned char *m, const char *label)
{
    return m[12] == strlen(label) && strncasecmp((const char *)m + 13, label, m[12]) == 0;
}

static size_t put_mx(unsigned char *m, size_t at, unsigned char preference, char letter)
{
    const unsigned char record[] = {0xc0, 12, 0, 15, 0, 1,          0, 0,
                                    0,    60, 0, 6,  0, preference, 1, (unsigned char)letter,
                                    0xc0, 12};
    memcpy(m + at, record, sizeof record);
    return at + sizeof record;
}

static size_t put_alias(unsigned char *m, size_t at)
{
    const unsigned char record[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 5, 2, 'n', 'o', 0xc0, 12};
    memcpy(m + at, record, sizeof record);
    m[7] = 1;
    return at + sizeof record;
}

static bool is_too_early(struct world *w)
{
    if (!w->late_ms)
        w->late_ms = clock_monotonic_ms();
    return clock_monotonic_ms() - w->late_ms < LATE_MS;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct world *w = context;
    unsigned char m[1024];
    struct sockaddr_storage from;
    socklen_t from_n = sizeof from;
    ssize_t n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &from_n);
    (void)what;
    if (n < 17)
        return;
    w->asked++;
    size_t end = question_end(m, (size_t)n);
    if (label_is(m, "mute") || (label_is(m, "late") && is_too_early(w)))
        return;
    m[2] = 0x81;
    m[3] = label_is(m, "no") ? 0x83 : label_is(m, "fail") ? 0x82 : 0x80;
    memset(m + 6, 0, 6); /* no records yet; the OPT record of the question is dropped */
    if (label_is(m, "ok") || label_is(m, "two") || label_is(m, "late")) {
        m[7] = label_is(m, "two") ? 2 : 1;
        if (m[7] == 2)
            end = put_mx(m, end, 20, 'b');
        end = put_mx(m, end, 10, 'a');
    }
    if (label_is(m, "alias"))
        end = put_alias(m, end);
    sendto(fd, m, end, 0, (struct sockaddr *)&from, from_n);
}

static int make_world(void **state)
{
    static struct world w;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    struct error err;
    handed_over = for_keys = 0;
    refusing = false;
    w.asked = 0;
    w.late_ms = 0;
    w.base = event_base_new();
    w.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(w.fd, (struct sockaddr *)&address, &n), 0);
    w.readable = event_new(w.base, w.fd, EV_READ | EV_PERSIST, on_readable, &w);
    event_add(w.readable, NULL);
    snprintf(w.forward, sizeof w.forward, "127.0.0.1@%u", ntohs(address.sin_port));
    w.forward_str = str_from(w.forward);
    w.settings = (struct dns_settings){.forward = &w.forward_str, .forward_count = 1};
    w.dns = dns_new(w.base, &w.settings, &err);
    assert_non_null(w.dns);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    dns_free(w->dns);
    event_free(w->readable);
    close(w->fd);
    event_base_free(w->base);
    return 0;
}

static void hear(void *user, const struct dns_answer *answer)
{
    struct heard *h = user;
    h->calls++;
    h->status = answer->status;
    h->secure = answer->secure;
    h->count = answer->records.count;
    snprintf(h->canonical, sizeof h->canonical, "%.*s", STR_ARG(answer->records.canonical));
    if (h->count)
        snprintf(h->first, sizeof h->first, "%.*s", STR_ARG(answer->records.at[0].text));
}

/* Runs the loop until the count is reached; a broken one ends by the runner's limit. */
static void run_until(struct world *w, const unsigned *count, unsigned wanted)
{
    while (*count < wanted)
        assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
}

/* RFC 2308: no such name, and no data. */
static void each_question_ends_in_one_callback_with_its_status(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        enum dns_status status;
        size_t count;
    } rows[] = {{"ok.example.org", DNS_FOUND, 1},
                {"two.example.org", DNS_FOUND, 2},
                {"no.example.org", DNS_NO_NAME, 0},
                {"empty.example.org", DNS_NO_DATA, 0},
                {"fail.example.org", DNS_FAILED, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct heard h = {0};
        struct error err;
        CHECK(dns_lookup(w->dns, str_from(rows[i].name), DNS_MX, hear, &h, &err), rows[i].name);
        run_until(w, &h.calls, 1);
        CHECK(h.status == rows[i].status, rows[i].name);
        CHECK(h.count == rows[i].count, rows[i].name);
        CHECK(!h.secure, rows[i].name); /* without a trust anchor nothing is */
        if (h.count == 2)
            CHECK_STR(str_from(h.first), "a.two.example.org", "by preference");
    }
}

/* RFC 2308 2.1: the name that does not exist is the last of the chain. */
static void an_alias_of_nothing_shows_where_it_leads(void **state)
{
    struct world *w = *state;
    struct heard h = {0};
    struct error err;
    assert_non_null(dns_lookup(w->dns, STR("alias.example.org"), DNS_MX, hear, &h, &err));
    run_until(w, &h.calls, 1);
    assert_int_equal(h.status, DNS_NO_NAME);
    assert_string_equal(h.canonical, "no.alias.example.org");
}

static void ask_quick(struct world *w, unsigned number)
{
    struct heard h = {0};
    struct error err;
    char name[40];
    snprintf(name, sizeof name, "ok.n%u.example.org", number);
    assert_non_null(dns_lookup(w->dns, str_from(name), DNS_MX, hear, &h, &err));
    run_until(w, &h.calls, 1);
    CHECK(h.status == DNS_FOUND, name);
}

/* RFC 1035 7.2: how fast a resolver answers from its cache says nothing of what it has to find out
 * first. */
static void a_resolver_that_is_quick_may_take_its_time(void **state)
{
    struct world *w = *state;
    struct heard late = {0};
    struct error err;
    for (unsigned i = 0; i < QUICK; i++)
        ask_quick(w, i);
    assert_non_null(dns_lookup(w->dns, STR("late.example.org"), DNS_MX, hear, &late, &err));
    for (unsigned i = QUICK; late.calls == 0; i++) {
        struct timeval pause = {.tv_usec = 50000};
        ask_quick(w, i);
        event_base_loopexit(w->base, &pause);
        event_base_dispatch(w->base);
    }
    assert_int_equal(late.status, DNS_FOUND);
}

/* Otherwise the caller would be given a query that is gone. */
static void a_cached_answer_comes_after_the_question_too(void **state)
{
    struct world *w = *state;
    struct heard first = {0}, second = {0}, dropped = {0};
    struct error err;
    assert_non_null(dns_lookup(w->dns, STR("ok.example.org"), DNS_MX, hear, &first, &err));
    run_until(w, &first.calls, 1);
    unsigned asked = w->asked;
    struct dns_query *query =
        dns_lookup(w->dns, STR("ok.example.org"), DNS_MX, hear, &second, &err);
    assert_non_null(query);
    assert_int_equal(second.calls, 0);
    struct dns_query *other =
        dns_lookup(w->dns, STR("ok.example.org"), DNS_MX, hear, &dropped, &err);
    dns_cancel(other);
    run_until(w, &second.calls, 1);
    assert_int_equal(w->asked, asked);
    assert_int_equal(second.status, DNS_FOUND);
    CHECK_STR(str_from(second.first), "a.ok.example.org", "from the cache");
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(dropped.calls, 0);
}

static void a_dropped_question_says_nothing(void **state)
{
    struct world *w = *state;
    struct heard dropped = {0}, kept = {0};
    struct error err;
    struct dns_query *query = dns_lookup(w->dns, STR("ok.a.test"), DNS_MX, hear, &dropped, &err);
    dns_cancel(query);
    assert_non_null(dns_lookup(w->dns, STR("ok.b.test"), DNS_MX, hear, &kept, &err));
    run_until(w, &kept.calls, 1);
    query = dns_lookup(w->dns, STR("mute.test"), DNS_MX, hear, &dropped, &err);
    run_until(w, &w->asked, w->asked + 1);
    dns_cancel(query);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(dropped.calls, 0);
}

static void the_end_drops_what_is_open(void **state)
{
    struct world *w = *state;
    struct heard h[3] = {{0}};
    struct error err;
    assert_non_null(dns_lookup(w->dns, STR("ok.example.org"), DNS_MX, hear, &h[0], &err));
    run_until(w, &h[0].calls, 1);
    assert_non_null(dns_lookup(w->dns, STR("mute.example.org"), DNS_MX, hear, &h[2], &err));
    run_until(w, &w->asked, w->asked + 1);
    assert_non_null(dns_lookup(w->dns, STR("ok.example.org"), DNS_MX, hear, &h[1], &err));
    dns_free(w->dns);
    w->dns = NULL;
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(h[1].calls + h[2].calls, 0);
}

/* What every validation begins with is there when the first answer comes (RFC 4035 5). */
static void the_keys_of_the_root_are_asked_for_with_the_first_question(void **state)
{
    struct world *w = *state;
    struct dns_settings settings = w->settings;
    struct heard h = {0};
    struct error err;
    assert_non_null(dns_lookup(w->dns, STR("mute.example.org"), DNS_MX, hear, &h, &err));
    assert_int_equal(for_keys, 0); /* nothing is validated */
    settings.trust_anchor = "/usr/share/dns/root.key";
    struct dns *dns = dns_new(w->base, &settings, &err);
    assert_non_null(dns);
    assert_int_equal(for_keys, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_non_null(dns_lookup(dns, STR("mute.example.org"), DNS_MX, hear, &h, &err));
        assert_int_equal(for_keys, 1);
    }
    dns_free(dns);
    assert_int_equal(h.calls, 0);
}

#define TOO_MANY 20 /* questions beyond what libunbound is given */

static void ask_mute(struct world *w, struct dns_query **queries, size_t count, struct heard *h)
{
    for (size_t i = 0; i < count; i++) {
        char name[40];
        struct error err;
        snprintf(name, sizeof name, "mute.n%zu.example.org", i);
        queries[i] = dns_lookup(w->dns, str_from(name), DNS_MX, hear, h, &err);
        assert_non_null(queries[i]);
    }
}

/* Each question that libunbound has costs 40 KB, also one that waits there. */
static void libunbound_has_so_many_questions_at_a_time(void **state)
{
    static struct dns_query *queries[DNS_AT_ONCE_MAX + TOO_MANY];
    struct world *w = *state;
    struct heard mute = {0}, refused = {0};
    struct error err;
    ask_mute(w, queries, ARRAY_LEN(queries), &mute);
    assert_non_null(dns_lookup(w->dns, STR("ok.a.example.org"), DNS_MX, hear, &refused, &err));
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(handed_over, DNS_AT_ONCE_MAX);
    /* The first of those that wait, one from their middle, one that libunbound has. */
    dns_cancel(queries[DNS_AT_ONCE_MAX]);
    dns_cancel(queries[DNS_AT_ONCE_MAX + TOO_MANY / 2]);
    dns_cancel(queries[0]);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(handed_over, DNS_AT_ONCE_MAX + 1);
    for (size_t i = 1; i < ARRAY_LEN(queries); i++) {
        if (i != DNS_AT_ONCE_MAX && i != DNS_AT_ONCE_MAX + TOO_MANY / 2)
            dns_cancel(queries[i]);
    }
    refusing = true;
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(refused.calls, 1);
    assert_int_equal(refused.status, DNS_FAILED);
    assert_int_equal(mute.calls, 0);
}

static void ask_what_follows(void *user, const struct dns_answer *answer)
{
    struct world *w = user;
    struct error err;
    (void)answer;
    for (unsigned i = 0; i < 2; i++)
        assert_non_null(
            dns_lookup(w->dns, i ? STR("mute.second.example.org") : STR("mute.first.example.org"),
                       DNS_MX, hear, &w->following, &err));
}

/* Who is further on ends sooner: what follows from an answer passes those that begin, in its own
 * order. */
static void what_follows_from_an_answer_is_asked_first(void **state)
{
    static struct dns_query *queries[DNS_AT_ONCE_MAX - 1 + TOO_MANY];
    static const char *const order[] = {"mute.first.example.org", "mute.second.example.org",
                                        "mute.n0.example.net"};
    struct world *w = *state;
    struct heard mute = {0};
    struct error err;
    ask_mute(w, queries, DNS_AT_ONCE_MAX - 1, &mute);
    assert_non_null(dns_lookup(w->dns, STR("ok.example.org"), DNS_MX, ask_what_follows, w, &err));
    assert_non_null(dns_lookup(w->dns, STR("mute.n0.example.net"), DNS_MX, hear, &mute, &err));
    const unsigned before = handed_over;
    for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
        run_until(w, &handed_over, before + i + 1);
        CHECK_STR(str_from(last), order[i], "the next one");
        dns_cancel(queries[i]); /* makes room for one more */
    }
    assert_int_equal(mute.calls + w->following.calls, 0);
}

static void what_is_no_name_is_not_asked(void **state)
{
    struct world *w = *state;
    char longest[400];
    struct heard h = {0};
    struct error err;
    memset(longest, 'a', sizeof longest);
    const struct str bad[] = {STR(""), {longest, 64}, {longest, sizeof longest}, STR("a..b")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_null(dns_lookup(w->dns, bad[i], DNS_MX, hear, &h, &err));
    assert_int_equal(h.calls, 0);
    assert_int_equal(w->asked, 0);
}

static void settings_that_are_unusable_are_named(void **state)
{
    struct world *w = *state;
    const struct str bad[] = {STR("not an address"), STR(""), STR("127.0.0.1@port")};
    struct error err;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct dns_settings settings = {.forward = &bad[i], .forward_count = 1};
        assert_null(dns_new(w->base, &settings, &err));
        CHECK_STR(str_from(err.msg.def->id), "dns-bad-forward", "code");
    }
    const struct dns_settings anchor = {.trust_anchor = "/no/such/anchor"};
    assert_null(dns_new(w->base, &anchor, &err));
    CHECK_STR(str_from(err.msg.def->id), "dns-bad-trust-anchor", "code");
}

static void a_command_waits_no_longer_than_told(void **state)
{
    struct world *w = *state;
    struct arena arena CLEANUP(arena_done);
    struct dns_answer answer;
    struct error err;
    arena_init(&arena, 1 << 20);
    /* Nobody reads our socket while dns_ask runs a loop of its own. */
    assert_int_equal(
        dns_ask(&w->settings, STR("mute.example.org"), DNS_MX, 1, &arena, &answer, &err), 0);
    assert_int_equal(answer.status, DNS_FAILED);
    assert_int_equal(answer.records.count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_question_ends_in_one_callback_with_its_status),
        TEST(an_alias_of_nothing_shows_where_it_leads),
        TEST(a_resolver_that_is_quick_may_take_its_time),
        TEST(a_cached_answer_comes_after_the_question_too),
        TEST(a_dropped_question_says_nothing),
        TEST(the_end_drops_what_is_open),
        TEST(the_keys_of_the_root_are_asked_for_with_the_first_question),
        TEST(libunbound_has_so_many_questions_at_a_time),
        TEST(what_follows_from_an_answer_is_asked_first),
        TEST(what_is_no_name_is_not_asked),
        TEST(settings_that_are_unusable_are_named),
        TEST(a_command_waits_no_longer_than_told),
    };
    return cmocka_run_group_tests_name("net dns", tests, NULL, NULL);
}
