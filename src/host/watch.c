#include "host/watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

static int add_policy(void *context, const struct store_policy *row)
{
    return policies_add(context, row->domain, row->text) ? 0 : 1;
}

static int add_certificate(void *context, const struct store_certificate *row)
{
    return certificates_add(context, row->names, row->name_count, row->chain, row->key) ? 0 : 1;
}

static int read_policies(struct watch *w, const uint64_t seed[2], struct error *err)
{
    struct policies *fresh = policies_new(seed);
    int result = fresh ? store_policy_each_current(w->store, add_policy, fresh, err) : 1;
    if (result) {
        policies_unref(fresh);
        return result > 0 ? error_set_memory(err) : result;
    }
    policies_unref(w->policies);
    w->policies = fresh;
    return 0;
}

static int read_certificates(struct watch *w, const uint64_t seed[2], struct error *err)
{
    struct certificates *fresh = certificates_new(seed);
    int result = fresh ? store_certificate_each(w->store, add_certificate, fresh, err) : 1;
    if (result) {
        certificates_unref(fresh);
        return result > 0 ? error_set_memory(err) : result;
    }
    certificates_unref(w->certificates);
    w->certificates = fresh;
    return 0;
}

/* Reads the halves whose database has changed. 1: something was read; 0: nothing has changed. */
static int read_changes(struct watch *w, struct error *err)
{
    uint64_t seed[2];
    int control = store_changed(w->store, STORE_CONTROL, err);
    int secrets = control < 0 ? control : store_changed(w->store, STORE_SECRETS, err);
    if (secrets < 0 || (!control && !secrets))
        return secrets;
    arc4random_buf(seed, sizeof seed);
    int result = control ? read_policies(w, seed, err) : 0;
    if (!result && secrets)
        result = read_certificates(w, seed, err);
    return result < 0 ? result : 1;
}

static int open_and_read(struct watch *w, struct error *err)
{
    const struct store_options options = {
        .access = {[STORE_CONTROL] = STORE_READ, [STORE_SECRETS] = STORE_READ}};
    if (!w->store) {
        int result = store_open(&w->store, w->path, &options, err);
        if (result < 0)
            return result;
    }
    int result = read_changes(w, err);
    if (result < 0) { /* a change may have been seen and not read: begin anew */
        store_close(w->store);
        w->store = NULL;
    }
    return result;
}

int watch_init(struct watch *w, const char *path, struct error *err)
{
    *w = (struct watch){.path = path};
    int result = open_and_read(w, err);
    if (result < 0)
        watch_done(w);
    return result < 0 ? result : 0;
}

void watch_done(struct watch *w)
{
    store_close(w->store);
    policies_unref(w->policies);
    certificates_unref(w->certificates);
    *w = (struct watch){.path = w->path};
}

static void tell(struct watch *w, int result, const struct error *err)
{
    if (result < 0 && !w->failing)
        LOG(LOG_ERROR, "host.store_failed", LOG_CSTR("store", w->path), LOG_ERR(err));
    else if (result >= 0 && w->failing)
        LOG(LOG_INFO, "host.store_recovered", LOG_CSTR("store", w->path));
    w->failing = result < 0;
}

int watch_poll(struct watch *w, struct snapshot **out)
{
    struct error err;
    int64_t now = clock_monotonic_ms();
    if (now < w->next_attempt)
        return 0;
    int result = open_and_read(w, &err);
    struct snapshot *fresh = NULL;
    if (result > 0) {
        fresh = snapshot_new(w->policies, w->certificates);
        if (!fresh) {
            watch_reload(w);
            result = error_set_memory(&err);
        }
    }
    tell(w, result, &err);
    w->next_attempt = result < 0 ? now + WATCH_RETRY_MS : 0;
    if (result <= 0)
        return 0;
    *out = fresh;
    return 1;
}

void watch_reload(struct watch *w)
{
    store_close(w->store);
    w->store = NULL;
    w->next_attempt = 0;
}
