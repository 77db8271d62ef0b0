#include "store/acme.h"
#include "store/messages.h"
#include "world.h"

static struct store_ca sample(const char *name)
{
    return (struct store_ca){.name = str_from(name),
                             .directory = STR("https://ca.example/directory"),
                             .challenge = STR("tls-alpn-01"),
                             .key_type = STR("p256"),
                             .created = NOW};
}

static void put(struct world *w, const char *name, uint64_t position)
{
    struct store_ca ca = sample(name);
    ca.position = position;
    assert_int_equal(store_ca_put(w->store, &ca, &w->err), 1);
}

static int write_down(void *context, const struct store_ca *row)
{
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 256 - n, "%.*s:%llu ", STR_ARG(row->name),
             (unsigned long long)row->position);
    return 0;
}

static void check_order(struct world *w, const char *expected)
{
    char text[256] = "";
    assert_int_equal(store_ca_each(w->store, write_down, text, NULL), 0);
    assert_string_equal(text, expected);
}

static void a_ca_comes_back_as_it_was_put(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_ca row;
    (void)state;
    world_init(&w);
    struct store_ca in = sample("le");
    in.profile = STR("shortlived");
    in.preferred_chain = STR("ISRG Root X1");
    in.contact = STR("mailto:a@example.org");
    in.terms = STR("https://ca.example/terms");
    in.eab_kid = STR("kid");
    in.eab_key = STR("mac");
    in.account_key = (struct str){"\0\1\0", 3};
    in.account = STR("https://ca.example/acct/1");
    in.blocked_until = NOW + 1;
    in.failures = 3;
    in.bucket_ms = 2500;
    in.bucket_at = NOW + 2;
    assert_int_equal(store_ca_put(w.store, &in, &w.err), 1);
    assert_int_equal(store_ca_get(w.store, STR("le"), &w.arena, &row, NULL), 1);
    CHECK_STR(row.name, "le", "name");
    CHECK_STR(row.directory, "https://ca.example/directory", "directory");
    CHECK_STR(row.challenge, "tls-alpn-01", "challenge");
    CHECK_STR(row.key_type, "p256", "key_type");
    CHECK_STR(row.profile, "shortlived", "profile");
    CHECK_STR(row.preferred_chain, "ISRG Root X1", "preferred_chain");
    CHECK_STR(row.contact, "mailto:a@example.org", "contact");
    CHECK_STR(row.terms, "https://ca.example/terms", "terms");
    CHECK_STR(row.eab_kid, "kid", "eab_kid");
    CHECK_STR(row.eab_key, "mac", "eab_key");
    assert_true(str_eq(row.account_key, in.account_key));
    CHECK_STR(row.account, "https://ca.example/acct/1", "account");
    assert_int_equal(row.blocked_until, NOW + 1);
    assert_int_equal(row.failures, 3);
    assert_int_equal(row.bucket_ms, 2500);
    assert_int_equal(row.bucket_at, NOW + 2);
    assert_int_equal(row.created, NOW);
    assert_int_equal(row.position, STORE_CA_POSITION);
    assert_int_equal(store_ca_get(w.store, STR("other"), &w.arena, &row, NULL), 0);
}

static void cas_are_asked_in_the_order_of_their_positions(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    check_order(&w, "");
    assert_int_equal(store_ca_any(w.store, NULL), 0);
    put(&w, "b", 0);
    put(&w, "a", 0);
    check_order(&w, "b:1000000 a:1000001 ");
    put(&w, "b", 0); /* behind all others */
    check_order(&w, "a:1000001 b:1000002 ");
    put(&w, "b", 1);
    put(&w, "c", 1);
    check_order(&w, "b:1 c:1 a:1000001 ");
    assert_int_equal(store_ca_remove(w.store, STR("c"), NULL), 1);
    assert_int_equal(store_ca_remove(w.store, STR("c"), NULL), 0);
    assert_int_equal(store_ca_any(w.store, NULL), 1);
    check_order(&w, "b:1 a:1000001 ");
}

/* RFC 8555 7.3.5: whenever the program is killed, the store has the key that the CA knows. */
static void a_key_that_is_about_to_change_stands_beside_the_old_one(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_ca row;
    (void)state;
    world_init(&w);
    put(&w, "le", 0);
    assert_int_equal(store_ca_set_account(w.store, STR("le"), STR("old"), STR(""), NULL), 1);
    assert_int_equal(store_ca_set_next_key(w.store, STR("none"), STR("new"), NULL), 0);
    assert_int_equal(store_ca_set_next_key(w.store, STR("le"), STR("new"), NULL), 1);
    assert_int_equal(store_ca_get(w.store, STR("le"), &w.arena, &row, NULL), 1);
    CHECK_STR(row.account_key, "old", "account_key");
    CHECK_STR(row.next_key, "new", "next_key");
    assert_int_equal(store_ca_take_next_key(w.store, STR("le"), row.next_key, NULL), 1);
    assert_int_equal(store_ca_get(w.store, STR("le"), &w.arena, &row, NULL), 1);
    CHECK_STR(row.account_key, "new", "account_key");
    CHECK_STR(row.next_key, "", "next_key");
}

static void one_of_many_may_look_whether_a_ca_answers_again(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_ca row;
    (void)state;
    world_init(&w);
    put(&w, "le", 0);
    assert_int_equal(store_ca_set_blocked(w.store, STR("le"), 1, NOW, NULL), 1);
    assert_int_equal(store_ca_claim(w.store, STR("le"), NOW, NOW + 120, NULL), 1);
    assert_int_equal(store_ca_claim(w.store, STR("le"), NOW, NOW + 121, NULL), 0);
    assert_int_equal(store_ca_claim(w.store, STR("x"), NOW, NOW + 120, NULL), 0);
    assert_int_equal(store_ca_get(w.store, STR("le"), &w.arena, &row, NULL), 1);
    assert_int_equal(row.blocked_until, NOW + 120);
    assert_int_equal(row.failures, 1);
}

static void use_changes_only_the_account_and_the_limits(void **state)
{
    struct world w CLEANUP(world_done);
    struct store_ca row;
    (void)state;
    world_init(&w);
    put(&w, "le", 0);
    assert_int_equal(store_ca_set_account(w.store, STR("le"), STR("key"), STR(""), NULL), 1);
    assert_int_equal(store_ca_set_account(w.store, STR("le"), STR(""), STR("url"), NULL), 1);
    assert_int_equal(store_ca_set_account(w.store, STR("le"), STR(""), STR(""), NULL), 1);
    assert_int_equal(store_ca_set_bucket(w.store, STR("le"), 1500, NOW + 1, NULL), 1);
    assert_int_equal(store_ca_set_blocked(w.store, STR("le"), 2, NOW, NULL), 1);
    assert_int_equal(store_ca_get(w.store, STR("le"), &w.arena, &row, NULL), 1);
    CHECK_STR(row.account_key, "key", "account_key");
    CHECK_STR(row.account, "url", "account");
    CHECK_STR(row.challenge, "tls-alpn-01", "challenge");
    assert_int_equal(row.blocked_until, NOW);
    assert_int_equal(row.failures, 2);
    assert_int_equal(row.bucket_ms, 1500);
    assert_int_equal(row.bucket_at, NOW + 1);
    assert_int_equal(store_ca_set_account(w.store, STR("x"), STR("key"), STR("url"), NULL), 0);
    assert_int_equal(store_ca_set_account(w.store, STR("x"), STR(""), STR(""), NULL), 0);
    assert_int_equal(store_ca_set_bucket(w.store, STR("x"), 1, NOW, NULL), 0);
    assert_int_equal(store_ca_set_blocked(w.store, STR("x"), 1, NOW, NULL), 0);
    uint64_t last = 99;
    assert_int_equal(store_changes_last(w.store, STORE_SECRETS, &last, NULL), 0);
    assert_int_equal(last, 0);
}

static void what_has_another_form_is_refused(void **state)
{
    static char bytes[STORE_CA_TEXT_MAX + 1];
    const struct str long_text = {bytes, sizeof bytes};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    memset(bytes, 'x', sizeof bytes);
    struct store_ca rows[14];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = sample("le");
    rows[0].name = STR("");
    rows[1].name = STR("a b");
    rows[2].name = (struct str){bytes, STORE_CA_NAME_MAX + 1};
    rows[3].directory = STR("");
    rows[4].challenge = STR("");
    rows[5].key_type = STR("");
    rows[6].directory = long_text;
    rows[7].contact = STR("a\nb");
    rows[8].terms = long_text;
    rows[9].eab_key = long_text;
    rows[10].account_key = long_text;
    rows[11].account = STR("a\rb");
    rows[12].position = UINT64_MAX;
    rows[13].profile = (struct str){"a\0b", 3};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (store_ca_put(w.store, &rows[i], &w.err) != -ERROR_PERMANENT ||
            !error_is(&w.err, &MSG_STORE_CA_INVALID))
            fail_msg("row %zu", i);
    }
    struct store_ca largest = sample("le");
    largest.name = (struct str){bytes, STORE_CA_NAME_MAX};
    largest.account_key = largest.directory = (struct str){bytes, STORE_CA_TEXT_MAX};
    assert_int_equal(store_ca_put(w.store, &largest, NULL), 1);
    assert_int_equal(store_ca_set_account(w.store, largest.name, long_text, STR(""), NULL),
                     -ERROR_PERMANENT);
    assert_int_equal(store_ca_set_account(w.store, largest.name, STR(""), long_text, NULL),
                     -ERROR_PERMANENT);
}

static void a_store_of_the_first_version_is_brought_up(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    store_close(w.store);
    w.store = NULL;
    world_sql(&w, STORE_SECRETS,
              "DROP TABLE ca; DROP TABLE job; DROP TABLE challenge;"
              " DROP INDEX certificate_not_after;"
              " DELETE FROM schema_version WHERE version > 1");
    w.store = world_open(&w, STORE_SECRETS, STORE_WRITE);
    put(&w, "le", 0);
    check_order(&w, "le:1000000 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ca_comes_back_as_it_was_put),
        cmocka_unit_test(cas_are_asked_in_the_order_of_their_positions),
        cmocka_unit_test(a_key_that_is_about_to_change_stands_beside_the_old_one),
        cmocka_unit_test(one_of_many_may_look_whether_a_ca_answers_again),
        cmocka_unit_test(use_changes_only_the_account_and_the_limits),
        cmocka_unit_test(what_has_another_form_is_refused),
        cmocka_unit_test(a_store_of_the_first_version_is_brought_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
