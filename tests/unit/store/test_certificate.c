#include "store/messages.h"
#include "world.h"

static struct store_certificate sample(const struct str *names, size_t n, const char *key)
{
    return (struct store_certificate){.names = names,
                                      .name_count = n,
                                      .chain = STR("\x30\x00\x30\x01"),
                                      .key = str_from(key),
                                      .not_before = NOW,
                                      .not_after = NOW + 90 * 86400,
                                      .source = STR("import"),
                                      .created = NOW};
}

static int64_t put(struct world *w, const char *name, const char *key)
{
    struct str names[] = {str_from(name)};
    struct store_certificate certificate = sample(names, 1, key);
    int64_t id = 0;
    assert_int_equal(store_certificate_put(w->store, &certificate, &id, &w->err), 1);
    return id;
}

static void check_key(struct world *w, const char *host, const char *key)
{
    struct store_certificate row;
    int rc = store_certificate_get(w->store, str_from(host), &w->arena, &row, NULL);
    CHECK(rc == (key ? 1 : 0), host);
    if (key)
        CHECK_STR(row.key, key, host);
}

static void a_certificate_comes_back_as_it_was_put(void **state)
{
    static const struct str names[] = {STR_INIT("mta-sts.b.example"), STR_INIT("*.a.example"),
                                       STR_INIT("mta-sts.b.example")};
    struct world w CLEANUP(world_done);
    struct store_certificate row;
    int64_t id;
    (void)state;
    world_init(&w);
    struct store_certificate in = sample(names, 3, "key");
    in.chain = (struct str){"\0\1\0", 3}; /* bytes, not text */
    assert_int_equal(store_certificate_put(w.store, &in, &id, NULL), 1);
    assert_int_equal(store_certificate_get(w.store, STR("mta-sts.b.example"), &w.arena, &row, NULL),
                     1);
    assert_int_equal(row.id, id);
    assert_int_equal(row.name_count, 2);
    CHECK_STR(row.names[0], "*.a.example", "name");
    CHECK_STR(row.names[1], "mta-sts.b.example", "name");
    assert_true(str_eq(row.chain, in.chain));
    CHECK_STR(row.key, "key", "key");
    CHECK_STR(row.source, "import", "source");
    assert_int_equal(row.not_before, NOW);
    assert_int_equal(row.not_after, NOW + 90 * 86400);
    assert_int_equal(row.created, NOW);
}

/* RFC 6125 6.4.3: a wildcard stands for exactly one label, and the exact name goes first. */
static void a_host_gets_the_certificate_that_covers_it(void **state)
{
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    put(&w, "mta-sts.a.example", "exact");
    put(&w, "*.a.example", "wild");
    check_key(&w, "mta-sts.a.example", "exact");
    check_key(&w, "other.a.example", "wild");
    check_key(&w, "a.example", NULL);
    check_key(&w, "x.other.a.example", NULL);
    check_key(&w, "b.example", NULL);
    check_key(&w, "nodots", NULL);
    check_key(&w, "", NULL);
}

static void the_same_names_replace_and_the_last_put_counts(void **state)
{
    static const struct str both[] = {STR_INIT("a.example"), STR_INIT("b.example")};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    int64_t first = put(&w, "a.example", "one");
    int64_t second = put(&w, "a.example", "two");
    assert_true(second > first);
    check_key(&w, "a.example", "two");
    assert_int_equal(world_number(&w, STORE_SECRETS, "SELECT COUNT(*) FROM certificate"), 1);
    struct store_certificate certificate = sample(both, 2, "three");
    assert_int_equal(store_certificate_put(w.store, &certificate, NULL, NULL), 1);
    check_key(&w, "a.example", "three");
    put(&w, "a.example", "four");
    check_key(&w, "a.example", "four");
    check_key(&w, "b.example", "three");
}

struct seen {
    char text[256];
};

static int write_down(void *context, const struct store_certificate *row)
{
    struct seen *seen = context;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%.*s:%.*s:%zu ", STR_ARG(row->names[0]),
             STR_ARG(row->key), row->chain.n);
    return 0;
}

static void lists_leave_keys_where_they_are(void **state)
{
    struct world w CLEANUP(world_done);
    struct seen list = {""};
    (void)state;
    world_init(&w);
    put(&w, "b.example", "k1");
    put(&w, "a.example", "k2");
    assert_int_equal(store_certificate_list(w.store, write_down, &list, NULL), 0);
    assert_string_equal(list.text, "b.example::4 a.example::4 ");
}

static int write_name(void *context, const struct store_certificate_name *row)
{
    struct seen *seen = context;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%.*s:%lld ", STR_ARG(row->name),
             (long long)row->certificate);
    return 0;
}

static void names_tell_which_hosts_have_a_certificate(void **state)
{
    static const struct str both[] = {STR_INIT("b.example"), STR_INIT("*.a.example")};
    struct world w CLEANUP(world_done);
    struct seen seen = {""};
    (void)state;
    world_init(&w);
    struct store_certificate certificate = sample(both, 2, "k");
    assert_int_equal(store_certificate_put(w.store, &certificate, NULL, NULL), 1);
    int64_t gone = put(&w, "c.example", "k");
    put(&w, "b.example", "k");
    assert_int_equal(store_certificate_remove(w.store, gone, NULL), 1);
    assert_int_equal(store_certificate_names_each(w.store, write_name, &seen, NULL), 0);
    assert_string_equal(seen.text, "*.a.example:1 b.example:1 b.example:3 ");
}

/* RFC 6125 6.4.3: the certificate that names the host goes before a wildcard, then the later one.
 */
static void a_certificate_is_known_by_its_id(void **state)
{
    static const struct {
        const char *host;
        int64_t id;
    } rows[] = {{"mta-sts.a.example", 3}, {"mta-sts.b.example", 0}, {"x.a.example", 4}};
    static const struct str two[] = {STR_INIT("mta-sts.a.example"), STR_INIT("z.example")};
    struct world w CLEANUP(world_done);
    struct store_certificate row;
    (void)state;
    world_init(&w);
    put(&w, "*.a.example", "k1");
    put(&w, "mta-sts.a.example", "k2");
    struct store_certificate certificate = sample(two, 2, "k3");
    assert_int_equal(store_certificate_put(w.store, &certificate, NULL, NULL), 1);
    put(&w, "*.a.example", "k4");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t id = 0;
        int rc = store_certificate_find(w.store, str_from(rows[i].host), &id, NULL);
        CHECK(rc == (rows[i].id ? 1 : 0) && id == rows[i].id, rows[i].host);
    }
    static const struct {
        const char *host;
        int64_t without, id;
    } others[] = {
        {"mta-sts.a.example", 3, 2}, {"mta-sts.a.example", 2, 3}, {"x.a.example", 4, 0},
        {"x.a.example", 3, 4},       {"z.example", 3, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        int64_t id = 0;
        int rc = store_certificate_find_without(w.store, str_from(others[i].host),
                                                others[i].without, &id, NULL);
        CHECK(rc == (others[i].id ? 1 : 0) && id == others[i].id, others[i].host);
    }
    assert_int_equal(store_certificate_by_id(w.store, 3, &w.arena, &row, NULL), 1);
    CHECK_STR(row.key, "k3", "key");
    assert_int_equal(store_certificate_by_id(w.store, 1, &w.arena, &row, NULL), 0);
}

static int write_id(void *context, int64_t id)
{
    struct seen *seen = context;
    size_t n = strlen(seen->text);
    snprintf(seen->text + n, sizeof seen->text - n, "%lld ", (long long)id);
    return 0;
}

static void a_name_tells_which_certificates_have_it(void **state)
{
    static const struct str both[] = {STR_INIT("b.example"), STR_INIT("*.a.example")};
    static const struct {
        const char *name, *ids;
    } rows[] = {{"b.example", "3 2 "}, {"*.a.example", "2 1 "}, {"x.a.example", ""}};
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    put(&w, "*.a.example", "k");
    struct store_certificate certificate = sample(both, 2, "k");
    assert_int_equal(store_certificate_put(w.store, &certificate, NULL, NULL), 1);
    put(&w, "b.example", "k");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen seen = {""};
        int rc = store_certificates_named(w.store, str_from(rows[i].name), write_id, &seen, NULL);
        CHECK(rc == 0 && strcmp(seen.text, rows[i].ids) == 0, rows[i].name);
    }
}

static int write_change(void *context, const struct store_change *row)
{
    struct seen *seen = context;
    size_t n = strlen(seen->text);
    assert_int_equal(row->kind, STORE_CHANGE_CERTIFICATE);
    snprintf(seen->text + n, sizeof seen->text - n, "[%.*s]", STR_ARG(row->key));
    return 0;
}

static void secrets_have_a_change_log_of_their_own(void **state)
{
    static const struct str both[] = {STR_INIT("b.example"), STR_INIT("a.example")};
    struct world w CLEANUP(world_done);
    struct seen seen = {""};
    int64_t id;
    uint64_t control;
    (void)state;
    world_init(&w);
    struct store_certificate certificate = sample(both, 2, "k");
    assert_int_equal(store_certificate_put(w.store, &certificate, &id, NULL), 1);
    assert_int_equal(store_certificate_remove(w.store, id, NULL), 1);
    assert_int_equal(store_certificate_remove(w.store, id, NULL), 0);
    check_key(&w, "a.example", NULL);
    assert_int_equal(store_changes_since(w.store, STORE_SECRETS, 0, write_change, &seen, NULL), 0);
    assert_string_equal(seen.text, "[a.example b.example][a.example b.example]");
    assert_int_equal(store_changes_last(w.store, STORE_CONTROL, &control, NULL), 0);
    assert_int_equal(control, 0);
}

static void what_is_no_certificate_is_refused(void **state)
{
    static char bytes[STORE_CERTIFICATE_CHAIN_MAX + 1];
    static const struct str good[] = {STR_INIT("a.example")};
    static const struct str bad[][1] = {{STR_INIT("A.example")},   {STR_INIT("*")},
                                        {STR_INIT("*.*.example")}, {STR_INIT("a b.example")},
                                        {STR_INIT("192.0.2.1")},   {STR_INIT("")}};
    static struct str many[STORE_CERTIFICATE_NAMES_MAX + 1];
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    struct store_certificate rows[16];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = good[0];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        rows[n++] = sample(bad[i], 1, "k");
    rows[n++] = sample(NULL, 0, "k");
    rows[n++] = sample(many, ARRAY_LEN(many), "k");
    rows[n++] = sample(good, 1, "");
    for (size_t i = 0; i < 4; i++)
        rows[n + i] = sample(good, 1, "k");
    rows[n++].chain = STR("");
    rows[n++].chain = (struct str){bytes, STORE_CERTIFICATE_CHAIN_MAX + 1};
    rows[n++].key = (struct str){bytes, STORE_CERTIFICATE_KEY_MAX + 1};
    rows[n++].not_after = NOW - 1;
    for (size_t i = 0; i < n; i++) {
        int rc = store_certificate_put(w.store, &rows[i], NULL, &w.err);
        if (rc != -ERROR_PERMANENT || !error_is(&w.err, &MSG_STORE_CERTIFICATE_INVALID))
            fail_msg("row %zu gave %d", i, rc);
    }
    struct store_certificate largest = sample(many, STORE_CERTIFICATE_NAMES_MAX, "k");
    largest.chain = (struct str){bytes, STORE_CERTIFICATE_CHAIN_MAX};
    largest.key = (struct str){bytes, STORE_CERTIFICATE_KEY_MAX};
    assert_int_equal(store_certificate_put(w.store, &largest, NULL, NULL), 1);
}

static void a_deleted_key_leaves_no_trace_in_the_file(void **state)
{
    static const char secret[] = "a-key-that-nobody-should-find-again";
    static char content[1024 * 1024];
    struct world w CLEANUP(world_done);
    (void)state;
    world_init(&w);
    int64_t id = put(&w, "a.example", secret);
    assert_int_equal(store_certificate_remove(w.store, id, NULL), 1);
    store_close(w.store); /* the last one to close moves the log into the file */
    w.store = NULL;
    FILE *file = fopen(world_file(&w, STORE_SECRETS), "rb");
    assert_non_null(file);
    size_t n = fread(content, 1, sizeof content, file);
    fclose(file);
    assert_true(n > 4096 && n < sizeof content);
    assert_int_equal(str_find((struct str){content, n}, str_from(secret)), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_comes_back_as_it_was_put),
        cmocka_unit_test(a_host_gets_the_certificate_that_covers_it),
        cmocka_unit_test(the_same_names_replace_and_the_last_put_counts),
        cmocka_unit_test(lists_leave_keys_where_they_are),
        cmocka_unit_test(a_certificate_is_known_by_its_id),
        cmocka_unit_test(a_name_tells_which_certificates_have_it),
        cmocka_unit_test(names_tell_which_hosts_have_a_certificate),
        cmocka_unit_test(secrets_have_a_change_log_of_their_own),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(a_deleted_key_leaves_no_trace_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
