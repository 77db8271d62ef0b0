#include "store/store.h"

#include "store/messages.h"
#include "store/query.h"

const char *store_file_name(enum store_database database)
{
    return store_schemas[database].path;
}

/* The driver that a location asks for. */
static const struct store_driver *driver_for(const char *path, struct error *err)
{
    if (str_find(str_from(path), STR("://")) < 0 && path[0] != '\0')
        return &store_driver_sqlite;
    error_set(err, ERROR_PERMANENT, msg_store_url(str_from(path)));
    return NULL;
}

int store_open(struct store **out, const char *path, const struct store_options *options,
               struct error *err)
{
    const struct store_driver *driver = driver_for(path, err);
    if (!driver)
        return -ERROR_PERMANENT;
    struct store *s CLEANUP(store_closep) = calloc(1, sizeof *s);
    if (!s)
        return error_set_memory(err);
    for (unsigned i = 0; i < STORE_DATABASE_COUNT; i++) {
        if (options->access[i] == STORE_CLOSED)
            continue;
        int rc = driver->open(&s->db[i], path, &store_schemas[i], options->access[i], err);
        if (rc < 0)
            return rc;
    }
    *out = s;
    s = NULL;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < STORE_DATABASE_COUNT; i++) {
        if (s->db[i])
            s->db[i]->driver->close(s->db[i]);
    }
    free(s);
}

void store_closep(struct store **s)
{
    store_close(*s);
}
