/*
 * delay - a slow line between two network namespaces, for kernels without netem.
 *
 *     delay MILLISECONDS NAMESPACE NAMESPACE
 *
 * Makes an interface "slow0" (a TUN device: bare IPv4 and IPv6 packets, no ARP, no neighbours) in
 * each of the two namespaces, which are named by a file such as /run/netns/near. What leaves by one
 * arrives at the other after MILLISECONDS, in order. Prints "ready" when both exist; the caller
 * gives them addresses and routes. At SIGTERM it ends with one line
 * on standard error:
 *
 *     passed 123456 lost 0 late_ms 0.42 cpu_ms 310
 *
 * lost: packets that the ring had no room for, or that the other side did not take. late_ms: the
 * most that a packet was passed on after it was due.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"

#define RING_BYTES ((size_t)16 * 1024 * 1024) /* of each direction; small stays in the cache */
#define PACKET_MAX ((size_t)65536)
#define MS_NS      1000000
/* Packets are moved at this pace, so that one waking moves many: each is up to a tick late when
 * taken and again when given, one on average, which is taken off the delay. */
#define TICK_NS (2 * MS_NS)

struct packet {
    int64_t due;
    uint32_t length;
    uint32_t room; /* from this header to the next */
};

/* One direction. Packets lie one behind the other; head and tail only grow. */
struct way {
    int from, to;
    char *ring;
    uint64_t head, tail;
    uint64_t passed, lost;
    int64_t late;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_tun(const char *namespace)
{
    int at = open(namespace, O_RDONLY | O_CLOEXEC);
    if (at < 0 || setns(at, CLONE_NEWNET) < 0)
        return -1;
    close(at);
    struct ifreq request = {.ifr_name = "slow0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0)
        return -1;
    return tun;
}

/* Where the next packet may be written with PACKET_MAX bytes in one piece, or NULL: the ring is
 * full. */
static struct packet *next_room(struct way *w)
{
    size_t need = sizeof(struct packet) + PACKET_MAX;
    size_t at = w->tail % RING_BYTES;
    if (RING_BYTES - at < need) { /* an empty packet fills the end */
        if (w->tail + (RING_BYTES - at) - w->head > RING_BYTES - need)
            return NULL;
        *(struct packet *)(void *)(w->ring + at) =
            (struct packet){.due = 0, .length = 0, .room = (uint32_t)(RING_BYTES - at)};
        w->tail += RING_BYTES - at;
        at = 0;
    }
    return w->tail + need - w->head > RING_BYTES ? NULL : (struct packet *)(void *)(w->ring + at);
}

static void take(struct way *w, int64_t due)
{
    static char discarded[PACKET_MAX];
    for (;;) {
        struct packet *p = next_room(w);
        ssize_t n = read(w->from, p ? (char *)(p + 1) : discarded, PACKET_MAX);
        if (n <= 0)
            return;
        if (!p) {
            w->lost++;
            continue;
        }
        p->due = due;
        p->length = (uint32_t)n;
        p->room = (uint32_t)((sizeof *p + (size_t)n + 15) & ~(size_t)15);
        w->tail += p->room;
    }
}

static void give(struct way *w, int64_t now)
{
    while (w->head < w->tail) {
        const struct packet *p = (const void *)(w->ring + w->head % RING_BYTES);
        if (p->length) {
            if (p->due > now)
                return;
            if (write(w->to, p + 1, p->length) == (ssize_t)p->length)
                w->passed++;
            else
                w->lost++;
            if (now - p->due > w->late)
                w->late = now - p->due;
        }
        w->head += p->room;
    }
}

static void run(struct way ways[2], int64_t delay)
{
    struct pollfd polled[2] = {{.fd = ways[0].from, .events = POLLIN},
                               {.fd = ways[1].from, .events = POLLIN}};
    const struct timespec tick = {.tv_nsec = TICK_NS};
    while (!ended) {
        int64_t now = now_ns();
        for (int i = 0; i < 2; i++)
            take(&ways[i], now + delay - TICK_NS);
        for (int i = 0; i < 2; i++)
            give(&ways[i], now);
        if (ways[0].head < ways[0].tail || ways[1].head < ways[1].tail)
            nanosleep(&tick, NULL);
        else
            poll(polled, 2, -1);
    }
}

int main(int argc, char **argv)
{
    uint64_t milliseconds = 0;
    if (argc != 4 || !str_to_u64(str_from(argv[1]), &milliseconds) || milliseconds < 1 ||
        milliseconds > 60000) {
        fputs("usage: delay MILLISECONDS NAMESPACE NAMESPACE\n", stderr);
        return 2;
    }
    struct way ways[2] = {{.from = open_tun(argv[2])}, {.from = open_tun(argv[3])}};
    ways[0].to = ways[1].from;
    ways[1].to = ways[0].from;
    for (int i = 0; i < 2; i++) {
        ways[i].ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (ways[i].from < 0 || ways[i].ring == MAP_FAILED) {
            fprintf(stderr, "delay: %s: %s\n", argv[2 + i], strerror(errno));
            return 3;
        }
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    puts("ready");
    fflush(stdout);
    run(ways, (int64_t)milliseconds * MS_NS);

    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    int64_t late = ways[0].late > ways[1].late ? ways[0].late : ways[1].late;
    uint64_t passed = ways[0].passed + ways[1].passed, lost = ways[0].lost + ways[1].lost;
    fprintf(stderr, "passed %" PRIu64 " lost %" PRIu64 " late_ms %.2f cpu_ms %lld\n", passed, lost,
            (double)late / MS_NS,
            (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
    return 0;
}
