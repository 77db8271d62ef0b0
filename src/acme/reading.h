/*
 * reading.h - the JSON and the headers of a CA's answers, read with limits. Internal to src/acme.
 *
 * What a CA sends is foreign. Nothing is copied before its length was looked at, and a URL is taken
 * only when it is https and in plain ASCII.
 */
#ifndef SEALPOST_ACME_READING_H
#define SEALPOST_ACME_READING_H

#include <jansson.h>

#include "net/api_client.h"

void acme_json_freep(json_t **json); /* for CLEANUP */

/* The object that the text is; NULL: it is none. Bytes behind it are a fault. */
json_t *acme_json_read(struct str text);

/* The string of that member, borrowed; empty when there is none. object may be NULL. */
struct str acme_json_text(const json_t *object, const char *key);

/* The same for a URL: copied; empty when there is none that can be asked. */
struct str acme_json_url(const json_t *object, const char *key, struct arena *arena);

/* https, in ASCII without blanks, quotes and the like, at most API_URL_MAX bytes. */
bool acme_url_is_good(struct str url);

/* The next target of a Link header (RFC 8288) with that relation, borrowed; false: no more. *at and
 * *within begin at 0 and are where the search goes on. Only good URLs are given. */
bool acme_link_next(const struct api_response *response, struct str relation, size_t *at,
                    size_t *within, struct str *url);

/* The host of a URL, borrowed; for messages. */
struct str acme_url_host(struct str url);

#endif
