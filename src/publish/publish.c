#include "publish/publish.h"

#include "base/domain.h"
#include "publish/messages.h"
#include "publish/name_servers.h"
#include "publish/publisher.h"

/* In the order of enum config_publisher_type. */
static int (*const kinds[])(const struct publish_change *change, struct error *err) = {
    [CONFIG_PUBLISHER_RFC2136] = publish_by_rfc2136,
    [CONFIG_PUBLISHER_COMMAND] = publish_by_command,
};

int publish_check_stop(const struct publish *p, struct error *err)
{
    if (p->stop && atomic_load(p->stop))
        return error_set(err, ERROR_TEMPORARY, msg_publish_stopped());
    return 0;
}

/* Takes the publisher if none was found yet, or none with a nearer zone. */
static void consider(const struct config_publisher *by, struct publish_change *change)
{
    if (!by->zones.count && !change->by)
        change->by = by;
    for (size_t i = 0; i < by->zones.count; i++) {
        struct str zone = by->zones.items[i];
        if ((domain_eq(change->name, zone) || domain_is_below(change->name, zone)) &&
            zone.n > change->zone.n) {
            change->zone = zone;
            change->by = by;
        }
    }
}

static int find_publisher(struct publish_change *change, struct error *err)
{
    const struct config *config = change->publish->config;
    if (domain_check_dns(change->name) != DOMAIN_OK)
        return error_set(err, ERROR_PERMANENT, msg_publish_name(change->name));
    for (size_t i = 0; i < config->publisher_count; i++)
        consider(&config->publishers[i], change);
    return change->by ? 0 : error_set(err, ERROR_PERMANENT, msg_publish_nobody(change->name));
}

static int run(struct publish_change change, struct error *err)
{
    int result = find_publisher(&change, err);
    return result < 0 ? result : kinds[change.by->type](&change, err);
}

int publish_add(const struct publish *p, struct str name, struct str text, struct error *err)
{
    return run((struct publish_change){.publish = p, .name = name, .text = text}, err);
}

int publish_remove(const struct publish *p, struct str name, struct str text, struct error *err)
{
    return run((struct publish_change){.publish = p, .name = name, .text = text, .remove = true},
               err);
}

int publish_wait(const struct publish *p, struct str name, struct str text, struct error *err)
{
    struct publish_change change = {.publish = p, .name = name, .text = text};
    int result = find_publisher(&change, err);
    return result < 0 ? result : name_servers_wait(&change, err);
}
