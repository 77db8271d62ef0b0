#include "check.h"

#include <event2/event.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unbound.h>
#include <unistd.h>

#include "base/file.h"
#include "net/dns_setup.h"

#define KEY ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"

struct world {
    struct event_base *base;
    char folder[40], anchor[80], state[80];
};

static int make_world(void **state)
{
    static struct world w;
    struct error err;
    w = (struct world){.base = event_base_new(), .folder = "/tmp/test_dns_setup.XXXXXX"};
    assert_non_null(mkdtemp(w.folder));
    snprintf(w.anchor, sizeof w.anchor, "%s/anchor", w.folder);
    snprintf(w.state, sizeof w.state, "%s/state", w.folder);
    assert_int_equal(file_write(w.anchor, STR(KEY), 0600, &err), 0);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    unlink(w->anchor);
    unlink(w->state);
    rmdir(w->folder);
    event_base_free(w->base);
    return 0;
}

static void try_settings(struct world *w, const struct dns_settings *settings, const char *code)
{
    struct error err;
    struct dns *dns = dns_new(w->base, settings, &err);
    CHECK((dns == NULL) == (code != NULL), code ? code : "it is usable");
    if (code)
        CHECK_STR(str_from(err.msg.def->id), code, code);
    dns_free(dns);
}

static void resolvers_go_over_tls_all_or_none(void **state)
{
    struct world *w = *state;
    static const struct {
        struct str forward[2];
        const char *code;
    } rows[] = {
        {{STR_INIT("192.0.2.1"), STR_INIT("2001:db8::1@5353")}, NULL},
        {{STR_INIT("192.0.2.1#a.test"), STR_INIT("192.0.2.2@853#b.test")}, NULL},
        {{STR_INIT("192.0.2.1"), STR_INIT("192.0.2.2@853#b.test")}, "dns-mixed-forward"},
        {{STR_INIT("192.0.2.1#a.test"), STR_INIT("192.0.2.2")}, "dns-mixed-forward"},
        {{STR_INIT("192.0.2.1#a.test"), STR_INIT("b.test#b.test")}, "dns-bad-forward"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        try_settings(w, &(struct dns_settings){.forward = rows[i].forward, .forward_count = 2},
                     rows[i].code);
}

/* RFC 5011: the keys are kept in a file of ours, that begins as a copy. */
static void the_state_of_the_anchor_begins_as_its_copy(void **state)
{
    struct world *w = *state;
    struct dns_settings settings = {.trust_anchor = w->anchor, .trust_anchor_state = w->state};
    struct buf kept CLEANUP(buf_done);
    struct error err;
    try_settings(w, &settings, NULL);
    buf_init(&kept, 4096);
    assert_int_equal(file_read(w->state, &kept, &err), 0);
    CHECK_STR(buf_view(&kept), KEY, "copy");
    /* What is there stays. */
    assert_int_equal(file_write(w->state, STR("; ours\n" KEY), 0600, &err), 0);
    try_settings(w, &settings, NULL);
    buf_reset(&kept);
    assert_int_equal(file_read(w->state, &kept, &err), 0);
    CHECK_STR(buf_view(&kept), "; ours\n" KEY, "kept");
}

/* A package that brings newer keys heals a machine that was off while they changed. */
static void an_anchor_that_is_newer_begins_the_state_again(void **state)
{
    struct world *w = *state;
    struct dns_settings settings = {.trust_anchor = w->anchor, .trust_anchor_state = w->state};
    const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    struct buf kept CLEANUP(buf_done);
    struct error err;
    assert_int_equal(file_write(w->state, STR("; old\n" KEY), 0600, &err), 0);
    assert_int_equal(utimensat(AT_FDCWD, w->state, old, 0), 0);
    try_settings(w, &settings, NULL);
    buf_init(&kept, 4096);
    assert_int_equal(file_read(w->state, &kept, &err), 0);
    CHECK_STR(buf_view(&kept), KEY, "copy");
}

static void a_state_that_cannot_be_kept_is_refused(void **state)
{
    struct world *w = *state;
    char nowhere[120];
    struct error err;
    snprintf(nowhere, sizeof nowhere, "%s/no/state", w->folder);
    struct dns_settings settings = {.trust_anchor = w->anchor, .trust_anchor_state = nowhere};
    assert_null(dns_new(w->base, &settings, &err));
    settings.trust_anchor = "/no/such/anchor";
    try_settings(w, &settings, "dns-bad-trust-anchor");
    /* Without an anchor nothing is validated, and nothing kept. */
    settings.trust_anchor = "";
    settings.trust_anchor_state = w->state;
    try_settings(w, &settings, NULL);
    assert_int_not_equal(access(w->state, F_OK), 0);
}

/* A satellite is 600 ms away (RFC 2488 2). libunbound by itself gives an unknown server up after
 * 376 ms, and the question after a few of those. */
static void a_server_that_is_far_away_is_waited_for(void **state)
{
    struct world *w = *state;
    const struct dns_settings settings = {0};
    struct ub_ctx *ctx = ub_ctx_create();
    struct dns_relay *relay = NULL;
    struct error err;
    char *milliseconds = NULL;
    assert_non_null(ctx);
    assert_int_equal(dns_set_up(ctx, w->base, &settings, &relay, &err), 0);
    assert_int_equal(ub_ctx_get_option(ctx, "unknown-server-time-limit", &milliseconds), 0);
    assert_true(strtol(milliseconds, NULL, 10) > 600);
    free(milliseconds);
    ub_ctx_delete(ctx);
}

/* Along with the question itself, a round trip before the answer is there to be validated. */
static void the_keys_of_a_zone_are_asked_for_when_its_delegation_is_seen(void **state)
{
    struct world *w = *state;
    const struct dns_settings settings = {0};
    struct ub_ctx *ctx = ub_ctx_create();
    struct dns_relay *relay = NULL;
    struct error err;
    char *early = NULL;
    assert_non_null(ctx);
    assert_int_equal(dns_set_up(ctx, w->base, &settings, &relay, &err), 0);
    assert_int_equal(ub_ctx_get_option(ctx, "prefetch-key", &early), 0);
    CHECK_STR(str_from(early), "yes", "prefetch-key");
    free(early);
    ub_ctx_delete(ctx);
}

/* A stranger's zone names its servers (DNS rebinding); our own forwarders may be anywhere. */
static void recursion_asks_no_server_in_a_private_network(void **state)
{
    struct world *w = *state;
    const struct str forward = STR("127.0.0.1");
    const struct {
        const char *name;
        struct dns_settings settings;
        bool refused;
    } rows[] = {{"recursion", {0}, true},
                {"forwarder", {.forward = &forward, .forward_count = 1}, false},
                {"private allowed", {.allow_private = true}, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ub_ctx *ctx = ub_ctx_create();
        struct dns_relay *relay = NULL;
        struct error err;
        char *addresses = NULL;
        assert_non_null(ctx);
        assert_int_equal(dns_set_up(ctx, w->base, &rows[i].settings, &relay, &err), 0);
        assert_int_equal(ub_ctx_get_option(ctx, "do-not-query-address", &addresses), 0);
        struct str list = str_from(addresses);
        CHECK((str_find(list, STR("10.0.0.0/8")) >= 0) == rows[i].refused, rows[i].name);
        CHECK((str_find(list, STR("fe80::/10")) >= 0) == rows[i].refused, rows[i].name);
        CHECK((str_find(list, STR("127.0.0.0/8")) >= 0) == rows[i].refused, rows[i].name);
        free(addresses);
        ub_ctx_delete(ctx);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resolvers_go_over_tls_all_or_none),
        TEST(the_state_of_the_anchor_begins_as_its_copy),
        TEST(an_anchor_that_is_newer_begins_the_state_again),
        TEST(a_state_that_cannot_be_kept_is_refused),
        TEST(a_server_that_is_far_away_is_waited_for),
        TEST(the_keys_of_a_zone_are_asked_for_when_its_delegation_is_seen),
        TEST(recursion_asks_no_server_in_a_private_network),
    };
    return cmocka_run_group_tests_name("net dns_setup", tests, NULL, NULL);
}
