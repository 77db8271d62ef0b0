/*
 * api_client.h - requests to the services that the configuration names: a CA, a DNS provider.
 *
 * By libcurl, blocking, one handle for one thread, connections kept between requests. The names
 * are looked up by the system's resolver, HTTPS only, certificates verified, no redirect followed
 * (RFC 8555 6.1 and providers' interfaces have none), no cookies, no netrc; proxies as the
 * environment says. Not for hosts that strangers name: http_client.h has the guard for those.
 *
 * A request ends early, as temporary error api-stopped, when `stop` becomes true.
 */
#ifndef SEALPOST_NET_API_CLIENT_H
#define SEALPOST_NET_API_CLIENT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/error.h"

struct api_client;

struct api_settings {
    const char *ca_file;     /* PEM with the roots to trust; NULL or "": the system's */
    const atomic_bool *stop; /* may be NULL */
};

struct api_header {
    struct str name, value; /* in a response: the name in lower case, the value trimmed */
};

struct api_request {
    struct str method; /* "GET", "HEAD", "POST", ... */
    struct str url;
    const struct api_header *headers;
    size_t header_count;
    struct str body; /* sent when the method has one */
    size_t body_max; /* of the response, bytes; beyond: api-too-large */
    unsigned deadline_ms;
};

struct api_response {
    unsigned status;
    const struct api_header *headers; /* foreign bytes, in their order */
    size_t header_count;
    struct str body;
};

#define API_URL_MAX      2048
#define API_HEADERS_MAX  100
#define API_HEADERS_SIZE ((size_t)64 * 1024)

int api_client_new(struct api_client **out, const struct api_settings *settings,
                   struct error *err) NODISCARD;
void api_client_free(struct api_client *client);

/* Sends one request; what comes back, whatever its status, is in arena. Errors, all temporary but
 * the first: api-url (permanent; not https, longer than API_URL_MAX, or with blanks, a fragment or
 * a user's name), api-unreachable (with libcurl's reason and the host), api-tls (the certificate,
 * with the reason), api-timeout, api-too-large, api-stopped. */
int api_client_send(struct api_client *client, const struct api_request *request,
                    struct arena *arena, struct api_response *response,
                    struct error *err) NODISCARD;

/* The first header of that name (lower case) at or after *at, which moves behind it; empty when
 * there is none. *at begins at 0. */
struct str api_header_next(const struct api_response *response, struct str name, size_t *at);

/* The value of the first one. */
struct str api_header_get(const struct api_response *response, struct str name);

/* A date as HTTP has them (RFC 9110 5.6.7, all three forms); seconds since 1970. */
bool api_date_read(struct str text, int64_t *out);

#endif
