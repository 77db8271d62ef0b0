#include "world.h"

#include <openssl/x509.h>

#include "host/identity_cache.h"
#include "made.h"
#include "store/messages.h"

#define UNTIL (NOW + 90 * INT64_C(86400))

struct certified {
    struct world world;
    struct arena arena;
    SSL_CTX *tls;
    SSL *ssl;
};

static bool choose_none(struct tls_guest *guest, SSL *ssl, struct str name)
{
    (void)guest;
    (void)ssl;
    (void)name;
    return false;
}

static void begin(struct certified *c)
{
    struct error err;
    world_init(&c->world);
    arena_init(&c->arena, 1 << 20);
    assert_int_equal(tls_server_new(&c->tls, choose_none, &err), 0);
    c->ssl = SSL_new(c->tls);
    assert_non_null(c->ssl);
}

static void end(struct certified *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->tls);
    arena_done(&c->arena);
    world_done(&c->world);
}

/* A certificate whose common name tells it apart. */
static int64_t put(struct certified *c, const char *host)
{
    char alternative_names[128];
    int64_t id = 0;
    snprintf(alternative_names, sizeof alternative_names, "DNS:%s", host);
    struct made made = made_new(host, alternative_names, NULL, NOW, UNTIL);
    struct str names[] = {str_from(host)};
    struct store_certificate row = {.names = names,
                                    .name_count = 1,
                                    .chain = made_der(&made, &c->arena),
                                    .key = made_key_der(&made, &c->arena),
                                    .not_before = NOW,
                                    .not_after = UNTIL,
                                    .source = STR("import"),
                                    .created = NOW};
    assert_int_equal(store_certificate_put(c->world.store, &row, &id, NULL), 1);
    made_done(&made);
    return id;
}

static void check_is(struct certified *c, struct identity_cache *cache, int64_t id,
                     const char *host)
{
    const struct tls_identity *identity;
    struct error err;
    char found[128] = "";
    assert_int_equal(identity_cache_get(cache, id, str_from(host), &identity, &err), 1);
    assert_true(tls_identity_use(identity, c->ssl));
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get_certificate(c->ssl)), NID_commonName,
                              found, sizeof found);
    assert_string_equal(found, host);
}

static void what_was_used_longest_ago_makes_room(void **state)
{
    struct certified c;
    (void)state;
    begin(&c);
    int64_t a = put(&c, "a.test"), b = put(&c, "b.test"), d = put(&c, "d.test");
    struct identity_cache *cache = identity_cache_new(c.world.path, 2);
    check_is(&c, cache, a, "a.test");
    check_is(&c, cache, b, "b.test");
    check_is(&c, cache, a, "a.test");
    assert_int_equal(identity_cache_misses(cache), 2);
    check_is(&c, cache, d, "d.test"); /* b goes */
    assert_int_equal(identity_cache_count(cache), 2);
    check_is(&c, cache, a, "a.test");
    assert_int_equal(identity_cache_misses(cache), 3);
    check_is(&c, cache, b, "b.test");
    assert_int_equal(identity_cache_misses(cache), 4);
    assert_int_equal(identity_cache_count(cache), 2);
    identity_cache_free(cache);
    end(&c);
}

/* What is ready is served on when the store is gone; what is not is found when it is there again.
 */
static void it_lives_without_the_store(void **state)
{
    struct certified c;
    const struct tls_identity *identity;
    struct error err;
    char moved[128];
    (void)state;
    begin(&c);
    int64_t a = put(&c, "a.test"), b = put(&c, "b.test");
    snprintf(moved, sizeof moved, "%s.moved", c.world.path);
    struct identity_cache *cache = identity_cache_new(c.world.path, 0);
    assert_int_equal(rename(c.world.path, moved), 0);
    assert_true(identity_cache_get(cache, a, STR("a.test"), &identity, &err) < 0);
    assert_true(error_is(&err, &MSG_STORE_MISSING));
    assert_int_equal(rename(moved, c.world.path), 0);
    check_is(&c, cache, a, "a.test");
    check_is(&c, cache, b, "b.test");
    assert_int_equal(identity_cache_count(cache), 1); /* a most of 0 is taken as 1 */
    identity_cache_free(cache);
    identity_cache_free(NULL);
    end(&c);
}

static void what_is_not_there_is_not_kept(void **state)
{
    static const struct str names[] = {STR_INIT("bad.test")};
    const struct store_certificate bad = {.names = names,
                                          .name_count = 1,
                                          .chain = STR("chain"),
                                          .key = STR("key"),
                                          .not_after = 1,
                                          .source = STR("import")};
    struct certified c;
    const struct tls_identity *identity;
    struct error err;
    int64_t id;
    (void)state;
    begin(&c);
    struct identity_cache *cache = identity_cache_new(c.world.path, 8);
    assert_int_equal(store_certificate_put(c.world.store, &bad, &id, NULL), 1);
    assert_int_equal(identity_cache_get(cache, 999, STR("x.test"), &identity, &err), 0);
    assert_true(identity_cache_get(cache, id, STR("bad.test"), &identity, &err) < 0);
    assert_int_equal(identity_cache_count(cache), 0);
    identity_cache_free(cache);
    end(&c);
}

/* The host learns of a new certificate within a second; until then it asks for the old one. */
static void what_was_replaced_is_found_by_its_name(void **state)
{
    struct certified c;
    (void)state;
    begin(&c);
    struct identity_cache *cache = identity_cache_new(c.world.path, 8);
    int64_t old = put(&c, "a.test");
    int64_t fresh = put(&c, "a.test");
    assert_true(old != fresh);
    check_is(&c, cache, old, "a.test");
    check_is(&c, cache, old, "a.test");
    check_is(&c, cache, fresh, "a.test");
    assert_int_equal(identity_cache_count(cache), 1);
    assert_int_equal(identity_cache_misses(cache), 2);
    identity_cache_free(cache);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_used_longest_ago_makes_room),
        cmocka_unit_test(it_lives_without_the_store),
        cmocka_unit_test(what_is_not_there_is_not_kept),
        cmocka_unit_test(what_was_replaced_is_found_by_its_name),
    };
    return cmocka_run_group_tests_name("host/identity_cache", tests, NULL, NULL);
}
