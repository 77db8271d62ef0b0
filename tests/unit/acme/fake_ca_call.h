/*
 * fake_ca_call.h - what the parts of fake_ca.h share. For them alone.
 */
#ifndef SEALPOST_TESTS_FAKE_CA_CALL_H
#define SEALPOST_TESTS_FAKE_CA_CALL_H

#include <pthread.h>

#include "fake_ca.h"
#include "fake_issuer.h"
#include "fake_jws.h"

#define FAKE_BASE       "https://ca.test"
#define FAKE_ROWS_MAX   4096
#define FAKE_NONCES_MAX 4096
#define FAKE_FAULTS_MAX 64
#define FAKE_TEXT_MAX   300

struct fake_account {
    EVP_PKEY *key;
    char contact[FAKE_TEXT_MAX];
};

struct fake_order {
    unsigned account;
    char name[256], profile[64], replaces[160];
    const char *status, *authorization; /* both "pending" and so on */
    unsigned polls;                     /* left until it goes on */
    char tried[16], problem[64];        /* type of the challenge, and what was wrong with it */
    struct fake_leaf leaf;
    bool revoked;
    int64_t until;
};

struct fake_ca {
    pthread_mutex_t lock;
    struct fake_ca_settings settings;
    struct arena arena;
    struct fake_issuer issuer;
    int64_t now_ms;
    struct fake_account accounts[64];
    struct fake_order *orders[FAKE_ROWS_MAX];
    unsigned account_count, order_count, nonce_count, fault_count, request_count, issued, revoked;
    bool nonces[FAKE_NONCES_MAX]; /* which of the last ones may still be used */
    struct fake_fault faults[FAKE_FAULTS_MAX];
    char (*requests)[64]; /* paths */
    char complaint[FAKE_TEXT_MAX];
};

/* One request while it is answered. */
struct fake_call {
    struct fake_ca *ca;
    const struct api_request *request;
    struct arena *arena;
    struct api_response *response;
    struct str path;
    struct fake_jws jws;
    struct api_header *headers;
    unsigned account; /* who signed, from 1; 0: a key that has no account */
    EVP_PKEY *key;    /* from the header's jwk */
};

void fake_complain(struct fake_call *c, const char *what);
void fake_add_header(struct fake_call *c, const char *name, struct str value);
void fake_add_url_header(struct fake_call *c, const char *name, const char *format,
                         unsigned number);
void fake_answer(struct fake_call *c, unsigned status, struct str body);
void fake_refuse(struct fake_call *c, unsigned status, const char *type, const char *detail);
int64_t fake_now(const struct fake_ca *ca);
struct str fake_text(const json_t *object, const char *key);
json_t *fake_payload(const struct fake_call *c);
void fake_new_account(struct fake_call *c);
void fake_account(struct fake_call *c);
void fake_key_change(struct fake_call *c);
void fake_new_order(struct fake_call *c);
void fake_order_resource(struct fake_call *c, struct str resource, struct str rest);
void fake_revoke(struct fake_call *c);

#endif
