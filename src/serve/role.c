#include "serve/role.h"

const struct role *role_find(const struct role *roles, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(str_from(roles[i].name), name))
            return &roles[i];
    }
    return NULL;
}

bool role_is_wanted(const struct role *role, const struct config *config)
{
    for (size_t i = 0; i < config->serve.roles.count; i++) {
        if (str_eq(config->serve.roles.items[i], str_from(role->name)))
            return true;
    }
    return false;
}
