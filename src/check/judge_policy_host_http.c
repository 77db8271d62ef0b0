/* Step 3: what each address of the policy host answers (RFC 8461 3.2, 3.3, 8.2). */
#include "base/timefmt.h"
#include "check/judge_policy_host.h"
#include "check/judge_text.h"
#include "check/messages.h"

#define SLOW_MS     5000U
#define TOO_SLOW_MS 60000U /* RFC 8461 3.3: "a suggested timeout is one minute" */
#define CACHE_MAX   60U    /* seconds; RFC 8461 8.2 */

static struct str host_name(const struct judgement *j)
{
    return j->facts->policy_host.name;
}

static bool answered(const struct fact_web *web)
{
    return web->tried && web->fetched.at >= HTTP_RESPONSE;
}

static bool served(const struct fact_web *web)
{
    return web->tried && web->fetched.at == HTTP_COMPLETE && web->fetched.failure == NET_OK &&
           web->fetched.status == 200;
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static struct msg explain_status(const struct judgement *j, const struct fact_web *web,
                                 struct str at)
{
    unsigned status = web->fetched.status;
    struct str host = host_name(j);
    if (is_redirect(status))
        return msg_check_host_redirect(host, at, status, web->fetched.location);
    if (web->retried_as_browser && web->browser_status == 200)
        return msg_check_host_browser_only(host, at, status);
    if (status == 404 || status == 410)
        return msg_check_host_not_found(host, at, status);
    if (status >= 400 && status < 500)
        return msg_check_host_denied(host, at, status);
    if (status >= 500 && status < 600)
        return msg_check_host_server_error(host, at, status);
    return msg_check_host_status(host, at, status);
}

/* It broke off before there was a status. */
static struct msg explain_silence(const struct judgement *j, const struct http_fetched *fetched,
                                  struct str at)
{
    struct str host = host_name(j);
    if (fetched->failure == NET_TIMEOUT)
        return msg_check_host_response_timeout(host, at, fetched->total_ms / 1000);
    if (fetched->failure == NET_PROTOCOL || fetched->failure == NET_TOO_LARGE)
        return msg_check_host_not_http(host, at, fetched->detail);
    if (fetched->failure == NET_LOCAL)
        return msg_check_host_local(host, at, fetched->detail);
    return msg_check_host_no_response(host, at);
}

static struct msg explain_body(const struct judgement *j, const struct http_fetched *fetched,
                               struct str at)
{
    struct str host = host_name(j);
    if (fetched->failure == NET_TOO_LARGE || fetched->body.n > STS_POLICY_TEXT_MAX)
        return msg_check_host_too_large(host, at, STS_POLICY_TEXT_MAX);
    if (fetched->failure == NET_TIMEOUT)
        return msg_check_host_body_timeout(host, at, fetched->total_ms / 1000);
    if (fetched->failure == NET_PROTOCOL)
        return msg_check_host_not_http(host, at, fetched->detail);
    if (fetched->failure == NET_LOCAL)
        return msg_check_host_local(host, at, fetched->detail);
    if (fetched->failure != NET_OK)
        return msg_check_host_body_cut(host, at, fetched->body.n);
    return (struct msg){0};
}

static struct msg look_response(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    if (!answered(web))
        return (struct msg){0};
    if (!web->fetched.status)
        return explain_silence(j, &web->fetched, at);
    if (web->fetched.status != 200)
        return explain_status(j, web, at);
    return explain_body(j, &web->fetched, at);
}

/* A web page is no policy, whatever its type; step 4 says so. */
static bool is_page(struct str body)
{
    return str_starts(str_trim(body), STR("<"));
}

static struct msg look_media_type(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    if (!served(web) || is_page(web->fetched.body))
        return (struct msg){0};
    if (!web->fetched.has_content_type)
        return msg_check_host_media_type_missing(host_name(j), at);
    if (!sts_media_type_ok(web->fetched.content_type))
        return msg_check_host_media_type(host_name(j), at, web->fetched.content_type);
    return (struct msg){0};
}

static struct msg look_time(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    unsigned ms = web->fetched.total_ms;
    if (!served(web) || ms <= SLOW_MS)
        return (struct msg){0};
    if (ms > TOO_SLOW_MS)
        return msg_check_host_too_slow(host_name(j), at, ms / 1000);
    return msg_check_host_slow(host_name(j), at, ms / 1000);
}

/* What Cache-Control says of how long a cache may keep the answer. */
struct caching {
    bool forbidden;   /* no cache of many may keep it, or without asking the host again */
    bool given;       /* a number of seconds, next to which Expires does not count */
    uint64_t seconds; /* the longest */
};

/* RFC 9111 1.2.2: digits; what is too large counts as very large. */
static uint64_t read_seconds(struct str value)
{
    uint64_t seconds = 0;
    if (str_to_u64(value, &seconds))
        return seconds;
    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_is_digit(value.p[i]))
            return 0;
    }
    return value.n ? UINT64_MAX : 0;
}

static void read_lifetime(struct caching *caching, struct str directive)
{
    struct str name, value;
    if (!str_cut(directive, '=', &name, &value))
        return;
    name = str_trim(name);
    value = str_trim(value);
    if (!str_ieq(name, STR("max-age")) && !str_ieq(name, STR("s-maxage")))
        return;
    if (str_starts(value, STR("\"")) && str_ends(value, STR("\"")) && value.n > 1)
        value = str_head(str_skip(value, 1), value.n - 2);
    uint64_t seconds = read_seconds(value);
    caching->given = true;
    caching->seconds = seconds > caching->seconds ? seconds : caching->seconds;
}

static struct caching read_cache_control(struct str cache_control)
{
    struct caching caching = {.forbidden = false};
    while (cache_control.n) {
        struct str directive;
        str_cut(cache_control, ',', &directive, &cache_control);
        directive = str_trim(directive);
        if (str_ieq(directive, STR("no-store")) || str_ieq(directive, STR("no-cache")) ||
            str_ieq(directive, STR("private")))
            caching.forbidden = true;
        read_lifetime(&caching, directive);
    }
    return caching;
}

/* RFC 9111 4.2.1: counted from the Date of the answer; what is no date has expired. */
static bool expires_late(const struct http_fetched *fetched, int64_t now)
{
    int64_t expires = 0, date = now;
    (void)time_parse_http(fetched->date, &date);
    return time_parse_http(fetched->expires, &expires) && expires - date > (int64_t)CACHE_MAX;
}

static struct msg look_caching(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    const struct caching caching = read_cache_control(web->fetched.cache_control);
    if (!served(web) || caching.forbidden)
        return (struct msg){0};
    if (caching.seconds > CACHE_MAX)
        return msg_check_host_cached(host_name(j), at, STR("Cache-Control"),
                                     web->fetched.cache_control);
    if (!caching.given && expires_late(&web->fetched, j->facts->now))
        return msg_check_host_cached(host_name(j), at, STR("Expires"), web->fetched.expires);
    return (struct msg){0};
}

static struct msg look_age(const struct judgement *j, size_t i, struct str at)
{
    const struct fact_web *web = &j->facts->web[i];
    uint64_t age;
    if (served(web) && str_to_u64(web->fetched.age, &age) && age > CACHE_MAX)
        return msg_check_host_aged(host_name(j), at, age);
    return (struct msg){0};
}

static bool serves(const struct fact_web *web, const void *user)
{
    (void)user;
    return served(web) && web->fetched.body.n <= STS_POLICY_TEXT_MAX;
}

static bool serves_other_than(const struct fact_web *web, const void *user)
{
    const struct fact_web *first = user;
    return served(web) && !str_eq(web->fetched.body, first->fetched.body);
}

static void judge_served_bodies(struct judgement *j)
{
    const struct check_facts *f = j->facts;
    size_t first = 0, count = judge_web_count(f);
    unsigned slowest = 0;
    while (first < count && !serves(&f->web[first], NULL))
        first++;
    if (first == count)
        return;
    for (size_t i = first; i < count; i++) {
        if (serves(&f->web[i], NULL) && f->web[i].fetched.total_ms > slowest)
            slowest = f->web[i].fetched.total_ms;
    }
    const struct http_fetched *fetched = &f->web[first].fetched;
    judge_web_add_rule(j,
                       msg_check_host_response(judge_web_list(j, serves, NULL),
                                               fetched->content_type, fetched->body.n, slowest),
                       STR(""));
    struct str others = judge_web_list(j, serves_other_than, &f->web[first]);
    if (others.n)
        judge_web_add_rule(
            j, msg_check_host_bodies_differ(host_name(j), f->policy_host.at[first].text, others),
            STR(""));
}

void judge_web_http(struct judgement *j)
{
    judge_web_each(j, look_response, false);
    judge_web_each(j, look_media_type, false);
    judge_web_each(j, look_time, false);
    judge_web_each(j, look_caching, false);
    judge_web_each(j, look_age, false);
    judge_served_bodies(j);
}
