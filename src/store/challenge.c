/* Challenges that wait for a CA to look. */
#include "store/acme.h"
#include "store/messages.h"
#include "store/query.h"

#define COLUMNS "name, type, token, authorization, chain, key, expires"

struct challenge_change {
    const struct store_challenge *in;
    uint64_t seq; /* the result */
};

static int check(const struct store_challenge *in, struct error *err)
{
    const struct {
        const char *what;
        struct str text;
        size_t min;
    } texts[] = {
        {"type", in->type, 1},   {"token", in->token, 0}, {"authorization", in->authorization, 0},
        {"chain", in->chain, 0}, {"key", in->key, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].text.n < texts[i].min || texts[i].text.n > STORE_CHALLENGE_TEXT_MAX)
            return error_set(err, ERROR_PERMANENT,
                             msg_store_challenge_invalid(in->name, str_from(texts[i].what)));
    }
    return domain_name_check(in->name, err);
}

static int put_body(struct store_db *db, void *context, struct error *err)
{
    struct challenge_change *c = context;
    const struct store_challenge *in = c->in;
    int rc = query_run(
        db,
        "INSERT INTO challenge (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (name, type) DO UPDATE SET token = excluded.token,"
        " authorization = excluded.authorization, chain = excluded.chain, key = excluded.key,"
        " expires = excluded.expires",
        err, V_TEXT(in->name), V_TEXT(in->type), V_TEXT(in->token), V_TEXT(in->authorization),
        V_BYTES(in->chain), V_BYTES(in->key), V_INT(in->expires));
    if (rc == 0)
        rc = change_append(db, STORE_CHANGE_CHALLENGE, in->name, err);
    if (rc == 0)
        rc = change_last(db, &c->seq, err);
    return rc < 0 ? rc : 1;
}

int store_challenge_put(struct store *s, const struct store_challenge *in, uint64_t *seq,
                        struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct challenge_change c = {.in = in};
    int rc = check(in, err);
    if (rc == 0)
        rc = store_transaction(db, put_body, &c, err);
    if (rc == 1 && seq)
        *seq = c.seq;
    return rc;
}

static int remove_body(struct store_db *db, void *context, struct error *err)
{
    const struct store_challenge *c = context;
    int rc = query_number(db, "DELETE FROM challenge WHERE name = $1 AND type = $2 RETURNING 1",
                          &(int64_t){0}, err, V_TEXT(c->name), V_TEXT(c->type));
    if (rc <= 0)
        return rc;
    rc = change_append(db, STORE_CHANGE_CHALLENGE, c->name, err);
    return rc < 0 ? rc : 1;
}

int store_challenge_remove(struct store *s, struct str name, struct str type, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    return store_transaction(db, remove_body, &(struct store_challenge){.name = name, .type = type},
                             err);
}

int store_challenge_each(struct store *s,
                         int (*each)(void *context, const struct store_challenge *row),
                         void *context, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    if (!db)
        return -ERROR_BUG;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "SELECT " COLUMNS " FROM challenge ORDER BY name, type", err);
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        struct store_challenge row = {.name = query_str(&q, 0),
                                      .type = query_str(&q, 1),
                                      .token = query_str(&q, 2),
                                      .authorization = query_str(&q, 3),
                                      .chain = query_str(&q, 4),
                                      .key = query_str(&q, 5),
                                      .expires = query_int(&q, 6)};
        rc = each(context, &row);
    }
    return rc;
}

struct prune {
    int64_t now;
    uint64_t removed; /* the result */
};

static int prune_body(struct store_db *db, void *context, struct error *err)
{
    struct prune *p = context;
    struct store_query q CLEANUP(query_done) = {NULL};
    int rc = query_open(&q, db, "DELETE FROM challenge WHERE expires < $1 RETURNING name", err,
                        V_INT(p->now));
    while (rc == 0 && (rc = query_step(&q, err)) == 1) {
        p->removed++;
        rc = change_append(db, STORE_CHANGE_CHALLENGE, query_str(&q, 0), err);
    }
    return rc < 0 ? rc : p->removed > 0;
}

int store_challenges_prune(struct store *s, int64_t now, uint64_t *removed, struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_WRITE, err);
    if (!db)
        return -ERROR_BUG;
    struct prune p = {.now = now};
    int rc = store_transaction(db, prune_body, &p, err);
    if (rc >= 0 && removed)
        *removed = p.removed;
    return rc;
}
