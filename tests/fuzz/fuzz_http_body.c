/* A response's body, in one piece and byte by byte: the same end, the same bytes, within the
 * maximum. The first byte says how it is framed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_body.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)
#define OUT_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http_body_progress read_in(size_t piece, char framing, struct str rest, struct buf *out)
{
    struct http_response head = {.status = 200, .complete = true, .chunked = framing == 'c'};
    head.has_transfer_encoding = head.chunked;
    head.has_content_length = ascii_is_digit(framing);
    head.content_length = head.has_content_length ? (uint64_t)(framing - '0') : 0;
    struct http_body body;
    enum http_body_progress progress = http_body_begin(&body, &head);
    while (rest.n && progress == HTTP_BODY_MORE) {
        progress = http_body_read(&body, str_head(rest, piece), out);
        rest = str_skip(rest, piece);
    }
    MUST(out->n <= OUT_MAX);
    MUST(progress == HTTP_BODY_FULL || !out->failed);
    MUST(!head.has_content_length || out->n <= head.content_length);
    return progress;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole CLEANUP(buf_done), pieces CLEANUP(buf_done);
    buf_init(&whole, OUT_MAX);
    buf_init(&pieces, OUT_MAX);
    if (size == 0)
        return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    enum http_body_progress a = read_in(size, (char)data[0], bytes, &whole);
    enum http_body_progress b = read_in(1, (char)data[0], bytes, &pieces);
    MUST(a == b && whole.n == pieces.n);
    MUST(!whole.n || memcmp(whole.p, pieces.p, whole.n) == 0);
    return 0;
}
