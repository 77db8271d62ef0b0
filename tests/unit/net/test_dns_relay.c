#include "check.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "https_world.h"
#include "net/dns.h"
#include "net/dns_relay.h"

/* The certificate of https_world.h is for HTTPS_HOST; a thread answers over TLS that there is no
 * data. */
struct resolver {
    SSL_CTX *ctx;
    int fd;
    uint16_t port;
    pthread_t thread;
    unsigned asked;
};

static void answer_all(struct resolver *r, SSL *ssl)
{
    unsigned char m[2 + 512];
    while (SSL_read(ssl, m, 2) == 2) {
        size_t n = (size_t)(m[0] << 8 | m[1]), at = 14;
        if (n > 512 || SSL_read(ssl, m + 2, (int)n) != (int)n)
            return;
        r->asked++;
        while (m[at])
            at += m[at] + 1U;
        n = at + 5 - 2;
        m[0] = (unsigned char)(n >> 8);
        m[1] = (unsigned char)n;
        m[4] = 0x81;
        m[5] = 0x80;
        memset(m + 8, 0, 6);
        if (SSL_write(ssl, m, (int)n + 2) != (int)n + 2)
            return;
    }
}

static void *resolve(void *context)
{
    struct resolver *r = context;
    int fd;
    while ((fd = accept(r->fd, NULL, NULL)) >= 0) {
        SSL *ssl = SSL_new(r->ctx);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            answer_all(r, ssl);
        SSL_free(ssl);
        close(fd);
    }
    return NULL;
}

static void resolver_start(struct resolver *r, SSL_CTX *ctx)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    *r = (struct resolver){.ctx = ctx, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(r->fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(r->fd, 64), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&in, &n), 0);
    r->port = ntohs(in.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, resolve, r), 0);
}

static void resolver_stop(struct resolver *r)
{
    shutdown(r->fd, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->fd);
}

/* RFC 7858, and RFC 8310 8.1: a resolver whose certificate is not good for its name learns nothing.
 */
static void questions_go_over_tls_to_whom_the_name_belongs(void **state)
{
    struct https_world *w = *state;
    static const struct {
        const char *name;
        bool good;
    } rows[] = {{HTTPS_HOST, true}, {"other.test", false}};
    char path[] = "/tmp/test_dns_relay.XXXXXX";
    struct error err;
    close(mkstemp(path));
    assert_int_equal(file_write(path, made_pem(&w->issuer, &w->arena), 0600, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct resolver r;
        struct dns_answer answer;
        char text[64];
        resolver_start(&r, w->server);
        snprintf(text, sizeof text, "127.0.0.1@%u#%s", r.port, rows[i].name);
        struct str forward = str_from(text);
        const struct dns_settings settings = {
            .forward = &forward, .forward_count = 1, .ca_file = path};
        assert_int_equal(
            dns_ask(&settings, STR("example.org"), DNS_TXT, 60, &w->arena, &answer, &err), 0);
        resolver_stop(&r);
        CHECK(answer.status == (rows[i].good ? DNS_NO_DATA : DNS_FAILED), rows[i].name);
        CHECK((r.asked > 0) == rows[i].good, rows[i].name);
    }
    unlink(path);
}

static void a_target_is_an_address_and_a_name(void **state)
{
    static const struct {
        const char *text, *name;
        uint16_t port; /* 0: it is none */
    } rows[] = {
        {"192.0.2.53#dns.test", "dns.test", 853},
        {"192.0.2.53@8853#dns.test", "dns.test", 8853},
        {"2001:db8::53@853#dns.test", "dns.test", 853},
        {"192.0.2.53", "", 0},
        {"192.0.2.53@853", "", 0},
        {"192.0.2.53#", "", 0},
        {"192.0.2.53@#dns.test", "", 0},
        {"192.0.2.53@0#dns.test", "", 0},
        {"192.0.2.53@65536#dns.test", "", 0},
        {"dns.test@853#dns.test", "", 0},
        {"192.0.2.53@853#dns test", "", 0},
        {"192.0.2.53@853#a#b", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dns_relay_target target = {.port = 0};
        CHECK(dns_relay_target_parse(str_from(rows[i].text), &target) == (rows[i].port != 0),
              rows[i].text);
        CHECK(target.port == rows[i].port, rows[i].text);
        CHECK_STR(str_from(target.name), rows[i].name, rows[i].text);
    }
}

static void a_file_that_holds_no_roots_is_refused(void **state)
{
    struct https_world *w = *state;
    struct dns_relay_target target;
    struct error err;
    assert_true(dns_relay_target_parse(STR("127.0.0.1#dns.test"), &target));
    assert_null(dns_relay_new(w->base, &target, 1, "/dev/null", &err));
    CHECK_STR(str_from(err.msg.def->id), "tls-set-up", "code");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, https_client_make, https_client_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(questions_go_over_tls_to_whom_the_name_belongs),
        TEST(a_target_is_an_address_and_a_name),
        TEST(a_file_that_holds_no_roots_is_refused),
    };
    return cmocka_run_group_tests_name("net dns_relay", tests, https_world_make, https_world_end);
}
