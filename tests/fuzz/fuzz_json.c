/* The JSON reader: skipping a value and walking it by hand end at the same byte or fail alike. */
#include <stdint.h>

#include "base/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct json_reader *r)
{
    struct str s;
    bool b;
    bool array = json_peek(r) == JSON_ARRAY;
    if (!json_enter(r)) {
        if (!json_string(r, &s) && !json_number(r, &s) && !json_bool(r, &b) && !json_null(r))
            json_skip(r, NULL);
        return;
    }
    while (array ? json_next_element(r) : json_next_key(r, &s))
        walk(r);
}

static void count_slip(void *user, enum json_slip slip)
{
    (void)slip;
    ++*(unsigned *)user;
}

/* A tolerant reader reads what a strict one reads, to the same byte, and tells no slip of it. */
static void check_tolerant(struct str text, struct arena *arena, const struct json_reader *strict)
{
    struct json_reader tolerant;
    unsigned slips = 0;
    json_reader_init(&tolerant, text, arena);
    tolerant.tolerated = count_slip;
    tolerant.user = &slips;
    walk(&tolerant);
    if (!strict->error && (tolerant.error || slips || tolerant.at != strict->at))
        abort();
    if (strict->error && !tolerant.error && !slips)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_reader walked, skipped;
    struct arena arena;
    arena_init(&arena, 16 * 1024 * 1024);
    struct str text = {(const char *)data, size};
    json_reader_init(&walked, text, &arena);
    json_reader_init(&skipped, text, &arena);
    walk(&walked);
    json_skip(&skipped, NULL);
    if (walked.error != skipped.error || (!walked.error && walked.at != skipped.at))
        abort();
    check_tolerant(text, &arena, &walked);
    struct buf path CLEANUP(buf_done);
    buf_init(&path, 1024 * 1024);
    json_path(&walked, &path);
    json_error_msg(&walked);
    arena_done(&arena);
    return 0;
}
