#include "stage.h"

#include "acme/messages.h"
#include "check.h"

static int present(void *context, const struct acme_challenge *challenge, struct error *err)
{
    struct stage *s = context;
    s->presented++;
    s->challenge = *challenge;
    return s->present_fails ? error_set(err, ERROR_TEMPORARY, msg_acme_stopped()) : 0;
}

static int wait_for(void *context, const struct acme_challenge *challenge, struct error *err)
{
    struct stage *s = context;
    (void)challenge;
    s->waited++;
    return s->wait_fails ? error_set(err, ERROR_TEMPORARY, msg_acme_stopped()) : 0;
}

static void take_away(void *context, const struct acme_challenge *challenge)
{
    struct stage *s = context;
    assert_true(str_eq(challenge->authorization, s->challenge.authorization));
    if (s->removed < s->presented)
        s->removed++;
    else
        s->rest_removed++;
}

static int begun(void *context, struct str order, struct error *err)
{
    struct stage *s = context;
    assert_int_equal(s->presented, s->removed);
    s->begun++;
    s->order = arena_str(&s->arena, order);
    return s->begun_fails ? error_set(err, ERROR_TEMPORARY, msg_acme_stopped()) : 0;
}

const char *stage_validate(void *context, struct str type, struct str name, struct str token,
                           struct str authorization)
{
    const struct stage *s = context;
    bool there = s->presented == s->removed + 1 && s->waited == s->presented &&
                 str_eq(type, str_from(acme_challenge_name(s->challenge.type))) &&
                 str_eq(name, s->challenge.name) && str_eq(token, s->challenge.token) &&
                 str_eq(authorization, s->challenge.authorization);
    return there ? NULL : "incorrectResponse";
}

int stage_make(void **state)
{
    static struct stage stage;
    struct stage *s = &stage;
    *s = (struct stage){.ca = fake_ca_new()};
    arena_init(&s->arena, 64 << 20);
    s->world = fake_ca_world(s->ca);
    fake_ca_settings(s->ca)->validate = stage_validate;
    fake_ca_settings(s->ca)->context = s;
    assert_int_equal(acme_session_new(&s->session, &s->world, fake_ca_directory(), &s->err), 0);
    assert_int_equal(acme_key_new(ACME_KEY_P256, &s->account_key, &s->err), 0);
    assert_int_equal(acme_key_new(ACME_KEY_P256, &s->key, &s->err), 0);
    for (int i = 0; i < ACME_CHALLENGE_TYPES; i++)
        s->solvers[i] =
            (struct acme_solver){(enum acme_challenge_type)i, present, wait_for, take_away, s};
    s->request = (struct acme_order_request){
        .name = STR(STAGE_NAME),
        .account_key = s->account_key,
        .key = s->key,
        .solvers = s->solvers,
        .solver_count = ACME_CHALLENGE_TYPES,
        .begun = begun,
        .context = s,
    };
    *state = s;
    return 0;
}

int stage_open(void **state)
{
    stage_make(state);
    struct stage *s = *state;
    const struct acme_account_request request = {.terms_agreed = true};
    assert_int_equal(acme_account_open(s->session, s->account_key, &request, &s->arena, &s->account,
                                       &s->refusal, &s->err),
                     0);
    acme_session_sign_by(s->session, s->account_key, s->account);
    return 0;
}

int stage_end(void **state)
{
    struct stage *s = *state;
    acme_session_free(s->session);
    EVP_PKEY_free(s->account_key);
    EVP_PKEY_free(s->key);
    fake_ca_free(s->ca);
    arena_done(&s->arena);
    return 0;
}

int stage_order(struct stage *s)
{
    int rc = acme_order_run(s->session, &s->request, &s->arena, &s->result, &s->refusal, &s->err);
    const char *complaint = fake_ca_complaint(s->ca);
    if (complaint)
        fail_msg("%s", complaint);
    assert_int_equal(s->presented, s->removed);
    return rc;
}
