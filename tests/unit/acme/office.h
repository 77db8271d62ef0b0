/*
 * office.h - a store with one job, and a CA of fake_ca.h that does all right.
 */
#ifndef SEALPOST_TESTS_ACME_OFFICE_H
#define SEALPOST_TESTS_ACME_OFFICE_H

#include "../store/world.h"

#include "acme/issue.h"
#include "fake_ca.h"

#define OFFICE_HOST "mta-sts.example.test"
#define DAY         INT64_C(86400)
#define HOUR        INT64_C(3600)

struct office {
    struct world w;
    struct fake_ca *ca;
    struct acme_world world;
    struct acme_issue_settings settings;
    struct store_job job;
    struct arena arena;
    struct error err;
    int64_t began; /* fake_ca_now may not be asked while the CA is at work */
};

void office_open(struct office *o);
/* Fails the test when the client broke a rule. */
void office_close(struct office *o);
void office_add_ca(struct office *o, const char *name, struct str directory, const char *profile);

/* Takes the job out of the store as the keeper does, and runs it. */
int office_run(struct office *o);

/* For acme_world: a request that is given up, and a wait that ends, because the program ends. */
int office_given_up(void *context, const struct api_request *request, struct arena *arena,
                    struct api_response *response, struct error *err);
int office_to_end(void *context, int64_t ms, struct error *err);

#endif
