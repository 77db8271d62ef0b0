/* The roles of this program, as the supervisor knows them. */
#include "admin/admin.h"
#include "host/host.h"
#include "serve/keeper.h"
#include "serve/role.h"

static bool host_listen(const struct config *config, size_t i, struct role_address *out)
{
    const struct config_listeners *listeners = &config->host.listen;
    const struct config_addresses *challenge = &config->host.challenge_listen;
    if (i >= listeners->count + challenge->count)
        return false;
    if (i >= listeners->count) {
        *out = (struct role_address){challenge->items[i - listeners->count], HOST_SOCKET_CHALLENGE};
        return true;
    }
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

/* The questions to DNS of one job, its connections to an authority, its databases. */
#define KEEPER_FILES_A_JOB 128

static uint64_t keeper_open_files(const struct config *config)
{
    return config->acme.jobs * KEEPER_FILES_A_JOB;
}

static struct str keeper_user(const struct config *config)
{
    return config->keeper.user;
}

static bool admin_listen(const struct config *config, size_t i, struct role_address *out)
{
    const struct config_addresses *addresses = &config->admin.listen;
    if (i >= addresses->count)
        return false;
    out->address = addresses->items[i];
    out->name = "admin";
    return true;
}

static struct str admin_user(const struct config *config)
{
    return config->admin.user;
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
     .open_files = keeper_open_files,
     .store = {.access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_WRITE}}},
    {.name = "admin",
     .run = admin_run_role,
     .listen = admin_listen,
     .user = admin_user,
     .reads_counters = true},
};

const size_t serve_role_count = ARRAY_LEN(serve_roles);
