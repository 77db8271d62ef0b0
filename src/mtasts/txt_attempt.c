/* Why a TXT record at `_mta-sts` is not taken for one of MTA-STS, when it was meant as one. */
#include "mtasts/messages.h"
#include "mtasts/parse.h"
#include "mtasts/txt_parse.h"

#define VERSION STR("v=STSv1")

/* The record that was probably meant: with the id that stands in it, or a place for one. */
static struct str suggestion(struct str record, struct buf *out)
{
    ssize_t at = str_ifind(record, STR("id="));
    struct str id = at < 0 ? STR("") : str_skip(record, (size_t)at + 3);
    size_t n = 0;
    while (n < id.n && n < STS_ID_MAX && ascii_is_alnum(id.p[n]))
        n++;
    sts_txt_print(&(struct sts_txt){n ? str_head(id, n) : STR("ID")}, out);
    return buf_view(out);
}

/* "v = STSv1", "V=stsv1", "v:STSv1": the first field without its blanks and case. */
static bool blanks_in_version(struct str record)
{
    struct str rest = str_skip(record, 1);
    if (!str_istarts(record, STR("v")))
        return false;
    rest = txt_skip_wsp(rest);
    if (!str_starts(rest, STR("=")))
        return false;
    return str_istarts(txt_skip_wsp(str_skip(rest, 1)), STR("STSv1"));
}

static struct msg attempt_message(struct str record, struct str fix)
{
    ssize_t version = str_ifind(record, VERSION);
    if (str_chr(record, '"') >= 0 || str_chr(record, '\\') >= 0)
        return msg_sts_txt_quoted(record, fix);
    if (str_starts(record, VERSION) && record.n == VERSION.n)
        return msg_sts_txt_version_only(fix);
    if (str_starts(record, VERSION) && ascii_is_alnum(record.p[VERSION.n]))
        return msg_sts_txt_version_other(record);
    if (str_starts(record, VERSION))
        return msg_sts_txt_no_delimiter(fix);
    if (version == 0)
        return msg_sts_txt_version_case(str_head(record, VERSION.n), fix);
    if (str_starts(txt_skip_wsp(record), VERSION))
        return msg_sts_txt_leading_blank(fix);
    if (blanks_in_version(record))
        return msg_sts_txt_version_blank(fix);
    return msg_sts_txt_version_not_first(record, fix);
}

static bool is_attempt(struct str record)
{
    return str_ifind(record, STR("STSv1")) >= 0;
}

void sts_txt_explain_discarded(struct str record, uint64_t number, struct findings *findings)
{
    struct buf fix CLEANUP(buf_done);
    buf_init(&fix, 128);
    struct msg m;
    if (str_istarts(record, STR("version:")))
        m = msg_sts_txt_is_policy(record);
    else if (is_attempt(record))
        m = attempt_message(record, suggestion(record, &fix));
    else if (str_istarts(record, STR("v=STSv")))
        m = msg_sts_txt_version_other(record);
    else if (str_istarts(txt_skip_wsp(record), STR("id=")))
        m = msg_sts_txt_no_version(record, suggestion(record, &fix));
    else if (str_istarts(record, STR("v=TLSRPTv1")))
        m = msg_sts_txt_is_tlsrpt(record);
    else
        m = msg_sts_txt_unrelated(record);
    finding_add(findings, SEVERITY_NOTE, m, number, 1);
}
