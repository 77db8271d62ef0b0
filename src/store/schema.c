#include "store/schema.h"

/* AUTOINCREMENT: a number that was seen is never given again, so that a reader who stopped at it
 * misses nothing. */
#define CHANGE_LOG                                                                                 \
    "CREATE TABLE change ("                                                                        \
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"                                                     \
    "  kind TEXT NOT NULL,"                                                                        \
    "  key TEXT NOT NULL"                                                                          \
    ") STRICT;"

static const char *const control_steps[] = {
    CHANGE_LOG "CREATE TABLE domain ("
               "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
               "  name TEXT NOT NULL UNIQUE,"
               "  created INTEGER NOT NULL"
               ") STRICT;"
               /* stamp is the second that policy_id spells. mx holds the patterns, blanks between.
                * The row with the highest seq is current. */
               "CREATE TABLE policy ("
               "  domain INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,"
               "  seq INTEGER NOT NULL,"
               "  policy_id TEXT NOT NULL,"
               "  stamp INTEGER NOT NULL,"
               "  mode TEXT NOT NULL CHECK (mode IN ('none', 'testing', 'enforce')),"
               "  max_age INTEGER NOT NULL CHECK (max_age BETWEEN 0 AND 31557600),"
               "  mx TEXT NOT NULL,"
               "  body TEXT NOT NULL,"
               "  created INTEGER NOT NULL,"
               "  PRIMARY KEY (domain, seq),"
               "  UNIQUE (domain, policy_id)"
               ") STRICT, WITHOUT ROWID;"
               /* What must outlive a domain, so that its ids go on rising when it comes back. */
               "CREATE TABLE removed_domain ("
               "  name TEXT PRIMARY KEY NOT NULL,"
               "  stamp INTEGER NOT NULL,"
               "  removed INTEGER NOT NULL"
               ") STRICT, WITHOUT ROWID;"
               "CREATE TABLE setting ("
               "  key TEXT PRIMARY KEY NOT NULL,"
               "  value TEXT NOT NULL"
               ") STRICT, WITHOUT ROWID;"
               "CREATE TABLE domain_setting ("
               "  domain INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,"
               "  key TEXT NOT NULL,"
               "  value TEXT NOT NULL,"
               "  PRIMARY KEY (domain, key)"
               ") STRICT, WITHOUT ROWID;"
               "CREATE TABLE node ("
               "  id TEXT PRIMARY KEY NOT NULL,"
               "  seen INTEGER NOT NULL,"
               "  applied INTEGER NOT NULL"
               ") STRICT, WITHOUT ROWID;",
    "ALTER TABLE node ADD COLUMN applied_secrets INTEGER NOT NULL DEFAULT 0;",
    NULL,
};

static const char *const secrets_steps[] = {
    CHANGE_LOG "CREATE TABLE certificate ("
               "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
               "  names TEXT NOT NULL UNIQUE," /* sorted, blanks between */
               "  chain BLOB NOT NULL,"
               "  key BLOB NOT NULL,"
               "  not_before INTEGER NOT NULL,"
               "  not_after INTEGER NOT NULL,"
               "  source TEXT NOT NULL,"
               "  created INTEGER NOT NULL"
               ") STRICT;"
               "CREATE TABLE certificate_name ("
               "  name TEXT NOT NULL,"
               "  certificate INTEGER NOT NULL REFERENCES certificate (id) ON DELETE CASCADE,"
               "  PRIMARY KEY (name, certificate)"
               ") STRICT, WITHOUT ROWID;"
               "CREATE INDEX certificate_name_of ON certificate_name (certificate);",
    /* CAs, jobs, challenges. An absent text or key is empty. Who looks for work reads job_free from
     * its beginning, and job_lease for what was in the hands of the dead. */
    "CREATE TABLE ca ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  directory TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  challenge TEXT NOT NULL,"
    "  key_type TEXT NOT NULL,"
    "  profile TEXT NOT NULL,"
    "  preferred_chain TEXT NOT NULL,"
    "  contact TEXT NOT NULL,"
    "  terms TEXT NOT NULL,"
    "  eab_kid TEXT NOT NULL,"
    "  eab_key TEXT NOT NULL,"
    "  account_key BLOB NOT NULL,"
    "  account TEXT NOT NULL,"
    "  blocked_until INTEGER NOT NULL,"
    "  bucket_ms INTEGER NOT NULL,"
    "  bucket_at INTEGER NOT NULL,"
    "  created INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE job ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  due INTEGER NOT NULL,"
    "  failures INTEGER NOT NULL DEFAULT 0,"
    "  problem TEXT NOT NULL DEFAULT '',"
    "  tried INTEGER NOT NULL DEFAULT 0,"
    "  certificate INTEGER NOT NULL DEFAULT 0,"
    "  ca TEXT NOT NULL DEFAULT '',"
    "  profile TEXT NOT NULL DEFAULT '',"
    "  certificate_id TEXT NOT NULL DEFAULT '',"
    "  window_start INTEGER NOT NULL DEFAULT 0,"
    "  window_end INTEGER NOT NULL DEFAULT 0,"
    "  window_asked INTEGER NOT NULL DEFAULT 0,"
    "  order_url TEXT NOT NULL DEFAULT '',"
    "  order_key BLOB NOT NULL DEFAULT x'',"
    "  owner TEXT NOT NULL DEFAULT '',"
    "  lease INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX job_free ON job (due) WHERE owner = '';"
    "CREATE INDEX job_held ON job (owner) WHERE owner <> '';"
    "CREATE INDEX job_lease ON job (lease) WHERE owner <> '';"
    "CREATE TABLE challenge ("
    "  name TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  token TEXT NOT NULL,"
    "  authorization TEXT NOT NULL,"
    "  chain BLOB NOT NULL,"
    "  key BLOB NOT NULL,"
    "  expires INTEGER NOT NULL,"
    "  PRIMARY KEY (name, type)"
    ") STRICT, WITHOUT ROWID;",
    /* A key that an account is about to get. */
    "ALTER TABLE ca ADD COLUMN next_key BLOB NOT NULL DEFAULT x'';",
    /* For those who count how certificates stand, without reading any. */
    "CREATE INDEX certificate_not_after ON certificate (not_after);"
    "CREATE INDEX job_failing ON job (certificate) WHERE failures > 0;",
    /* Times in a row that a CA gave no answer. */
    "ALTER TABLE ca ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;",
    NULL,
};

static const char *const outbound_steps[] = {
    CHANGE_LOG,
    /* What the last check of a domain saw. An absent record or policy has an empty text. */
    "CREATE TABLE seen_domain ("
    "  domain TEXT PRIMARY KEY NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  policy_id TEXT NOT NULL,"
    "  body_hash TEXT NOT NULL,"
    "  mode TEXT NOT NULL CHECK (mode IN ('none', 'testing', 'enforce')),"
    "  max_age INTEGER NOT NULL CHECK (max_age BETWEEN 0 AND 31557600),"
    "  enforce_until INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;",
    /* A policy that was in testing then has been so at least since. */
    "ALTER TABLE seen_domain ADD COLUMN testing_since INTEGER NOT NULL DEFAULT 0;"
    "UPDATE seen_domain SET testing_since = at WHERE mode = 'testing' AND body_hash <> '';",
    NULL,
};

static const char *const log_only_steps[] = {CHANGE_LOG, NULL};

#define APPLY_TABLES_END                                                                           \
    "DROP TABLE IF EXISTS temp.apply_row;"                                                         \
    "DROP TABLE IF EXISTS temp.apply_setting;"                                                     \
    "DROP TABLE IF EXISTS temp.apply_difference;"

const char store_apply_tables[] = APPLY_TABLES_END
    /* An empty mode: no policy. */
    "CREATE TEMP TABLE apply_row ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  mode TEXT NOT NULL,"
    "  max_age INTEGER NOT NULL,"
    "  mx TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE apply_setting ("
    "  name TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY (name, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TEMP TABLE apply_difference ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  domain INTEGER NOT NULL,"
    "  policy INTEGER NOT NULL,"
    "  settings INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;";

const char store_apply_tables_end[] = APPLY_TABLES_END;

#define GROUP         "sealpost"
#define GROUP_SECRETS "sealpost-secrets"

const struct store_schema store_schemas[STORE_DATABASE_COUNT] = {
    [STORE_CONTROL] = {.database = STORE_CONTROL,
                       .file = "control.db",
                       .path = "control.db",
                       .group = GROUP,
                       .durable = true,
                       .application_id = 0x53506331, /* SPc1 */
                       .steps = control_steps},
    [STORE_SECRETS] = {.database = STORE_SECRETS,
                       .folder = "secrets",
                       .file = "secrets.db",
                       .path = "secrets/secrets.db",
                       .group = GROUP_SECRETS,
                       .durable = true,
                       .wipe = true,
                       .application_id = 0x53507331, /* SPs1 */
                       .steps = secrets_steps},
    [STORE_REPORTS] = {.database = STORE_REPORTS,
                       .file = "reports.db",
                       .path = "reports.db",
                       .group = GROUP,
                       .application_id = 0x53507231, /* SPr1 */
                       .steps = log_only_steps},
    [STORE_OUTBOUND] = {.database = STORE_OUTBOUND,
                        .file = "outbound.db",
                        .path = "outbound.db",
                        .group = GROUP,
                        .application_id = 0x53506f31, /* SPo1 */
                        .steps = outbound_steps},
};

unsigned store_schema_version(const struct store_schema *schema)
{
    unsigned n = 0;
    while (schema->steps[n])
        n++;
    return n;
}
