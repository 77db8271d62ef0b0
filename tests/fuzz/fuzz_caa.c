/* The value of a CAA record: what is of the grammar has an issuer that is a part of it, and is read
 * the same from what was taken apart; only who is named may be permitted. */
#include <stdint.h>
#include <stdlib.h>

#include "net/caa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_record record = {.tag = STR("issue"), .text = {(const char *)data, size}};
    struct dns_records records = {.at = &record, .count = 1};
    struct caa_question question = {.identities = STR("ca.example"), .method = STR("dns-01")};
    struct caa_value value, again;
    bool ok = caa_value_read(record.text, &value);
    enum caa_verdict verdict = caa_judge(&records, &question, NULL);
    if (ok && (str_find(record.text, value.issuer) < 0 || !caa_value_read(value.issuer, &again) ||
               !str_eq(again.issuer, value.issuer)))
        abort();
    if (verdict != CAA_FORBIDS && (!ok || !str_ieq(value.issuer, STR("ca.example"))))
        abort();
    return 0;
}
