/* The roles of this program, as the supervisor knows them. */
#include "host/host.h"
#include "serve/keeper.h"
#include "serve/role.h"

static bool host_listen(const struct config *config, size_t i, struct role_address *out)
{
    const struct config_listeners *listeners = &config->host.listen;
    if (i >= listeners->count)
        return false;
    out->address = listeners->items[i].address;
    out->name = listeners->items[i].scheme == CONFIG_HTTP ? HOST_SOCKET_HTTP : HOST_SOCKET_HTTPS;
    return true;
}

static struct str host_user(const struct config *config)
{
    return config->host.user;
}

static uint64_t host_open_files(const struct config *config)
{
    return config->host.max_connections;
}

static struct str keeper_user(const struct config *config)
{
    return config->keeper.user;
}

const struct role serve_roles[] = {
    {.name = "host",
     .run = host_run,
     .listen = host_listen,
     .user = host_user,
     .workers = config_workers,
     .open_files = host_open_files,
     /* What it serves it only reads; its row in the node table it writes. */
     .store = {.access = {[STORE_CONTROL] = STORE_WRITE, [STORE_SECRETS] = STORE_READ}}},
    {.name = "keeper",
     .run = keeper_run,
     .user = keeper_user,
     .store = {.access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_WRITE}}},
};

const size_t serve_role_count = ARRAY_LEN(serve_roles);
