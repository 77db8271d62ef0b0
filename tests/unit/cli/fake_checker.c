#include "fake_checker.h"

#include <event2/event.h>
#include <stdlib.h>

#include "check/messages.h"
#include "net/tls_verify.h"

#define SLOW_MS 60

struct fake_seen fake;

struct checker {
    struct event_base *base;
};

struct check {
    struct event *timer;
    check_callback *callback;
    check_progress *progress;
    void *user;
    char domain[300];
};

int tls_trust_new(struct tls_trust **out, const char *ca_file, struct error *err)
{
    (void)ca_file;
    *out = NULL;
    return fake.trust_fails ? error_set_memory(err) : 0;
}

void tls_trust_free(struct tls_trust *trust)
{
    (void)trust;
}

/* Whoever looks at the settings later finds that what they pointed at has gone. */
static void describe(const struct check_settings *s)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, sizeof fake.described - 1);
    for (size_t i = 0; i < s->dns.forward_count; i++)
        buf_printf(&text, "resolver %.*s; ", STR_ARG(s->dns.forward[i]));
    if (s->dns.trust_anchor)
        buf_printf(&text, "anchor %s; ", s->dns.trust_anchor);
    if (s->dns.ca_file)
        buf_printf(&text, "ca %s; ", s->dns.ca_file);
    if (s->ehlo.n)
        buf_printf(&text, "ehlo %.*s; ", STR_ARG(s->ehlo));
    for (size_t i = 0; i < s->mx_count; i++)
        buf_printf(&text, "mx %.*s; ", STR_ARG(s->mx[i]));
    for (size_t i = 0; i < s->connect_count; i++) {
        const struct check_connect *c = &s->connect[i];
        buf_printf(&text, "%.*s:%u at ", STR_ARG(c->host), c->port);
        address_print(&c->address, &text);
        buf_printf(&text, ":%u; ", c->to_port);
    }
    snprintf(fake.described, sizeof fake.described, "%.*s", STR_ARG(buf_view(&text)));
}

struct checker *checker_new(struct event_base *base, const struct check_settings *settings,
                            struct error *err)
{
    struct checker *checker = calloc(1, sizeof *checker);
    if (!checker) {
        error_set_memory(err);
        return NULL;
    }
    checker->base = base;
    fake.settings = *settings;
    describe(settings);
    return checker;
}

void checker_free(struct checker *checker)
{
    free(checker);
}

static bool begins(const struct check *check, const char *label)
{
    return str_starts(str_from(check->domain), str_from(label));
}

static void on_timer(evutil_socket_t fd, short events, void *user)
{
    struct check *check = user;
    struct sample s CLEANUP(sample_done);
    (void)fd;
    (void)events;
    sample_init(&s, check->domain);
    fake.running--;
    check->progress(check->user, 3, 0);
    if (begins(check, "bad"))
        sample_add(&s, CHECK_MX, CHECK_ERROR, &sample_error, "it");
    if (begins(check, "nodns"))
        s.facts.mx_records.answer.status = s.facts.sts_txt.answer.status = DNS_FAILED;
    if (begins(check, "memory")) {
        struct error err;
        error_set_memory(&err);
        check->callback(check->user, NULL, &err);
    } else {
        check->callback(check->user, &s.report, NULL);
    }
    event_free(check->timer);
    free(check);
}

struct check *check_start(struct checker *checker, struct str domain,
                          const struct fact_earlier *earlier, check_callback *callback,
                          check_progress *progress, void *user, struct error *err)
{
    if (str_chr(domain, ' ') >= 0) {
        error_set(err, ERROR_PERMANENT, msg_check_domain_invalid(domain));
        return NULL;
    }
    struct check *check = calloc(1, sizeof *check);
    assert_non_null(check);
    *check = (struct check){.callback = callback, .progress = progress, .user = user};
    snprintf(check->domain, sizeof check->domain, "%.*s", STR_ARG(domain));
    struct timeval wait = {.tv_usec = begins(check, "slow") ? SLOW_MS * 1000 : 0};
    check->timer = event_new(checker->base, -1, 0, on_timer, check);
    assert_non_null(check->timer);
    assert_int_equal(event_add(check->timer, &wait), 0);
    fake.started++;
    if (++fake.running > fake.most)
        fake.most = fake.running;
    if (earlier) {
        fake.with_earlier++;
        snprintf(fake.earlier_id, sizeof fake.earlier_id, "%.*s", STR_ARG(earlier->id));
    }
    progress(user, 0, 3);
    return check;
}

void check_remember(const struct check_facts *facts, struct arena *arena, struct fact_earlier *out)
{
    (void)arena;
    *out = (struct fact_earlier){.known = true,
                                 .at = facts->now,
                                 .id = STR("20261124T110000Z"),
                                 .body_hash = STR("00ff"),
                                 .mode = STS_MODE_ENFORCE,
                                 .max_age = 604800,
                                 .enforce_until = facts->now + 604800};
}
