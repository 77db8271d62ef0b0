#include "acme/world.h"

#include <errno.h>
#include <time.h>

#include "acme/messages.h"
#include "base/clock.h"

static int64_t now(void *context)
{
    (void)context;
    return clock_now();
}

static void sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

static int wait_ms(void *context, int64_t ms, struct error *err)
{
    const struct acme_real_world *real = context;
    int64_t until = clock_monotonic_ms() + ms, left = ms;
    for (;;) {
        if (real->stop && atomic_load(real->stop))
            return error_set(err, ERROR_TEMPORARY, msg_acme_stopped());
        if (left <= 0)
            return 0;
        sleep_ms(left < ACME_STOP_MS ? left : ACME_STOP_MS);
        left = until - clock_monotonic_ms();
    }
}

static int send(void *context, const struct api_request *request, struct arena *arena,
                struct api_response *response, struct error *err)
{
    const struct acme_real_world *real = context;
    return api_client_send(real->client, request, arena, response, err);
}

struct acme_world acme_world_real(struct acme_real_world *real)
{
    return (struct acme_world){.now = now, .wait_ms = wait_ms, .send = send, .context = real};
}
