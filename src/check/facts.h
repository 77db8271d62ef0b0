/*
 * facts.h - what was seen of a domain: the material between looking and judging.
 *
 * Looking (look*.c) does all the I/O and fills this in without an opinion; judging (judge*.c) reads
 * it without I/O and says what it means. So each finding can be tested from a few lines of facts,
 * and each fault of the network from what the facts then hold.
 *
 * Everything lives in the arena of the check. Foreign bytes stay as they came.
 */
#ifndef SEALPOST_CHECK_FACTS_H
#define SEALPOST_CHECK_FACTS_H

#include "mtasts/policy.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/smtp_client.h"
#include "net/tls_verify.h"
#include "tlsrpt/txt.h"

/* Limits of what one check looks at; what is beyond is counted and said. */
#define CHECK_MX_MAX          20 /* MX hosts */
#define CHECK_ADDRESSES_MAX   8  /* addresses of one host: at most half of them of one family */
#define CHECK_NAMESERVERS_MAX 8  /* names */
#define CHECK_RUA_MAX         8
#define CHECK_SUBDOMAINS      4 /* the labels of check_subdomain_labels */

/* One DNS question. */
struct fact_dns {
    bool asked;
    bool timed_out; /* asked, and no answer before the deadline; status is DNS_FAILED */
    struct str name;
    struct dns_answer answer;
};

/* Where a host name leads. */
struct fact_address {
    struct address address;
    struct str text;
    bool allowed; /* by the guard; else nothing was tried there */
};

struct fact_host {
    struct str name;
    struct fact_dns a, aaaa;
    struct fact_address *at; /* IPv4 first, in the order of the answer */
    size_t count;
    size_t passed_over; /* addresses beyond CHECK_ADDRESSES_MAX */
};

/* One of the policy host's addresses; index as in its fact_host. */
struct fact_web {
    bool tried;
    bool no_source;   /* as in fact_smtp */
    unsigned used_ms; /* of the host's time, in all; without that in the line before the address */
    struct http_fetched fetched;
    struct tls_verified verified; /* when fetched.tls.chain_count or the handshake was completed */
    bool retried_as_browser;      /* a 4xx was asked again with a browser's User-Agent */
    unsigned browser_status;      /* what that gave; 0: no response, or no time for one */
};

/* A handshake of another kind: with a server name that the host cannot have, or without one. */
struct fact_handshake {
    bool tried;
    enum net_failure failure;
    struct str detail;
    struct tls_peer tls;
    struct tls_verified verified; /* for the host's name */
};

/* One address of an MX host; index as in its fact_host. */
struct fact_smtp {
    bool tried;
    bool no_source; /* this machine has no way to that family (no IPv6 here): says nothing of the
                       host; not tried then */
    struct smtp_session session; /* with SNI = the MX host */
    struct tls_verified verified;
    struct tls_dane dane; /* when the MX has TLSA records that are secure */
    struct fact_handshake without_sni;
};

struct fact_mx {
    struct str host; /* A-label form, lower case; as the record has it where it is no name */
    uint16_t preference;
    bool is_address;  /* an address stands where a name belongs (RFC 5321 5.1) */
    bool is_name;     /* a name that a host can have */
    struct str cname; /* where it leads when it is an alias (RFC 2181 10.3); else empty */
    struct fact_host where;
    struct fact_smtp *smtp; /* where.count of them */
    struct fact_dns tlsa;   /* asked when A or AAAA is secure (RFC 7672 2.2) */
    struct str tlsa_base;   /* the TLSA base domain that had the records */
};

/* A name server at one of its addresses. */
struct fact_nameserver {
    struct str name;
    struct str address; /* empty: the server has none that may be asked */
    bool no_source;     /* as in fact_smtp */
    bool answered;
    bool authoritative;
    struct str *txt; /* records of _mta-sts there */
    size_t txt_count;
    uint32_t ttl; /* of them; what a resolver tells has aged in its cache, and is capped there */
};

struct fact_rua {
    struct rpt_rua rua;
    struct str domain;      /* mailto: the domain of the address; https: the host */
    struct fact_dns mx;     /* mailto */
    struct fact_host mail;  /* mailto with MX: the first of its hosts that has an address; when none
                               has, one whose question failed, or else the last */
    struct fact_host where; /* https: the host; mailto without MX: the domain */
    struct fact_web web;    /* https: the first address that is allowed; a GET of the
                               URI, for its certificate; no report is posted */
    bool probed;            /* --probe-rua */
    struct smtp_session rcpt; /* mailto: RCPT at the first MX that answers */
    unsigned post_status;     /* https: the answer to an empty report; 0: none */
};

/* What an earlier check saw, from the store. */
struct fact_earlier {
    bool known;
    int64_t at;
    struct str id;        /* empty: no record then */
    struct str body_hash; /* SHA-256, hex; empty: no policy then */
    enum sts_mode mode;
    uint32_t max_age;
    int64_t
        enforce_until; /* until when senders may hold an enforce policy that was seen; 0: none */
    int64_t testing_since; /* since when every policy that was seen was in testing; 0: it was not */
};

struct check_facts {
    struct str given;   /* as typed */
    struct str domain;  /* A-labels, lower case */
    struct str unicode; /* U-labels, where they differ; else empty */
    int64_t now;        /* when it began */

    /* 1 the domain */
    struct fact_dns mx_records;
    bool mx_implicit;   /* no MX record: the domain itself (RFC 5321 5.1) */
    bool null_mx;       /* RFC 7505 */
    struct fact_mx *mx; /* in the order of preference */
    size_t mx_count, mx_passed_over;
    bool mx_given;     /* --mx: not from DNS */
    bool port_25_seen; /* within the run some host took or refused a connection on port 25 */
    struct fact_dns ns;
    struct fact_nameserver *nameservers; /* of the zone that holds _mta-sts: each server at each
                                            address, in the order of ns and of its addresses */
    size_t nameserver_count;

    /* 2 _mta-sts */
    struct fact_dns sts_txt;
    struct fact_dns apex_txt;     /* for a record at the wrong name */
    struct fact_dns wildcard_txt; /* of a name below the domain that nobody made */

    /* 3, 4 the policy host and the policy */
    struct fact_host policy_host;      /* mta-sts.DOMAIN */
    struct fact_web *web;              /* policy_host.count of them */
    struct fact_handshake unknown_sni; /* with a name that the host cannot have */
    struct fact_dns caa; /* that of the policy host's name, or of its nearest parent that has one */

    /* 7 _smtp._tls */
    struct fact_dns rpt_txt;
    bool rpt_valid;
    struct rpt_txt rpt;
    struct fact_rua *rua; /* at most CHECK_RUA_MAX */
    size_t rua_count;

    struct fact_dns subdomain_mx[CHECK_SUBDOMAINS], subdomain_sts[CHECK_SUBDOMAINS];

    struct fact_earlier earlier;
    unsigned elapsed_ms;
};

/* "mail", "lists", "news", "bounce": names below a domain that often take mail of their own. */
extern const struct str check_subdomain_labels[CHECK_SUBDOMAINS];

#endif
