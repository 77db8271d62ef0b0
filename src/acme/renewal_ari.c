/* The CA's word on when to renew: RFC 9773. */
#include <openssl/x509v3.h>

#include "acme/jose.h"
#include "acme/messages.h"
#include "acme/reading.h"
#include "acme/renewal.h"
#include "base/timefmt.h"

#define ASK_AGAIN_LEAST_S  60
#define ASK_AGAIN_MOST_S   86400
#define ASK_AGAIN_SILENT_S 21600 /* RFC 9773 4.3.3 */

static void free_certificate(X509 **x)
{
    X509_free(*x);
}

static void free_der(unsigned char **der)
{
    OPENSSL_free(*der);
}

/* The contents of the INTEGER: with the zero before a first byte that would look negative. */
static int print_serial(X509 *x, struct arena *arena, struct str *out, struct error *err)
{
    unsigned char *der CLEANUP(free_der) = NULL;
    int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &der);
    const unsigned char *at = der;
    long length;
    int tag, class;
    if (n <= 0)
        return error_set_memory(err);
    if (ASN1_get_object(&at, &length, &tag, &class, n) & 0x80)
        return error_set(err, ERROR_PERMANENT, msg_acme_no_key_identifier());
    return jose_base64url((struct str){(const char *)at, (size_t)length}, arena, out, err);
}

static int join(struct str a, struct str between, struct str b, struct arena *arena,
                struct str *out, struct error *err)
{
    char *p = arena_alloc(arena, a.n + between.n + b.n + 1);
    if (!p)
        return error_set_memory(err);
    int n = snprintf(p, a.n + between.n + b.n + 1, "%.*s%.*s%.*s", STR_ARG(a), STR_ARG(between),
                     STR_ARG(b));
    *out = (struct str){p, (size_t)n};
    return 0;
}

int acme_certificate_id(struct str leaf_der, struct arena *arena, struct str *out,
                        struct error *err)
{
    const unsigned char *at = (const unsigned char *)leaf_der.p;
    X509 *x CLEANUP(free_certificate) =
        leaf_der.n <= LONG_MAX ? d2i_X509(NULL, &at, (long)leaf_der.n) : NULL;
    const ASN1_OCTET_STRING *aki = x ? X509_get0_authority_key_id(x) : NULL;
    if (!aki || ASN1_STRING_length(aki) <= 0)
        return error_set(err, ERROR_PERMANENT, msg_acme_no_key_identifier());
    struct str bytes = {(const char *)ASN1_STRING_get0_data(aki), (size_t)ASN1_STRING_length(aki)};
    struct str issuer = STR(""), serial = issuer;
    int rc = jose_base64url(bytes, arena, &issuer, err);
    if (rc == 0)
        rc = print_serial(x, arena, &serial, err);
    return rc < 0 ? rc : join(issuer, STR("."), serial, arena, out, err);
}

static bool read_moment(const json_t *window, const char *key, int64_t *out)
{
    return time_parse(acme_json_text(window, key), out) == TIME_RFC3339;
}

int acme_window_read(struct str body, struct arena *arena, struct acme_window *out,
                     struct error *err)
{
    json_t *root CLEANUP(acme_json_freep) = acme_json_read(body);
    const json_t *suggested = json_object_get(root, "suggestedWindow");
    struct acme_window window = {0};
    if (!read_moment(suggested, "start", &window.start) ||
        !read_moment(suggested, "end", &window.end) || window.end <= window.start)
        return error_set(err, ERROR_TEMPORARY, msg_acme_window());
    window.explanation = acme_json_url(root, "explanationURL", arena);
    if (arena->failed)
        return error_set_memory(err);
    *out = window;
    return 0;
}

int64_t acme_window_ask_again(int64_t retry_at, int64_t now)
{
    int64_t seconds;
    if (retry_at == 0)
        seconds = ASK_AGAIN_SILENT_S;
    else if (__builtin_sub_overflow(retry_at, now, &seconds))
        seconds = retry_at > now ? ASK_AGAIN_MOST_S : ASK_AGAIN_LEAST_S;
    seconds = seconds > ASK_AGAIN_MOST_S ? ASK_AGAIN_MOST_S : seconds;
    return now + (seconds < ASK_AGAIN_LEAST_S ? ASK_AGAIN_LEAST_S : seconds);
}

int acme_renewal_window(struct acme_session *session, struct str certificate_id,
                        struct arena *arena, struct acme_window *out, struct error *err)
{
    const struct acme_world *world = acme_session_world(session);
    const struct acme_directory *directory;
    struct api_response response;
    struct str url = STR("");
    int rc = acme_session_directory(session, &directory, NULL, err);
    if (rc < 0)
        return rc;
    struct str base = directory->renewal_info;
    if (!base.n)
        return 0;
    if (str_ends(base, STR("/")))
        base.n--;
    rc = join(base, STR("/"), certificate_id, arena, &url, err);
    if (rc == 0)
        rc = acme_session_get(session, url, arena, &response, NULL, err);
    if (rc == 0)
        rc = acme_window_read(response.body, arena, out, err);
    if (rc < 0)
        return rc;
    int64_t now = world->now(world->context);
    out->ask_again = acme_window_ask_again(acme_retry_at(&response, now), now);
    return 1;
}
