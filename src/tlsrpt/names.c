#include "tlsrpt/report.h"

static const struct str result_names[RPT_RESULT_COUNT] = {
    [RPT_RESULT_UNKNOWN] = STR_INIT("unknown"),
    [RPT_STARTTLS_NOT_SUPPORTED] = STR_INIT("starttls-not-supported"),
    [RPT_CERTIFICATE_HOST_MISMATCH] = STR_INIT("certificate-host-mismatch"),
    [RPT_CERTIFICATE_EXPIRED] = STR_INIT("certificate-expired"),
    [RPT_CERTIFICATE_NOT_TRUSTED] = STR_INIT("certificate-not-trusted"),
    [RPT_VALIDATION_FAILURE] = STR_INIT("validation-failure"),
    [RPT_TLSA_INVALID] = STR_INIT("tlsa-invalid"),
    [RPT_DNSSEC_INVALID] = STR_INIT("dnssec-invalid"),
    [RPT_DANE_REQUIRED] = STR_INIT("dane-required"),
    [RPT_STS_POLICY_FETCH_ERROR] = STR_INIT("sts-policy-fetch-error"),
    [RPT_STS_POLICY_INVALID] = STR_INIT("sts-policy-invalid"),
    [RPT_STS_WEBPKI_INVALID] = STR_INIT("sts-webpki-invalid"),
};

struct str rpt_result_name(enum rpt_result result)
{
    return result_names[(unsigned)result < RPT_RESULT_COUNT ? result : RPT_RESULT_UNKNOWN];
}

enum rpt_result rpt_result_parse(struct str name)
{
    for (unsigned i = RPT_RESULT_UNKNOWN + 1; i < RPT_RESULT_COUNT; i++) {
        if (str_eq(result_names[i], name))
            return (enum rpt_result)i;
    }
    for (unsigned i = RPT_RESULT_UNKNOWN + 1; i < RPT_RESULT_COUNT; i++) {
        if (str_ieq(result_names[i], name))
            return (enum rpt_result)i;
    }
    return RPT_RESULT_UNKNOWN;
}

struct str rpt_policy_type_name(enum rpt_policy_type type)
{
    switch (type) {
    case RPT_POLICY_TLSA:
        return STR("tlsa");
    case RPT_POLICY_STS:
        return STR("sts");
    case RPT_POLICY_NONE_FOUND:
        return STR("no-policy-found");
    case RPT_POLICY_UNKNOWN:
        break;
    }
    return STR("unknown");
}
