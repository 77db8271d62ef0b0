/* cert ca add: a certificate authority to get certificates from, or changes of one. */
#include <string.h>

#include "acme/account.h"
#include "acme/ca.h"
#include "acme/challenge.h"
#include "acme/jose.h"
#include "acme/key.h"
#include "acme/messages.h"
#include "base/clock.h"
#include "cli/cert_ca.h"
#include "cli/commands.h"

#define NAMES_MAX 2048

struct addition {
    struct cli *c;
    struct cert_ca to;
    struct acme_session *session;
    const struct acme_directory *directory;
    struct store_ca ca;
    bool was_there, contact_changed;
};

static void end(struct addition *a)
{
    acme_session_free(a->session);
    cert_ca_close(&a->to);
}

/* ---- what was given ---- */

static struct str given(const struct addition *a, const char *option, struct str otherwise)
{
    const char *value = cli_value(a->c, option);
    return value ? str_from(value) : otherwise;
}

/* Where the CA is: as given, as stored, as known by its name. */
static int find_directory(struct addition *a)
{
    const struct acme_known_ca *known = acme_known_ca(a->ca.name);
    struct str otherwise = str_from(known ? known->directory : NULL);
    struct str directory = given(a, "directory", a->was_there ? a->ca.directory : otherwise);
    if (!directory.n)
        return cli_refuse(a->c, msg_cert_ca_no_directory(a->ca.name));
    if (a->was_there && !str_eq(directory, a->ca.directory))
        return cli_refuse(a->c, msg_cert_ca_other_directory(a->ca.name, a->ca.directory));
    a->ca.directory = directory;
    return CLI_FINE;
}

static int take_binding(struct addition *a)
{
    struct str bytes;
    struct error err;
    bool kid = cli_flag(a->c, "eab-kid"), key = cli_flag(a->c, "eab-key");
    if (kid != key)
        return cli_refuse(a->c, msg_cert_ca_eab_half());
    a->ca.eab_kid = given(a, "eab-kid", a->ca.eab_kid);
    a->ca.eab_key = given(a, "eab-key", a->ca.eab_key);
    return jose_base64url_decode(a->ca.eab_key, &a->c->arena, &bytes, &err) < 0
               ? cli_fail(a->c, &err)
               : CLI_FINE;
}

static int take_contact(struct addition *a)
{
    struct str typed = given(a, "contact", a->ca.contact);
    struct buf contact CLEANUP(buf_done);
    buf_init(&contact, STORE_CA_TEXT_MAX);
    bool scheme = str_istarts(typed, STR("mailto:"));
    if (typed.n && str_chr(typed, '@') <= 0)
        return cli_refuse(a->c, msg_cert_ca_contact(typed));
    if (typed.n && !scheme)
        buf_cstr(&contact, "mailto:");
    buf_str(&contact, typed);
    a->contact_changed = !str_eq(buf_view(&contact), a->ca.contact);
    a->ca.contact = arena_str(&a->c->arena, buf_view(&contact));
    return CLI_FINE;
}

static int take_kinds(struct addition *a)
{
    enum acme_challenge_type challenge;
    enum acme_key_type key_type;
    a->ca.challenge = given(a, "challenge", a->was_there ? a->ca.challenge : STR("tls-alpn-01"));
    a->ca.key_type = given(a, "key-type", a->was_there ? a->ca.key_type : STR("p256"));
    a->ca.profile = given(a, "profile", a->ca.profile);
    a->ca.preferred_chain = given(a, "preferred-chain", a->ca.preferred_chain);
    if (!acme_challenge_read(a->ca.challenge, &challenge))
        return cli_refuse(a->c, msg_acme_challenge_kind(a->ca.challenge));
    if (!acme_key_type_read(a->ca.key_type, &key_type))
        return cli_refuse(a->c, msg_acme_key_type(a->ca.key_type));
    return CLI_FINE;
}

static int first_position(void *context, const struct store_ca *row)
{
    uint64_t *position = context;
    *position = row->position;
    return 1;
}

/* Before all others; there is room for a million of such changes. */
static int take_position(struct addition *a)
{
    uint64_t first = 0;
    struct error err;
    if (!cli_flag(a->c, "first"))
        return CLI_FINE;
    if (store_ca_each(a->to.node.store, first_position, &first, &err) < 0)
        return cli_fail(a->c, &err);
    if (first != a->ca.position || first == 0)
        a->ca.position = first > 1 ? first - 1 : first;
    return CLI_FINE;
}

/* The CA as stored, with what was given put over it. */
static int collect(struct addition *a)
{
    struct error err;
    struct str name = str_from(a->c->args[0]);
    int rc = store_ca_get(a->to.node.store, name, &a->c->arena, &a->ca, &err);
    if (rc < 0)
        return cli_fail(a->c, &err);
    a->was_there = rc == 1;
    if (!a->was_there)
        a->ca = (struct store_ca){.name = name, .created = clock_now()};
    int status = find_directory(a);
    if (status == CLI_FINE)
        status = take_kinds(a);
    if (status == CLI_FINE)
        status = take_binding(a);
    if (status == CLI_FINE)
        status = take_contact(a);
    return status == CLI_FINE ? take_position(a) : status;
}

/* ---- what the CA says ---- */

static struct str profile_names(const struct addition *a)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < a->directory->profile_count; i++) {
        if (i)
            buf_cstr(&names, ", ");
        buf_str(&names, a->directory->profiles[i].name);
    }
    return arena_str(&a->c->arena, buf_view(&names));
}

/* Terms are agreed to by a flag, or were: the same ones. */
static int check_terms(struct addition *a)
{
    struct str terms = a->directory->terms;
    if (cli_flag(a->c, "agree-tos")) {
        /* One whose terms are at no address that can be given may still want them agreed to. */
        a->ca.terms = terms.n ? terms : a->ca.directory;
        return CLI_FINE;
    }
    if (!terms.n || str_eq(terms, a->ca.terms))
        return CLI_FINE;
    return cli_refuse(a->c, a->ca.terms.n ? msg_cert_ca_terms_changed(a->ca.name, terms)
                                          : msg_cert_ca_terms(a->ca.name, terms));
}

static int ask_ca(struct addition *a)
{
    struct error err;
    int rc = acme_session_new(&a->session, &a->to.world, a->ca.directory, &err);
    if (rc == 0)
        rc = acme_session_directory(a->session, &a->directory, NULL, &err);
    if (rc < 0)
        return cli_fail(a->c, &err);
    struct str profile = a->ca.profile;
    if (profile.n && !acme_directory_has_profile(a->directory, profile))
        return cli_refuse(a->c,
                          a->directory->profile_count
                              ? msg_acme_profile_unknown(a->ca.name, profile, profile_names(a))
                              : msg_acme_profiles_absent(a->ca.name, profile));
    if (a->directory->external_account_required && !a->ca.eab_kid.n && !a->ca.account.n)
        return cli_refuse(a->c, msg_cert_ca_eab_missing(a->ca.name));
    return check_terms(a);
}

/* An account that exists is told of a new address. */
static int tell_contact(struct addition *a)
{
    EVP_PKEY *key = NULL;
    struct error err;
    if (!a->contact_changed || !a->ca.account.n || !a->ca.account_key.n)
        return CLI_FINE;
    int rc = acme_key_read(a->ca.account_key, &key, &err);
    if (rc == 0) {
        acme_session_sign_by(a->session, key, a->ca.account);
        rc = acme_account_set_contact(a->session, a->ca.account, a->ca.contact, NULL, &err);
        acme_session_sign_by(a->session, NULL, STR(""));
    }
    EVP_PKEY_free(key);
    return rc < 0 ? cli_fail(a->c, &err) : CLI_FINE;
}

static int keep(struct addition *a)
{
    struct error err;
    if (store_ca_put(a->to.node.store, &a->ca, &err) < 0)
        return cli_fail(a->c, &err);
    if (a->c->json) {
        struct json_writer w;
        json_writer_init(&w, &a->c->out, true);
        json_open(&w, '{');
        json_key(&w, "name");
        json_put_str(&w, a->ca.name);
        json_key(&w, "directory");
        json_put_str(&w, a->ca.directory);
        json_key(&w, "added");
        json_put_bool(&w, !a->was_there);
        json_key(&w, "terms");
        json_put_str(&w, a->ca.terms);
        json_close(&w);
        return CLI_FINE;
    }
    cli_put_line(a->c, a->was_there ? msg_cert_ca_changed(a->ca.name)
                                    : msg_cert_ca_added(a->ca.name, a->ca.directory));
    if (a->ca.terms.n)
        cli_put_line(a->c, msg_cert_ca_agreed(a->ca.terms));
    if (!a->was_there)
        cli_put_line(a->c, msg_cert_ca_next());
    return CLI_FINE;
}

static int run(struct cli *c)
{
    struct addition a CLEANUP(end) = {.c = c};
    int status = cert_ca_open(c, &a.to);
    if (status == CLI_FINE)
        status = collect(&a);
    if (status == CLI_FINE)
        status = ask_ca(&a);
    if (status == CLI_FINE)
        status = tell_contact(&a);
    return status == CLI_FINE ? keep(&a) : status;
}

static const char *const examples[] = {
    "sealpost cert ca add letsencrypt --agree-tos",
    "sealpost cert ca add letsencrypt --profile shortlived",
    "sealpost cert ca add own --directory https://ca.example.org/acme/directory --first",
    NULL,
};

static const struct cli_option options[] = {
    {"directory", "URL", false, &MSG_OPTION_CERT_CA_DIRECTORY},
    {"agree-tos", NULL, false, &MSG_OPTION_CERT_CA_AGREE},
    {"contact", "MAIL", false, &MSG_OPTION_CERT_CA_CONTACT},
    {"challenge", "TYPE", false, &MSG_OPTION_CERT_CA_CHALLENGE},
    {"key-type", "TYPE", false, &MSG_OPTION_CERT_CA_KEY_TYPE},
    {"profile", "PROFILE", false, &MSG_OPTION_CERT_CA_PROFILE},
    {"preferred-chain", "NAME", false, &MSG_OPTION_CERT_CA_CHAIN},
    {"eab-kid", "ID", false, &MSG_OPTION_CERT_CA_EAB_KID},
    {"eab-key", "KEY", false, &MSG_OPTION_CERT_CA_EAB_KEY},
    {"first", NULL, false, &MSG_OPTION_CERT_CA_FIRST},
    CLI_NODE_OPTIONS,
    {.name = NULL},
};

const struct cli_command cli_cert_ca_add = {
    .name = "cert ca add",
    .synopsis = "NAME",
    .summary = &MSG_SUMMARY_CERT_CA_ADD,
    .examples = examples,
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
