#include "check.h"

#include <unistd.h>

#include "base/file.h"
#include "https_world.h"

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"

static struct tls_trust *trust_in(struct https_world *w, const struct made *root)
{
    char path[] = "/tmp/test_http_tls.XXXXXX";
    struct tls_trust *trust = NULL;
    struct error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(path, made_pem(root, &w->arena), 0600, &err), 0);
    assert_int_equal(tls_trust_new(&trust, path, &err), 0);
    unlink(path);
    return trust;
}

/* RFC 8461 3.3: nothing is asked of a host whose certificate is not good; without a trust store the
 * chain comes home and nobody is refused. */
static void a_peer_that_is_not_trusted_is_left_in_the_handshake(void **state)
{
    struct https_world *w = *state;
    struct made stranger = made_new("Stranger", NULL, NULL, HTTPS_FROM, HTTPS_UNTIL);
    struct tls_trust *ours = trust_in(w, &w->issuer), *others = trust_in(w, &stranger);
    const struct {
        const char *name;
        const struct tls_trust *trust;
        struct str host;
        int64_t now;
        bool good;
        const char *detail; /* part of it */
    } rows[] = {
        {"trusted", ours, STR(HTTPS_HOST), HTTPS_FROM + 1, true, ""},
        {"another name", ours, STR("mta-sts.other.test"), HTTPS_FROM + 1, false,
         "ostname mismatch"},
        {"expired", ours, STR(HTTPS_HOST), HTTPS_UNTIL + 1, false, "expired"},
        {"not yet valid", ours, STR(HTTPS_HOST), HTTPS_FROM - 1, false, "not yet valid"},
        {"another authority", others, STR(HTTPS_HOST), HTTPS_FROM + 1, false, "certificate"},
        {"nobody asks", NULL, STR("mta-sts.other.test"), HTTPS_UNTIL + 1, true, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct https_server s;
        const struct https_script script = {.reply = STR_INIT(GOOD)};
        struct http_options o = https_options("127.0.0.1", 0);
        o.host = rows[i].host;
        o.trust = rows[i].trust;
        o.now = rows[i].now;
        struct http_fetched f = https_fetch_from(w, &s, w->server, &script, &o);
        CHECK(f.at == (rows[i].good ? HTTP_COMPLETE : HTTP_HANDSHAKE), rows[i].name);
        CHECK(f.failure == (rows[i].good ? NET_OK : NET_TLS), rows[i].name);
        CHECK(str_find(f.detail, str_from(rows[i].detail)) >= 0, rows[i].name);
        CHECK(f.tls.chain_count == 2, rows[i].name);
        CHECK((s.request_n > 0) == rows[i].good, rows[i].name);
    }
    tls_trust_free(ours);
    tls_trust_free(others);
    made_done(&stranger);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, https_client_make, https_client_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_peer_that_is_not_trusted_is_left_in_the_handshake),
    };
    return cmocka_run_group_tests_name("net http_tls", tests, https_world_make, https_world_end);
}
