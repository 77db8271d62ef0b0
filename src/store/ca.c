/* CAs with the accounts there. */
#include "store/acme.h"
#include "store/messages.h"
#include "store/query.h"

#define COLUMNS                                                                                    \
    "name, directory, position, challenge, key_type, profile, preferred_chain, contact, terms,"    \
    " eab_kid, eab_key, account_key, account, blocked_until, bucket_ms, bucket_at, created, "      \
    "next_key, failures"

static bool name_ok(struct str name)
{
    bool ok = name.n >= 1 && name.n <= STORE_CA_NAME_MAX;
    for (size_t i = 0; ok && i < name.n; i++)
        ok = ascii_is_alnum(name.p[i]) || name.p[i] == '-';
    return ok;
}

static bool text_ok(struct str text)
{
    bool ok = text.n <= STORE_CA_TEXT_MAX;
    for (size_t i = 0; ok && i < text.n; i++)
        ok = text.p[i] != '\n' && text.p[i] != '\r' && text.p[i] != '\0';
    return ok;
}

static int check(const struct store_ca *in, struct error *err)
{
    const struct {
        const char *what;
        struct str text;
        bool needed;
    } texts[] = {
        {"directory", in->directory, true},
        {"challenge", in->challenge, true},
        {"key_type", in->key_type, true},
        {"profile", in->profile, false},
        {"preferred_chain", in->preferred_chain, false},
        {"contact", in->contact, false},
        {"terms", in->terms, false},
        {"eab_kid", in->eab_kid, false},
        {"eab_key", in->eab_key, false},
        {"account", in->account, false},
    };
    struct str wrong = name_ok(in->name) ? STR("") : STR("name");
    for (size_t i = 0; !wrong.n && i < ARRAY_LEN(texts); i++) {
        if (!text_ok(texts[i].text) || (texts[i].needed && !texts[i].text.n))
            wrong = str_from(texts[i].what);
    }
    if (!wrong.n && in->account_key.n > STORE_CA_TEXT_MAX)
        wrong = STR("account_key");
    if (!wrong.n && in->next_key.n > STORE_CA_TEXT_MAX)
        wrong = STR("next_key");
    if (!wrong.n && in->position > INT64_MAX / 2)
        wrong = STR("position");
    if (!wrong.n)
        return 0;
    return error_set(err, ERROR_PERMANENT, msg_store_ca_invalid(in->name, wrong));
}

static int put_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_ca *in = context;
    int64_t position = (int64_t)in->position;
    int rc = 0;
    if (position == 0)
        rc = query_number(db, "SELECT COALESCE(MAX(position) + 1, $1) FROM ca WHERE name <> $2",
                          &position, err, V_INT(STORE_CA_POSITION), V_TEXT(in->name));
    if (rc >= 0)
        rc = query_run(db, "DELETE FROM ca WHERE name = $1", err, V_TEXT(in->name));
    if (rc >= 0)
        rc = query_run(db,
                       "INSERT INTO ca (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
                       " $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
                       err, V_TEXT(in->name), V_TEXT(in->directory), V_INT(position),
                       V_TEXT(in->challenge), V_TEXT(in->key_type), V_TEXT(in->profile),
                       V_TEXT(in->preferred_chain), V_TEXT(in->contact), V_TEXT(in->terms),
                       V_TEXT(in->eab_kid), V_TEXT(in->eab_key), V_BYTES(in->account_key),
                       V_TEXT(in->account), V_INT(in->blocked_until), V_INT(in->bucket_ms),
                       V_INT(in->bucket_at), V_INT(in->created), V_BYTES(in->next_key),
                       V_INT((int64_t)in->failures));
    return rc < 0 ? rc : 1;
}

int store_ca_put(struct store *s, const struct store_ca *in, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct store_ca copy = *in;
    int rc = check(in, err);
    return rc < 0 ? rc : store_transaction(db, put_body, &copy, err);
}

/* The row; texts belong to the query. */
static struct store_ca read_row(const struct store_query *q)
{
    return (struct store_ca){.name = query_str(q, 0),
                             .directory = query_str(q, 1),
                             .position = (uint64_t)query_int(q, 2),
                             .challenge = query_str(q, 3),
                             .key_type = query_str(q, 4),
                             .profile = query_str(q, 5),
                             .preferred_chain = query_str(q, 6),
                             .contact = query_str(q, 7),
                             .terms = query_str(q, 8),
                             .eab_kid = query_str(q, 9),
                             .eab_key = query_str(q, 10),
                             .account_key = query_str(q, 11),
                             .account = query_str(q, 12),
                             .blocked_until = query_int(q, 13),
                             .bucket_ms = query_int(q, 14),
                             .bucket_at = query_int(q, 15),
                             .created = query_int(q, 16),
                             .next_key = query_str(q, 17),
                             .failures = (uint64_t)query_int(q, 18)};
}

int store_ca_get(struct store *s, struct str name, struct arena *arena, struct store_ca *out,
                 struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT " COLUMNS " FROM ca WHERE name = $1", err, V_TEXT(name));
    if (rc == 0)
        rc = query_step(&q, err);
    if (rc <= 0)
        return rc;
    struct store_ca row = read_row(&q);
    struct str *const texts[] = {
        &row.name,     &row.directory,       &row.challenge,   &row.key_type,
        &row.profile,  &row.preferred_chain, &row.contact,     &row.terms,
        &row.eab_kid,  &row.eab_key,         &row.account_key, &row.account,
        &row.next_key,
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(arena, *texts[i]);
    if (arena->failed)
        return error_set_memory(err);
    *out = row;
    return 1;
}

int store_ca_each(struct store *s, int (*each)(void *context, const struct store_ca *row),
                  void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT " COLUMNS " FROM ca ORDER BY position, name", err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_ca row = read_row(&q);
        rc = each(context, &row);
    }
    return rc;
}

int store_ca_any(struct store *s, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    int64_t any = 0;
    if (!db)
        return -ERROR_BUG;
    int rc = query_number(db, "SELECT EXISTS (SELECT 1 FROM ca)", &any, err);
    return rc < 0 ? rc : any != 0;
}

/* A statement on one CA that gives a row when there was one. */
#define change_one(db, sql, err, ...)                                                              \
    query_number(db, sql " RETURNING 1", &(int64_t){0}, err, __VA_ARGS__)

static int remove_body(struct store_db *db, void *context, struct error *err)
{
    const struct str *name = context;
    return change_one(db, "DELETE FROM ca WHERE name = $1", err, V_TEXT(*name));
}

int store_ca_remove(struct store *s, struct str name, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    return db ? store_transaction(db, remove_body, &name, err) : -ERROR_BUG;
}

static int account_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_ca *c = context;
    if (!c->account_key.n && !c->account.n)
        return query_number(db, "SELECT 1 FROM ca WHERE name = $1", &(int64_t){0}, err,
                            V_TEXT(c->name));
    return change_one(db,
                      "UPDATE ca SET account_key = CASE WHEN $1 = x'' THEN account_key ELSE $1 END,"
                      " account = CASE WHEN $2 = '' THEN account ELSE $2 END WHERE name = $3",
                      err, V_BYTES(c->account_key), V_TEXT(c->account), V_TEXT(c->name));
}

int store_ca_set_account(struct store *s, struct str name, struct str key, struct str account,
                         struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct str wrong = key.n > STORE_CA_TEXT_MAX ? STR("account_key") : STR("account");
    if (key.n > STORE_CA_TEXT_MAX || !text_ok(account))
        return error_set(err, ERROR_PERMANENT, msg_store_ca_invalid(name, wrong));
    struct store_ca c = {.name = name, .account_key = key, .account = account};
    return store_transaction(db, account_body, &c, err);
}

static int next_key_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_ca *c = context;
    return change_one(db, "UPDATE ca SET next_key = $1 WHERE name = $2", err, V_BYTES(c->next_key),
                      V_TEXT(c->name));
}

static int take_next_key_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_ca *c = context;
    return change_one(db, "UPDATE ca SET account_key = $1, next_key = x'' WHERE name = $2", err,
                      V_BYTES(c->next_key), V_TEXT(c->name));
}

static int write_next_key(struct store *s, struct str name, struct str key,
                          int (*body)(struct store_db *db, void *context, struct error *err),
                          struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    if (key.n > STORE_CA_TEXT_MAX)
        return error_set(err, ERROR_PERMANENT, msg_store_ca_invalid(name, STR("next_key")));
    struct store_ca c = {.name = name, .next_key = key};
    return store_transaction(db, body, &c, err);
}

int store_ca_set_next_key(struct store *s, struct str name, struct str key, struct error *err)
{
    return write_next_key(s, name, key, next_key_body, err);
}

int store_ca_take_next_key(struct store *s, struct str name, struct str key, struct error *err)
{
    return write_next_key(s, name, key, take_next_key_body, err);
}

static int bucket_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_ca *c = context;
    return change_one(db, "UPDATE ca SET bucket_ms = $1, bucket_at = $2 WHERE name = $3", err,
                      V_INT(c->bucket_ms), V_INT(c->bucket_at), V_TEXT(c->name));
}

int store_ca_set_bucket(struct store *s, struct str name, int64_t bucket_ms, int64_t bucket_at,
                        struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct store_ca c = {.name = name, .bucket_ms = bucket_ms, .bucket_at = bucket_at};
    return store_transaction(db, bucket_body, &c, err);
}

static int blocked_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_ca *c = context;
    return change_one(db, "UPDATE ca SET failures = $1, blocked_until = $2 WHERE name = $3", err,
                      V_INT((int64_t)c->failures), V_INT(c->blocked_until), V_TEXT(c->name));
}

int store_ca_set_blocked(struct store *s, struct str name, uint64_t failures, int64_t until,
                         struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct store_ca c = {.name = name, .failures = failures, .blocked_until = until};
    return store_transaction(db, blocked_body, &c, err);
}

struct claim {
    struct str name;
    int64_t was, until;
};

static int claim_body(struct store_db *db, void *context, struct error *err)
{
    const struct claim *c = context;
    return change_one(db, "UPDATE ca SET blocked_until = $1 WHERE name = $2 AND blocked_until = $3",
                      err, V_INT(c->until), V_TEXT(c->name), V_INT(c->was));
}

int store_ca_claim(struct store *s, struct str name, int64_t was, int64_t until, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    return store_transaction(db, claim_body, &(struct claim){name, was, until}, err);
}
