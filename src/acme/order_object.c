#include "acme/order_object.h"

#include "acme/challenge.h"
#include "acme/messages.h"
#include "acme/reading.h"
#include "base/domain.h"

#define TYPE_MAX 64 /* bytes of a challenge's type */

static int refuse(struct str url, const char *part, struct error *err)
{
    return error_set(err, ERROR_TEMPORARY, msg_acme_answer(url, str_from(part)));
}

static enum acme_status status_of(struct str text)
{
    static const struct {
        struct str text;
        enum acme_status status;
    } names[] = {
        {STR_INIT("pending"), ACME_PENDING},       {STR_INIT("ready"), ACME_READY},
        {STR_INIT("processing"), ACME_PROCESSING}, {STR_INIT("valid"), ACME_VALID},
        {STR_INIT("invalid"), ACME_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(text, names[i].text))
            return names[i].status;
    }
    return ACME_GONE;
}

/* The DNS name of an identifier, in lower case; empty: it is none (RFC 8555 9.7.7). */
static struct str read_name(const json_t *identifier, struct arena *arena)
{
    struct str name = acme_json_text(identifier, "value");
    if (!str_eq(acme_json_text(identifier, "type"), STR("dns")) || domain_check(name) != DOMAIN_OK)
        return STR("");
    char *copy = arena_cstr(arena, name);
    for (size_t i = 0; copy && i < name.n; i++)
        copy[i] = ascii_lower(copy[i]);
    return (struct str){copy, copy ? name.n : 0};
}

static bool read_authorizations(const json_t *list, struct arena *arena, struct acme_order *out)
{
    size_t count = json_array_size(list);
    if (count == 0 || count > ACME_AUTHORIZATIONS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        struct str url = {json_string_value(one), json_string_length(one)};
        if (!acme_url_is_good(url))
            return false;
        out->authorizations[out->authorization_count++] = arena_str(arena, url);
    }
    return true;
}

int acme_order_read(struct str url, struct str body, struct arena *arena, struct acme_order *out,
                    struct error *err)
{
    json_t *json CLEANUP(acme_json_freep) = acme_json_read(body);
    const json_t *identifiers = json_object_get(json, "identifiers");
    struct str status = acme_json_text(json, "status");
    struct acme_order read = {
        .status = status_of(status),
        .status_text = arena_str(arena, str_head(status, ACME_STATUS_MAX)),
        .finalize = acme_json_url(json, "finalize", arena),
        .certificate = acme_json_url(json, "certificate", arena),
    };
    if (!status.n)
        return refuse(url, "status", err);
    if (json_array_size(identifiers) == 1)
        read.name = read_name(json_array_get(identifiers, 0), arena);
    read.has_problem = acme_problem_read(json_object_get(json, "error"), arena, &read.problem);
    bool listed = read_authorizations(json_object_get(json, "authorizations"), arena, &read);
    if (arena->failed)
        return error_set_memory(err);
    if (!listed)
        return refuse(url, "authorizations", err);
    if (!read.finalize.n)
        return refuse(url, "finalize", err);
    *out = read;
    return 0;
}

/* One that cannot be answered is kept without token or URL, so that its type can be named. */
static void read_offer(const json_t *json, struct arena *arena, struct acme_offer *out)
{
    struct str token = acme_json_text(json, "token");
    *out = (struct acme_offer){
        .status = status_of(acme_json_text(json, "status")),
        .type = arena_str(arena, str_head(acme_json_text(json, "type"), TYPE_MAX)),
        .url = acme_json_url(json, "url", arena),
        .token = acme_token_is_good(token) ? arena_str(arena, token) : STR(""),
    };
    out->has_problem = acme_problem_read(json_object_get(json, "error"), arena, &out->problem);
}

int acme_authorization_read(struct str url, struct str body, struct arena *arena,
                            struct acme_authorization *out, struct error *err)
{
    json_t *json CLEANUP(acme_json_freep) = acme_json_read(body);
    const json_t *challenges = json_object_get(json, "challenges");
    struct str status = acme_json_text(json, "status");
    struct acme_authorization read = {
        .status = status_of(status),
        .status_text = arena_str(arena, str_head(status, ACME_STATUS_MAX)),
        .name = read_name(json_object_get(json, "identifier"), arena),
        .wildcard = json_is_true(json_object_get(json, "wildcard")),
    };
    for (size_t i = 0; i < json_array_size(challenges) && i < ACME_OFFERS_MAX; i++)
        read_offer(json_array_get(challenges, i), arena, &read.offers[read.offer_count++]);
    if (arena->failed)
        return error_set_memory(err);
    if (!status.n)
        return refuse(url, "status", err);
    if (!read.name.n)
        return refuse(url, "identifier", err);
    if (!json_is_array(challenges))
        return refuse(url, "challenges", err);
    *out = read;
    return 0;
}
