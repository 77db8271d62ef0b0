#include "check.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "fault.h"
#include "made.h"
#include "net/tls_trust.h"

#define FROM  1795000000
#define UNTIL 1895518000

struct world {
    struct arena arena;
    struct made root, other;
    char path[64];
};

static int make_world(void **state)
{
    static struct world w;
    arena_init(&w.arena, 1 << 20);
    w.root = made_new("Root", NULL, NULL, FROM, UNTIL);
    w.other = made_new("Other", NULL, NULL, FROM, UNTIL);
    snprintf(w.path, sizeof w.path, "/tmp/test_tls_trust.%d.pem", (int)getpid());
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    unlink(w->path);
    made_done(&w->root);
    made_done(&w->other);
    arena_done(&w->arena);
    return 0;
}

static void write_file(struct world *w, const char *before, struct str a, struct str b)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 1 << 20);
    buf_cstr(&text, before);
    buf_str(&text, a);
    buf_str(&text, b);
    assert_int_equal(file_write(w->path, buf_view(&text), 0600, NULL), 0);
}

static void a_file_gives_the_roots_that_it_holds(void **state)
{
    struct world *w = *state;
    struct tls_trust *trust;
    struct error err;
    struct str root = made_pem(&w->root, &w->arena), other = made_pem(&w->other, &w->arena);
    const struct {
        const char *before;
        struct str a, b;
        int count;
    } rows[] = {
        {"", root, STR(""), 1},
        {"# a word before\n", root, other, 2},
        {"", root, root, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        write_file(w, rows[i].before, rows[i].a, rows[i].b);
        assert_int_equal(tls_trust_new(&trust, w->path, &err), 0);
        STACK_OF(X509) *all = X509_STORE_get1_all_certs(tls_trust_store(trust));
        assert_int_equal(sk_X509_num(all), rows[i].count);
        sk_X509_pop_free(all, X509_free);
        tls_trust_free(trust);
    }
    tls_trust_free(NULL);
}

static void a_file_that_is_of_no_use_is_refused_by_its_path(void **state)
{
    struct world *w = *state;
    struct str root = made_pem(&w->root, &w->arena);
    const struct {
        const char *before;
        struct str text;
        const char *code;
    } rows[] = {
        {"", STR(""), "tls-trust-empty"},
        {"no certificate here\n", STR(""), "tls-trust-empty"},
        {"", str_head(root, root.n / 2), "tls-trust-file"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", root, "tls-trust-file"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_trust *trust = NULL;
        struct error err;
        write_file(w, rows[i].before, rows[i].text, STR(""));
        CHECK(tls_trust_new(&trust, w->path, &err) == -ERROR_PERMANENT, rows[i].code);
        CHECK_STR(str_from(err.msg.def->id), rows[i].code, "code");
        CHECK_STR(err.msg.args[0].str, w->path, "path");
        assert_null(trust);
    }
}

static void a_file_that_is_not_there_is_said_so(void **state)
{
    struct tls_trust *trust = NULL;
    struct error err;
    (void)state;
    assert_int_equal(tls_trust_new(&trust, "/nonexistent/roots.pem", &err), -ERROR_PERMANENT);
    CHECK_STR(str_from(err.msg.def->id), "tls-trust-file", "code");
    CHECK_STR(err.msg.args[1].str, "No such file or directory", "reason");
}

static void without_memory_there_is_no_trust(void **state)
{
    struct world *w = *state;
    write_file(w, "", made_pem(&w->root, &w->arena), STR(""));
    for (unsigned n = 1;; n++) {
        struct tls_trust *trust = NULL;
        struct error err;
        fault_alloc_at(n);
        int result = tls_trust_new(&trust, w->path, &err);
        bool failed = fault_alloc_off();
        assert_int_equal(result < 0, trust == NULL);
        tls_trust_free(trust);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_the_roots_that_it_holds),
        cmocka_unit_test(a_file_that_is_of_no_use_is_refused_by_its_path),
        cmocka_unit_test(a_file_that_is_not_there_is_said_so),
        cmocka_unit_test(without_memory_there_is_no_trust),
    };
    return cmocka_run_group_tests_name("net tls_trust", tests, make_world, end_world);
}
