/*
 * smtpd - as many MX hosts as a measurement wants, in one small process.
 *
 *     smtpd MAP
 *
 * MAP has a line for each local address: "ADDRESS WHAT". WHAT is a PEM file with key and chain, or
 * "plain" (STARTTLS is not offered) or "hang" (takes the connection and says nothing). Listens at
 * port 25 of every address of its network namespace, and closes connections to an address that MAP
 * does not have. Knows just enough of RFC 5321 and RFC 3207 for a client that looks: mail is
 * refused. Prints "ready"; runs until it is killed.
 */
#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"

#define MAP_MAX     ((size_t)1024 * 1024)
#define BACKLOG     4096
#define COMMAND_MAX 512

struct host {
    struct in6_addr address; /* IPv4 as a mapped one */
    SSL_CTX *tls;            /* NULL: plain or hang */
    bool hangs;
};

struct server {
    struct event_base *base;
    struct host *hosts;
    size_t count;
};

struct session {
    struct server *server;
    const struct host *host;
    struct bufferevent *stream;
    bool secure;
};

static bool read_address(struct str text, struct in6_addr *out)
{
    char name[64];
    struct in_addr four;
    if (text.n >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", STR_ARG(text));
    if (inet_pton(AF_INET6, name, out) == 1)
        return true;
    if (inet_pton(AF_INET, name, &four) != 1)
        return false;
    *out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(out->s6_addr + 12, &four, 4);
    return true;
}

static SSL_CTX *read_certificate(struct str path)
{
    char name[4096];
    snprintf(name, sizeof name, "%.*s", STR_ARG(path));
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, name) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, name, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_num_tickets(tls, 0);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    return tls;
}

static bool read_map(struct server *s, struct str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    s->hosts = calloc(lines + 1, sizeof *s->hosts);
    struct str line, address, what;
    while (s->hosts && str_cut(text, '\n', &line, &text)) {
        struct host *host = &s->hosts[s->count];
        if (!str_cut(line, ' ', &address, &what) || !read_address(address, &host->address))
            return false;
        host->hangs = str_eq(what, STR("hang"));
        if (!host->hangs && !str_eq(what, STR("plain")) && !(host->tls = read_certificate(what)))
            return false;
        s->count++;
    }
    return s->count > 0;
}

static const struct host *host_of(const struct server *s, int fd)
{
    struct sockaddr_in6 local;
    socklen_t n = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &n) < 0)
        return NULL;
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(&s->hosts[i].address, &local.sin6_addr, sizeof local.sin6_addr) == 0)
            return &s->hosts[i];
    return NULL;
}

static void end(struct session *session)
{
    bufferevent_free(session->stream);
    free(session);
}

static void say(struct session *session, const char *text)
{
    bufferevent_write(session->stream, text, strlen(text));
}

static void on_read(struct bufferevent *stream, void *user);

static void on_event(struct bufferevent *stream, short what, void *user)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        end(user);
}

/* Closes when the last line is out. */
static void on_written(struct bufferevent *stream, void *user)
{
    (void)stream;
    end(user);
}

/* The reply to STARTTLS must be out before TLS takes the socket. */
static void on_ready(struct bufferevent *stream, void *user)
{
    struct session *session = user;
    int fd = (int)bufferevent_getfd(stream);
    SSL *ssl = SSL_new(session->host->tls);
    struct bufferevent *secure =
        ssl ? bufferevent_openssl_socket_new(session->server->base, fd, ssl,
                                             BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
            : NULL;
    if (!secure) {
        SSL_free(ssl);
        end(session);
        return;
    }
    bufferevent_setfd(stream, -1);
    bufferevent_free(stream);
    session->stream = secure;
    session->secure = true;
    bufferevent_setcb(secure, on_read, NULL, on_event, session);
    bufferevent_enable(secure, EV_READ | EV_WRITE);
}

/* False: nothing more is to be read. */
static bool answer(struct session *session, struct str line)
{
    if (str_istarts(line, STR("EHLO"))) {
        say(session, session->host->tls && !session->secure
                         ? "250-mx.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
                         : "250-mx.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
    } else if (str_ieq(line, STR("STARTTLS")) && session->host->tls && !session->secure) {
        bufferevent_disable(session->stream, EV_READ);
        bufferevent_setcb(session->stream, NULL, on_ready, on_event, session);
        say(session, "220 2.0.0 Ready\r\n");
        return false;
    } else if (str_ieq(line, STR("QUIT"))) {
        bufferevent_setcb(session->stream, NULL, on_written, on_event, session);
        say(session, "221 2.0.0 Bye\r\n");
        return false;
    } else if (str_istarts(line, STR("MAIL")) || str_istarts(line, STR("RCPT")) ||
               str_ieq(line, STR("RSET"))) {
        say(session, "250 2.0.0 Ok\r\n");
    } else {
        say(session, "502 5.5.1 Not here\r\n");
    }
    return true;
}

static void on_read(struct bufferevent *stream, void *user)
{
    struct session *session = user;
    struct evbuffer *input = bufferevent_get_input(stream);
    for (;;) {
        size_t n = 0;
        char *line = evbuffer_readln(input, &n, EVBUFFER_EOL_CRLF);
        if (!line) {
            if (evbuffer_get_length(input) > COMMAND_MAX)
                end(session);
            return;
        }
        bool more = answer(session, (struct str){line, n});
        free(line);
        if (!more)
            return;
    }
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int size, void *user)
{
    (void)listener, (void)from, (void)size;
    struct server *s = user;
    const struct host *host = host_of(s, fd);
    struct session *session = host ? calloc(1, sizeof *session) : NULL;
    struct bufferevent *stream =
        session ? bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (!stream) {
        free(session);
        close(fd);
        return;
    }
    *session = (struct session){.server = s, .host = host, .stream = stream};
    bufferevent_setcb(stream, host->hangs ? NULL : on_read, NULL, on_event, session);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    if (!host->hangs)
        say(session, "220 mx.test ESMTP\r\n");
}

/* Two connections for each client would be too many for the usual limit. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int fail(const char *what)
{
    fprintf(stderr, "smtpd: %s\n", what);
    return 3;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return fail("usage: smtpd MAP");
    struct buf text CLEANUP(buf_done);
    struct server s = {.base = event_base_new()};
    buf_init(&text, MAP_MAX);
    if (!s.base || file_read(argv[1], &text, NULL) < 0 || !read_map(&s, buf_view(&text)))
        return fail("the map cannot be used");
    signal(SIGPIPE, SIG_IGN);
    raise_limit();
    const struct sockaddr_in6 any = {
        .sin6_family = AF_INET6, .sin6_port = htons(25), .sin6_addr = IN6ADDR_ANY_INIT};
    if (!evconnlistener_new_bind(s.base, on_accept, &s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
                                 BACKLOG, (const struct sockaddr *)&any, sizeof any))
        return fail("port 25 cannot be listened at");
    puts("ready");
    fflush(stdout);
    return event_base_dispatch(s.base) == 0 ? 0 : 3;
}
