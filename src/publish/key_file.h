/*
 * key_file.h - a TSIG key as tools of name servers write it into a file.
 *
 *     key "name" {                        key:
 *         algorithm hmac-sha256;            - id: name
 *         secret "base64";                    algorithm: hmac-sha256
 *     };                                      secret: base64
 *
 * The left is what tsig-keygen and ddns-confgen write, and BIND and nsupdate read; the right what
 * knot's keymgr writes. Lines that begin with # are passed over. Without an algorithm it is
 * hmac-sha256. One key a file.
 */
#ifndef SEALPOST_PUBLISH_KEY_FILE_H
#define SEALPOST_PUBLISH_KEY_FILE_H

#include "base/arena.h"
#include "base/error.h"
#include "net/tsig.h"

#define KEY_FILE_MAX 4096 /* bytes */

/* Reads text; file is what errors call it. The name lives in the arena; key_file_wipe overwrites
 * the secret. Error: publish-key-file. */
int key_file_parse(struct str text, struct str file, struct arena *arena, struct tsig_key *out,
                   struct error *err) NODISCARD;

/* The same for a file; its errors too. */
int key_file_read(struct str path, struct arena *arena, struct tsig_key *out,
                  struct error *err) NODISCARD;

void key_file_wipe(struct tsig_key *key);

#endif
