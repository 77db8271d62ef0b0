#include "check/look.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/domain.h"

#define OF_ONE_FAMILY (CHECK_ADDRESSES_MAX / 2)

struct wanted {
    struct check *check;
    struct fact_host *host;
    uint16_t port;
    unsigned open; /* questions */
    look_then *then;
    void *user;
};

const struct check_connect *look_connect(const struct checker *checker, struct str host,
                                         uint16_t port)
{
    for (size_t i = 0; i < checker->settings.connect_count; i++) {
        const struct check_connect *c = &checker->settings.connect[i];
        if (c->port == port && domain_eq(c->host, host))
            return c;
    }
    return NULL;
}

uint16_t look_port(const struct checker *checker, struct str host, uint16_t port)
{
    const struct check_connect *c = look_connect(checker, host, port);
    return c ? c->to_port : port;
}

bool look_has_source(const struct address *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(SMTP_PORT)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(SMTP_PORT)};
    const bool is_v4 = address->family == AF_INET;
    memcpy(&v4.sin_addr, address->bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, address->bytes, sizeof v6.sin6_addr);
    /* Nothing is sent: the kernel looks for a route and a source address. */
    int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int failed = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
                       : connect(fd, (struct sockaddr *)&v6, sizeof v6);
    close(fd);
    return failed == 0;
}

ssize_t look_first_address(const struct fact_host *host)
{
    for (size_t i = 0; i < host->count; i++) {
        if (host->at[i].allowed && look_has_source(&host->at[i].address))
            return (ssize_t)i;
    }
    return -1;
}

static bool add(struct check *check, struct fact_host *host, struct str text)
{
    struct fact_address *at = &host->at[host->count];
    if (!address_parse(text, &at->address))
        return false;
    at->text = text;
    at->allowed = check->checker->settings.allow_private || address_is_public(&at->address);
    host->count++;
    return true;
}

static void add_some(struct check *check, struct fact_host *host, const struct fact_dns *from)
{
    size_t added = 0;
    for (size_t i = 0; look_found(from) && i < from->answer.records.count; i++) {
        if (added == OF_ONE_FAMILY)
            host->passed_over++;
        else if (add(check, host, from->answer.records.at[i].text))
            added++;
    }
}

static void add_connect(struct check *check, struct fact_host *host, const struct check_connect *c)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, INET6_ADDRSTRLEN);
    address_print(&c->address, &text);
    host->at[0] = (struct fact_address){
        .address = c->address, .text = arena_str(&check->arena, buf_view(&text)), .allowed = true};
    host->count = 1;
}

static void on_answer(void *user)
{
    struct wanted *w = user;
    struct fact_host *host = w->host;
    const struct check_connect *c = look_connect(w->check->checker, host->name, w->port);
    if (--w->open)
        return;
    host->at = arena_array(&w->check->arena, CHECK_ADDRESSES_MAX, sizeof *host->at);
    if (!host->at)
        return;
    if (c) {
        add_connect(w->check, host, c);
    } else {
        add_some(w->check, host, &host->a);
        add_some(w->check, host, &host->aaaa);
    }
    w->then(w->user);
}

void look_host(struct check *check, struct fact_host *host, struct str name, uint16_t port,
               look_then *then, void *user)
{
    struct wanted *w = arena_alloc(&check->arena, sizeof *w);
    if (!w)
        return;
    *w = (struct wanted){
        .check = check, .host = host, .port = port, .open = 2, .then = then, .user = user};
    host->name = arena_str(&check->arena, name);
    look_ask(check, &host->a, name, DNS_A, on_answer, w);
    look_ask(check, &host->aaaa, name, DNS_AAAA, on_answer, w);
}

void look_host_literal(struct check *check, struct fact_host *host, struct str text)
{
    host->name = arena_str(&check->arena, text);
    host->at = arena_array(&check->arena, 1, sizeof *host->at);
    if (host->at)
        (void)!add(check, host, host->name);
}
