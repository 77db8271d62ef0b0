#include "check.h"

#include <dlfcn.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fault.h"
#include "made.h"
#include "net/tls_known.h"

#define NOW  1800000000
#define DAY  86400
#define HOST STR("mx.good.test")

static unsigned verifications;

/* In the place of OpenSSL's, which does the work. */
int X509_verify_cert(X509_STORE_CTX *ctx)
{
    int (*real)(X509_STORE_CTX *) = NULL;
    verifications++;
    memcpy(&real, &(void *){dlsym(RTLD_NEXT, "X509_verify_cert")}, sizeof real);
    return real(ctx);
}

struct world {
    struct arena arena;
    struct made root, leaf, expiring, stranger;
    struct str good[2], other[2], soon[2];
    struct tls_trust *trust;
    struct tls_known *known;
};

static int make_world(void **state)
{
    static struct world w;
    char path[64];
    struct error err;
    arena_init(&w.arena, 1 << 20);
    w.root = made_with(&(struct made_options){
        .common_name = "Root", .authority = true, .from = NOW - DAY, .until = NOW + 90 * DAY});
    w.leaf = made_new("mx", "DNS:mx.good.test", &w.root, NOW - DAY, NOW + DAY);
    w.expiring = made_new("mx", "DNS:mx.good.test", &w.root, NOW - DAY, NOW + 10);
    w.stranger = made_new("mx", "DNS:mx.good.test", NULL, NOW - DAY, NOW + DAY);
    struct str root = made_der(&w.root, &w.arena);
    w.good[0] = made_der(&w.leaf, &w.arena);
    w.other[0] = made_der(&w.stranger, &w.arena);
    w.soon[0] = made_der(&w.expiring, &w.arena);
    w.good[1] = w.other[1] = w.soon[1] = root;
    snprintf(path, sizeof path, "/tmp/test_tls_known.%d.pem", (int)getpid());
    assert_int_equal(file_write(path, made_pem(&w.root, &w.arena), 0600, &err), 0);
    assert_int_equal(tls_trust_new(&w.trust, path, &err), 0);
    unlink(path);
    w.known = tls_known_new(w.trust);
    assert_non_null(w.known);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    tls_known_free(w->known);
    tls_trust_free(w->trust);
    made_done(&w->root);
    made_done(&w->leaf);
    made_done(&w->expiring);
    made_done(&w->stranger);
    arena_done(&w->arena);
    return 0;
}

/* How often a chain was verified for that. */
static unsigned verify(struct world *w, struct str *chain, size_t count, struct str host,
                       int64_t now, struct tls_verified *out)
{
    struct tls_peer peer = {.chain = chain, .chain_count = count};
    struct error err;
    verifications = 0;
    assert_int_equal(tls_known_verify(w->known, &peer, host, now, &w->arena, out, &err), 0);
    return verifications;
}

static void a_chain_is_verified_once_and_means_the_same_again(void **state)
{
    struct world *w = *state;
    struct tls_verified v;
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(verify(w, w->good, 2, HOST, NOW + turn, &v), turn == 0);
        assert_true(v.trusted);
        assert_int_equal(v.certificate_count, 2);
        CHECK_STR(v.certificates[0].names[0], "mx.good.test", "as from the first time");
        assert_int_equal(verify(w, w->other, 2, HOST, NOW + turn, &v), turn == 0);
        assert_int_equal(v.chain, TLS_CHAIN_SELF_SIGNED);
    }
}

/* RFC 6125 6: whom it is for is each host's own question. */
static void the_name_is_looked_at_each_time(void **state)
{
    struct world *w = *state;
    struct tls_verified v;
    verify(w, w->good, 2, HOST, NOW, &v);
    assert_int_equal(verify(w, w->good, 2, STR("mx.bad.test"), NOW, &v), 0);
    assert_int_equal(v.name, TLS_NAME_MISMATCH);
    assert_false(v.trusted);
    verify(w, w->good, 2, HOST, NOW, &v);
    assert_true(v.trusted);
}

/* RFC 5280 4.1.2.5. */
static void a_date_that_passes_ends_what_is_known(void **state)
{
    static const struct {
        int64_t now;
        bool verified_again;
        enum tls_date_fault date;
    } rows[] = {
        {NOW, true, TLS_DATE_OK},
        {NOW + 9, false, TLS_DATE_OK},
        {NOW + 11, true, TLS_DATE_EXPIRED},
        {NOW + 12, false, TLS_DATE_EXPIRED},
        {NOW + 9, false, TLS_DATE_OK}, /* both are kept */
        {NOW - DAY - 1, true, TLS_DATE_NOT_YET},
    };
    struct world *w = *state;
    struct tls_verified v;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned times = verify(w, w->soon, 2, HOST, rows[i].now, &v);
        assert_int_equal(times, rows[i].verified_again);
        assert_int_equal(v.date, rows[i].date);
        assert_int_equal(v.trusted, rows[i].date == TLS_DATE_OK);
    }
}

/* The bytes are cut in other places: another chain. */
static void each_byte_and_each_end_of_a_certificate_counts(void **state)
{
    struct world *w = *state;
    struct str shorter[] = {w->good[0]};
    struct str joined[] = {w->good[0], str_head(w->good[1], 100), str_skip(w->good[1], 100)};
    struct str twice[] = {w->good[0], w->good[1], w->good[1]};
    struct tls_verified v;
    verify(w, w->good, 2, HOST, NOW, &v);
    assert_int_equal(verify(w, shorter, 1, HOST, NOW, &v), 1);
    assert_true(v.trusted);
    assert_int_equal(verify(w, joined, 3, HOST, NOW, &v), 1);
    assert_int_equal(v.chain, TLS_CHAIN_UNREADABLE);
    assert_int_equal(verify(w, twice, 3, HOST, NOW, &v), 1);
    assert_int_equal(verify(w, NULL, 0, HOST, NOW, &v), 0);
    assert_int_equal(v.chain, TLS_CHAIN_ABSENT);
}

static void the_oldest_goes_first(void **state)
{
    struct world *w = *state;
    struct str chain[] = {w->good[0], STR("")};
    struct tls_verified v;
    char number[16];
    verify(w, w->good, 2, HOST, NOW, &v);
    for (unsigned i = 0; i < TLS_KNOWN_MAX; i++) {
        if (i == TLS_KNOWN_MAX - 1)
            assert_int_equal(verify(w, w->good, 2, HOST, NOW, &v), 0);
        snprintf(number, sizeof number, "garbage %u", i);
        chain[1] = str_from(number);
        assert_int_equal(verify(w, chain, 2, HOST, NOW, &v), 1);
    }
    assert_int_equal(verify(w, w->good, 2, HOST, NOW, &v), 1);
}

static void without_memory_there_is_no_verdict(void **state)
{
    struct world *w = *state;
    struct tls_peer peer = {.chain = w->good, .chain_count = 2};
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        struct arena first CLEANUP(arena_done), second CLEANUP(arena_done);
        struct tls_verified v;
        struct error err;
        arena_init(&first, 1 << 20);
        arena_init(&second, 1 << 20);
        fault_alloc_at(n);
        struct tls_known *known = tls_known_new(w->trust);
        int result =
            known ? tls_known_verify(known, &peer, HOST, NOW, &first, &v, &err) : -ERROR_TEMPORARY;
        failed = fault_alloc_off();
        assert_int_equal(result, failed ? -ERROR_TEMPORARY : 0);
        /* What failed is not taken for known. */
        if (known)
            assert_int_equal(tls_known_verify(known, &peer, HOST, NOW, &second, &v, &err), 0);
        if (known)
            assert_true(v.trusted);
        tls_known_free(known);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chain_is_verified_once_and_means_the_same_again),
        TEST(the_name_is_looked_at_each_time),
        TEST(a_date_that_passes_ends_what_is_known),
        TEST(each_byte_and_each_end_of_a_certificate_counts),
        TEST(the_oldest_goes_first),
        TEST(without_memory_there_is_no_verdict),
    };
    return cmocka_run_group_tests_name("net tls_known", tests, NULL, NULL);
}
