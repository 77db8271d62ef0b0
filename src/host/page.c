#include "host/page.h"

#include "base/escape.h"
#include "host/messages.h"

static void add_paragraph(struct buf *page, enum lang lang, const struct msg *m)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, PAGE_MAX);
    msg_render(lang, MSG_TEXT, m, &text);
    buf_cstr(page, "<p lang=\"");
    buf_cstr(page, lang_name(lang));
    buf_cstr(page, "\">");
    escape_html(page, buf_view(&text));
    buf_cstr(page, "</p>\n");
}

void page_write(struct str domain, struct buf *out)
{
    struct msg purpose = msg_host_page_purpose(domain);
    buf_cstr(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>mta-sts.");
    escape_html(out, domain);
    buf_cstr(out, "</title>\n");
    for (int lang = 0; lang < LANG_COUNT; lang++)
        add_paragraph(out, (enum lang)lang, &purpose);
    buf_cstr(out, "<p><a href=\"https://");
    escape_html(out, domain);
    buf_cstr(out, "/\">https://");
    escape_html(out, domain);
    buf_cstr(out, "/</a></p>\n</html>\n");
}
