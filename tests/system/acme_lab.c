/*
 * acme_lab - one step of ACME at a time, for tests against a real server.
 *
 *     acme_lab DIRECTORY ROOTS account KEY [KID MAC-KEY]      makes or finds the account
 *     acme_lab DIRECTORY ROOTS find KEY                       finds it only
 *     acme_lab DIRECTORY ROOTS order KEY CERTIFICATE-KEY NAME TYPE CHAIN [ORDER [ISSUER]]
 *     acme_lab DIRECTORY ROOTS change-key KEY FRESH-KEY
 *     acme_lab DIRECTORY ROOTS revoke KEY CHAIN [CERTIFICATE-KEY]
 *
 * Files hold DER; a key that is not there is made. What a challenge needs is printed, and a line is
 * waited for: who started this puts the answer in place. Prints what came of it, or "error CODE".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/account.h"
#include "acme/jose.h"
#include "acme/key.h"
#include "acme/order.h"
#include "acme/world.h"
#include "base/file.h"

struct lab {
    struct acme_session *session;
    struct arena arena;
    struct error err;
    struct acme_refusal refusal;
    EVP_PKEY *key;
    struct str account;
};

static int fail(const struct error *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 4096);
    msg_render(LANG_EN, MSG_TEXT, &err->msg, &text);
    printf("error %s\n", err->msg.def->id);
    fprintf(stderr, "acme_lab: %.*s\n", STR_ARG(buf_view(&text)));
    return 1;
}

static struct str read_whole(struct lab *lab, const char *path)
{
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, (size_t)1 << 20);
    if (file_read(path, &bytes, &lab->err) < 0)
        exit(fail(&lab->err));
    return arena_str(&lab->arena, buf_view(&bytes));
}

static EVP_PKEY *key_of(struct lab *lab, const char *path)
{
    EVP_PKEY *key;
    struct str der;
    if (access(path, F_OK) == 0) {
        if (acme_key_read(read_whole(lab, path), &key, &lab->err) < 0)
            exit(fail(&lab->err));
        return key;
    }
    if (acme_key_new(ACME_KEY_P256, &key, &lab->err) < 0 ||
        acme_key_write(key, &lab->arena, &der, &lab->err) < 0 ||
        file_write(path, der, S_IRUSR | S_IWUSR, &lab->err) < 0)
        exit(fail(&lab->err));
    return key;
}

static int open_account(struct lab *lab, const char *kid, const char *mac_key, bool existing)
{
    struct acme_account_request request = {
        .terms_agreed = !existing, .existing_only = existing, .eab_kid = str_from(kid)};
    if (mac_key &&
        jose_base64url_decode(str_from(mac_key), &lab->arena, &request.eab_key, &lab->err) < 0)
        return fail(&lab->err);
    if (acme_account_open(lab->session, lab->key, &request, &lab->arena, &lab->account,
                          &lab->refusal, &lab->err) < 0)
        return fail(&lab->err);
    acme_session_sign_by(lab->session, lab->key, lab->account);
    return 0;
}

/* ---- orders ---- */

static int tell(const char *what, const struct acme_challenge *c)
{
    char line[16];
    printf("%s %s %.*s %.*s %.*s\n", what, acme_challenge_name(c->type), STR_ARG(c->name),
           STR_ARG(c->token), STR_ARG(c->authorization));
    fflush(stdout);
    return fgets(line, sizeof line, stdin) ? 0 : -ERROR_BUG;
}

static int present(void *context, const struct acme_challenge *c, struct error *err)
{
    (void)context;
    (void)err;
    return tell("present", c);
}

static int wait_for(void *context, const struct acme_challenge *c, struct error *err)
{
    (void)context;
    (void)c;
    (void)err;
    return 0;
}

static void take_away(void *context, const struct acme_challenge *c)
{
    (void)context;
    (void)tell("remove", c);
}

static int begun(void *context, struct str order, struct error *err)
{
    (void)context;
    (void)err;
    printf("begun %.*s\n", STR_ARG(order));
    fflush(stdout);
    return 0;
}

static int order(struct lab *lab, char **args, int count)
{
    struct acme_solver solver = {.present = present, .wait = wait_for, .remove = take_away};
    struct acme_order_result result;
    if (!acme_challenge_read(str_from(args[2]), &solver.type))
        return 2;
    EVP_PKEY *key = key_of(lab, args[0]);
    const struct acme_order_request request = {
        .name = str_from(args[1]),
        .account_key = lab->key,
        .key = key,
        .order = count > 4 ? str_from(args[4]) : STR(""),
        .preferred_chain = count > 5 ? str_from(args[5]) : STR(""),
        .solvers = &solver,
        .solver_count = 1,
        .begun = begun,
    };
    int rc = acme_order_run(lab->session, &request, &lab->arena, &result, &lab->refusal, &lab->err);
    EVP_PKEY_free(key);
    if (rc < 0 || file_write(args[3], result.chain, S_IRUSR | S_IWUSR, &lab->err) < 0)
        return fail(&lab->err);
    printf("valid %lld %lld\n", (long long)result.not_before, (long long)result.not_after);
    return 0;
}

/* ---- the rest ---- */

static int change_key(struct lab *lab, char **args)
{
    EVP_PKEY *fresh = key_of(lab, args[0]);
    int rc = acme_account_change_key(lab->session, lab->key, fresh, lab->account, &lab->refusal,
                                     &lab->err);
    if (rc == 0)
        rc = acme_account_set_contact(lab->session, lab->account, STR("mailto:a@example.org"),
                                      &lab->refusal, &lab->err);
    EVP_PKEY_free(fresh);
    if (rc < 0)
        return fail(&lab->err);
    puts("changed");
    return 0;
}

/* The first certificate of the chain, by the length of its outer SEQUENCE. */
static struct str leaf_of(struct str chain)
{
    const unsigned char *p = (const unsigned char *)chain.p;
    return chain.n > 4 && p[1] == 0x82 ? str_head(chain, 4 + ((size_t)p[2] << 8 | p[3])) : chain;
}

static int revoke_chain(struct lab *lab, char **args, int count)
{
    EVP_PKEY *key = count > 1 ? key_of(lab, args[1]) : NULL;
    int rc = acme_revoke(lab->session, key, leaf_of(read_whole(lab, args[0])), 4, &lab->refusal,
                         &lab->err);
    EVP_PKEY_free(key);
    if (rc < 0)
        return fail(&lab->err);
    puts("revoked");
    return 0;
}

static int run(struct lab *lab, struct str verb, char **args, int count)
{
    bool account = str_eq(verb, STR("account"));
    lab->key = key_of(lab, args[0]);
    int rc = open_account(lab, account && count > 2 ? args[1] : NULL,
                          account && count > 2 ? args[2] : NULL, !account);
    if (rc)
        return rc;
    printf("account %.*s\n", STR_ARG(lab->account));
    if (str_eq(verb, STR("order")) && count >= 5)
        return order(lab, args + 1, count - 1);
    if (str_eq(verb, STR("change-key")) && count == 2)
        return change_key(lab, args + 1);
    if (str_eq(verb, STR("revoke")) && count >= 2)
        return revoke_chain(lab, args + 1, count - 1);
    return account || str_eq(verb, STR("find")) ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct lab lab = {.key = NULL};
    struct acme_real_world real = {.client = NULL};
    if (argc < 5)
        return 2;
    const struct api_settings settings = {.ca_file = argv[2]};
    arena_init(&lab.arena, (size_t)16 << 20);
    if (api_client_new(&real.client, &settings, &lab.err) < 0)
        return fail(&lab.err);
    const struct acme_world world = acme_world_real(&real);
    if (acme_session_new(&lab.session, &world, str_from(argv[1]), &lab.err) < 0)
        return fail(&lab.err);
    int rc = run(&lab, str_from(argv[3]), argv + 4, argc - 4);
    EVP_PKEY_free(lab.key);
    acme_session_free(lab.session);
    api_client_free(real.client);
    arena_done(&lab.arena);
    return rc;
}
