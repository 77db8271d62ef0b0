#include <string.h>

#include "base/domain.h"
#include "cli/messages.h"
#include "cli/setup.h"
#include "net/address.h"
#include "tlsrpt/txt.h"

#define DNS_SECONDS 15

static void add_word(struct setup_words *words, struct str word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (str_eq(words->at[i], word))
            return;
    }
    if (words->count < SETUP_WORDS_MAX)
        words->at[words->count++] = word;
}

struct str setup_join(struct setup *s, const struct setup_words *words)
{
    struct buf list CLEANUP(buf_done);
    buf_init(&list, STORE_SETTING_VALUE_MAX);
    for (size_t i = 0; i < words->count; i++) {
        if (i)
            buf_byte(&list, ' ');
        buf_str(&list, words->at[i]);
    }
    return arena_str(&s->c->arena, buf_view(&list));
}

static void split_words(struct setup_words *words, struct str list)
{
    struct str word;
    while (records_next_word(&list, &word))
        add_word(words, word);
}

/* What an earlier setup wrote; false when there is nothing. */
static bool stored_words(struct setup *s, struct store *store, struct str key,
                         struct setup_words *words)
{
    struct str value;
    if (store_setting_get(store, s->domain, key, &s->c->arena, &value, NULL) == 1)
        split_words(words, value);
    return words->count > 0;
}

static int mx_from_options(struct setup *s)
{
    for (size_t i = 0; i < cli_value_count(s->c, "mx"); i++) {
        struct str typed = str_from(cli_value_at(s->c, "mx", i));
        struct buf host CLEANUP(buf_done);
        buf_init(&host, DOMAIN_NAME_MAX + 1);
        if (!sts_mx_pattern_from_user(typed, &host))
            return cli_refuse(s->c, msg_setup_mx_invalid(typed));
        add_word(&s->mx, arena_str(&s->c->arena, buf_view(&host)));
    }
    return CLI_FINE;
}

static int take_mx_records(struct setup *s, const struct dns_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        struct str host = records->at[i].text;
        struct buf ascii CLEANUP(buf_done);
        buf_init(&ascii, DOMAIN_NAME_MAX + 1);
        if (str_eq(host, STR(".")))
            return cli_refuse(s->c, msg_setup_null_mx(s->domain));
        if (domain_check(host) != DOMAIN_OK || !domain_to_ascii(host, &ascii))
            return cli_refuse(s->c, msg_setup_mx_record_invalid(s->domain, host));
        add_word(&s->mx, arena_str(&s->c->arena, buf_view(&ascii)));
    }
    return CLI_FINE;
}

static int outside(struct setup *s, struct msg m)
{
    cli_say(s->c, m);
    return CLI_OUTSIDE;
}

static int mx_from_dns(struct setup *s, const struct dns_settings *settings)
{
    struct dns_answer answer;
    struct error err;
    if (!settings->trust_anchor)
        cli_say(s->c, msg_setup_not_validated());
    if (dns_ask(settings, s->domain, DNS_MX, DNS_SECONDS, &s->c->arena, &answer, &err) < 0)
        return cli_fail(s->c, &err);
    switch (answer.status) {
    case DNS_FOUND:
        return take_mx_records(s, &answer.records);
    case DNS_NO_DATA:
        /* RFC 5321 5.1: without an MX record the domain itself is the mail host. */
        add_word(&s->mx, s->domain);
        s->mx_implicit = true;
        return CLI_FINE;
    case DNS_NO_NAME:
        return cli_refuse(s->c, msg_setup_no_such_domain(s->domain));
    case DNS_BOGUS:
        return outside(s, msg_setup_dns_bogus(s->domain, answer.why));
    case DNS_FAILED:
        break;
    }
    return outside(s, msg_setup_dns_failed(s->domain));
}

int setup_find_mx(struct setup *s, const struct dns_settings *dns)
{
    int status = mx_from_options(s);
    return status || s->mx.count ? status : mx_from_dns(s, dns);
}

static void add_parsed_address(struct setup *s, const struct address *address)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 64);
    address_print(address, &text);
    add_word(&s->addresses, arena_str(&s->c->arena, buf_view(&text)));
}

static int add_address(struct setup *s, struct str typed)
{
    struct address address;
    if (!address_parse(typed, &address))
        return cli_refuse(s->c, msg_setup_address_invalid(typed));
    if (!address_is_public(&address) && !cli_flag(s->c, "allow-private"))
        return cli_refuse(s->c, msg_setup_address_private(typed));
    add_parsed_address(s, &address);
    return CLI_FINE;
}

static int ask_addresses(struct setup *s)
{
    struct str answer = cli_ask(s->c, msg_setup_ask_address(s->domain), STR("")), word;
    while (records_next_word(&answer, &word)) {
        int status = add_address(s, word);
        if (status)
            return status;
    }
    return s->addresses.count ? CLI_FINE : cli_refuse(s->c, msg_setup_address_missing(s->domain));
}

int setup_find_addresses(struct setup *s, struct store *store)
{
    struct address_list found;
    struct error err;
    for (size_t i = 0; i < cli_value_count(s->c, "address"); i++) {
        int status = add_address(s, str_from(cli_value_at(s->c, "address", i)));
        if (status)
            return status;
    }
    if (s->addresses.count || stored_words(s, store, STORE_SETTING_ADDRESSES, &s->addresses))
        return CLI_FINE;
    if (address_of_this_machine(&s->c->arena, &found, &err) < 0)
        return cli_fail(s->c, &err);
    for (size_t i = 0; i < found.count; i++)
        add_parsed_address(s, &found.at[i]);
    if (s->addresses.count)
        return CLI_FINE;
    return s->c->asks ? ask_addresses(s) : cli_refuse(s->c, msg_setup_address_missing(s->domain));
}

static int add_rua(struct setup *s, struct str typed)
{
    struct findings findings;
    struct rpt_rua rua;
    findings_init(&findings, &s->c->arena);
    if (rpt_rua_from_user(&rua, typed, &findings) < 0) {
        if (findings.first)
            cli_say(s->c, findings.first->msg);
        return CLI_UNUSABLE;
    }
    add_word(&s->rua, rua.uri);
    return CLI_FINE;
}

static int ask_rua(struct setup *s)
{
    struct buf proposal CLEANUP(buf_done);
    buf_init(&proposal, 512);
    buf_printf(&proposal, "mailto:tls-reports@%.*s", STR_ARG(s->domain));
    struct str answer = cli_ask(s->c, msg_setup_ask_rua(s->domain), buf_view(&proposal));
    struct str list = arena_str(&s->c->arena, answer), word;
    while (records_next_word(&list, &word)) {
        int status = add_rua(s, word);
        if (status)
            return status;
    }
    return CLI_FINE;
}

int setup_find_rua(struct setup *s, struct store *store)
{
    for (size_t i = 0; i < cli_value_count(s->c, "rua"); i++) {
        int status = add_rua(s, str_from(cli_value_at(s->c, "rua", i)));
        if (status)
            return status;
    }
    if (s->rua.count || stored_words(s, store, STORE_SETTING_RUA, &s->rua))
        return CLI_FINE;
    return s->c->asks ? ask_rua(s) : cli_refuse(s->c, msg_setup_rua_missing(s->domain));
}
