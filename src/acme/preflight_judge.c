#include "acme/preflight_judge.h"

#include "acme/messages.h"
#include "net/caa.h"

#define TEXT_MAX ((size_t)4 * 1024)

static void note(struct acme_notes *notes, struct msg m)
{
    if (notes->count < notes->max)
        notes->at[notes->count++] = m;
}

static struct str keep(struct acme_notes *notes, const struct buf *text)
{
    return arena_str(notes->arena, buf_view(text));
}

static struct str address_text(struct acme_notes *notes, const struct address *a)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_MAX);
    address_print(a, &text);
    return keep(notes, &text);
}

/* ---- addresses ---- */

static int judge_answer(struct str name, struct str type, const struct dns_answer *answer,
                        struct error *err)
{
    return answer->status == DNS_BOGUS
               ? error_set(err, ERROR_PERMANENT, msg_acme_dns_bogus(name, type, answer->why))
               : 0;
}

int acme_judge_lookup(struct str name, struct str record, bool known, const struct dns_answer *a,
                      const struct dns_answer *aaaa, struct acme_notes *notes, struct error *err)
{
    int rc = judge_answer(name, STR("A"), a, err);
    if (rc == 0)
        rc = judge_answer(name, STR("AAAA"), aaaa, err);
    if (rc < 0)
        return rc;
    struct str failed = a->status == DNS_FAILED      ? STR("A")
                        : aaaa->status == DNS_FAILED ? STR("AAAA")
                                                     : STR("");
    if (a->status == DNS_FOUND || aaaa->status == DNS_FOUND) {
        if (failed.n)
            note(notes, msg_acme_note_dns(name, failed));
        return 0;
    }
    return failed.n ? error_set(err, ERROR_TEMPORARY, msg_acme_dns_failed(name, failed))
                    : error_set(err, ERROR_PERMANENT, msg_acme_host_absent(name, record, known));
}

static bool is_own(const struct address *a, const struct address_list *own)
{
    for (size_t i = 0; i < own->count; i++) {
        if (own->at[i].family == a->family &&
            memcmp(own->at[i].bytes, a->bytes, sizeof a->bytes) == 0)
            return true;
    }
    return false;
}

static bool any_is_ours(const struct acme_seen *seen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (seen[i].port == ACME_PORT_OURS)
            return true;
    }
    return false;
}

/* An address where nothing of ours was seen. */
static void note_address(struct str name, uint16_t port, const struct acme_seen *one,
                         const struct address_list *own, struct acme_notes *notes)
{
    struct str at = address_text(notes, &one->address);
    struct str what = arena_str(notes->arena, one->what);
    if (one->port == ACME_PORT_OTHER)
        note(notes, msg_acme_note_port(at, port, what));
    else if (one->port == ACME_PORT_UNREACHABLE)
        note(notes, msg_acme_note_unreachable(at, port, what));
    if (!address_is_public(&one->address))
        note(notes, msg_acme_note_private(name, at));
    else if (own->count && !is_own(&one->address, own))
        note(notes, msg_acme_note_elsewhere(name, at));
}

int acme_judge_ports(struct str name, uint16_t port, const struct acme_seen *seen, size_t count,
                     const struct address_list *own, struct acme_notes *notes, struct error *err)
{
    bool ours = any_is_ours(seen, count);
    for (size_t i = 0; i < count; i++) {
        if (seen[i].port == ACME_PORT_OTHER && (own->count || ours))
            return error_set(err, ERROR_PERMANENT,
                             msg_acme_port_other(name, address_text(notes, &seen[i].address), port,
                                                 seen[i].what));
    }
    for (size_t i = 0; i < count; i++) {
        if (seen[i].port != ACME_PORT_OURS)
            note_address(name, port, &seen[i], own, notes);
    }
    if (!own->count && !ours)
        note(notes, msg_acme_note_translated(name));
    return notes->arena->failed ? error_set_memory(err) : 0;
}

/* ---- CAA ---- */

static struct str record_text(struct acme_notes *notes, const struct dns_record *record)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TEXT_MAX);
    caa_print(record, &text);
    return keep(notes, &text);
}

/* The line that would permit it. */
static struct str line_text(const struct acme_preflight_request *request, struct str owner,
                            enum caa_verdict verdict, struct acme_notes *notes)
{
    struct buf text CLEANUP(buf_done);
    struct str identity;
    buf_init(&text, TEXT_MAX);
    str_cut(request->caa_identities, ' ', &identity, &(struct str){0});
    buf_str(&text, owner);
    buf_cstr(&text, ". IN CAA 0 issue \"");
    buf_str(&text, identity);
    if (verdict == CAA_FORBIDS_ACCOUNT) {
        buf_cstr(&text, "; accounturi=");
        buf_str(&text, request->account);
    } else if (verdict == CAA_FORBIDS_METHOD) {
        buf_cstr(&text, "; validationmethods=");
        buf_cstr(&text, acme_challenge_name(request->challenge));
    }
    buf_byte(&text, '"');
    return keep(notes, &text);
}

static const struct dns_record *first_issue(const struct dns_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        if (str_ieq(records->at[i].tag, STR("issue")))
            return &records->at[i];
    }
    return NULL;
}

int acme_judge_caa(const struct acme_preflight_request *request, struct str owner,
                   const struct dns_records *records, struct acme_notes *notes, struct error *err)
{
    struct caa_question question = {.identities = request->caa_identities,
                                    .account = request->account,
                                    .method = str_from(acme_challenge_name(request->challenge))};
    const struct dns_record *because, *issue = first_issue(records);
    enum caa_verdict verdict = caa_judge(records, &question, &because);
    if (verdict == CAA_PERMITS)
        return 0;
    if (verdict == CAA_CRITICAL)
        return error_set(err, ERROR_PERMANENT, msg_acme_caa_critical(owner, because->tag));
    if (!request->caa_identities.n && issue) {
        note(notes, msg_acme_note_caa(arena_str(notes->arena, owner), record_text(notes, issue)));
        return notes->arena->failed ? error_set_memory(err) : 0;
    }
    return error_set(err, ERROR_PERMANENT,
                     msg_acme_caa_forbids(owner, record_text(notes, because),
                                          line_text(request, owner, verdict, notes)));
}
