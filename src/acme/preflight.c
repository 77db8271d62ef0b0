#include "acme/preflight.h"

#include <unistd.h>

#include "acme/jose.h"
#include "acme/messages.h"
#include "acme/port_probe.h"
#include "acme/solver.h"
#include "net/caa.h"

#define OWN_ADDRESSES_MAX 64
#define TOKEN_BYTES       32

struct preflight {
    const struct acme_preflight_request *request;
    struct acme_notes notes;
    struct arena *arena;
    struct address_list own;
    struct acme_seen seen[ACME_ADDRESSES_MAX];
    size_t seen_count;
};

/* ---- this host's addresses, and the record that leads to them ---- */

static int find_own(struct preflight *p, struct error *err)
{
    struct str one, rest = p->request->addresses;
    if (!str_trim(rest).n)
        return address_of_this_machine(p->arena, &p->own, err);
    p->own.at = arena_array(p->arena, OWN_ADDRESSES_MAX, sizeof *p->own.at);
    if (!p->own.at)
        return error_set_memory(err);
    for (bool more = true; more && p->own.count < OWN_ADDRESSES_MAX;) {
        more = str_cut(rest, ' ', &one, &rest);
        p->own.count += address_parse(one, &p->own.at[p->own.count]);
    }
    return 0;
}

static struct str record_to_add(struct preflight *p)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 1024);
    buf_str(&text, p->request->name);
    if (!p->own.count) {
        buf_cstr(&text, ". IN A ADDRESS");
    } else {
        buf_cstr(&text, p->own.at[0].family == AF_INET6 ? ". IN AAAA " : ". IN A ");
        address_print(&p->own.at[0], &text);
    }
    return arena_str(p->arena, buf_view(&text));
}

/* ---- what the name leads to ---- */

static void add_addresses(struct preflight *p, const struct dns_answer *answer)
{
    for (size_t i = 0; answer->status == DNS_FOUND && i < answer->records.count; i++) {
        if (p->seen_count < ACME_ADDRESSES_MAX &&
            address_parse(answer->records.at[i].text, &p->seen[p->seen_count].address))
            p->seen_count++;
    }
}

static int look_up(struct preflight *p, struct error *err)
{
    struct dns_answer a = {.status = DNS_FAILED}, aaaa = a;
    struct str name = p->request->name;
    int rc = find_own(p, err);
    if (rc == 0)
        rc = dns_ask(p->request->dns, name, DNS_A, ACME_DNS_WAIT_S, p->arena, &a, err);
    if (rc == 0)
        rc = dns_ask(p->request->dns, name, DNS_AAAA, ACME_DNS_WAIT_S, p->arena, &aaaa, err);
    if (rc == 0)
        rc = acme_judge_lookup(name, record_to_add(p), p->own.count > 0, &a, &aaaa, &p->notes, err);
    if (rc < 0)
        return rc;
    /* By turns it would be fairer; but a name with more addresses than are tried has many homes. */
    add_addresses(p, &aaaa);
    add_addresses(p, &a);
    return 0;
}

/* ---- does the port answer with what only we know? ---- */

static int make_challenge(struct preflight *p, struct acme_challenge *out, struct error *err)
{
    unsigned char bytes[2][TOKEN_BYTES];
    struct str token = STR(""), thumbprint = token;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 256);
    if (getentropy(bytes, sizeof bytes) < 0)
        return error_set_memory(err);
    int rc = jose_base64url((struct str){(char *)bytes[0], TOKEN_BYTES}, p->arena, &token, err);
    if (rc == 0)
        rc =
            jose_base64url((struct str){(char *)bytes[1], TOKEN_BYTES}, p->arena, &thumbprint, err);
    if (rc < 0)
        return rc;
    buf_str(&text, token);
    buf_byte(&text, '.');
    buf_str(&text, thumbprint);
    *out = (struct acme_challenge){.type = p->request->challenge,
                                   .name = p->request->name,
                                   .token = token,
                                   .authorization = arena_str(p->arena, buf_view(&text))};
    return p->arena->failed ? error_set_memory(err) : 0;
}

static uint16_t port_of(const struct acme_preflight_request *r)
{
    return r->challenge == ACME_HTTP_01 ? r->http_port : r->tls_port;
}

static bool is_own(const struct preflight *p, const struct address *a)
{
    for (size_t i = 0; i < p->own.count; i++) {
        if (p->own.at[i].family == a->family &&
            memcmp(p->own.at[i].bytes, a->bytes, sizeof a->bytes) == 0)
            return true;
    }
    return false;
}

static int try_ports(struct preflight *p, struct error *err)
{
    const struct acme_solver *solver = p->request->solver;
    struct acme_challenge challenge;
    bool wanted[ACME_ADDRESSES_MAX];
    for (size_t i = 0; i < p->seen_count; i++) {
        const struct address *a = &p->seen[i].address;
        wanted[i] = p->request->allow_private || address_is_public(a) || is_own(p, a);
    }
    int rc = make_challenge(p, &challenge, err);
    if (rc < 0)
        return rc;
    rc = solver->present(solver->context, &challenge, err);
    if (rc == 0)
        rc = solver->wait(solver->context, &challenge, err);
    if (rc == 0)
        rc = acme_probe_ports(&challenge, port_of(p->request), p->seen, wanted, p->seen_count,
                              p->request->dns->stop, p->arena, err);
    solver->remove(solver->context, &challenge);
    return rc;
}

/* ---- may the CA issue? ---- */

static int look_at_caa(struct preflight *p, struct error *err)
{
    struct dns_answer answer = {.status = DNS_FAILED};
    for (struct str name = p->request->name; name.n; name = caa_parent(name)) {
        int rc = dns_ask(p->request->dns, name, DNS_CAA, ACME_DNS_WAIT_S, p->arena, &answer, err);
        if (rc < 0)
            return rc;
        struct str alias = answer.records.canonical;
        if (answer.status == DNS_FOUND)
            return acme_judge_caa(p->request, alias.n ? alias : name, &answer.records, &p->notes,
                                  err);
        if (answer.status == DNS_BOGUS)
            return error_set(err, ERROR_PERMANENT,
                             msg_acme_dns_bogus(name, STR("CAA"), answer.why));
        if (answer.status == DNS_FAILED)
            return error_set(err, ERROR_TEMPORARY, msg_acme_dns_failed(name, STR("CAA")));
    }
    return 0;
}

int acme_preflight(const struct acme_preflight_request *request, struct msg *notes,
                   size_t notes_max, size_t *note_count, struct arena *arena, struct error *err)
{
    struct preflight p = {.request = request,
                          .arena = arena,
                          .notes = {.at = notes, .max = notes_max, .arena = arena}};
    bool by_dns = request->challenge == ACME_DNS_01;
    int rc = by_dns ? 0 : look_up(&p, err);
    if (rc == 0)
        rc = look_at_caa(&p, err);
    if (rc == 0 && !by_dns && request->solver)
        rc = try_ports(&p, err);
    if (rc == 0 && !by_dns)
        rc = acme_judge_ports(request->name, port_of(request), p.seen, p.seen_count, &p.own,
                              &p.notes, err);
    if (rc == 0)
        *note_count = p.notes.count;
    return rc;
}
