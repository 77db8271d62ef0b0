/*
 * tlsload - many first visits to an HTTPS server on this machine.
 *
 *     tlsload PORT DOMAINS COUNT CONNECTIONS
 *
 * COUNT times: connect to 127.0.0.1, full TLS handshake without resumption for a random one of
 * DOMAINS names (those of certificates.c), one GET for its policy, the whole response, close;
 * CONNECTIONS at a time, a thread each. With a COUNT of 0, once for each name. Prints one line:
 *
 *     done 1000 failed 0 seconds 0.712 p50_ms 5.1 p99_ms 9.8
 *
 * The certificate must be for the name; its chain is not verified, which would only cost the client
 * time. Ends after SECONDS_MAX.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define SECONDS_MAX     60
#define CONNECTIONS_MAX 256
#define COUNT_MAX       1000000

struct load {
    SSL_CTX *tls;
    struct sockaddr_in to;
    uint64_t domains, seed, count;
    bool each;   /* name once */
    int64_t end; /* clock_monotonic_ms */
    atomic_uint_fast64_t taken, failed;
    float *ms; /* of each visit that succeeded, by its number; 0: failed */
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Whether the response is a whole one with status 200; the server is asked to close after it. */
static bool exchange(SSL *ssl, const char *host)
{
    char got[4096];
    size_t n = 0;
    int request = snprintf(got, sizeof got,
                           "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: %s\r\n"
                           "Connection: close\r\n\r\n",
                           host);
    if (SSL_connect(ssl) != 1 ||
        X509_check_host(SSL_get0_peer_certificate(ssl), host, 0, 0, NULL) != 1 ||
        SSL_write(ssl, got, request) <= 0)
        return false;
    int more;
    while (n < sizeof got && (more = SSL_read(ssl, got + n, (int)(sizeof got - n))) > 0)
        n += (size_t)more;
    return n > 12 && memcmp(got, "HTTP/1.1 200", 12) == 0 &&
           str_find((struct str){got, n}, STR("version: STSv1")) > 0;
}

/* A number for the i-th visit that looks like any other (splitmix64). */
static uint64_t scatter(uint64_t i)
{
    i = (i + 1) * 0x9e3779b97f4a7c15;
    i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
    i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
    return i ^ (i >> 31);
}

static bool visit(const struct load *load, uint64_t i)
{
    const int on = 1;
    char host[32];
    uint64_t domain = load->each ? i : scatter(load->seed + i) % load->domains;
    snprintf(host, sizeof host, "mta-sts.d%07u.test", (unsigned)domain);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = SSL_new(load->tls);
    bool fine = fd >= 0 && ssl && connect(fd, (const void *)&load->to, sizeof load->to) == 0;
    if (fine) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        SSL_set_fd(ssl, fd);
        fine = SSL_set_tlsext_host_name(ssl, host) == 1 && exchange(ssl, host);
    }
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
    return fine;
}

static void *run(void *context)
{
    struct load *load = context;
    uint64_t i;
    while ((i = atomic_fetch_add(&load->taken, 1)) < load->count &&
           clock_monotonic_ms() < load->end) {
        double begin = now_ms();
        if (visit(load, i))
            load->ms[i] = (float)(now_ms() - begin);
        else
            atomic_fetch_add(&load->failed, 1);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void report(struct load *load, double seconds)
{
    size_t done = 0;
    for (uint64_t i = 0; i < load->count; i++) {
        if (load->ms[i] > 0)
            load->ms[done++] = load->ms[i];
    }
    qsort(load->ms, done, sizeof *load->ms, by_size);
    printf("done %zu failed %llu seconds %.3f p50_ms %.2f p99_ms %.2f\n", done,
           (unsigned long long)load->failed, seconds, done ? (double)load->ms[done / 2] : 0.0,
           done ? (double)load->ms[done * 99 / 100] : 0.0);
}

int main(int argc, char **argv)
{
    struct load load = {.to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    pthread_t threads[CONNECTIONS_MAX];
    uint64_t port, connections;
    if (argc != 5 || !str_to_u64(str_from(argv[1]), &port) ||
        !str_to_u64(str_from(argv[2]), &load.domains) || !load.domains ||
        load.domains > COUNT_MAX || !str_to_u64(str_from(argv[3]), &load.count) ||
        load.count > COUNT_MAX || !str_to_u64(str_from(argv[4]), &connections) ||
        connections > CONNECTIONS_MAX)
        return 2;
    load.each = !load.count;
    if (load.each)
        load.count = load.domains;
    load.to.sin_port = htons((uint16_t)port);
    load.seed = (uint64_t)clock_monotonic_ms() << 20;
    load.tls = SSL_CTX_new(TLS_client_method());
    load.ms = calloc(load.count + 1, sizeof *load.ms);
    if (!load.tls || !load.ms)
        return 3;
    SSL_CTX_set_session_cache_mode(load.tls, SSL_SESS_CACHE_OFF);
    load.end = clock_monotonic_ms() + SECONDS_MAX * 1000;
    double begin = now_ms();
    size_t started = 0;
    while (started < connections && !pthread_create(&threads[started], NULL, run, &load))
        started++;
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    report(&load, (now_ms() - begin) / 1e3);
    free(load.ms);
    SSL_CTX_free(load.tls);
    return 0;
}
