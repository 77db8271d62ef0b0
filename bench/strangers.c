/*
 * strangers - very many TLS clients that ask for a name that nobody serves.
 *
 *     strangers PORT COUNT CONNECTIONS
 *
 * COUNT times: connect from some address of 127/8, send the ClientHello of an OpenSSL client with a
 * random name and random bytes, read to the end, close; CONNECTIONS at a time, a thread each. The
 * answer must be the alert unrecognized_name and nothing else. Prints one line:
 *
 *     refused 1000 failed 0 seconds 0.123
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define SECONDS_MAX     120
#define CONNECTIONS_MAX 256
#define RANDOM_AT       11 /* after the headers of record and message, and the version */
#define DIGITS          "00000000000000000000"

struct flood {
    struct sockaddr_in to;
    unsigned char hello[1024];
    size_t hello_n, digits_at;
    uint64_t seed, count;
    int64_t end; /* clock_monotonic_ms */
    atomic_uint_fast64_t taken, failed;
};

static bool prepare(struct flood *flood)
{
    char name[] = "mta-sts." DIGITS ".test";
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    SSL *ssl = tls ? SSL_new(tls) : NULL;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!ssl || !in || !out || SSL_set_tlsext_host_name(ssl, name) != 1)
        return false;
    SSL_set_bio(ssl, in, out);
    SSL_connect(ssl);
    int n = BIO_read(out, flood->hello, sizeof flood->hello);
    SSL_free(ssl);
    SSL_CTX_free(tls);
    flood->hello_n = n > 0 ? (size_t)n : 0;
    ssize_t at = str_find((struct str){(const char *)flood->hello, flood->hello_n}, STR(DIGITS));
    flood->digits_at = at > 0 ? (size_t)at : 0;
    return at > 0;
}

/* A number for i that looks like any other (splitmix64). */
static uint64_t scatter(uint64_t i)
{
    i = (i + 1) * 0x9e3779b97f4a7c15;
    i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
    i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
    return i ^ (i >> 31);
}

/* A ClientHello like no other. */
static void vary(const struct flood *flood, uint64_t i, unsigned char *hello)
{
    memcpy(hello, flood->hello, flood->hello_n);
    for (uint64_t k = 0; k < 4; k++) {
        uint64_t bytes = scatter(flood->seed + 4 * i + k);
        memcpy(hello + RANDOM_AT + 8 * k, &bytes, 8);
    }
    for (size_t k = 0; k < sizeof DIGITS - 1; k++)
        hello[flood->digits_at + k] = '0' + hello[RANDOM_AT + k] % 10;
}

static bool is_refused(const struct flood *flood, int fd, uint64_t i)
{
    static const unsigned char alert[] = {21, 3, 3, 0, 2, 2, 112};
    const struct sockaddr_in from = {.sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(0x7f010000 | (i & 0xffff))};
    unsigned char hello[sizeof flood->hello], got[64];
    size_t n = 0;
    ssize_t more;
    vary(flood, i, hello);
    if (bind(fd, (const void *)&from, sizeof from) < 0 ||
        connect(fd, (const void *)&flood->to, sizeof flood->to) < 0 ||
        send(fd, hello, flood->hello_n, MSG_NOSIGNAL) != (ssize_t)flood->hello_n)
        return false;
    while (n < sizeof got && (more = recv(fd, got + n, sizeof got - n, 0)) > 0)
        n += (size_t)more;
    return n == sizeof alert && memcmp(got, alert, n) == 0;
}

static void *run(void *context)
{
    struct flood *flood = context;
    uint64_t i;
    while ((i = atomic_fetch_add(&flood->taken, 1)) < flood->count &&
           clock_monotonic_ms() < flood->end) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || !is_refused(flood, fd, i))
            atomic_fetch_add(&flood->failed, 1);
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct flood flood = {.to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    pthread_t threads[CONNECTIONS_MAX];
    uint64_t port, connections;
    if (argc != 4 || !str_to_u64(str_from(argv[1]), &port) ||
        !str_to_u64(str_from(argv[2]), &flood.count) ||
        !str_to_u64(str_from(argv[3]), &connections) || connections > CONNECTIONS_MAX)
        return 2;
    flood.to.sin_port = htons((uint16_t)port);
    if (!prepare(&flood))
        return 3;
    int64_t begin = clock_monotonic_ms();
    flood.seed = (uint64_t)begin << 20;
    flood.end = begin + (int64_t)SECONDS_MAX * 1000;
    size_t started = 0;
    while (started < connections && !pthread_create(&threads[started], NULL, run, &flood))
        started++;
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    uint64_t done = flood.taken < flood.count ? flood.taken : flood.count;
    printf("refused %llu failed %llu seconds %.3f\n", (unsigned long long)(done - flood.failed),
           (unsigned long long)flood.failed, (double)(clock_monotonic_ms() - begin) / 1e3);
    return 0;
}
