#include "acme/live_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "acme/messages.h"
#include "base/file.h"
#include "base/map.h"
#include "mtasts/policy_host.h"
#include "net/pem.h"

#define PATH_TEXT_MAX 4096
#define ARENA_MAX     ((size_t)4 * 1024 * 1024)
#define CHAIN_FILE    "fullchain.pem"
#define KEY_FILE      "privkey.pem"

/* What is told of a file without reading it; a new rights or owner differ by ctime. */
struct stamp {
    int errnum; /* why there is none */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec written, changed;
};

enum state { NOT_READ, DONE, BAD, TOLD };

struct entry {
    struct stamp chain, key;
    enum state state;
    uint64_t look; /* the last one that it was seen in */
    struct entry *next_gone;
    char name[];
};

struct live_folder {
    const char *path;
    struct map entries; /* of struct entry, by name */
    size_t most, passed_over;
    uint64_t look;
};

struct live_folder *live_folder_new(const char *path, size_t most)
{
    struct live_folder *f = calloc(1, sizeof *f);
    uint64_t seed[2];
    if (!f)
        return NULL;
    arc4random_buf(seed, sizeof seed);
    f->path = path;
    f->most = most;
    map_init(&f->entries, seed);
    return f;
}

void live_folder_free(struct live_folder *f)
{
    struct str key;
    size_t at = 0;
    if (!f)
        return;
    for (void *entry; (entry = map_next(&f->entries, &at, &key)) != NULL;)
        free(entry);
    map_done(&f->entries);
    free(f);
}

size_t live_folder_passed_over(const struct live_folder *f)
{
    return f->passed_over;
}

/* ---- what is there ---- */

static int set_unread(int errnum, const char *path, struct error *err)
{
    if (errnum == EACCES)
        return error_set(err, ERROR_PERMANENT, msg_acme_live_no_permission(str_from(path)));
    return error_set_errno(err, errnum, str_from(path));
}

static struct entry *entry_of(struct live_folder *f, struct str name)
{
    struct entry *e = map_get(&f->entries, name);
    if (e || f->entries.n >= f->most)
        return e;
    e = calloc(1, sizeof *e + name.n + 1);
    if (!e)
        return NULL;
    memcpy(e->name, name.p, name.n);
    if (!map_put(&f->entries, (struct str){e->name, name.n}, e)) {
        free(e);
        return NULL;
    }
    return e;
}

/* Forgets those that this look did not see; the map must not change while it is walked. */
static void forget_gone(struct live_folder *f)
{
    struct entry *gone = NULL;
    struct str key;
    size_t at = 0;
    for (struct entry *e; (e = map_next(&f->entries, &at, &key)) != NULL;) {
        if (e->look != f->look) {
            e->next_gone = gone;
            gone = e;
        }
    }
    for (struct entry *e = gone; e; e = gone) {
        gone = e->next_gone;
        (void)map_take(&f->entries, str_from(e->name));
        free(e);
    }
}

static const char *path_of(const struct live_folder *f, const struct entry *e, const char *file,
                           struct arena *arena)
{
    struct buf path CLEANUP(buf_done);
    buf_init(&path, PATH_TEXT_MAX);
    buf_printf(&path, "%s/%s/%s", f->path, e->name, file);
    return path.failed ? NULL : arena_cstr(arena, buf_view(&path));
}

static struct stamp stamp_of(const char *path)
{
    struct stat seen;
    struct stamp s = {.errnum = 0};
    if (stat(path, &seen) != 0) {
        s.errnum = errno;
        return s;
    }
    s.errnum = S_ISREG(seen.st_mode) ? 0 : EINVAL;
    s.device = seen.st_dev;
    s.inode = seen.st_ino;
    s.size = seen.st_size;
    s.written = seen.st_mtim;
    s.changed = seen.st_ctim;
    return s;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->errnum == b->errnum && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && is_same_time(a->written, b->written) &&
           is_same_time(a->changed, b->changed);
}

/* ---- one pair ---- */

struct pair {
    struct live_folder *folder;
    struct store *store;
    int64_t now;
    struct arena arena;
    const char *chain_path, *key_path;
    struct pem_certificate pem;
};

static void pair_done(struct pair *p)
{
    pem_wipe(&p->pem);
    arena_done(&p->arena);
}

static void wipe_buffer(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

static int read_pair(struct pair *p, struct error *err)
{
    struct buf chain CLEANUP(buf_done), key CLEANUP(wipe_buffer);
    buf_init(&chain, PEM_CHAIN_MAX);
    buf_init(&key, PEM_KEY_MAX);
    int rc = file_read(p->chain_path, &chain, err);
    if (rc == 0)
        rc = file_read(p->key_path, &key, err);
    if (rc == 0)
        rc = pem_certificate_read(&p->pem, buf_view(&chain), str_from(p->chain_path),
                                  buf_view(&key), str_from(p->key_path), &p->arena, err);
    return rc;
}

/* Whether the store lacks it for a name. 1: yes. */
static int is_lacking(struct pair *p, struct str name, struct error *err)
{
    struct arena arena CLEANUP(arena_done);
    struct store_certificate row;
    arena_init(&arena, ARENA_MAX);
    int rc = store_certificate_get(p->store, name, &arena, &row, err);
    if (rc <= 0)
        return rc < 0 ? rc : 1;
    return !str_eq(row.chain, p->pem.chain) && row.not_after <= p->pem.not_after;
}

/* Whether the store lacks it for any name that matters. 1: yes. */
static int is_wanted(struct pair *p, struct error *err)
{
    struct str domain;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->pem.name_count; i++) {
        if (policy_host_covered(p->pem.names[i], &domain))
            rc = is_lacking(p, p->pem.names[i], err);
    }
    return rc;
}

static int put(struct pair *p, struct error *err)
{
    const struct store_certificate row = {
        .names = p->pem.names,
        .name_count = p->pem.name_count,
        .chain = p->pem.chain,
        .key = p->pem.key,
        .not_before = p->pem.not_before,
        .not_after = p->pem.not_after,
        .source = STR("import"),
        .created = p->now,
    };
    int rc = store_certificate_put(p->store, &row, NULL, err);
    return rc < 0 ? rc : 1;
}

/* 1: it is in the store now; 0: it need not be; negative: why not. *bad: it is the pair that is at
 * fault, not the store. */
static int import(struct pair *p, bool *bad, struct error *err)
{
    int rc = read_pair(p, err);
    *bad = rc < 0;
    if (rc == 0 && p->pem.not_after <= p->now) {
        *bad = true;
        rc = error_set(err, ERROR_PERMANENT, msg_acme_live_expired(p->pem.not_after));
    }
    if (rc == 0)
        rc = is_wanted(p, err);
    if (rc == 1)
        rc = put(p, err);
    *bad |= rc == -ERROR_PERMANENT;
    return rc;
}

/* Whether its files are to be read at this look. */
static bool is_due(struct pair *p, struct entry *e)
{
    struct stamp chain = stamp_of(p->chain_path), key = stamp_of(p->key_path);
    bool same = is_same(&chain, &e->chain) && is_same(&key, &e->key);
    if (!same)
        e->state = NOT_READ;
    e->chain = chain;
    e->key = key;
    return e->state == NOT_READ || e->state == BAD;
}

static int look_at(struct pair *p, struct entry *e, live_told *told, void *context,
                   struct error *err)
{
    bool bad = true;
    p->chain_path = path_of(p->folder, e, CHAIN_FILE, &p->arena);
    p->key_path = path_of(p->folder, e, KEY_FILE, &p->arena);
    if (!p->chain_path || !p->key_path || !is_due(p, e))
        return 0;
    int errnum = e->chain.errnum ? e->chain.errnum : e->key.errnum;
    int rc = errnum ? set_unread(errnum, e->chain.errnum ? p->chain_path : p->key_path, err)
                    : import(p, &bad, err);
    if (rc < 0 && !bad)
        return rc;
    if (rc < 0 && e->state == BAD)
        told(context, LIVE_BAD, str_from(e->name), err);
    if (rc == 1)
        told(context, LIVE_IMPORTED, str_from(e->name), NULL);
    e->state = rc >= 0 ? DONE : e->state == BAD ? TOLD : BAD;
    return 0;
}

/* ---- all ---- */

static int look_at_name(struct live_folder *f, struct store *store, int64_t now, const char *name,
                        live_told *told, void *context, struct error *err)
{
    struct pair p CLEANUP(pair_done) = {.folder = f, .store = store, .now = now};
    struct entry *e = entry_of(f, str_from(name));
    arena_init(&p.arena, ARENA_MAX);
    if (!e && f->entries.n < f->most)
        return error_set_memory(err);
    if (!e) {
        f->passed_over++;
        return 0;
    }
    e->look = f->look;
    return look_at(&p, e, told, context, err);
}

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

int live_folder_look(struct live_folder *f, struct store *store, int64_t now, live_told *told,
                     void *context, struct error *err)
{
    DIR *folder CLEANUP(close_folder) = opendir(f->path);
    struct error local;
    int rc = 0;
    err = err ? err : &local;
    if (!folder)
        return set_unread(errno, f->path, err);
    f->look++;
    f->passed_over = 0;
    for (const struct dirent *item; rc == 0 && (item = readdir(folder)) != NULL;) {
        /* certbot puts a README beside its folders. */
        if (item->d_name[0] != '.' &&
            (item->d_type == DT_DIR || item->d_type == DT_LNK || item->d_type == DT_UNKNOWN))
            rc = look_at_name(f, store, now, item->d_name, told, context, err);
    }
    if (rc == 0)
        forget_gone(f);
    return rc;
}
