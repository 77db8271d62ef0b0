#include "check.h"

#include "fault.h"
#include "made.h"
#include "net/messages.h"
#include "net/pem.h"

#define FROM  1795000000
#define UNTIL 1795518000

struct world {
    struct arena arena;
    struct made root, middle, leaf, other;
    struct str root_pem, middle_pem, leaf_pem, other_pem, key, other_key;
};

static int make_world(void **state)
{
    static struct world w;
    arena_init(&w.arena, 16 * 1024 * 1024);
    w.root = made_new("Root", NULL, NULL, FROM, UNTIL);
    w.middle = made_new("Middle", NULL, &w.root, FROM, UNTIL);
    w.leaf =
        made_new("mta-sts.example.test", "DNS:MTA-STS.Example.test,DNS:*.wild.test,IP:192.0.2.1",
                 &w.middle, FROM, UNTIL);
    w.other = made_new("other.test", "DNS:other.test", NULL, FROM, UNTIL);
    w.root_pem = made_pem(&w.root, &w.arena);
    w.middle_pem = made_pem(&w.middle, &w.arena);
    w.leaf_pem = made_pem(&w.leaf, &w.arena);
    w.other_pem = made_pem(&w.other, &w.arena);
    w.key = made_key_pem(&w.leaf, NULL, &w.arena);
    w.other_key = made_key_pem(&w.other, NULL, &w.arena);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    made_done(&w->root);
    made_done(&w->middle);
    made_done(&w->leaf);
    made_done(&w->other);
    arena_done(&w->arena);
    return 0;
}

static struct str join(struct world *w, const struct str *parts, size_t n)
{
    struct buf all CLEANUP(buf_done);
    buf_init(&all, PEM_CHAIN_MAX);
    for (size_t i = 0; i < n; i++)
        buf_str(&all, parts[i]);
    return arena_str(&w->arena, buf_view(&all));
}

#define JOIN(w, ...)                                                                               \
    join(w, (const struct str[]){__VA_ARGS__},                                                     \
         sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

static int read_pem(struct world *w, struct str chain, struct str key, struct pem_certificate *out,
                    struct error *err)
{
    return pem_certificate_read(out, chain, STR("chain.pem"), key, STR("key.pem"), &w->arena, err);
}

static void refused(struct world *w, struct str chain, struct str key, const char *code)
{
    struct pem_certificate out;
    struct error err;
    CHECK(read_pem(w, chain, key, &out, &err) == -ERROR_PERMANENT, code);
    CHECK_STR(str_from(err.msg.def->id), code, code);
}

/* RFC 8446 4.4.2: the leaf first, each directly certified by the next; the root may be left out. */
static void the_chain_comes_out_in_order_without_its_root(void **state)
{
    struct world *w = *state;
    struct pem_certificate out;
    struct error err;
    struct str der = JOIN(w, made_der(&w->leaf, &w->arena), made_der(&w->middle, &w->arena));
    struct str chains[] = {JOIN(w, w->leaf_pem, w->middle_pem),
                           JOIN(w, w->leaf_pem, w->middle_pem, w->root_pem),
                           JOIN(w, STR("a note\n"), w->key, w->leaf_pem, STR("\r\n\r\n"),
                                w->middle_pem, STR("the end"))};
    for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
        assert_int_equal(read_pem(w, chains[i], w->key, &out, &err), 0);
        assert_true(str_eq(out.chain, der));
        assert_true(str_eq(out.key, made_key_der(&w->leaf, &w->arena)));
        assert_int_equal(out.not_before, FROM);
        assert_int_equal(out.not_after, UNTIL);
    }
}

/* RFC 6125 6.4.4: names are the DNS names of the subjectAltName. */
static void names_are_dns_names_in_lower_case(void **state)
{
    struct world *w = *state;
    struct pem_certificate out;
    struct error err;
    assert_int_equal(read_pem(w, w->leaf_pem, w->key, &out, &err), 0);
    assert_int_equal(out.name_count, 2);
    CHECK_STR(out.names[0], "mta-sts.example.test", "first");
    CHECK_STR(out.names[1], "*.wild.test", "second");
}

static void a_certificate_that_signed_itself_stays(void **state)
{
    struct world *w = *state;
    struct pem_certificate out;
    struct error err;
    assert_int_equal(read_pem(w, JOIN(w, w->other_key, w->other_pem),
                              JOIN(w, w->other_pem, w->other_key), &out, &err),
                     0);
    assert_true(str_eq(out.chain, made_der(&w->other, &w->arena)));
}

static void a_chain_in_another_order_is_refused(void **state)
{
    struct world *w = *state;
    refused(w, JOIN(w, w->leaf_pem, w->root_pem), w->key, "pem-chain-order");
    refused(w, JOIN(w, w->leaf_pem, w->middle_pem, w->middle_pem), w->key, "pem-chain-order");
    refused(w, JOIN(w, w->leaf_pem, w->other_pem), w->key, "pem-chain-order");
    refused(w, JOIN(w, w->middle_pem, w->leaf_pem), w->key, "pem-key-mismatch");
}

/* The same name on another key: what X509_check_issued alone would let pass. */
static void an_issuer_with_the_right_name_and_another_key_is_refused(void **state)
{
    struct world *w = *state;
    struct made twin = made_new("Middle", NULL, &w->root, FROM, UNTIL);
    refused(w, JOIN(w, w->leaf_pem, made_pem(&twin, &w->arena)), w->key, "pem-chain-order");
    made_done(&twin);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    struct world *w = *state;
    refused(w, w->leaf_pem, w->other_key, "pem-key-mismatch");
}

/* Nothing is asked on a terminal. */
static void an_encrypted_key_is_refused(void **state)
{
    struct world *w = *state;
    refused(w, w->leaf_pem, made_key_pem(&w->leaf, "secret", &w->arena), "pem-key-encrypted");
    static const char old[] = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                              "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                              "AAAAAAAAAAAAAAAAAAAAAA==\n-----END EC PRIVATE KEY-----\n";
    refused(w, w->leaf_pem, str_from(old), "pem-key-encrypted");
}

static void what_holds_nothing_is_refused(void **state)
{
    struct world *w = *state;
    refused(w, STR(""), w->key, "pem-no-certificate");
    refused(w, w->key, w->key, "pem-no-certificate");
    refused(w, STR("\x30\x82\x01\x0a\0\0"), w->key, "pem-no-certificate");
    refused(w, w->leaf_pem, STR(""), "pem-no-key");
    refused(w, w->leaf_pem, w->leaf_pem, "pem-no-key");
    refused(w, w->leaf_pem, STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "pem-no-key");
}

static void a_certificate_that_is_cut_or_damaged_is_refused(void **state)
{
    struct world *w = *state;
    struct str cut = str_head(w->leaf_pem, w->leaf_pem.n / 2);
    refused(w, cut, w->key, "pem-bad-certificate");
    refused(w, JOIN(w, w->leaf_pem, cut), w->key, "pem-bad-certificate");
    refused(w, STR("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"), w->key,
            "pem-bad-certificate");
    refused(w, STR("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), w->key,
            "pem-bad-certificate");
}

static void a_chain_has_a_longest(void **state)
{
    struct world *w = *state;
    struct made chain[PEM_CERTIFICATES_MAX + 1];
    struct pem_certificate out;
    struct error err;
    struct str text = STR("");
    for (size_t i = ARRAY_LEN(chain); i-- > 0;) {
        const struct made *issuer = i + 1 < ARRAY_LEN(chain) ? &chain[i + 1] : NULL;
        char name[16];
        snprintf(name, sizeof name, "ca %zu", i);
        chain[i] = made_new(name, i ? NULL : "DNS:long.test", issuer, FROM, UNTIL);
    }
    struct str key = made_key_pem(&chain[0], NULL, &w->arena);
    for (size_t i = 0; i < PEM_CERTIFICATES_MAX; i++)
        text = JOIN(w, text, made_pem(&chain[i], &w->arena));
    assert_int_equal(read_pem(w, text, key, &out, &err), 0);
    refused(w, JOIN(w, text, made_pem(&chain[PEM_CERTIFICATES_MAX], &w->arena)), key,
            "pem-too-many");
    for (size_t i = 0; i < ARRAY_LEN(chain); i++)
        made_done(&chain[i]);
}

static struct made with_names(size_t count)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, 64 * 1024);
    for (size_t i = 0; i < count; i++)
        buf_printf(&names, "%sDNS:n%zu.test", i ? "," : "", i);
    buf_byte(&names, '\0');
    return made_new("many", names.p, NULL, FROM, UNTIL);
}

static void a_leaf_has_a_greatest_number_of_names(void **state)
{
    struct world *w = *state;
    struct pem_certificate out;
    struct error err;
    struct made most = with_names(PEM_NAMES_MAX), more = with_names(PEM_NAMES_MAX + 1);
    assert_int_equal(
        read_pem(w, made_pem(&most, &w->arena), made_key_pem(&most, NULL, &w->arena), &out, &err),
        0);
    assert_int_equal(out.name_count, PEM_NAMES_MAX);
    refused(w, made_pem(&more, &w->arena), made_key_pem(&more, NULL, &w->arena),
            "pem-too-many-names");
    made_done(&most);
    made_done(&more);
}

static void a_leaf_without_dns_names_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"IP:192.0.2.1", "email:a@example.test", "DNS:*",
                                        "DNS:a b.test", "DNS:*.*.test"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct made m = made_new("mta-sts.example.test", names[i], NULL, FROM, UNTIL);
        refused(w, made_pem(&m, &w->arena), made_key_pem(&m, NULL, &w->arena), "pem-no-names");
        made_done(&m);
    }
    refused(w, w->root_pem, made_key_pem(&w->root, NULL, &w->arena), "pem-no-names");
}

static void without_memory_nothing_is_given(void **state)
{
    struct world *w = *state;
    struct str chain = JOIN(w, w->leaf_pem, w->middle_pem);
    for (unsigned n = 1;; n++) {
        struct arena arena CLEANUP(arena_done);
        struct pem_certificate out = {NULL};
        struct error err;
        arena_init(&arena, 1 << 20);
        fault_alloc_at(n);
        int result = pem_certificate_read(&out, chain, STR("c"), w->key, STR("k"), &arena, &err);
        if (!fault_alloc_off()) {
            assert_int_equal(result, 0);
            break;
        }
        assert_true(result < 0 ? out.chain.n == 0 : out.chain.n > 0);
    }
    for (size_t most = 1; most < 4096; most *= 2) {
        struct arena arena CLEANUP(arena_done);
        struct pem_certificate out = {NULL};
        struct error err;
        arena_init(&arena, most);
        int result = pem_certificate_read(&out, chain, STR("c"), w->key, STR("k"), &arena, &err);
        assert_int_equal(result, -ERROR_TEMPORARY);
        assert_null(out.chain.p);
    }
}

static void a_key_can_be_wiped(void **state)
{
    struct world *w = *state;
    struct pem_certificate out;
    struct error err;
    assert_int_equal(read_pem(w, w->leaf_pem, w->key, &out, &err), 0);
    struct str key = out.key;
    pem_wipe(&out);
    assert_int_equal(out.key.n, 0);
    for (size_t i = 0; i < key.n; i++)
        assert_int_equal(key.p[i], 0);
    pem_wipe(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_comes_out_in_order_without_its_root),
        cmocka_unit_test(names_are_dns_names_in_lower_case),
        cmocka_unit_test(a_certificate_that_signed_itself_stays),
        cmocka_unit_test(a_chain_in_another_order_is_refused),
        cmocka_unit_test(an_issuer_with_the_right_name_and_another_key_is_refused),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(an_encrypted_key_is_refused),
        cmocka_unit_test(what_holds_nothing_is_refused),
        cmocka_unit_test(a_certificate_that_is_cut_or_damaged_is_refused),
        cmocka_unit_test(a_chain_has_a_longest),
        cmocka_unit_test(a_leaf_has_a_greatest_number_of_names),
        cmocka_unit_test(a_leaf_without_dns_names_is_refused),
        cmocka_unit_test(without_memory_nothing_is_given),
        cmocka_unit_test(a_key_can_be_wiped),
    };
    return cmocka_run_group_tests_name("net pem", tests, make_world, end_world);
}
