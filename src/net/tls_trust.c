#include "net/tls_trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "net/messages.h"

/* What Debian's ca-certificates makes of the roots that the administrator wants. */
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

struct tls_trust {
    X509_STORE *store;
};

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static int refuse(struct error *err, struct msg m)
{
    bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    return no_memory ? error_set_memory(err) : error_set(err, ERROR_PERMANENT, m);
}

static int read_roots(X509_STORE *store, const char *path, struct error *err)
{
    struct str name = str_from(path);
    BIO *bio CLEANUP(free_bio) = BIO_new_file(path, "r");
    if (!bio) {
        const char *reason = strerrordesc_np(errno);
        return refuse(err, msg_tls_trust_file(name, str_from(reason ? reason : "unknown error")));
    }
    size_t count = 0;
    for (;; count++) {
        X509 *root = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
        if (!root)
            break;
        int added = X509_STORE_add_cert(store, root); /* one that stands twice is added once */
        X509_free(root);
        if (!added) {
            ERR_clear_error();
            return error_set_memory(err);
        }
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        return refuse(err, msg_tls_trust_file(name, str_from(reason ? reason : "unknown error")));
    }
    return count ? (ERR_clear_error(), 0) : refuse(err, msg_tls_trust_empty(name));
}

int tls_trust_new(struct tls_trust **out, const char *ca_file, struct error *err)
{
    struct tls_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return error_set_memory(err);
    trust->store = X509_STORE_new();
    int result = trust->store
                     ? read_roots(trust->store, ca_file && *ca_file ? ca_file : SYSTEM_ROOTS, err)
                     : error_set_memory(err);
    if (result < 0) {
        tls_trust_free(trust);
        return result;
    }
    *out = trust;
    return 0;
}

void tls_trust_free(struct tls_trust *trust)
{
    if (!trust)
        return;
    X509_STORE_free(trust->store);
    free(trust);
}

X509_STORE *tls_trust_store(const struct tls_trust *trust)
{
    return trust->store;
}
