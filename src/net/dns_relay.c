#include "net/dns_relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/messages.h"

#define IDLE_SECONDS 60  /* as long as libunbound keeps a connection */
#define RETRY_MS     100 /* before connections are taken again when there was no descriptor */
#define QUEUED_MAX   ((size_t)64 * 1024) /* bytes that wait on either side */
#define BACKLOG      64

struct dns_relay {
    struct event_base *base;
    SSL_CTX *ctx;
    struct event *listener;
    struct event *retry;
    int fd;
    uint16_t port;
    struct dns_relay_target targets[DNS_RELAY_TARGETS_MAX];
    size_t count, next; /* next: the one that the coming connections go to */
    struct passage *first;
};

/* One connection of libunbound's and the one that it goes on by. */
struct passage {
    struct dns_relay *relay;
    struct passage *next, *previous;
    struct bufferevent *near, *far;
    size_t target;
    bool heard; /* the latest that passed came from the resolver */
};

bool dns_relay_target_parse(struct str text, struct dns_relay_target *out)
{
    struct str address, port, name;
    uint64_t number = DNS_TLS_PORT;
    if (!str_cut(text, '#', &text, &name) || !name.n || name.n >= sizeof out->name)
        return false;
    if (str_cut(text, '@', &address, &port) &&
        (!str_to_u64(port, &number) || number == 0 || number > UINT16_MAX))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_is_alnum(name.p[i]) && name.p[i] != '-' && name.p[i] != '.' && name.p[i] != '_')
            return false;
    }
    struct dns_relay_target target = {.port = (uint16_t)number};
    if (!address_parse(address, &target.address))
        return false;
    memcpy(target.name, name.p, name.n);
    *out = target;
    return true;
}

static void passage_free(struct passage *p)
{
    *(p->previous ? &p->previous->next : &p->relay->first) = p->next;
    if (p->next)
        p->next->previous = p->previous;
    if (p->near)
        bufferevent_free(p->near);
    if (p->far)
        bufferevent_free(p->far);
    free(p);
}

/* Passes on what has come. What is queued is bounded by how little libunbound asks at a time; a
 * resolver that sends without end is cut. */
static void on_read(struct bufferevent *from, void *context)
{
    struct passage *p = context;
    struct bufferevent *to = from == p->near ? p->far : p->near;
    p->heard = from == p->far;
    if (evbuffer_get_length(bufferevent_get_output(to)) > QUEUED_MAX ||
        bufferevent_read_buffer(from, bufferevent_get_output(to)) != 0)
        passage_free(p);
}

static void on_event(struct bufferevent *side, short what, void *context)
{
    struct passage *p = context;
    struct dns_relay *relay = p->relay;
    if (what & BEV_EVENT_CONNECTED)
        return;
    /* libunbound asks again, and then comes to the next one. */
    bool failed = side == p->far && what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT);
    /* Nor does it wait for a silent one: it hangs up after some seconds. */
    if (relay->next == p->target && (failed || (side == p->near && !p->heard)))
        relay->next = (relay->next + 1) % relay->count;
    ERR_clear_error();
    passage_free(p);
}

static SSL *session_for(const struct dns_relay *relay, const struct dns_relay_target *target)
{
    SSL *ssl = SSL_new(relay->ctx);
    if (ssl && SSL_set1_host(ssl, target->name) == 1 &&
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 (void *)(uintptr_t)target->name) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static bool connect_far(struct passage *p)
{
    const struct dns_relay_target *target = &p->relay->targets[p->target];
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(target->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(target->port)};
    bool ipv6 = target->address.family == AF_INET6;
    memcpy(&in.sin_addr, target->address.bytes, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, target->address.bytes, sizeof in6.sin6_addr);
    SSL *ssl = session_for(p->relay, target);
    if (!ssl)
        return false;
    p->far = bufferevent_openssl_socket_new(p->relay->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                            BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!p->far) {
        SSL_free(ssl);
        return false;
    }
    return bufferevent_socket_connect(p->far,
                                      ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
                                      ipv6 ? sizeof in6 : sizeof in) == 0;
}

static bool open_passage(struct passage *p, int fd)
{
    const struct timeval idle = {.tv_sec = IDLE_SECONDS};
    p->near =
        bufferevent_socket_new(p->relay->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!p->near) {
        close(fd);
        return false;
    }
    if (!connect_far(p))
        return false;
    struct bufferevent *sides[] = {p->near, p->far};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        bufferevent_setcb(sides[i], on_read, NULL, on_event, p);
        bufferevent_setwatermark(sides[i], EV_READ, 0, QUEUED_MAX);
        bufferevent_set_timeouts(sides[i], &idle, &idle);
        bufferevent_enable(sides[i], EV_READ | EV_WRITE);
    }
    return true;
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    struct dns_relay *relay = context;
    (void)fd;
    (void)what;
    event_add(relay->listener, NULL);
}

/* Who waits to be accepted would wake us again at once. */
static void wait_for_descriptors(struct dns_relay *relay, int errnum)
{
    const struct timeval pause = {.tv_usec = RETRY_MS * 1000};
    if (errnum != EMFILE && errnum != ENFILE && errnum != ENOBUFS && errnum != ENOMEM)
        return;
    event_del(relay->listener);
    event_add(relay->retry, &pause);
}

static void on_accept(evutil_socket_t listener, short what, void *context)
{
    struct dns_relay *relay = context;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    (void)what;
    if (fd < 0) {
        wait_for_descriptors(relay, errno);
        return;
    }
    struct passage *p = calloc(1, sizeof *p);
    if (!p) {
        close(fd);
        return;
    }
    *p = (struct passage){.relay = relay, .next = relay->first, .target = relay->next};
    if (relay->first)
        relay->first->previous = p;
    relay->first = p;
    if (!open_passage(p, fd))
        passage_free(p);
}

static int make_context(struct dns_relay *relay, const char *ca_file, struct error *err)
{
    bool of_system = !ca_file || !*ca_file;
    relay->ctx = SSL_CTX_new(TLS_client_method());
    if (relay->ctx && SSL_CTX_set_min_proto_version(relay->ctx, TLS1_2_VERSION) == 1 &&
        (of_system ? SSL_CTX_set_default_verify_paths(relay->ctx)
                   : SSL_CTX_load_verify_file(relay->ctx, ca_file)) == 1) {
        SSL_CTX_set_verify(relay->ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_mode(relay->ctx, SSL_MODE_RELEASE_BUFFERS);
        return 0;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    int result =
        error_set(err, ERROR_PERMANENT, msg_tls_set_up(str_from(reason ? reason : "OpenSSL")));
    ERR_clear_error();
    return result;
}

static int listen_on_loopback(struct dns_relay *relay, struct error *err)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    relay->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (relay->fd < 0 || bind(relay->fd, (struct sockaddr *)&in, n) != 0 ||
        listen(relay->fd, BACKLOG) != 0 || getsockname(relay->fd, (struct sockaddr *)&in, &n) != 0)
        return error_set_errno(err, errno, STR("127.0.0.1"));
    relay->port = ntohs(in.sin_port);
    relay->listener = event_new(relay->base, relay->fd, EV_READ | EV_PERSIST, on_accept, relay);
    relay->retry = evtimer_new(relay->base, on_retry, relay);
    if (!relay->retry || !relay->listener || event_add(relay->listener, NULL) != 0)
        return error_set_memory(err);
    return 0;
}

struct dns_relay *dns_relay_new(struct event_base *base, const struct dns_relay_target *targets,
                                size_t count, const char *ca_file, struct error *err)
{
    struct dns_relay *relay = calloc(1, sizeof *relay);
    if (!relay) {
        error_set_memory(err);
        return NULL;
    }
    relay->base = base;
    relay->fd = -1;
    relay->count = count < DNS_RELAY_TARGETS_MAX ? count : DNS_RELAY_TARGETS_MAX;
    memcpy(relay->targets, targets, relay->count * sizeof *targets);
    if (make_context(relay, ca_file, err) < 0 || listen_on_loopback(relay, err) < 0) {
        dns_relay_free(relay);
        return NULL;
    }
    return relay;
}

void dns_relay_free(struct dns_relay *relay)
{
    if (!relay)
        return;
    while (relay->first)
        passage_free(relay->first);
    if (relay->listener)
        event_free(relay->listener);
    if (relay->retry)
        event_free(relay->retry);
    if (relay->fd >= 0)
        close(relay->fd);
    SSL_CTX_free(relay->ctx);
    free(relay);
}

uint16_t dns_relay_port(const struct dns_relay *relay)
{
    return relay->port;
}
