#include <stdint.h>
#include <stdlib.h>

#include "net/smtp_reply.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut into single bytes or not, a reply reads the same, and its text keeps its limit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smtp_reply whole, cut;
    struct str all = {(const char *)data, size}, rest, text;
    enum smtp_progress once, got = SMTP_MORE;
    struct buf out;
    unsigned lines = 0;
    smtp_reply_init(&whole);
    once = smtp_reply_read(&whole, all);
    smtp_reply_init(&cut);
    for (size_t n = 0; n < size && got == SMTP_MORE;)
        got = smtp_reply_read(&cut, str_head(all, ++n));
    MUST(once == got && whole.fault == cut.fault && whole.code == cut.code);
    MUST(whole.size == cut.size && whole.lines == cut.lines && whole.bare_lf == cut.bare_lf);
    MUST((once == SMTP_NOT_REPLY) == (whole.fault != SMTP_REPLY_OK));
    if (once != SMTP_COMPLETE)
        return 0;
    MUST(whole.code >= 200 && whole.code < 600 && whole.size <= SMTP_REPLY_MAX);
    rest = all = str_head(all, whole.size);
    while (smtp_reply_line(&rest, &text)) {
        MUST(text.n <= SMTP_REPLY_LINE_MAX);
        lines++;
    }
    MUST(lines == whole.lines && lines <= SMTP_REPLY_LINES_MAX);
    buf_init(&out, 64);
    smtp_reply_text(all, 64, &out);
    MUST(!out.failed && out.n <= 64);
    buf_done(&out);
    MUST(!smtp_reply_offers(all, STR("STARTTLS")) || str_ifind(all, STR("STARTTLS")) > 0);
    return 0;
}
