/* What TLSA records ask of senders (RFC 7672 2.2). */
#include "check/judge_mx.h"

#define SHA256_BYTES 32
#define SHA512_BYTES 64

bool mx_tlsa_usable(const struct dns_record *r)
{
    if ((r->usage != 2 && r->usage != 3) || r->selector > 1)
        return false;
    if (r->matching == 0)
        return r->text.n > 0;
    return (r->matching == 1 && r->text.n == SHA256_BYTES) ||
           (r->matching == 2 && r->text.n == SHA512_BYTES);
}

/* The names of the hosts are as safe as the records that lead to them; --mx is the person's word.
 */
bool mx_records_secure(const struct check_facts *facts)
{
    return facts->mx_given || facts->mx_records.answer.secure;
}

bool mx_dane_demands_tls(const struct check_facts *facts, const struct fact_mx *mx)
{
    const struct dns_answer *answer = &mx->tlsa.answer;
    if (!mx->tlsa.asked || answer->status != DNS_FOUND || !answer->secure ||
        !mx_records_secure(facts))
        return false;
    for (size_t i = 0; i < answer->records.count; i++) {
        if (mx_tlsa_usable(&answer->records.at[i]))
            return true;
    }
    return false;
}

bool mx_dane_matches(const struct check_facts *facts, const struct fact_mx *mx, size_t i)
{
    const struct tls_dane *dane = &mx->smtp[i].dane;
    return mx_dane_demands_tls(facts, mx) && dane->count && dane->status == TLS_DANE_MATCH;
}
