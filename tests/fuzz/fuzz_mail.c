/* The intake: whatever the bytes, no report passes the limits, and what it counts is what it gave.
 */
#include <stdint.h>

#include "mail/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *user, const struct intake_report *report)
{
    int64_t *count = user;
    ++*count;
    if (report->json.n > INTAKE_JSON_MAX || !report->source.n)
        abort();
    return *count == 50 ? -1 : 0;
}

static void note(void *user, struct str source, int64_t offset, const struct error *err)
{
    struct buf text CLEANUP(buf_done);
    (void)user;
    buf_init(&text, 100000);
    if (!source.n || offset < -1 || !msg_render(LANG_EN, MSG_TEXT, &err->msg, &text))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct intake *in; /* one for all inputs: nothing of one may show in the next */
    int64_t count = 0;
    const struct intake_handler handler = {&count, take, note};
    if (!in)
        in = intake_new();
    int64_t result = intake_bytes(in, (struct str){(const char *)data, size}, STR("a"), &handler);
    if (result != (count == 50 ? -1 : count))
        abort();
    return 0;
}
