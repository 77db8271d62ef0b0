/* Dynamic update (RFC 2136) over TCP, signed by TSIG (RFC 8945). */
#include <string.h>

#include "base/clock.h"
#include "net/dns_stream.h"
#include "net/dns_update.h"
#include "net/tsig.h"
#include "publish/key_file.h"
#include "publish/messages.h"
#include "publish/publisher.h"
#include "publish/zone.h"

#define ARENA_MAX       ((size_t)2 * 1024 * 1024)
#define DNS_UPDATE_PORT 53

struct update {
    const struct publish_change *change;
    struct arena arena;
    struct zone zone;
    struct tsig_key key;
    struct str server; /* ADDRESS:PORT of the one that is asked */
    struct dns_update wanted;
    struct tsig_mac mac;
};

static void update_done(struct update *u)
{
    key_file_wipe(&u->key);
    arena_done(&u->arena);
}

/* ---- what a server says ---- */

/* RFC 8945 5.2: NOTAUTH comes with a reason if it is about the signature. */
static int tell_not_auth(const struct update *u, const struct tsig_answer *signature,
                         struct error *err)
{
    struct str zone = u->zone.name, key = u->key.name;
    switch (signature->error) {
    case TSIG_ERROR_KEY:
        return error_set(err, ERROR_PERMANENT,
                         msg_publish_bad_key(zone, u->server, key, u->change->by->key_file));
    case TSIG_ERROR_SIGNATURE:
        return error_set(err, ERROR_PERMANENT,
                         msg_publish_bad_signature(zone, u->server, key, u->change->by->key_file));
    case TSIG_ERROR_TIME:
        return error_set(err, ERROR_TEMPORARY,
                         msg_publish_bad_time(zone, u->server, signature->server_time));
    default:
        return error_set(err, ERROR_PERMANENT, msg_publish_not_auth(zone, u->server));
    }
}

static int judge(const struct update *u, struct str answer, struct error *err)
{
    struct str zone = u->zone.name;
    char text[16];
    if (!dns_update_is_answer(&u->wanted, answer))
        return error_set(err, ERROR_TEMPORARY, msg_publish_no_answer(zone, u->server));
    struct tsig_answer signature = tsig_verify(&u->key, &u->mac, answer, clock_now());
    unsigned rcode = (unsigned)dns_message_rcode(answer);
    switch (rcode) {
    case 0:
        break;
    case DNS_RCODE_REFUSED:
        return error_set(err, ERROR_PERMANENT, msg_publish_refused(zone, u->server, u->key.name));
    case DNS_RCODE_NOT_AUTH:
        return tell_not_auth(u, &signature, err);
    default:
        return error_set(err, rcode == DNS_RCODE_SERVER ? ERROR_TEMPORARY : ERROR_PERMANENT,
                         msg_publish_rcode(zone, u->server, str_from(dns_rcode_name(rcode, text))));
    }
    if (signature.verdict != TSIG_GOOD)
        return error_set(err, ERROR_TEMPORARY, msg_publish_not_signed(zone, u->server));
    return 0;
}

/* ---- one server ---- */

/* 1: nobody is there, so another one may be asked. */
static int ask_server(struct update *u, const struct address *address, uint16_t port,
                      struct error *err)
{
    const struct publish_change *change = u->change;
    struct buf message CLEANUP(buf_done), answer CLEANUP(buf_done);
    buf_init(&message, DNS_STREAM_MESSAGE_MAX);
    buf_init(&answer, DNS_STREAM_MESSAGE_MAX);
    u->wanted = (struct dns_update){
        .zone = u->zone.name,
        .name = change->name,
        .text = change->text,
        .ttl = PUBLISH_TTL,
        .remove = change->remove,
    };
    arc4random_buf(&u->wanted.id, sizeof u->wanted.id);
    if (!dns_update_write(&u->wanted, &message) ||
        !tsig_sign(&u->key, clock_now(), &message, &u->mac))
        return message.failed ? error_set_memory(err)
                              : error_set(err, ERROR_PERMANENT, msg_publish_name(change->name));
    enum net_failure failure =
        dns_stream_exchange(address, port, buf_view(&message), (unsigned)change->by->timeout * 1000,
                            change->publish->stop, &answer);
    if (failure == NET_OK)
        return judge(u, buf_view(&answer), err);
    int rc = publish_check_stop(change->publish, err);
    if (rc < 0)
        return rc;
    error_set(err, ERROR_TEMPORARY,
              failure == NET_TIMEOUT
                  ? msg_publish_timeout(u->zone.name, u->server, change->by->timeout)
                  : msg_publish_unreachable(u->zone.name, u->server,
                                            str_from(net_failure_name(failure))));
    return 1;
}

static struct str server_text(struct update *u, const struct config_address *at)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, CONFIG_ADDRESS_TEXT_MAX);
    config_address_print(&text, at);
    return arena_str(&u->arena, buf_view(&text));
}

static int ask_configured(struct update *u, struct error *err)
{
    const struct config_addresses *servers = &u->change->by->servers;
    int rc = 1;
    for (size_t i = 0; rc == 1 && i < servers->count; i++) {
        const struct config_address *at = &servers->items[i];
        struct address address = {.family = at->any.sa_family};
        if (address.family == AF_INET6)
            memcpy(address.bytes, &at->v6.sin6_addr, sizeof at->v6.sin6_addr);
        else
            memcpy(address.bytes, &at->v4.sin_addr, sizeof at->v4.sin_addr);
        u->server = server_text(u, at);
        rc = ask_server(u, &address, config_address_port(at), err);
    }
    return rc;
}

static int ask_primary(struct update *u, struct error *err)
{
    struct zone_server primary;
    int rc = zone_server_find(u->change, &u->zone, u->zone.primary, &u->arena, &primary, err);
    if (rc == 0 && !primary.count)
        rc = error_set(err, ERROR_PERMANENT,
                       msg_publish_no_primary(u->zone.name, u->zone.primary, u->change->by->name));
    u->server = u->zone.primary;
    if (rc == 0)
        rc = 1;
    for (size_t i = 0; rc == 1 && i < primary.count; i++)
        rc = ask_server(u, &primary.at[i], DNS_UPDATE_PORT, err);
    return rc;
}

int publish_by_rfc2136(const struct publish_change *change, struct error *err)
{
    struct update u CLEANUP(update_done) = {.change = change};
    bool configured = change->by->servers.count > 0;
    arena_init(&u.arena, ARENA_MAX);
    int rc = key_file_read(change->by->key_file, &u.arena, &u.key, err);
    if (rc < 0)
        return rc;
    /* Where the settings say all, no resolver need be asked. */
    if (configured && change->zone.n)
        u.zone = (struct zone){.name = change->zone, .trusted = true};
    else
        rc = zone_find(change, &u.arena, &u.zone, err);
    if (rc == 0)
        rc = configured ? ask_configured(&u, err) : ask_primary(&u, err);
    return rc == 1 ? -ERROR_TEMPORARY : rc;
}
