#include "smtp_server.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

/* One connection. No memory of the heap is used here but OpenSSL's: tests count the client's. */
struct talk {
    struct smtp_server *server;
    int fd;
    SSL *ssl;
};

static ssize_t talk_read(struct talk *t, char *byte)
{
    return t->ssl ? SSL_read(t->ssl, byte, 1) : recv(t->fd, byte, 1, 0);
}

static void talk_say(struct talk *t, const char *text)
{
    size_t n = strlen(text);
    if (n && t->ssl)
        SSL_write(t->ssl, text, (int)n);
    else if (n && send(t->fd, text, n, MSG_NOSIGNAL) < 0)
        return;
}

/* Writes down the next line; false at the end. */
static bool talk_hear(struct talk *t)
{
    struct smtp_server *s = t->server;
    size_t n = strlen(s->heard);
    char byte;
    if (n && n + 1 < sizeof s->heard)
        s->heard[n++] = '|';
    size_t began = n;
    while (talk_read(t, &byte) == 1) {
        if (byte == '\n')
            return true;
        if (byte != '\r' && n + 1 < sizeof s->heard)
            s->heard[n++] = byte;
    }
    if (n == began && n)
        s->heard[n - 1] = '\0';
    return false;
}

static bool talk_shake(struct talk *t)
{
    SSL *ssl = SSL_new(t->server->ctx);
    SSL_set_fd(ssl, t->fd);
    int result = SSL_accept(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(t->server->name, sizeof t->server->name, "%s", name ? name : "");
    t->ssl = ssl;
    return result == 1;
}

/* False: nothing more is said. */
static bool talk_turn(struct talk *t, const struct smtp_turn *turn)
{
    struct linger at_once = {.l_onoff = 1};
    char byte;
    if (turn->waits && !talk_hear(t))
        return false;
    talk_say(t, turn->says);
    switch (turn->then) {
    case SMTP_ACT_GO_ON:
        return true;
    case SMTP_ACT_TLS:
        return talk_shake(t);
    case SMTP_ACT_CLOSE:
        return false;
    case SMTP_ACT_RESET:
        setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    case SMTP_ACT_HANG:
        while (recv(t->fd, &byte, 1, 0) > 0) {
        }
        return false;
    }
    return false;
}

static void *serve(void *context)
{
    struct smtp_server *s = context;
    sigset_t pipe_signal;
    /* For this thread alone: the client must do without. */
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    struct talk t = {.server = s, .fd = accept(s->fd, NULL, NULL)};
    bool goes_on = t.fd >= 0;
    for (size_t i = 0; goes_on && i < s->turn_count; i++)
        goes_on = talk_turn(&t, &s->turns[i]);
    while (goes_on && talk_hear(&t)) {
    }
    if (t.fd >= 0)
        close(t.fd);
    SSL_free(t.ssl);
    ERR_clear_error();
    OPENSSL_thread_stop();
    return NULL;
}

void smtp_server_start(struct smtp_server *s, const struct smtp_turn *turns, size_t count,
                       SSL_CTX *ctx)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof here;
    *s = (struct smtp_server){.turns = turns, .turn_count = count, .ctx = ctx};
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(listen(s->fd, 5), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&here, &n), 0);
    s->port = ntohs(here.sin_port);
    assert_true(address_parse(STR("127.0.0.1"), &s->address));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

void smtp_server_stop(struct smtp_server *s)
{
    shutdown(s->fd, SHUT_RDWR); /* wakes an accept that nobody came to */
    pthread_join(s->thread, NULL);
    close(s->fd);
}
