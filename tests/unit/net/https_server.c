#include "https_server.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static void read_request(struct https_server *s, SSL *ssl)
{
    s->request_n = 0;
    while (s->request_n < sizeof s->request - 1) {
        int n =
            SSL_read(ssl, s->request + s->request_n, (int)(sizeof s->request - 1 - s->request_n));
        if (n <= 0)
            return;
        s->request_n += (size_t)n;
        if (str_find((struct str){s->request, s->request_n}, STR("\r\n\r\n")) >= 0)
            return;
    }
}

static bool send_all(SSL *ssl, struct str bytes)
{
    return bytes.n == 0 || SSL_write(ssl, bytes.p, (int)bytes.n) == (int)bytes.n;
}

static void speak(struct https_server *s, SSL *ssl)
{
    const char *name;
    if (SSL_accept(ssl) != 1)
        return;
    name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(s->name, sizeof s->name, "%s", name ? name : "");
    read_request(s, ssl);
    bool sent = send_all(ssl, s->script.reply);
    while (sent && s->script.filler.n)
        sent = send_all(ssl, s->script.filler);
    if (s->script.end == HTTPS_END_NOTIFY)
        SSL_shutdown(ssl);
}

static void end(const struct https_server *s, int fd)
{
    struct linger now = {.l_onoff = 1};
    char dropped[4096];
    if (s->script.end == HTTPS_END_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    else if (s->script.end != HTTPS_END_HANG)
        shutdown(fd, SHUT_WR);
    /* A FIN that is followed by a reset, because bytes were left unread, could overtake the reply.
     */
    while (s->script.end != HTTPS_END_RESET && recv(fd, dropped, sizeof dropped, 0) > 0) {
    }
    close(fd);
}

static void *serve(void *context)
{
    struct https_server *s = context;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        s->connections++;
        if (s->script.plain.n)
            send(fd, s->script.plain.p, s->script.plain.n, MSG_NOSIGNAL);
        SSL *ssl = s->script.silent ? NULL : SSL_new(s->ctx);
        if (ssl) {
            SSL_set_fd(ssl, fd);
            SSL_set_app_data(ssl, &s->guest);
            speak(s, ssl);
        }
        end(s, fd);
        SSL_free(ssl);
        ERR_clear_error();
    }
    return NULL;
}

void https_server_start(struct https_server *s, const char *address, uint16_t port, SSL_CTX *ctx,
                        const struct https_script *script)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool ipv6 = strchr(address, ':');
    struct sockaddr *sa = ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    socklen_t n = ipv6 ? sizeof in6 : sizeof in;
    const int on = 1;
    *s = (struct https_server){.script = *script, .ctx = ctx};
    inet_pton(ipv6 ? AF_INET6 : AF_INET, address,
              ipv6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr);
    s->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(s->fd, sa, n), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    assert_int_equal(getsockname(s->fd, sa, &n), 0);
    s->port = ntohs(ipv6 ? in6.sin6_port : in.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

void https_server_stop(struct https_server *s)
{
    shutdown(s->fd, SHUT_RDWR); /* ends accept(2) */
    pthread_join(s->thread, NULL);
    close(s->fd);
}
