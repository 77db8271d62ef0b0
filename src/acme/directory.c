#include "acme/directory.h"

#include "acme/messages.h"
#include "acme/reading.h"

static void read_profiles(json_t *meta, struct arena *arena, struct acme_directory *out)
{
    json_t *profiles = json_object_get(meta, "profiles"), *value;
    const char *key;
    json_object_foreach(profiles, key, value)
    {
        struct str name = str_from(key);
        struct str description = acme_json_text(profiles, key);
        if (out->profile_count == ACME_PROFILES_MAX)
            return;
        if (name.n == 0 || name.n > ACME_PROFILE_NAME_MAX)
            continue;
        out->profiles[out->profile_count++] = (struct acme_profile){
            arena_str(arena, name),
            arena_str(arena, str_head(description, ACME_DESCRIPTION_MAX)),
        };
    }
}

static int read_identities(const json_t *meta, struct arena *arena, struct acme_directory *out,
                           struct error *err)
{
    json_t *list = json_object_get(meta, "caaIdentities"), *value;
    size_t i;
    struct buf all CLEANUP(buf_done);
    buf_init(&all, ACME_CAA_MAX);
    json_array_foreach(list, i, value)
    {
        struct str one = {json_string_value(value), json_string_length(value)};
        if (!one.n || str_chr(one, ' ') >= 0)
            continue;
        if (all.n)
            buf_byte(&all, ' ');
        buf_str(&all, one);
    }
    /* More than the limit is a list that nothing can be judged by. */
    out->caa_identities = arena_str(arena, all.failed ? STR("") : buf_view(&all));
    return arena->failed ? error_set_memory(err) : 0;
}

static int read_urls(const json_t *json, struct arena *arena, struct acme_directory *out,
                     struct error *err)
{
    const struct {
        const char *key;
        struct str *to;
        bool needed;
    } urls[] = {
        {"newNonce", &out->new_nonce, true},    {"newAccount", &out->new_account, true},
        {"newOrder", &out->new_order, true},    {"revokeCert", &out->revoke_cert, false},
        {"keyChange", &out->key_change, false}, {"renewalInfo", &out->renewal_info, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        *urls[i].to = acme_json_url(json, urls[i].key, arena);
        if (arena->failed)
            return error_set_memory(err);
        if (urls[i].needed && !urls[i].to->n)
            return error_set(err, ERROR_TEMPORARY,
                             msg_acme_answer(out->url, str_from(urls[i].key)));
    }
    return 0;
}

int acme_directory_read(struct str url, struct str body, struct arena *arena,
                        struct acme_directory *out, struct error *err)
{
    json_t *json CLEANUP(acme_json_freep) = acme_json_read(body);
    json_t *meta = json_object_get(json, "meta");
    struct acme_directory read = {.url = arena_str(arena, url)};
    if (!json)
        return error_set(err, ERROR_TEMPORARY, msg_acme_answer(url, STR("directory")));
    int rc = read_urls(json, arena, &read, err);
    if (rc < 0)
        return rc;
    read.terms = acme_json_url(meta, "termsOfService", arena);
    read.website = acme_json_url(meta, "website", arena);
    read.external_account_required = json_is_true(json_object_get(meta, "externalAccountRequired"));
    read_profiles(meta, arena, &read);
    rc = read_identities(meta, arena, &read, err);
    if (rc == 0)
        *out = read;
    return rc;
}

bool acme_directory_has_profile(const struct acme_directory *directory, struct str name)
{
    for (size_t i = 0; i < directory->profile_count; i++) {
        if (str_eq(directory->profiles[i].name, name))
            return true;
    }
    return false;
}
