/*
 * http_fetch.h - the parts of one HTTPS request; shared by the files of http_client.h alone.
 */
#ifndef SEALPOST_NET_HTTP_FETCH_H
#define SEALPOST_NET_HTTP_FETCH_H

#include <curl/curl.h>
#include <netinet/in.h>

#include "net/http_client.h"
#include "net/http_response.h"
#include "net/http_tls.h"

/* Why a callback of ours made libcurl stop. */
enum http_stop {
    HTTP_STOP_NONE,
    HTTP_STOP_ADDRESS, /* it wanted to go elsewhere, or has got there */
    HTTP_STOP_SOCKET,  /* no socket; stop_errno says why */
    HTTP_STOP_HEAD,    /* what came is no head of a response */
    HTTP_STOP_LARGE,   /* beyond a limit */
    HTTP_STOP_MEMORY,
};

struct http_fetch {
    struct http_client *client;
    struct http_fetch *next, *previous;
    http_callback *callback;
    void *user;

    CURL *easy;
    struct curl_slist *headers, *connect_to;
    struct address address; /* the only one that is connected to */
    uint16_t port;
    struct arena arena;
    struct http_tls tls;
    struct http_response response;
    struct buf body;
    /* By clock_monotonic_ms; 0: not reached. */
    int64_t started, connected, shaken, answered;
    enum http_stop stop;
    struct str malformed; /* HTTP_STOP_HEAD: the line */
    int stop_errno;
    char error[CURL_ERROR_SIZE]; /* libcurl's words */
};

/* Makes fetch->easy. Strings of *options are copied. Errors: http-target, http-set-up. */
int http_fetch_set_up(struct http_fetch *fetch, const struct http_options *options,
                      struct error *err) NODISCARD;

/* What has become of it; *out points into *fetch. */
void http_fetch_outcome(const struct http_fetch *fetch, CURLcode code, struct http_fetched *out);

#endif
