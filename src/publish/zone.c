#include "publish/zone.h"

#include "publish/messages.h"

static int ask(const struct publish_change *change, struct str name, enum dns_type type,
               struct arena *arena, struct dns_answer *answer, struct error *err)
{
    *answer = (struct dns_answer){.status = DNS_FAILED};
    int rc = publish_check_stop(change->publish, err);
    if (rc == 0)
        rc = dns_ask(change->publish->dns, name, type, ZONE_DNS_WAIT_S, arena, answer, err);
    if (rc < 0)
        return rc;
    if (answer->status == DNS_BOGUS)
        return error_set(err, ERROR_PERMANENT, msg_publish_dns_bogus(name, answer->why));
    if (answer->status == DNS_FAILED)
        return error_set(err, ERROR_TEMPORARY, msg_publish_dns_failed(name));
    return 0;
}

int zone_find(const struct publish_change *change, struct arena *arena, struct zone *out,
              struct error *err)
{
    struct str name = change->zone.n ? change->zone : change->name;
    bool trusted = change->zone.n > 0;
    for (;;) {
        struct dns_answer answer;
        struct str ignored;
        int rc = ask(change, name, DNS_SOA, arena, &answer, err);
        if (rc < 0)
            return rc;
        /* The SOA record behind an alias is another zone's. */
        if (answer.status == DNS_FOUND && !answer.records.canonical.n) {
            *out = (struct zone){name, answer.records.at[0].text, trusted};
            return 0;
        }
        if (trusted || !str_cut(name, '.', &ignored, &name))
            return error_set(err, ERROR_PERMANENT,
                             msg_publish_no_zone(trusted ? change->zone : change->name));
    }
}

static void take(const struct zone *zone, const struct dns_records *records,
                 struct zone_server *out)
{
    for (size_t i = 0; i < records->count && out->count < ZONE_ADDRESSES_MAX; i++) {
        struct address *a = &out->at[out->count];
        if (address_parse(records->at[i].text, a) && (zone->trusted || address_is_public(a)))
            out->count++;
    }
}

int zone_server_find(const struct publish_change *change, const struct zone *zone, struct str name,
                     struct arena *arena, struct zone_server *out, struct error *err)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    *out = (struct zone_server){.name = name};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct dns_answer answer;
        int rc = ask(change, name, types[i], arena, &answer, err);
        if (rc < 0)
            return rc;
        if (answer.status == DNS_FOUND)
            take(zone, &answer.records, out);
    }
    return 0;
}
