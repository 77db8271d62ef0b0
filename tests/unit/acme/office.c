#include "office.h"

#include "acme/messages.h"

void office_add_ca(struct office *o, const char *name, struct str directory, const char *profile)
{
    const struct store_ca ca = {.name = str_from(name),
                                .directory = directory,
                                .challenge = STR("http-01"),
                                .key_type = STR("p256"),
                                .profile = str_from(profile),
                                .terms = STR("https://ca.test/terms"),
                                .created = NOW};
    assert_true(store_ca_put(o->w.store, &ca, &o->err) >= 0);
}

void office_open(struct office *o)
{
    static const struct str host[] = {STR_INIT(OFFICE_HOST)};
    *o = (struct office){.job = {.name = STR(OFFICE_HOST)}};
    world_init(&o->w);
    o->ca = fake_ca_new();
    o->world = fake_ca_world(o->ca);
    arena_init(&o->arena, 64 << 20);
    o->settings =
        (struct acme_issue_settings){.world = &o->world, .store = o->w.store, .webroot = o->w.base};
    assert_true(store_jobs_add(o->w.store, host, 1, 0, NULL, NULL) >= 0);
}

void office_close(struct office *o)
{
    assert_null(fake_ca_complaint(o->ca));
    fake_ca_free(o->ca);
    arena_done(&o->arena);
    world_done(&o->w);
}

int office_run(struct office *o)
{
    int64_t now = fake_ca_now(o->ca);
    assert_int_equal(store_job_take(o->w.store, STR(OFFICE_HOST), STR("me"), now, now + HOUR, NULL),
                     1);
    assert_int_equal(store_job_get(o->w.store, STR(OFFICE_HOST), &o->arena, &o->job, NULL), 1);
    int result = acme_issue(&o->settings, &o->job, &o->arena, &o->err);
    assert_int_equal(store_job_get(o->w.store, STR(OFFICE_HOST), &o->arena, &o->job, NULL), 1);
    assert_int_equal(o->job.owner.n, 0); /* it was let go of */
    return result;
}

int office_given_up(void *context, const struct api_request *request, struct arena *arena,
                    struct api_response *response, struct error *err)
{
    (void)context, (void)request, (void)arena, (void)response;
    return error_set(err, ERROR_TEMPORARY, msg_acme_no_ca()); /* any error will do */
}

int office_to_end(void *context, int64_t ms, struct error *err)
{
    (void)context, (void)ms;
    return error_set(err, ERROR_TEMPORARY, msg_acme_stopped());
}
