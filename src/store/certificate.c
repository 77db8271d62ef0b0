/* Certificates with their keys. */
#include "base/domain.h"
#include "store/messages.h"
#include "store/query.h"

#define COLUMNS     "c.id, c.names, c.chain, c.not_before, c.not_after, c.source, c.created"
#define WITH_KEY    COLUMNS ", c.key"
#define WITHOUT_KEY COLUMNS ", ''"

/* All names of one certificate with blanks between. */
#define NAMES_TEXT_MAX ((size_t)STORE_CERTIFICATE_NAMES_MAX * (DOMAIN_NAME_MAX + 3))
#define SOURCE_MAX     32

struct certificate_change {
    const struct store_certificate *in;
    const struct str *names; /* sorted, each once */
    size_t name_count;
    struct str joined;
    int64_t id; /* the result */
};

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A DNS name in the form that is stored, perhaps with a wildcard as its first label. */
static bool name_ok(struct str name)
{
    struct str rest = str_starts(name, STR("*.")) ? str_skip(name, 2) : name;
    for (size_t i = 0; i < rest.n; i++) {
        if (ascii_lower(rest.p[i]) != rest.p[i])
            return false;
    }
    return domain_check(rest) == DOMAIN_OK;
}

static bool valid(const struct store_certificate *in)
{
    if (in->name_count < 1 || in->name_count > STORE_CERTIFICATE_NAMES_MAX || in->chain.n < 1 ||
        in->chain.n > STORE_CERTIFICATE_CHAIN_MAX || in->key.n < 1 ||
        in->key.n > STORE_CERTIFICATE_KEY_MAX || in->source.n < 1 || in->source.n > SOURCE_MAX ||
        in->not_after < in->not_before)
        return false;
    for (size_t i = 0; i < in->name_count; i++) {
        if (!name_ok(in->names[i]))
            return false;
    }
    return true;
}

/* Sorts the names, drops doubles, joins them. */
static int prepare_names(struct certificate_change *c, struct arena *arena, struct error *err)
{
    struct buf joined CLEANUP(buf_done);
    buf_init(&joined, NAMES_TEXT_MAX);
    struct str *names = arena_array(arena, c->in->name_count, sizeof *names);
    if (!names)
        return error_set_memory(err);
    memcpy(names, c->in->names, c->in->name_count * sizeof *names);
    qsort(names, c->in->name_count, sizeof *names, compare_names);
    size_t n = 0;
    for (size_t i = 0; i < c->in->name_count; i++) {
        if (n && str_eq(names[n - 1], names[i]))
            continue;
        if (n)
            buf_byte(&joined, ' ');
        buf_str(&joined, names[i]);
        names[n++] = names[i];
    }
    c->names = names;
    c->name_count = n;
    c->joined = arena_str(arena, buf_view(&joined));
    return joined.failed || arena->failed ? error_set_memory(err) : 0;
}

static int insert(struct store_db *db, struct certificate_change *c, struct error *err)
{
    int rc = query_number(db,
                          "INSERT INTO certificate (names, chain, key, not_before, not_after,"
                          " source, created) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                          &c->id, err, V_TEXT(c->joined), V_BYTES(c->in->chain),
                          V_BYTES(c->in->key), V_INT(c->in->not_before), V_INT(c->in->not_after),
                          V_TEXT(c->in->source), V_INT(c->in->created));
    for (size_t i = 0; rc >= 0 && i < c->name_count; i++)
        rc = query_run(db, "INSERT INTO certificate_name (name, certificate) VALUES ($1, $2)", err,
                       V_TEXT(c->names[i]), V_INT(c->id));
    return rc < 0 ? rc : 0;
}

static int put_body(struct store_db *db, void *context, struct error *err)
{
    struct certificate_change *c = context;
    int rc = query_run(db, "DELETE FROM certificate WHERE names = $1", err, V_TEXT(c->joined));
    if (rc == 0)
        rc = insert(db, c, err);
    if (rc == 0)
        rc = change_append(db, STORE_CHANGE_CERTIFICATE, c->joined, err);
    return rc < 0 ? rc : 1;
}

int store_certificate_put(struct store *s, const struct store_certificate *in, int64_t *id,
                          struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    if (!valid(in))
        return error_set(err, ERROR_PERMANENT,
                         msg_store_certificate_invalid(in->name_count ? in->names[0] : STR("-")));
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, NAMES_TEXT_MAX * 4);
    struct certificate_change c = {.in = in};
    int rc = prepare_names(&c, &arena, err);
    if (rc == 0)
        rc = store_transaction(db, put_body, &c, err);
    if (rc < 0)
        return rc;
    if (id)
        *id = c.id;
    return 1;
}

/* The row; texts belong to the query, the array of names to the arena. */
static int read_row(const struct store_query *q, struct str joined, struct arena *arena,
                    struct store_certificate *out, struct error *err)
{
    size_t n = 1;
    for (size_t i = 0; i < joined.n; i++)
        n += joined.p[i] == ' ';
    struct str *names = arena_array(arena, n, sizeof *names);
    if (!names)
        return error_set_memory(err);
    for (size_t i = 0; i < n; i++)
        str_cut(joined, ' ', &names[i], &joined);
    *out = (struct store_certificate){.id = query_int(q, 0),
                                      .names = names,
                                      .name_count = n,
                                      .chain = query_str(q, 2),
                                      .not_before = query_int(q, 3),
                                      .not_after = query_int(q, 4),
                                      .source = query_str(q, 5),
                                      .created = query_int(q, 6),
                                      .key = query_str(q, 7)};
    return 0;
}

/* The id of the last certificate that has this very name, but for `without`. */
static int find_named(struct store_db *db, struct str name, int64_t without, int64_t *id,
                      struct error *err)
{
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db,
                        "SELECT certificate FROM certificate_name WHERE name = $1"
                        " AND certificate <> $2 ORDER BY certificate DESC LIMIT 1",
                        err, V_TEXT(name), V_INT(without));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc == 1)
        *id = query_int(&q, 0);
    return rc;
}

int store_certificate_find_without(struct store *s, struct str host, int64_t without, int64_t *id,
                                   struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    int rc = find_named(db, host, without, id, err);
    struct str label, parent;
    if (rc != 0 || host.n > DOMAIN_NAME_MAX || !str_cut(host, '.', &label, &parent))
        return rc;
    char wildcard[DOMAIN_NAME_MAX + 3];
    int n = snprintf(wildcard, sizeof wildcard, "*.%.*s", STR_ARG(parent));
    return find_named(db, (struct str){wildcard, (size_t)n}, without, id, err);
}

int store_certificate_find(struct store *s, struct str host, int64_t *id, struct error *err)
{
    return store_certificate_find_without(s, host, 0, id, err);
}

int store_certificates_named(struct store *s, struct str name,
                             int (*each)(void *context, int64_t id), void *context,
                             struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db,
                        "SELECT certificate FROM certificate_name WHERE name = $1"
                        " ORDER BY certificate DESC",
                        err, V_TEXT(name));
    while (rc == 0 && (rc = query_step(&q, err)) == 1)
        rc = each(context, query_int(&q, 0));
    return rc;
}

int store_certificate_by_id(struct store *s, int64_t id, struct arena *arena,
                            struct store_certificate *out, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT " WITH_KEY " FROM certificate c WHERE c.id = $1", err,
                        V_INT(id));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    struct store_certificate row;
    rc = read_row(&q, arena_str(arena, query_str(&q, 1)), arena, &row, err);
    if (rc < 0)
        return rc;
    row.chain = arena_str(arena, row.chain);
    row.key = arena_str(arena, row.key);
    row.source = arena_str(arena, row.source);
    if (arena->failed)
        return error_set_memory(err);
    *out = row;
    return 1;
}

int store_certificate_get(struct store *s, struct str host, struct arena *arena,
                          struct store_certificate *out, struct error *err)
{
    int64_t id;
    int rc = store_certificate_find(s, host, &id, err);
    return rc == 1 ? store_certificate_by_id(s, id, arena, out, err) : rc;
}

int store_certificate_list(struct store *s,
                           int (*each)(void *context, const struct store_certificate *row),
                           void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena, NAMES_TEXT_MAX);
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT " WITHOUT_KEY " FROM certificate c ORDER BY c.id", err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_certificate row;
        arena_reset(&arena);
        rc = read_row(&q, query_str(&q, 1), &arena, &row, err);
        if (rc == 0)
            rc = each(context, &row);
    }
    return rc;
}

int store_certificate_names_each(struct store *s,
                                 int (*each)(void *context,
                                             const struct store_certificate_name *row),
                                 void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(
        &q, db, "SELECT name, certificate FROM certificate_name ORDER BY name, certificate", err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_certificate_name row = {query_str(&q, 0), query_int(&q, 1)};
        rc = each(context, &row);
    }
    return rc;
}

struct removal {
    int64_t id;
};

static int remove_body(struct store_db *db, void *context, struct error *err)
{
    const struct removal *r = context;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "DELETE FROM certificate WHERE id = $1 RETURNING names", err,
                        V_INT(r->id));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    rc = change_append(db, STORE_CHANGE_CERTIFICATE, query_str(&q, 0), err);
    return rc < 0 ? rc : 1;
}

int store_certificate_remove(struct store *s, int64_t id, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    return store_transaction(db, remove_body, &(struct removal){id}, err);
}
