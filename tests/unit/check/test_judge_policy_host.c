/* Step 3: the policy host, RFC 8461 3.3. */
#include "perfect.h"

#include "check/messages.h"

#define ELEVEN STR("Tue, 24 Nov 2026 11:00:00 GMT")

#define BREAK(name, ...)                                                                           \
    static void name(struct perfect *p)                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define WEB(i) (p->facts.web[i])
#define V6     1 /* the second address */

/* ---- breaking what holds at every address ---- */

static void stop(struct fact_web *web, enum http_step at, enum net_failure failure,
                 const char *detail)
{
    web->fetched.at = at;
    web->fetched.failure = failure;
    web->fetched.detail = str_from(detail);
    web->fetched.body = STR("");
    web->fetched.has_content_type = false;
    if (at <= HTTP_RESPONSE)
        web->fetched.status = 0;
    if (at > HTTP_HANDSHAKE)
        return;
    web->fetched.tls = (struct tls_peer){0};
    web->verified = (struct tls_verified){0};
}

static void stop_all(struct perfect *p, enum http_step at, enum net_failure failure,
                     const char *detail)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        stop(&WEB(i), at, failure, detail);
}

static void chain_fault(struct perfect *p, enum tls_chain_fault fault)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        WEB(i).verified.trusted = false;
        WEB(i).verified.chain = fault;
        WEB(i).verified.missing_issuer = STR("R3");
        WEB(i).verified.chain_reason = STR("invalid CA certificate");
    }
}

static void name_fault(struct perfect *p, enum tls_name_fault fault)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        WEB(i).verified.trusted = false;
        WEB(i).verified.name = fault;
    }
}

static void date_fault(struct perfect *p, enum tls_date_fault fault)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        WEB(i).verified.trusted = false;
        WEB(i).verified.date = fault;
    }
}

static void life(struct perfect *p, int64_t from, int64_t until)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        perfect_chain(p, p->facts.policy_host.name, from, until, &WEB(i).fetched.tls,
                      &WEB(i).verified);
}

static void status(struct perfect *p, unsigned status)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        WEB(i).fetched.status = status;
        WEB(i).fetched.location = STR("https://www.example.org/");
    }
}

static void type(struct perfect *p, struct str value)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        WEB(i).fetched.content_type = value;
}

static void cache(struct perfect *p, struct str value)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        WEB(i).fetched.cache_control = value;
}

static void age(struct perfect *p, struct str value)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        WEB(i).fetched.age = value;
}

static void expires(struct perfect *p, struct str value, struct str date)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++) {
        WEB(i).fetched.expires = value;
        WEB(i).fetched.date = date;
    }
}

static void took(struct perfect *p, unsigned ms)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        WEB(i).fetched.total_ms = ms;
}

static void no_address(struct perfect *p, enum dns_status status)
{
    perfect_keep_addresses(&p->facts.policy_host, 0);
    perfect_no_answer(&p->facts.policy_host.a, status);
    perfect_no_answer(&p->facts.policy_host.aaaa, status);
    p->facts.policy_host.a.answer.why = STR("signature expired");
    p->facts.web = NULL;
}

static void half(struct perfect *p, enum dns_status status, bool timed_out)
{
    perfect_keep_addresses(&p->facts.policy_host, 1);
    perfect_no_answer(&p->facts.policy_host.aaaa, status);
    p->facts.policy_host.aaaa.answer.why = STR("signature expired");
    p->facts.policy_host.aaaa.timed_out = timed_out;
}

static void alias(struct fact_dns *dns, const char *target)
{
    static struct str targets[2];
    struct str *at = &targets[dns->name.p[0] == '_'];
    *at = str_from(target);
    dns->answer.records.cnames = at;
    dns->answer.records.cname_count = 1;
}

static void caa(struct perfect *p, const char *tag, const char *value)
{
    perfect_answer(p, &p->facts.caa, &value, 1);
    p->facts.caa.answer.records.at[0].tag = str_from(tag);
}

static void issuer(struct perfect *p, const char *organisation)
{
    for (size_t i = 0; i < PERFECT_ADDRESSES; i++)
        WEB(i).verified.certificates[0].issuer_organisation = str_from(organisation);
}

static void default_certificate(struct perfect *p)
{
    p->facts.unknown_sni = (struct fact_handshake){.tried = true};
    perfect_chain(p, STR("www.example.org"), NOW - DAY, NOW + 80 * DAY, &p->facts.unknown_sni.tls,
                  &p->facts.unknown_sni.verified);
}

BREAK(nothing, (void)p;)
/* names */
BREAK(absent, no_address(p, DNS_NO_NAME);)
BREAK(no_data, no_address(p, DNS_NO_DATA);)
BREAK(no_record_no_host, absent(p); perfect_no_answer(&p->facts.sts_txt, DNS_NO_NAME);)
BREAK(bogus, no_address(p, DNS_BOGUS);)
BREAK(failed, no_address(p, DNS_FAILED);)
BREAK(late, failed(p);
      p->facts.policy_host.a.timed_out = p->facts.policy_host.aaaa.timed_out = true;)
BREAK(all_failed, failed(p); perfect_no_answer(&p->facts.mx_records, DNS_FAILED);)
BREAK(no_domain, absent(p); perfect_no_answer(&p->facts.mx_records, DNS_NO_NAME);)
BREAK(half_bogus, half(p, DNS_BOGUS, false);)
BREAK(half_failed, half(p, DNS_FAILED, false);)
BREAK(half_late, half(p, DNS_FAILED, true);)
BREAK(dangling, absent(p); alias(&p->facts.policy_host.a, "gone.example.net");)
BREAK(host_alone, alias(&p->facts.policy_host.a, "host.example.net");)
BREAK(both, host_alone(p); alias(&p->facts.sts_txt, "_mta-sts.example.net");)
BREAK(apart, host_alone(p); alias(&p->facts.sts_txt, "_mta-sts.provider.example");)
BREAK(passed_over, p->facts.policy_host.passed_over = 3;)
/* addresses */
BREAK(forbidden_one, p->facts.policy_host.at[V6].allowed = false; WEB(V6) = (struct fact_web){0};)
BREAK(forbidden_all, forbidden_one(p); p->facts.policy_host.at[0].allowed = false;
      WEB(0) = (struct fact_web){0};)
BREAK(no_source, WEB(V6) = (struct fact_web){.no_source = true};)
BREAK(not_tried, WEB(V6) = (struct fact_web){0};)
BREAK(local, stop(&WEB(V6), HTTP_CONNECT, NET_LOCAL, "no descriptors");)
BREAK(v6_refused, stop(&WEB(V6), HTTP_CONNECT, NET_REFUSED, "");)
BREAK(v6_late, stop(&WEB(V6), HTTP_CONNECT, NET_TIMEOUT, "");)
BREAK(v6_unreachable, stop(&WEB(V6), HTTP_CONNECT, NET_UNREACHABLE, "");)
BREAK(all_refused, stop_all(p, HTTP_CONNECT, NET_REFUSED, "");)
BREAK(all_late, stop_all(p, HTTP_CONNECT, NET_TIMEOUT, "");)
BREAK(all_unreachable, stop_all(p, HTTP_CONNECT, NET_UNREACHABLE, "");)
/* TLS */
BREAK(tls_old, stop_all(p, HTTP_HANDSHAKE, NET_TLS, "tlsv1 alert protocol version");)
BREAK(tls_old_here, stop_all(p, HTTP_HANDSHAKE, NET_TLS, "unsupported protocol");)
BREAK(tls_none, stop_all(p, HTTP_HANDSHAKE, NET_TLS, "wrong version number");)
BREAK(tls_name, stop_all(p, HTTP_HANDSHAKE, NET_TLS, "tlsv1 unrecognized name");)
BREAK(tls_failed, stop_all(p, HTTP_HANDSHAKE, NET_TLS, "sslv3 alert handshake failure");)
BREAK(tls_late, stop_all(p, HTTP_HANDSHAKE, NET_TIMEOUT, "");)
BREAK(tls_closed, stop_all(p, HTTP_HANDSHAKE, NET_CLOSED, "");)
BREAK(tls_v6, stop(&WEB(V6), HTTP_HANDSHAKE, NET_CLOSED, "");)
BREAK(self_signed, chain_fault(p, TLS_CHAIN_SELF_SIGNED);)
BREAK(incomplete, chain_fault(p, TLS_CHAIN_INCOMPLETE);)
BREAK(unknown_issuer, chain_fault(p, TLS_CHAIN_UNKNOWN_ISSUER);)
BREAK(weak, chain_fault(p, TLS_CHAIN_WEAK);)
BREAK(invalid, chain_fault(p, TLS_CHAIN_INVALID);)
BREAK(wrong_name, name_fault(p, TLS_NAME_MISMATCH);)
BREAK(no_name, name_fault(p, TLS_NAME_NONE);)
BREAK(expired, date_fault(p, TLS_DATE_EXPIRED);)
BREAK(not_yet, date_fault(p, TLS_DATE_NOT_YET);)
BREAK(days_14, life(p, NOW - 76 * DAY, NOW + 14 * DAY);)
BREAK(days_13, life(p, NOW - 76 * DAY, NOW + 14 * DAY - 1);)
BREAK(short_third, life(p, NOW - 4 * DAY, NOW + 2 * DAY);)
BREAK(short_less, life(p, NOW - 4 * DAY, NOW + 2 * DAY - 2);)
BREAK(unknown_sni, default_certificate(p);)
/* HTTP */
BREAK(redirect, status(p, 301);)
BREAK(not_found, status(p, 404);)
BREAK(denied, status(p, 403);)
BREAK(browser, status(p, 403); WEB(0).retried_as_browser = WEB(1).retried_as_browser = true;
      WEB(0).browser_status = WEB(1).browser_status = 200;)
BREAK(browser_too, status(p, 403); WEB(0).retried_as_browser = WEB(1).retried_as_browser = true;
      WEB(0).browser_status = WEB(1).browser_status = 403;)
BREAK(server_error, status(p, 503);)
BREAK(no_content, status(p, 204);)
BREAK(silence, stop_all(p, HTTP_RESPONSE, NET_CLOSED, "");)
BREAK(response_late, stop_all(p, HTTP_RESPONSE, NET_TIMEOUT, "");)
BREAK(no_http, stop_all(p, HTTP_RESPONSE, NET_PROTOCOL, "HTTP/0.9");)
BREAK(body_late, stop_all(p, HTTP_BODY, NET_TIMEOUT, "");)
BREAK(body_cut, stop_all(p, HTTP_BODY, NET_CLOSED, "");)
BREAK(body_large, stop_all(p, HTTP_BODY, NET_TOO_LARGE, "");)
BREAK(html_type, type(p, STR("text/html"));)
BREAK(charset, type(p, STR("text/plain; charset=utf-8"));)
BREAK(no_type, WEB(0).fetched.has_content_type = WEB(1).fetched.has_content_type = false;)
BREAK(page, perfect_serve(p, STR("<!DOCTYPE html>\n")); type(p, STR("text/html"));)
BREAK(seconds_5, took(p, 5000);)
BREAK(slow, took(p, 5001);)
BREAK(minute, took(p, 60000);)
BREAK(too_slow, took(p, 60001);)
BREAK(cache_minute, cache(p, STR("max-age=60"));)
BREAK(cache_longer, cache(p, STR("public, max-age=61"));)
BREAK(cache_shared, cache(p, STR("max-age=0, s-maxage=\"3600\""));)
BREAK(cache_none, cache(p, STR("max-age=3600, no-cache"));)
BREAK(cache_private, cache(p, STR("private, max-age=3600"));)
BREAK(cache_huge, cache(p, STR("max-age=99999999999999999999999"));)
BREAK(cache_odd, cache(p, STR("max-age=-3600, max-age=1h, max-age="));)
BREAK(expires_minute, expires(p, STR("Tue, 24 Nov 2026 11:01:00 GMT"), ELEVEN);)
BREAK(expires_later, expires(p, STR("Tue, 24 Nov 2026 11:01:01 GMT"), ELEVEN);)
BREAK(expires_old_form, expires(p, STR("Tuesday, 24-Nov-26 12:00:00 GMT"), ELEVEN);)
BREAK(expires_no_date, expires(p, STR("Thu, 24 Dec 2026 11:00:00 GMT"), STR(""));)
BREAK(expires_at_once, expires(p, STR("0"), ELEVEN);)
BREAK(expires_odd, expires(p, STR("next year"), ELEVEN);)
BREAK(expires_and_minute, expires_later(p); cache(p, STR("max-age=60"));)
BREAK(expires_and_public, expires_later(p); cache(p, STR("public"));)
BREAK(expires_and_none, expires_later(p); cache(p, STR("no-store"));)
BREAK(age_list, age(p, STR("3600, 3600"));)
BREAK(age_minute, age(p, STR("60"));)
BREAK(aged, age(p, STR("61"));)
BREAK(differ, WEB(V6).fetched.body = STR("version: STSv1\r\n");)
/* CAA */
BREAK(no_caa, perfect_no_answer(&p->facts.caa, DNS_NO_DATA);)
BREAK(caa_failed, perfect_no_answer(&p->facts.caa, DNS_FAILED);)
BREAK(caa_parameters, caa(p, "issue", "letsencrypt.org; validationmethods=dns-01");)
BREAK(caa_other, caa(p, "issue", "digicert.com");)
BREAK(caa_nobody, caa(p, "issue", ";");)
BREAK(caa_unknown, caa(p, "issue", "ca.example"); issuer(p, "Some CA");)
BREAK(caa_nobody_unknown, caa(p, "issue", ";"); issuer(p, "Some CA");)
BREAK(caa_iodef, caa(p, "iodef", "mailto:ca@example.org");)
BREAK(caa_wild, caa(p, "issuewild", ";");)
BREAK(caa_wild_used, caa(p, "issuewild", ";");
      WEB(0).verified.certificates[0].names[0] = STR("*.example.org");)
BREAK(caa_critical, caa(p, "tbs", "x"); p->facts.caa.answer.records.at[0].critical = true;)
BREAK(caa_critical_known, p->facts.caa.answer.records.at[0].critical = true;)

static const struct perfect_row name_rows[] = {
    {absent, &MSG_CHECK_HOST_ABSENT, CHECK_ERROR, "RFC 8461 3.3: no such name"},
    {no_data, &MSG_CHECK_HOST_ABSENT, CHECK_ERROR, "RFC 8461 3.3: no address"},
    {no_record_no_host, &MSG_CHECK_HOST_NONE, CHECK_NOTE, "no record, no host: nothing is meant"},
    {bogus, &MSG_CHECK_HOST_BOGUS, CHECK_ERROR, "RFC 4035 5.5: bogus"},
    {failed, &MSG_CHECK_HOST_DNS_FAILED, CHECK_ERROR, "SERVFAIL"},
    {late, &MSG_CHECK_HOST_DNS_TIMEOUT, CHECK_ERROR, "no answer"},
    {all_failed, &MSG_CHECK_HOST_NOT_JUDGED, CHECK_NOTE, "step 1 has named it"},
    {no_domain, &MSG_CHECK_HOST_NOT_JUDGED, CHECK_NOTE, "no domain, no blame"},
    {half_bogus, &MSG_CHECK_HOST_BOGUS, CHECK_WARNING, "AAAA bogus"},
    {half_failed, &MSG_CHECK_HOST_DNS_FAILED, CHECK_WARNING, "AAAA fails"},
    {half_late, &MSG_CHECK_HOST_DNS_TIMEOUT, CHECK_WARNING, "AAAA times out"},
    {dangling, &MSG_CHECK_HOST_ALIAS_DANGLING, CHECK_ERROR, "RFC 8461 8.2: leads nowhere"},
    {host_alone, &MSG_CHECK_HOST_DELEGATED_ALONE, CHECK_NOTE, "RFC 8461 8.2: alone"},
    {both, &MSG_CHECK_HOST_ALIAS, CHECK_OK, "RFC 8461 8.2: both"},
    {apart, &MSG_CHECK_HOST_DELEGATED_APART, CHECK_NOTE, "RFC 8461 8.2: to two"},
    {passed_over, &MSG_CHECK_HOST_PASSED_OVER, CHECK_NOTE, "more addresses"},
};

static const struct perfect_row tls_rows[] = {
    {nothing, &MSG_CHECK_HOST_ANSWERS, CHECK_OK, "RFC 8461 3.3: in order"},
    {forbidden_one, &MSG_CHECK_HOST_FORBIDDEN, CHECK_WARNING, "one address is private"},
    {forbidden_all, &MSG_CHECK_HOST_FORBIDDEN, CHECK_ERROR, "all addresses are private"},
    {no_source, &MSG_CHECK_HOST_NO_ROUTE_HERE, CHECK_NOTE, "no IPv6 here"},
    {not_tried, &MSG_CHECK_HOST_NOT_TRIED, CHECK_NOTE, "no time left"},
    {local, &MSG_CHECK_HOST_LOCAL, CHECK_NOTE, "this machine's fault"},
    {v6_refused, &MSG_CHECK_HOST_REFUSED, CHECK_WARNING, "IPv6 refused"},
    {v6_late, &MSG_CHECK_HOST_CONNECT_TIMEOUT, CHECK_WARNING, "IPv6 silent"},
    {v6_unreachable, &MSG_CHECK_HOST_UNREACHABLE, CHECK_WARNING, "IPv6 unreachable"},
    {all_refused, &MSG_CHECK_HOST_REFUSED, CHECK_ERROR, "refused"},
    {all_late, &MSG_CHECK_HOST_CONNECT_TIMEOUT, CHECK_ERROR, "silent"},
    {all_unreachable, &MSG_CHECK_HOST_UNREACHABLE, CHECK_ERROR, "unreachable"},
    {tls_old, &MSG_CHECK_HOST_TLS_VERSION, CHECK_ERROR, "RFC 8461 7.2: TLS 1.1, it says"},
    {tls_old_here, &MSG_CHECK_HOST_TLS_VERSION, CHECK_ERROR, "RFC 8461 7.2: TLS 1.1, we say"},
    {tls_none, &MSG_CHECK_HOST_TLS_NONE, CHECK_ERROR, "HTTP at port 443"},
    {tls_name, &MSG_CHECK_HOST_TLS_NAME, CHECK_ERROR, "RFC 8461 7.1: name unknown"},
    {tls_failed, &MSG_CHECK_HOST_TLS_FAILED, CHECK_ERROR, "handshake failure"},
    {tls_late, &MSG_CHECK_HOST_TLS_TIMEOUT, CHECK_ERROR, "handshake hangs"},
    {tls_closed, &MSG_CHECK_HOST_TLS_CLOSED, CHECK_ERROR, "handshake closed"},
    {tls_v6, &MSG_CHECK_HOST_TLS_CLOSED, CHECK_ERROR, "senders do not go on to another address"},
    {self_signed, &MSG_CHECK_HOST_CERT_SELF_SIGNED, CHECK_ERROR, "self-signed"},
    {incomplete, &MSG_CHECK_HOST_CERT_INCOMPLETE, CHECK_ERROR, "intermediate missing"},
    {unknown_issuer, &MSG_CHECK_HOST_CERT_UNKNOWN_ISSUER, CHECK_ERROR, "unknown CA"},
    {weak, &MSG_CHECK_HOST_CERT_WEAK, CHECK_ERROR, "weak key"},
    {invalid, &MSG_CHECK_HOST_CERT_INVALID, CHECK_ERROR, "bad chain"},
    {wrong_name, &MSG_CHECK_HOST_CERT_NAME, CHECK_ERROR, "RFC 8461 3.3: other name"},
    {no_name, &MSG_CHECK_HOST_CERT_NO_NAME, CHECK_ERROR, "RFC 8461 3.3: common name only"},
    {expired, &MSG_CHECK_HOST_CERT_EXPIRED, CHECK_ERROR, "expired"},
    {not_yet, &MSG_CHECK_HOST_CERT_NOT_YET, CHECK_ERROR, "not yet valid"},
    {days_14, &MSG_CHECK_HOST_ANSWERS, CHECK_OK, "14 days left"},
    {days_13, &MSG_CHECK_HOST_CERT_SOON, CHECK_WARNING, "less than 14 days left"},
    {short_third, &MSG_CHECK_HOST_ANSWERS, CHECK_OK, "a third of a short life left"},
    {short_less, &MSG_CHECK_HOST_CERT_SOON, CHECK_WARNING, "less than a third of a short life"},
    {unknown_sni, &MSG_CHECK_HOST_DEFAULT_CERT, CHECK_WARNING, "RFC 8461 7.1: default certificate"},
};

static const struct perfect_row http_rows[] = {
    {nothing, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 8461 3.3: served"},
    {redirect, &MSG_CHECK_HOST_REDIRECT, CHECK_ERROR, "RFC 8461 3.3: redirect"},
    {not_found, &MSG_CHECK_HOST_NOT_FOUND, CHECK_ERROR, "RFC 8461 3.3: 404"},
    {denied, &MSG_CHECK_HOST_DENIED, CHECK_ERROR, "RFC 8461 3.3: 403"},
    {browser, &MSG_CHECK_HOST_BROWSER_ONLY, CHECK_ERROR, "403 but for browsers"},
    {browser_too, &MSG_CHECK_HOST_DENIED, CHECK_ERROR, "403 for browsers too"},
    {server_error, &MSG_CHECK_HOST_SERVER_ERROR, CHECK_ERROR, "RFC 8461 3.3: 503"},
    {no_content, &MSG_CHECK_HOST_STATUS, CHECK_ERROR, "RFC 8461 3.3: 204"},
    {silence, &MSG_CHECK_HOST_NO_RESPONSE, CHECK_ERROR, "closed without an answer"},
    {response_late, &MSG_CHECK_HOST_RESPONSE_TIMEOUT, CHECK_ERROR, "no answer in time"},
    {no_http, &MSG_CHECK_HOST_NOT_HTTP, CHECK_ERROR, "no HTTP"},
    {body_late, &MSG_CHECK_HOST_BODY_TIMEOUT, CHECK_ERROR, "the body drips"},
    {body_cut, &MSG_CHECK_HOST_BODY_CUT, CHECK_ERROR, "half a body"},
    {body_large, &MSG_CHECK_HOST_TOO_LARGE, CHECK_ERROR, "RFC 8461 3.3: 64 KiB + 1"},
    {html_type, &MSG_CHECK_HOST_MEDIA_TYPE, CHECK_WARNING, "RFC 8461 3.2: text/html"},
    {charset, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 8461 3.2: a parameter"},
    {no_type, &MSG_CHECK_HOST_MEDIA_TYPE_MISSING, CHECK_WARNING, "RFC 8461 3.2: no type"},
    {page, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "a page is named in step 4"},
    {seconds_5, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "5 s"},
    {slow, &MSG_CHECK_HOST_SLOW, CHECK_WARNING, "above 5 s"},
    {minute, &MSG_CHECK_HOST_SLOW, CHECK_WARNING, "RFC 8461 3.3: a minute"},
    {too_slow, &MSG_CHECK_HOST_TOO_SLOW, CHECK_ERROR, "RFC 8461 3.3: above a minute"},
    {cache_minute, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 8461 8.2: a minute in caches"},
    {cache_longer, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 8461 8.2: longer"},
    {cache_shared, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 8461 8.2: s-maxage"},
    {cache_none, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 8461 8.2: no-cache"},
    {cache_private, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.2.2.7: no shared cache"},
    {cache_huge, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 9111 1.2.2: more than can be counted"},
    {cache_odd, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 1.2.2: not digits"},
    {expires_minute, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.3: a minute"},
    {expires_later, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 9111 5.3: longer"},
    {expires_old_form, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 9110 5.6.7: an old form"},
    {expires_no_date, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 9111 4.2.1: no Date"},
    {expires_at_once, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.3: 0 has expired"},
    {expires_odd, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.3: no date has expired"},
    {expires_and_minute, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.3: max-age counts"},
    {expires_and_public, &MSG_CHECK_HOST_CACHED, CHECK_WARNING, "RFC 9111 5.3: no max-age"},
    {expires_and_none, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.2.2.5: no-store"},
    {age_list, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 9111 5.1: no age"},
    {age_minute, &MSG_CHECK_HOST_RESPONSE, CHECK_OK, "RFC 8461 8.2: a minute old"},
    {aged, &MSG_CHECK_HOST_AGED, CHECK_WARNING, "RFC 8461 8.2: older"},
    {differ, &MSG_CHECK_HOST_BODIES_DIFFER, CHECK_WARNING, "two policies"},
};

static const struct perfect_row caa_rows[] = {
    {nothing, &MSG_CHECK_HOST_CAA_PERMITS, CHECK_OK, "RFC 8659 4: permitted"},
    {no_caa, &MSG_CHECK_HOST_ANSWERS, CHECK_OK, "RFC 8659 4: no CAA"},
    {caa_failed, &MSG_CHECK_HOST_CAA_FAILED, CHECK_WARNING, "RFC 8659 3: SERVFAIL"},
    {caa_parameters, &MSG_CHECK_HOST_CAA_PERMITS, CHECK_OK, "RFC 8659 4.2: parameters"},
    {caa_other, &MSG_CHECK_HOST_CAA_FORBIDS, CHECK_WARNING, "RFC 8659 4.2: another authority"},
    {caa_nobody, &MSG_CHECK_HOST_CAA_FORBIDS, CHECK_WARNING, "RFC 8659 4.2: nobody"},
    {caa_unknown, &MSG_CHECK_HOST_CAA_UNKNOWN, CHECK_NOTE, "an authority not in the table"},
    {caa_nobody_unknown, &MSG_CHECK_HOST_CAA_FORBIDS, CHECK_WARNING, "nobody, whoever it is"},
    {caa_iodef, &MSG_CHECK_HOST_ANSWERS, CHECK_OK, "RFC 8659 4.4: iodef forbids nothing"},
    {caa_wild, &MSG_CHECK_HOST_ANSWERS, CHECK_OK, "RFC 8659 4.3: of wildcards only"},
    {caa_wild_used, &MSG_CHECK_HOST_CAA_FORBIDS, CHECK_WARNING, "RFC 8659 4.3: a wildcard"},
    {caa_critical, &MSG_CHECK_HOST_CAA_CRITICAL, CHECK_WARNING, "RFC 8659 4.1: critical"},
    {caa_critical_known, &MSG_CHECK_HOST_CAA_PERMITS, CHECK_OK, "RFC 8659 4.1: known"},
};

static void each_fault_of_the_name_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(name_rows, ARRAY_LEN(name_rows), CHECK_POLICY_HOST, judge_policy_host);
}

static void each_fault_of_tls_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(tls_rows, ARRAY_LEN(tls_rows), CHECK_POLICY_HOST, judge_policy_host);
}

static void each_fault_of_the_answer_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(http_rows, ARRAY_LEN(http_rows), CHECK_POLICY_HOST, judge_policy_host);
}

static void each_fault_of_caa_is_named_alone(void **state)
{
    (void)state;
    perfect_rows(caa_rows, ARRAY_LEN(caa_rows), CHECK_POLICY_HOST, judge_policy_host);
}

static void independent_faults_of_a_certificate_are_all_named(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    unknown_issuer(&p);
    wrong_name(&p);
    expired(&p);
    judge_policy_host(&p.j);
    assert_non_null(perfect_find(&p, &MSG_CHECK_HOST_CERT_UNKNOWN_ISSUER));
    assert_non_null(perfect_find(&p, &MSG_CHECK_HOST_CERT_NAME));
    assert_non_null(perfect_find(&p, &MSG_CHECK_HOST_CERT_EXPIRED));
    assert_null(perfect_find(&p, &MSG_CHECK_HOST_ANSWERS));
}

static unsigned count_of(const struct perfect *p, const struct msg_def *def)
{
    unsigned n = 0;
    for (const struct check_result *r = p->results.step[CHECK_POLICY_HOST].first; r; r = r->next)
        n += r->msg.def == def;
    return n;
}

static void what_is_the_same_at_several_addresses_is_one_result(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    not_found(&p);
    judge_policy_host(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_HOST_NOT_FOUND);
    assert_non_null(r);
    assert_int_equal(count_of(&p, &MSG_CHECK_HOST_NOT_FOUND), 1);
    CHECK_STR(r->msg.args[1].str, "192.0.2.80, 2001:db8::80", "both in the text");
    CHECK_STR(r->address, "", "address");
    CHECK_STR(r->about, "mta-sts.example.org", "about");
}

static void what_differs_is_a_result_for_each_address(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    not_found(&p);
    p.facts.web[V6].fetched.status = 410;
    judge_policy_host(&p.j);
    const struct check_result *r = perfect_find(&p, &MSG_CHECK_HOST_NOT_FOUND);
    assert_non_null(r);
    assert_int_equal(count_of(&p, &MSG_CHECK_HOST_NOT_FOUND), 2);
    CHECK_STR(r->address, "192.0.2.80", "address");
    CHECK_STR(r->msg.args[1].str, "192.0.2.80", "in the text");
}

static void without_a_record_no_fault_of_the_host_is_an_error(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    wrong_name(&p);
    perfect_no_answer(&p.facts.sts_txt, DNS_NO_NAME);
    judge_policy_host(&p.j);
    perfect_expect_only(&p, CHECK_POLICY_HOST, &MSG_CHECK_HOST_CERT_NAME, CHECK_WARNING,
                        "no sender comes here");
}

static void a_host_that_had_a_policy_is_judged_without_a_record_too(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    wrong_name(&p);
    perfect_no_answer(&p.facts.sts_txt, DNS_NO_NAME);
    p.facts.earlier.known = true;
    judge_policy_host(&p.j);
    perfect_expect_only(&p, CHECK_POLICY_HOST, &MSG_CHECK_HOST_CERT_NAME, CHECK_ERROR,
                        "RFC 8461 10.2: senders refresh regardless of the record");
}

static void an_unseen_fact_makes_no_result(void **state)
{
    (void)state;
    struct perfect p CLEANUP(perfect_done);
    perfect_init(&p);
    p.facts.caa = (struct fact_dns){0};
    p.facts.unknown_sni = (struct fact_handshake){0};
    judge_policy_host(&p.j);
    assert_int_equal(perfect_faults(&p, CHECK_POLICY_HOST, "a quick check"), 0);
    assert_null(perfect_find(&p, &MSG_CHECK_HOST_CAA_PERMITS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_name_is_named_alone),
        cmocka_unit_test(each_fault_of_tls_is_named_alone),
        cmocka_unit_test(each_fault_of_the_answer_is_named_alone),
        cmocka_unit_test(each_fault_of_caa_is_named_alone),
        cmocka_unit_test(independent_faults_of_a_certificate_are_all_named),
        cmocka_unit_test(what_is_the_same_at_several_addresses_is_one_result),
        cmocka_unit_test(what_differs_is_a_result_for_each_address),
        cmocka_unit_test(without_a_record_no_fault_of_the_host_is_an_error),
        cmocka_unit_test(a_host_that_had_a_policy_is_judged_without_a_record_too),
        cmocka_unit_test(an_unseen_fact_makes_no_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
