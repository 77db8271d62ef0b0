/*
 * dkim_canon.h - the forms in which headers and bodies are signed (RFC 6376 3.4), fed to SHA-256.
 *
 * Lines may end in CRLF or in LF; both count as CRLF. Other CR and LF are bytes like any other.
 */
#ifndef SEALPOST_MAIL_DKIM_CANON_H
#define SEALPOST_MAIL_DKIM_CANON_H

#include <openssl/evp.h>

#include "base/str.h"

#define DKIM_HASH_SIZE 32

/* A hash that is being computed. The bytes are gathered, since OpenSSL's calls cost more than
 * these. */
struct dkim_sink {
    EVP_MD_CTX *md;
    size_t n;
    unsigned char bytes[1024];
};

bool dkim_sink_begin(struct dkim_sink *sink) NODISCARD;

/* Ends the hash and releases it. False: it failed somewhere. */
bool dkim_sink_end(struct dkim_sink *sink, unsigned char hash[DKIM_HASH_SIZE]) NODISCARD;

/* 3.4.3 and 3.4.4. */
void dkim_add_body(struct dkim_sink *sink, struct str body, bool relaxed);

/* A field, its line end not included: 3.4.1 and 3.4.2. `gap` are bytes within the field that count
 * as absent (the value of b=); its p may be NULL. Adds no CRLF at the end. */
void dkim_add_field(struct dkim_sink *sink, struct str field, struct str gap, bool relaxed);

void dkim_add_line_end(struct dkim_sink *sink);

#endif
