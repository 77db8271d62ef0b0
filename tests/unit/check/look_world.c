#include "look_world.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dns_direct.h"

#define MESSAGE_MAX 2048
#define HEADER      12

static bool judge_nothing(const struct check_facts *facts, struct arena *arena,
                          struct check_results *results, struct check_verdict *verdict)
{
    (void)facts;
    (void)arena;
    (void)results;
    (void)verdict;
    return true;
}

static size_t read_question(const unsigned char *m, size_t n, char *name, unsigned *type)
{
    size_t at = HEADER, length = 0;
    while (at < n && m[at]) {
        if (length)
            name[length++] = '.';
        memcpy(name + length, m + at + 1, m[at]);
        length += m[at];
        at += m[at] + 1U;
    }
    name[length] = '\0';
    *type = (unsigned)m[at + 1] << 8 | m[at + 2];
    return at + 5;
}

static size_t put_name(unsigned char *out, const char *name)
{
    size_t n = 0;
    while (*name) {
        size_t label = strcspn(name, ".");
        out[n++] = (unsigned char)label;
        memcpy(out + n, name, label);
        n += label;
        name += label + (name[label] == '.');
    }
    out[n++] = 0;
    return n;
}

static size_t put_data(unsigned char *out, const struct world_record *r)
{
    size_t n = strlen(r->text);
    const char *blank = strchr(r->text, ' ');
    if (r->type == DNS_A || r->type == DNS_AAAA) {
        assert_int_equal(inet_pton(r->type == DNS_A ? AF_INET : AF_INET6, r->text, out), 1);
        return r->type == DNS_A ? 4 : 16;
    }
    if (r->type == DNS_TXT) {
        out[0] = (unsigned char)n;
        memcpy(out + 1, r->text, n);
        return n + 1;
    }
    if (r->type != DNS_MX)
        return put_name(out, r->text);
    assert_non_null(blank);
    out[0] = 0;
    out[1] = (unsigned char)strtoul(r->text, NULL, 10);
    return 2 + put_name(out + 2, blank + 1);
}

/* Records of the name asked for, or what its CNAME leads to; owner: where the name stands. */
static size_t put_records(struct world *w, unsigned char *m, size_t at, const char *name,
                          unsigned type, bool *exists)
{
    char owner[256];
    unsigned char *p = m + at;
    for (const struct world_record *r = w->records; r->name; r++) {
        if (strcasecmp(r->name, name) != 0)
            continue;
        *exists = true;
        if (r->type != (enum dns_type)type && r->type != DNS_CNAME)
            continue;
        snprintf(owner, sizeof owner, "%s", name);
        p += put_name(p, owner);
        const unsigned char fixed[] = {
            (unsigned char)(r->type >> 8), (unsigned char)r->type, 0, 1, 0, 0, 0, 60};
        memcpy(p, fixed, sizeof fixed);
        p += sizeof fixed + 2;
        size_t n = put_data(p, r);
        p[-2] = (unsigned char)(n >> 8);
        p[-1] = (unsigned char)n;
        p += n;
        m[7]++;
        if (r->type == DNS_CNAME && type != DNS_CNAME)
            return put_records(w, m, (size_t)(p - m), r->text, type, exists);
    }
    return (size_t)(p - m);
}

static void on_question(evutil_socket_t fd, short what, void *context)
{
    struct world *w = context;
    unsigned char m[MESSAGE_MAX];
    char name[MESSAGE_MAX];
    unsigned type = 0;
    bool exists = false;
    struct sockaddr_storage from;
    socklen_t from_n = sizeof from;
    ssize_t n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &from_n);
    (void)what;
    if (n < HEADER + 5)
        return;
    w->asked++;
    size_t end = read_question(m, (size_t)n, name, &type);
    if (strcasestr(name, "mute."))
        return;
    m[2] = 0x85; /* an answer, authoritative */
    memset(m + 6, 0, 6);
    end = put_records(w, m, end, name, type, &exists);
    m[3] = exists ? 0x80 : 0x83;
    sendto(fd, m, end, 0, (struct sockaddr *)&from, from_n);
}

static int make_socket(int type, const char *address, uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

void world_init(struct world *w, const struct world_record *records)
{
    *w = (struct world){.base = event_base_new(), .records = records};
    w->fd = make_socket(SOCK_DGRAM, "127.0.0.1", &w->dns_port);
    assert_true(w->fd >= 0);
    w->question = event_new(w->base, w->fd, EV_READ | EV_PERSIST, on_question, w);
    event_add(w->question, NULL);
    snprintf(w->forward, sizeof w->forward, "127.0.0.1@%u", (unsigned)w->dns_port);
    w->forward_str = str_from(w->forward);
    w->settings = (struct check_settings){.dns = {.forward = &w->forward_str, .forward_count = 1},
                                          .ehlo = STR("check.test"),
                                          .connect = w->connect,
                                          .host_seconds = 5,
                                          .total_seconds = 20};
    assert_int_equal(tls_trust_new(&w->trust, "", NULL), 0);
    w->settings.trust = w->trust;
}

void world_checker(struct world *w)
{
    w->checker = look_checker_new(w->base, &w->settings, judge_nothing, NULL);
    assert_non_null(w->checker);
}

void world_done(struct world *w)
{
    checker_free(w->checker);
    event_free(w->question);
    close(w->fd);
    event_base_free(w->base);
    tls_trust_free(w->trust);
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    struct world_listener *l = context;
    (void)what;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    if (l->accepted < ARRAY_LEN(l->open))
        l->open[l->accepted] = client;
    else
        close(client);
    l->accepted++;
}

bool world_listen(struct world *w, struct world_listener *l, const char *address, uint16_t port)
{
    *l = (struct world_listener){.port = port};
    assert_true(address_parse(str_from(address), &l->address));
    l->fd = make_socket(SOCK_STREAM, address, &l->port);
    if (l->fd < 0)
        return false;
    assert_int_equal(listen(l->fd, 16), 0);
    l->readable = event_new(w->base, l->fd, EV_READ | EV_PERSIST, on_connection, l);
    event_add(l->readable, NULL);
    return true;
}

void world_close(struct world_listener *l)
{
    if (!l->readable)
        return;
    event_free(l->readable);
    close(l->fd);
    for (unsigned i = 0; i < l->accepted && i < ARRAY_LEN(l->open); i++)
        close(l->open[i]);
}

void world_connect(struct world *w, const char *host, uint16_t port, const struct world_listener *l)
{
    assert_true(w->settings.connect_count < WORLD_CONNECTS_MAX);
    w->connect[w->settings.connect_count++] = (struct check_connect){
        .host = str_from(host), .port = port, .address = l->address, .to_port = l->port};
}

static void on_end(void *user, const struct check_report *report, const struct error *err)
{
    struct world_end *end = user;
    (void)err;
    end->ends++;
    if (!report)
        end->failures++;
    else if (end->look)
        end->look(report->facts);
}

void world_begin(struct world *w, const char *domain, struct world_end *end)
{
    assert_non_null(check_start(w->checker, str_from(domain), NULL, on_end, NULL, end, NULL));
}

void world_wait(struct world *w, const struct world_end *end, unsigned ends)
{
    while (end->ends < ends)
        assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
}
