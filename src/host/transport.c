#include "host/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_HEAD 5
/* A ClientHello of today's senders is 200 to 1,800 bytes; of a longer one this much is awaited. */
#define GREETING_MAX ((size_t)4096)

void transport_close(struct transport *t)
{
    SSL_free(t->ssl);
    close(t->fd);
}

/* What a call of OpenSSL that did not succeed means. */
static enum transport_progress of_tls(const struct transport *t, int result)
{
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TRANSPORT_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_WANTS_WRITE;
    default:
        return TRANSPORT_ENDED;
    }
}

static void wait_for_bytes(struct transport *t, size_t bytes)
{
    int wanted = (int)bytes;
    /* Where this fails the socket is readable at every byte, which is noticed by its few bytes. */
    (void)setsockopt(t->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

/* Bytes of the record that these begin (RFC 8446 5.1); of what is no handshake, what is there. */
static size_t record_size(const unsigned char *bytes, size_t n)
{
    if (bytes[0] != SSL3_RT_HANDSHAKE)
        return n;
    return n < RECORD_HEAD ? RECORD_HEAD : RECORD_HEAD + ((size_t)bytes[3] << 8 | bytes[4]);
}

/* Readable with fewer bytes than are awaited the socket is at the client's end, or when the kernel
 * wants its memory back: that is for OpenSSL, too. */
enum transport_progress transport_await_greeting(struct transport *t)
{
    unsigned char bytes[GREETING_MAX];
    ssize_t n = recv(t->fd, bytes, sizeof bytes, MSG_PEEK);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? TRANSPORT_WANTS_READ
                                                            : TRANSPORT_ENDED;
    size_t have = (size_t)n, wanted = record_size(bytes, have);
    if (have < t->awaited || have >= wanted || have == sizeof bytes) {
        if (t->awaited)
            wait_for_bytes(t, 1);
        return TRANSPORT_DONE;
    }
    t->awaited = wanted < sizeof bytes ? wanted : sizeof bytes;
    wait_for_bytes(t, t->awaited);
    return TRANSPORT_WANTS_READ;
}

bool transport_is_left(const struct transport *t)
{
    struct pollfd socket = {.fd = t->fd, .events = POLLRDHUP};
    return poll(&socket, 1, 0) > 0;
}

bool transport_begin_tls(struct transport *t, SSL_CTX *tls, struct tls_guest *guest)
{
    t->ssl = SSL_new(tls);
    if (!t->ssl || SSL_set_fd(t->ssl, t->fd) != 1)
        return false;
    SSL_set_app_data(t->ssl, guest);
    SSL_set_accept_state(t->ssl);
    return true;
}

enum transport_progress transport_greet(struct transport *t)
{
    ERR_clear_error();
    int result = SSL_accept(t->ssl);
    return result == 1 ? TRANSPORT_DONE : of_tls(t, result);
}

static enum transport_progress read_plain(struct transport *t, char *to, size_t max, size_t *n)
{
    ssize_t got = recv(t->fd, to, max, 0);
    if (got > 0) {
        *n = (size_t)got;
        return TRANSPORT_DONE;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? TRANSPORT_WANTS_READ : TRANSPORT_ENDED;
}

enum transport_progress transport_read(struct transport *t, char *to, size_t max, size_t *n)
{
    *n = 0;
    if (!t->ssl)
        return read_plain(t, to, max, n);
    ERR_clear_error();
    int result = SSL_read_ex(t->ssl, to, max, n);
    return result > 0 ? TRANSPORT_DONE : of_tls(t, result);
}

static enum transport_progress write_plain(struct transport *t, struct str bytes, size_t *n)
{
    while (*n < bytes.n) {
        ssize_t sent = send(t->fd, bytes.p + *n, bytes.n - *n, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? TRANSPORT_WANTS_WRITE : TRANSPORT_ENDED;
        *n += (size_t)sent;
    }
    return TRANSPORT_DONE;
}

enum transport_progress transport_write(struct transport *t, struct str bytes, size_t *n)
{
    *n = 0;
    if (!t->ssl)
        return write_plain(t, bytes, n);
    while (*n < bytes.n) {
        size_t sent = 0;
        ERR_clear_error();
        int result = SSL_write_ex(t->ssl, bytes.p + *n, bytes.n - *n, &sent);
        if (result <= 0)
            return of_tls(t, result);
        *n += sent;
    }
    return TRANSPORT_DONE;
}

void transport_hold(const struct transport *t)
{
    const int on = 1;
    setsockopt(t->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void transport_acknowledge(const struct transport *t)
{
    const int on = 1;
    if (t->ssl)
        setsockopt(t->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void transport_goodbye(struct transport *t)
{
    if (!t->ssl)
        return;
    ERR_clear_error();
    SSL_shutdown(t->ssl);
}
