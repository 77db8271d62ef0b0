/* The roles of this program, as the supervisor knows them. */
#include "host/host.h"
#include "serve/role.h"

static const struct config_addresses *host_listen(const struct config *config)
{
    return &config->host.listen;
}

static struct str host_user(const struct config *config)
{
    return config->host.user;
}

static uint64_t host_open_files(const struct config *config)
{
    return config->host.max_connections;
}

const struct role serve_roles[] = {
    {.name = "host",
     .run = host_run,
     .listen = host_listen,
     .user = host_user,
     .workers = config_workers,
     .open_files = host_open_files,
     .store = {.access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_READ}}},
};

const size_t serve_role_count = ARRAY_LEN(serve_roles);
