#include "host/response.h"

#include "host/page.h"

/* The head of every response. */
static void begin(struct buf *out, unsigned status, struct str date)
{
    buf_cstr(out, "HTTP/1.1 ");
    buf_u64(out, status);
    buf_byte(out, ' ');
    buf_cstr(out, http_status_phrase(status));
    buf_cstr(out, "\r\nDate: ");
    buf_str(out, date);
    buf_cstr(out, "\r\nX-Content-Type-Options: nosniff\r\n");
}

static void finish(struct buf *out, struct str body, bool keep_alive, bool with_body)
{
    if (!keep_alive)
        buf_cstr(out, "Connection: close\r\n");
    buf_cstr(out, "Content-Length: ");
    buf_u64(out, body.n);
    buf_cstr(out, "\r\n\r\n");
    if (with_body)
        buf_str(out, body);
}

static void write_policy(struct buf *out, const struct site *site, struct str date, bool keep_alive,
                         bool with_body)
{
    begin(out, 200, date);
    buf_cstr(out, "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-cache\r\n");
    finish(out, site->policy, keep_alive, with_body);
}

static void write_page(struct buf *out, const struct site *site, struct str date, bool keep_alive,
                       bool with_body)
{
    struct buf page CLEANUP(buf_done);
    buf_init(&page, PAGE_MAX);
    page_write(site->domain, &page);
    begin(out, 403, date);
    buf_cstr(out, "Content-Type: text/html; charset=utf-8\r\n"
                  "Content-Security-Policy: default-src 'none'\r\n"
                  "Referrer-Policy: no-referrer\r\n");
    finish(out, buf_view(&page), keep_alive, with_body);
}

/* A status without a page: its own name is the text. */
static void write_plain(struct buf *out, unsigned status, struct str date, bool keep_alive,
                        bool with_body)
{
    struct buf body CLEANUP(buf_done);
    buf_init(&body, PAGE_MAX);
    buf_u64(&body, status);
    buf_byte(&body, ' ');
    buf_cstr(&body, http_status_phrase(status));
    buf_cstr(&body, "\r\n");
    begin(out, status, date);
    if (status == 405)
        buf_cstr(out, "Allow: GET, HEAD\r\n");
    buf_cstr(out, "Content-Type: text/plain; charset=utf-8\r\n");
    finish(out, buf_view(&body), keep_alive, with_body);
}

static void write_authorization(struct buf *out, struct str text, struct str date, bool keep_alive,
                                bool with_body)
{
    begin(out, 200, date);
    buf_cstr(out, "Content-Type: application/octet-stream\r\n");
    finish(out, text, keep_alive, with_body);
}

/* The host that the request is for, in folded[256]; empty when it is not that of the handshake. */
static struct str find_host(const struct response_context *context,
                            const struct http_request *request, char *folded)
{
    struct str host = snapshot_fold_name(request->host, folded, 256);
    if (!request->host.n && request->http_1_0 && !context->plain)
        host = context->server_name;
    return context->plain || str_eq(host, context->server_name) ? host : STR("");
}

/* What a CA that validates is waiting for at this path; empty: nothing. */
static struct str find_authorization(const struct response_context *context,
                                     const struct http_request *request, struct str host)
{
    if (request->has_query || !str_starts(request->path, CHALLENGE_PATH))
        return STR("");
    struct str token = str_skip(request->path, CHALLENGE_PATH.n);
    return challenges_authorization(context->snapshot->challenges, host, token, context->now);
}

static unsigned judge(const struct response_context *context, const struct http_request *request,
                      bool found, bool authorized)
{
    if (request->status)
        return request->status;
    if (!found && !authorized)
        return 421;
    if (request->method == HTTP_OTHER)
        return 405;
    if (http_request_has_body(request))
        return 413;
    bool policy = !context->no_policy && str_eq(request->path, POLICY_PATH) && !request->has_query;
    return authorized || policy ? 200 : 403;
}

unsigned response_write(const struct response_context *context, const struct http_request *request,
                        struct buf *out, bool *keep_alive)
{
    struct site site;
    struct str host, authorization = STR("");
    char folded[256];
    bool found = false;
    if (!request->status) {
        host = find_host(context, request, folded);
        found = host.n && snapshot_find_site(context->snapshot, host, &site);
        authorization = find_authorization(context, request, host);
    }
    unsigned status = judge(context, request, found, authorization.n != 0);
    bool with_body = request->method != HTTP_HEAD;
    *keep_alive = !request->status && !context->close && request->keep_alive &&
                  !http_request_has_body(request);
    if (status == 200 && authorization.n)
        write_authorization(out, authorization, context->date, *keep_alive, with_body);
    else if (found && status == 200)
        write_policy(out, &site, context->date, *keep_alive, with_body);
    else if (found && status == 403)
        write_page(out, &site, context->date, *keep_alive, with_body);
    else
        write_plain(out, status, context->date, *keep_alive, with_body);
    return status;
}

void response_write_status(unsigned status, struct str date, struct buf *out)
{
    write_plain(out, status, date, false, true);
}
