#include "publish/web_site.h"

/* {http.request.uri} is the target as it came; a path matcher decodes, cleans and ignores case.
 * `error` ends a route, so that the error handler writes all answers but the policy. */
static const char template[] =
    "    root * \"$F\"\n"
    "    @misdirected not vars_regexp {http.request.tls.server_name} \"(?i)^mta-sts\\.$R\\.?$$\"\n"
    "    @method not method GET HEAD\n"
    "    @other not expression `{http.request.uri} == \"/.well-known/mta-sts.txt\"`\n"
    "    route {\n"
    "        error @misdirected 421\n"
    "        error @method 405\n"
    "        error @other 403\n"
    "        rewrite * /" WEB_POLICY_FILE "\n"
    "        header Content-Type \"text/plain; charset=utf-8\"\n"
    "        header Cache-Control no-cache\n"
    "        file_server\n"
    "    }\n"
    "    handle_errors {\n"
    "        @page expression `{http.error.status_code} == 403`\n"
    "        @refused expression `{http.error.status_code} == 405`\n"
    "        header @refused Allow \"GET, HEAD\"\n"
    "        handle @page {\n"
    "            rewrite * /" WEB_PAGE_FILE "\n"
    "            header Content-Type \"text/html; charset=utf-8\"\n"
    "            file_server\n"
    "        }\n"
    "        handle {\n"
    "            respond \"{http.error.status_code} {http.error.status_text}\"\n"
    "        }\n"
    "    }\n"
    "}\n";

void caddy_print_site(const struct web_site *site, struct buf *out)
{
    web_print_comment(site, out);
    web_print(site, "mta-sts.$D {\n", out);
    if (site->certificate.n)
        web_print(site, "    tls \"$C\" \"$K\"\n", out);
    web_print(site, template, out);
}
