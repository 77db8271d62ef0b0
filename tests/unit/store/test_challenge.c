#include "store/acme.h"
#include "store/messages.h"
#include "world.h"

static struct store_challenge sample(const char *name, const char *type, const char *text)
{
    return (struct store_challenge){.name = str_from(name),
                                    .type = str_from(type),
                                    .token = str_from(text),
                                    .authorization = str_from(text),
                                    .chain = str_from(text),
                                    .key = str_from(text),
                                    .expires = NOW + 60};
}

static uint64_t put(struct world *w, const char *name, const char *type, const char *text)
{
    struct store_challenge challenge = sample(name, type, text);
    uint64_t seq = 0, last = 99;
    assert_int_equal(store_challenge_put(w->store, &challenge, &seq, &w->err), 1);
    assert_int_equal(store_changes_last(w->store, STORE_SECRETS, &last, NULL), 0);
    assert_int_equal(seq, last);
    return seq;
}

static int write_down(void *context, const struct store_challenge *row)
{
    char *text = context;
    size_t n = strlen(text);
    assert_true(str_eq(row->token, row->authorization) && str_eq(row->token, row->chain) &&
                str_eq(row->token, row->key));
    assert_int_equal(row->expires, NOW + 60);
    snprintf(text + n, 256 - n, "%.*s/%.*s/%.*s ", STR_ARG(row->name), STR_ARG(row->type),
             STR_ARG(row->token));
    return 0;
}

static void check_all(struct world *w, const char *expected)
{
    char text[256] = "";
    assert_int_equal(store_challenge_each(w->store, write_down, text, NULL), 0);
    assert_string_equal(text, expected);
}

static int write_change(void *context, const struct store_change *row)
{
    char *text = context;
    size_t n = strlen(text);
    assert_int_equal(row->kind, STORE_CHANGE_CHALLENGE);
    snprintf(text + n, 256 - n, "%.*s ", STR_ARG(row->key));
    return 0;
}

static void each_write_of_a_challenge_is_in_the_change_log(void **state)
{
    struct world w CLEANUP(world_done);
    char changes[256] = "";
    (void)state;
    world_init(&w);
    uint64_t first = put(&w, "b.example", "http-01", "one");
    uint64_t second = put(&w, "b.example", "tls-alpn-01", "two");
    uint64_t third = put(&w, "a.example", "http-01", "three");
    assert_true(first < second && second < third);
    put(&w, "b.example", "http-01", "four"); /* in its place */
    check_all(&w, "a.example/http-01/three b.example/http-01/four b.example/tls-alpn-01/two ");
    assert_int_equal(store_challenge_remove(w.store, STR("a.example"), STR("http-01"), NULL), 1);
    assert_int_equal(store_challenge_remove(w.store, STR("a.example"), STR("http-01"), NULL), 0);
    check_all(&w, "b.example/http-01/four b.example/tls-alpn-01/two ");
    assert_int_equal(store_changes_since(w.store, STORE_SECRETS, 0, write_change, changes, NULL),
                     0);
    assert_string_equal(changes, "b.example b.example a.example b.example a.example ");
}

static void what_expired_is_pruned(void **state)
{
    struct world w CLEANUP(world_done);
    char changes[256] = "";
    uint64_t removed = 99, last = 0;
    (void)state;
    world_init(&w);
    put(&w, "a.example", "http-01", "x");
    put(&w, "b.example", "http-01", "x");
    struct store_challenge later = sample("c.example", "http-01", "x");
    later.expires = NOW + 61;
    assert_int_equal(store_challenge_put(w.store, &later, &last, NULL), 1);
    assert_int_equal(store_challenges_prune(w.store, NOW + 60, &removed, NULL), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(store_challenges_prune(w.store, NOW + 61, &removed, NULL), 1);
    assert_int_equal(removed, 2);
    assert_int_equal(store_changes_since(w.store, STORE_SECRETS, last, write_change, changes, NULL),
                     0);
    assert_string_equal(changes, "a.example b.example ");
    assert_int_equal(store_challenges_prune(w.store, NOW + 62, NULL, NULL), 1);
    check_all(&w, "");
}

static void bytes_come_back_as_they_were(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    struct store_challenge in = sample("a.example", "tls-alpn-01", "");
    assert_int_equal(store_challenge_put(w.store, &in, NULL, NULL), 1);
    check_all(&w, "a.example/tls-alpn-01/ ");
}

static void what_has_another_form_is_refused(void **state)
{
    static char bytes[STORE_CHALLENGE_TEXT_MAX + 1];
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    memset(bytes, 'x', sizeof bytes);
    struct store_challenge rows[6];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = sample("a.example", "http-01", "x");
    rows[0].type = STR("");
    rows[1].token = rows[2].authorization = rows[3].chain = rows[4].key = rows[5].type =
        (struct str){bytes, sizeof bytes};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (store_challenge_put(w.store, &rows[i], NULL, &w.err) != -ERROR_PERMANENT ||
            !error_is(&w.err, &MSG_STORE_CHALLENGE_INVALID))
            fail_msg("row %zu", i);
    }
    struct store_challenge bad = sample("A.example", "http-01", "x");
    assert_int_equal(store_challenge_put(w.store, &bad, NULL, &w.err), -ERROR_PERMANENT);
    assert_true(error_is(&w.err, &MSG_STORE_DOMAIN_INVALID));
    struct store_challenge largest = sample("a.example", "http-01", "x");
    largest.chain = largest.key = (struct str){bytes, STORE_CHALLENGE_TEXT_MAX};
    assert_int_equal(store_challenge_put(w.store, &largest, NULL, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_write_of_a_challenge_is_in_the_change_log),
        cmocka_unit_test(what_expired_is_pruned),
        cmocka_unit_test(bytes_come_back_as_they_were),
        cmocka_unit_test(what_has_another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
