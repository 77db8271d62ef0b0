/*
 * live_folder.h - certificates that another client gets, in the layout of certbot's live/.
 *
 *     FOLDER/NAME/fullchain.pem    the chain, the leaf first; often a symbolic link
 *     FOLDER/NAME/privkey.pem      its key
 *
 * A look costs two stat(2) a name; what is new or differs is read and put into the store as if it
 * were brought by `cert import`. Only what names a policy host (mta-sts.…) or has a wildcard:
 * other keys are none of this program's business. What the store has already, or has something for
 * that lasts longer, is passed over. What has gone from the folder stays in the store until it
 * ends.
 *
 * A renewal replaces two files one after the other, so a pair that is not good is looked at once
 * more before it is told of, and then not read again until one of its files differs.
 */
#ifndef SEALPOST_ACME_LIVE_FOLDER_H
#define SEALPOST_ACME_LIVE_FOLDER_H

#include "store/store.h"

/* Names that a folder usually can have. */
#define LIVE_NAMES_MAX 100000

enum live_event {
    LIVE_IMPORTED,
    LIVE_BAD, /* with the reason; once, until one of the files differs */
};
/* name: of the folder's subfolder. */
typedef void live_told(void *context, enum live_event event, struct str name,
                       const struct error *err);

struct live_folder;

/* path: absolute, borrowed; names beyond `most` are passed over. NULL: no memory. */
struct live_folder *live_folder_new(const char *path, size_t most);
void live_folder_free(struct live_folder *f);

/* How many names the last look passed over. */
size_t live_folder_passed_over(const struct live_folder *f);

/* Looks at all of it. store: secrets for writing. Errors: of the folder itself
 * (acme-live-no-permission where this user may not read it), and of the store. */
int live_folder_look(struct live_folder *f, struct store *store, int64_t now, live_told *told,
                     void *context, struct error *err) NODISCARD;

#endif
