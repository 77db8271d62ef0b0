#include "check.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "fault.h"
#include "made.h"
#include "net/tls_verify.h"

#define NOW 1800000000
#define DAY 86400

enum made_name { TA, INTER, LEAF, EXPIRED, OTHER, WEAK, MADE_COUNT };

struct world {
    struct arena arena;
    struct made made[MADE_COUNT];
    struct str der[MADE_COUNT];
    struct tls_peer good, expired, alone, with_ta, weak, none;
};

static struct tls_peer chain_of(struct world *w, const enum made_name *names, size_t count)
{
    struct tls_peer peer = {.version = 0x0304, .chain_count = count};
    peer.chain = arena_array(&w->arena, count, sizeof *peer.chain);
    for (size_t i = 0; i < count; i++)
        peer.chain[i] = w->der[names[i]];
    return peer;
}

static int make_world(void **state)
{
    static struct world w;
    int64_t from = NOW - 10 * DAY, until = NOW + 80 * DAY;
    arena_init(&w.arena, 1 << 22);
    w.made[TA] = made_new("Anchor", NULL, NULL, from, until);
    w.made[INTER] = made_new("Inter", NULL, &w.made[TA], from, until);
    w.made[LEAF] = made_new("mx", "DNS:mx.good.test", &w.made[INTER], from, until);
    w.made[EXPIRED] = made_new("mx", "DNS:mx.good.test", &w.made[INTER], from, NOW - DAY);
    w.made[OTHER] = made_new("Other", NULL, NULL, from, until);
    w.made[WEAK] = made_with(&(struct made_options){.common_name = "weak",
                                                    .names = "DNS:mx.good.test",
                                                    .rsa_bits = 1024,
                                                    .from = from,
                                                    .until = until});
    for (size_t i = 0; i < MADE_COUNT; i++)
        w.der[i] = made_der(&w.made[i], &w.arena);
    w.good = chain_of(&w, (enum made_name[]){LEAF, INTER}, 2);
    w.expired = chain_of(&w, (enum made_name[]){EXPIRED, INTER}, 2);
    w.alone = chain_of(&w, (enum made_name[]){LEAF}, 1);
    w.with_ta = chain_of(&w, (enum made_name[]){LEAF, INTER, TA}, 3);
    w.weak = chain_of(&w, (enum made_name[]){WEAK}, 1);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < MADE_COUNT; i++)
        made_done(&w->made[i]);
    arena_done(&w->arena);
    return 0;
}

/* The data of RFC 6698 2.1.4 for a certificate, made without the code under test. */
static struct tls_tlsa record(struct world *w, uint8_t usage, uint8_t selector, uint8_t matching,
                              enum made_name of)
{
    struct str all = w->der[of];
    unsigned char digest[SHA512_DIGEST_LENGTH];
    if (selector == 1) {
        unsigned char *key = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(w->made[of].certificate), &key);
        assert_true(n > 0);
        all = arena_str(&w->arena, (struct str){(const char *)key, (size_t)n});
        OPENSSL_free(key);
    }
    if (matching == 1)
        SHA256((const unsigned char *)all.p, all.n, digest);
    else if (matching == 2)
        SHA512((const unsigned char *)all.p, all.n, digest);
    if (matching == 1 || matching == 2)
        all = arena_str(&w->arena, (struct str){(const char *)digest, matching == 1 ? 32 : 64});
    return (struct tls_tlsa){usage, selector, matching, all};
}

static struct tls_dane look_for(struct world *w, const struct tls_peer *peer,
                                const struct tls_tlsa *records, size_t count, const char *name)
{
    struct tls_dane dane;
    struct error err;
    struct str names[] = {str_from(name)};
    assert_int_equal(
        tls_verify_dane(peer, records, count, names, *name ? 1 : 0, NOW, &w->arena, &dane, &err),
        0);
    return dane;
}

struct one_row {
    const char *what;
    uint8_t usage, selector, matching;
    enum made_name of;
    const struct tls_peer *peer;
    const char *name;
    enum tls_dane_status status;
};

static void check_one(struct world *w, const struct one_row *r)
{
    struct tls_tlsa one = record(w, r->usage, r->selector, r->matching, r->of);
    struct tls_dane dane = look_for(w, r->peer, &one, 1, r->name);
    CHECK(dane.status == r->status, r->what);
    CHECK(dane.count == 1 && dane.matched == 0, r->what);
    CHECK(dane.usable[0] == (r->status != TLS_DANE_NONE_USABLE), r->what);
    CHECK(dane.matches[0] == (r->status == TLS_DANE_MATCH), r->what);
}

/* RFC 7672 3.1.1 (usage 3: neither names nor dates count), 3.1.2 (usage 2: both do), 3.1.3. */
static void one_record_lets_in_what_it_is_about(void **state)
{
    struct world *w = *state;
    const struct one_row rows[] = {
        {"usage 3", 3, 1, 1, LEAF, &w->good, "mx.good.test", TLS_DANE_MATCH},
        {"usage 3, no intermediate", 3, 1, 1, LEAF, &w->alone, "mx.good.test", TLS_DANE_MATCH},
        {"usage 3, another name", 3, 1, 1, LEAF, &w->good, "x.test", TLS_DANE_MATCH},
        {"usage 3, expired", 3, 1, 1, EXPIRED, &w->expired, "x.test", TLS_DANE_MATCH},
        {"usage 3, no name", 3, 1, 1, LEAF, &w->good, "", TLS_DANE_MATCH},
        {"usage 3, another key", 3, 1, 1, OTHER, &w->good, "mx.good.test", TLS_DANE_MISMATCH},
        {"usage 3, of the issuer", 3, 1, 1, INTER, &w->good, "mx.good.test", TLS_DANE_MISMATCH},
        {"usage 3, a weak key", 3, 1, 1, WEAK, &w->weak, "mx.good.test", TLS_DANE_MATCH},
        {"usage 2", 2, 1, 1, INTER, &w->good, "mx.good.test", TLS_DANE_MATCH},
        {"usage 2, with a dot", 2, 1, 1, INTER, &w->good, "mx.good.test.", TLS_DANE_MATCH},
        {"usage 2, its anchor sent", 2, 0, 1, TA, &w->with_ta, "mx.good.test", TLS_DANE_MATCH},
        {"usage 2, not sent", 2, 1, 1, TA, &w->good, "mx.good.test", TLS_DANE_MISMATCH},
        {"usage 2, whole, not sent", 2, 0, 0, TA, &w->good, "mx.good.test", TLS_DANE_MATCH},
        {"usage 2, key, not sent", 2, 1, 0, TA, &w->good, "mx.good.test", TLS_DANE_MATCH},
        {"usage 2, another", 2, 1, 1, OTHER, &w->good, "mx.good.test", TLS_DANE_MISMATCH},
        {"usage 2, issuer left out", 2, 1, 1, INTER, &w->alone, "mx.good.test", TLS_DANE_MISMATCH},
        {"usage 2, another name", 2, 1, 1, INTER, &w->good, "x.test", TLS_DANE_NAME},
        {"usage 2, names below", 2, 1, 1, INTER, &w->good, ".good.test", TLS_DANE_NAME},
        {"usage 2, no name", 2, 1, 1, INTER, &w->good, "", TLS_DANE_NAME},
        {"usage 2, expired", 2, 1, 1, INTER, &w->expired, "mx.good.test", TLS_DANE_DATE},
        {"usage 2, expired, another name", 2, 1, 1, INTER, &w->expired, "x.test", TLS_DANE_NAME},
        {"usage 2, expired, another", 2, 1, 1, OTHER, &w->expired, "x.test", TLS_DANE_MISMATCH},
        {"usage 1", 1, 1, 1, LEAF, &w->good, "mx.good.test", TLS_DANE_NONE_USABLE},
        {"usage 0", 0, 1, 1, TA, &w->with_ta, "mx.good.test", TLS_DANE_NONE_USABLE},
        {"usage 255", 255, 1, 1, LEAF, &w->good, "mx.good.test", TLS_DANE_NONE_USABLE},
        {"no certificate", 3, 1, 1, LEAF, &w->none, "mx.good.test", TLS_DANE_MISMATCH},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_one(w, &rows[i]);
}

/* RFC 6698 2.1.2 and 2.1.3: every selector with every matching type, at both usages. */
static void selectors_and_matching_types_are_all_read(void **state)
{
    struct world *w = *state;
    for (uint8_t selector = 0; selector <= 1; selector++) {
        for (uint8_t matching = 0; matching <= 2; matching++) {
            struct one_row r = {"ee", 3,        selector,       matching,
                                LEAF, &w->good, "mx.good.test", TLS_DANE_MATCH};
            check_one(w, &r);
            r = (struct one_row){"ee of another", 3,        selector,       matching,
                                 OTHER,           &w->good, "mx.good.test", TLS_DANE_MISMATCH};
            check_one(w, &r);
            r = (struct one_row){"ta",  2,        selector,       matching,
                                 INTER, &w->good, "mx.good.test", TLS_DANE_MATCH};
            check_one(w, &r);
        }
    }
}

/* RFC 7671 section 4: a record that makes no sense is passed over. */
static void a_record_that_makes_no_sense_is_not_usable(void **state)
{
    struct world *w = *state;
    struct tls_tlsa good = record(w, 3, 1, 1, LEAF), rows[8];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = good;
    rows[0].data = str_head(good.data, 31);
    rows[1].data = STR("");
    rows[2].selector = 2;
    rows[3].matching = 3;
    rows[4].matching = 2; /* 32 bytes are no SHA-512 */
    rows[5] = (struct tls_tlsa){2, 0, 0, STR("no certificate")};
    rows[6] = (struct tls_tlsa){3, 1, 0, STR("no key")};
    rows[7].usage = 4;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_dane dane = look_for(w, &w->good, &rows[i], 1, "mx.good.test");
        assert_int_equal(dane.status, TLS_DANE_NONE_USABLE);
        assert_false(dane.usable[0] || dane.matches[0]);
        struct tls_tlsa both[] = {rows[i], good};
        dane = look_for(w, &w->good, both, 2, "mx.good.test");
        assert_int_equal(dane.status, TLS_DANE_MATCH);
        assert_int_equal(dane.matched, 1);
        assert_true(dane.usable[1] && dane.matches[1] && !dane.usable[0]);
    }
}

/* RFC 7671 8.1: the key in use and the next one stand side by side. */
static void of_several_records_each_is_told(void **state)
{
    struct world *w = *state;
    struct tls_tlsa records[] = {record(w, 3, 1, 1, OTHER), record(w, 0, 1, 1, LEAF),
                                 record(w, 3, 1, 1, LEAF), record(w, 2, 1, 1, INTER)};
    struct tls_dane dane = look_for(w, &w->good, records, 4, "x.test");
    assert_int_equal(dane.status, TLS_DANE_MATCH);
    assert_int_equal(dane.matched, 2);
    static const bool usable[] = {true, false, true, true}, matches[] = {false, false, true, false};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(dane.usable[i], usable[i]);
        assert_int_equal(dane.matches[i], matches[i]);
    }
}

/* RFC 7671 section 9: with digests of two strengths, the stronger one decides. */
static void a_stronger_digest_overrules_a_weaker_one(void **state)
{
    struct world *w = *state;
    struct tls_tlsa records[] = {record(w, 3, 1, 1, LEAF), record(w, 3, 1, 2, OTHER)};
    struct tls_dane dane = look_for(w, &w->good, records, 2, "mx.good.test");
    assert_int_equal(dane.status, TLS_DANE_MISMATCH);
    assert_true(dane.matches[0]); /* alone it would */
    assert_false(dane.matches[1]);
}

/* RFC 7672 3.2.2: the MX host, the TLSA base domain or the next-hop domain, whichever fits. */
static void any_of_the_names_will_do(void **state)
{
    struct world *w = *state;
    struct tls_tlsa one = record(w, 2, 1, 1, INTER);
    struct tls_dane dane;
    struct error err;
    struct str names[] = {STR("x.test"), STR(""), {"mx.good.test\0.x", 15}, STR("MX.good.test")};
    assert_int_equal(tls_verify_dane(&w->good, &one, 1, names, 4, NOW, &w->arena, &dane, &err), 0);
    assert_int_equal(dane.status, TLS_DANE_MATCH);
    assert_int_equal(tls_verify_dane(&w->good, &one, 1, names, 3, NOW, &w->arena, &dane, &err), 0);
    assert_int_equal(dane.status, TLS_DANE_NAME);
}

static void records_have_a_greatest_number(void **state)
{
    struct world *w = *state;
    struct tls_tlsa records[TLS_TLSA_MAX + 1];
    for (size_t i = 0; i <= TLS_TLSA_MAX; i++)
        records[i] = record(w, 3, 1, 1, OTHER);
    struct tls_dane dane = look_for(w, &w->good, records, 0, "mx.good.test");
    assert_int_equal(dane.status, TLS_DANE_NONE_USABLE);
    assert_int_equal(dane.count, 0);
    records[TLS_TLSA_MAX] = record(w, 3, 1, 1, LEAF);
    dane = look_for(w, &w->good, records, TLS_TLSA_MAX + 1, "mx.good.test");
    assert_int_equal(dane.count, TLS_TLSA_MAX);
    assert_int_equal(dane.status, TLS_DANE_MISMATCH);
    records[TLS_TLSA_MAX - 1] = records[TLS_TLSA_MAX];
    dane = look_for(w, &w->good, records, TLS_TLSA_MAX, "mx.good.test");
    assert_int_equal(dane.status, TLS_DANE_MATCH);
    assert_int_equal(dane.matched, TLS_TLSA_MAX - 1);
}

static void without_memory_there_is_no_verdict(void **state)
{
    struct world *w = *state;
    struct tls_tlsa one = record(w, 3, 1, 1, LEAF);
    struct str name = STR("mx.good.test");
    for (unsigned n = 1;; n++) {
        struct arena arena CLEANUP(arena_done);
        struct tls_dane dane;
        struct error err;
        arena_init(&arena, 1 << 20);
        fault_alloc_at(n);
        int result = tls_verify_dane(&w->good, &one, 1, &name, 1, NOW, &arena, &dane, &err);
        if (!fault_alloc_off())
            break;
        assert_int_equal(result, -ERROR_TEMPORARY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_record_lets_in_what_it_is_about),
        cmocka_unit_test(selectors_and_matching_types_are_all_read),
        cmocka_unit_test(a_record_that_makes_no_sense_is_not_usable),
        cmocka_unit_test(of_several_records_each_is_told),
        cmocka_unit_test(a_stronger_digest_overrules_a_weaker_one),
        cmocka_unit_test(any_of_the_names_will_do),
        cmocka_unit_test(records_have_a_greatest_number),
        cmocka_unit_test(without_memory_there_is_no_verdict),
    };
    return cmocka_run_group_tests_name("net tls_dane", tests, make_world, end_world);
}
