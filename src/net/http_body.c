#include "net/http_body.h"

#define DIGITS_MAX 16 /* of a chunk's size, in hexadecimal: what 64 bits hold */

enum http_body_progress http_body_begin(struct http_body *body, const struct http_response *head)
{
    *body = (struct http_body){.state = BODY_TO_END};
    if (head->status == 204 || head->status == 304) {
        body->state = BODY_OVER;
    } else if (head->chunked) {
        body->state = BODY_SIZE;
    } else if (head->has_content_length && !head->has_transfer_encoding) {
        body->left = head->content_length;
        body->state = body->left ? BODY_LENGTH : BODY_OVER;
    }
    return body->state == BODY_OVER ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}

static int digit_of(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void begin_size(struct http_body *body)
{
    body->state = BODY_SIZE;
    body->left = 0;
    body->digits = 0;
}

/* The line with a chunk's size ends; the last one has none. */
static void begin_chunk(struct http_body *body)
{
    body->state = body->left ? BODY_CHUNK : BODY_TRAILER;
}

static bool take_of_size(struct http_body *body, char c)
{
    int digit = digit_of(c);
    if (digit >= 0) {
        body->left = body->left << 4 | (unsigned)digit;
        return ++body->digits <= DIGITS_MAX;
    }
    if (body->digits == 0)
        return false;
    if (c == '\n') {
        begin_chunk(body);
        return true;
    }
    body->state = BODY_EXTENSION;
    return ++body->beside <= HTTP_BODY_BESIDE_MAX;
}

/* One byte of what frames the chunks; false: it cannot be there. */
static bool take(struct http_body *body, char c)
{
    const bool line_end = c == '\n';
    switch (body->state) {
    case BODY_SIZE:
        return take_of_size(body, c);
    case BODY_EXTENSION:
        if (line_end)
            begin_chunk(body);
        break;
    case BODY_CHUNK_END:
        if (line_end)
            begin_size(body);
        return line_end || c == '\r';
    case BODY_TRAILER:
        if (line_end)
            body->state = BODY_OVER;
        else if (c != '\r')
            body->state = BODY_TRAILER_LINE;
        break;
    case BODY_TRAILER_LINE:
        if (line_end)
            body->state = BODY_TRAILER;
        break;
    case BODY_TO_END:
    case BODY_LENGTH:
    case BODY_CHUNK:
    case BODY_OVER:
        break;
    }
    return ++body->beside <= HTTP_BODY_BESIDE_MAX;
}

static bool is_content(const struct http_body *body)
{
    return body->state == BODY_TO_END || body->state == BODY_LENGTH || body->state == BODY_CHUNK;
}

/* Content of the body; gives how many bytes were its. */
static size_t take_content(struct http_body *body, struct str bytes, struct buf *out)
{
    const bool counted = body->state != BODY_TO_END;
    size_t n = counted && body->left < bytes.n ? (size_t)body->left : bytes.n;
    size_t room = out->max - out->n;
    /* What fits is kept: the beginning of what is too large. */
    buf_add(out, bytes.p, n < room ? n : room);
    if (n > room)
        out->failed = true;
    if (!counted)
        return n;
    body->left -= n;
    if (!body->left)
        body->state = body->state == BODY_LENGTH ? BODY_OVER : BODY_CHUNK_END;
    return n;
}

enum http_body_progress http_body_read(struct http_body *body, struct str bytes, struct buf *out)
{
    while (bytes.n && body->state != BODY_OVER) {
        size_t n = 1;
        if (is_content(body))
            n = take_content(body, bytes, out);
        else if (!take(body, bytes.p[0]))
            return HTTP_BODY_MALFORMED;
        if (out->failed)
            return HTTP_BODY_FULL;
        bytes = str_skip(bytes, n);
    }
    return body->state == BODY_OVER ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}

bool http_body_may_end(const struct http_body *body)
{
    return body->state == BODY_TO_END;
}
