#include "publish/web_site.h"

/* With its default of 64 bytes a bucket, nginx refuses a longer name, with all of its
 * configuration. Setting server_names_hash_bucket_size is the user's, once for all sites; names in
 * the form of a regular expression are in no hash. */
#define HASHED_NAME_MAX 46

/* $request_uri is the target as it came; a location matches a path that is decoded and without "//"
 * and "..", and with any query. A location with a name of its own cannot be asked for. Types and
 * error pages of the http block must not count here. */
static const char template[] =
    "\n"
    "    ssl_certificate \"$C\";\n"
    "    ssl_certificate_key \"$K\";\n"
    "    ssl_protocols TLSv1.2 TLSv1.3;\n"
    "\n"
    "    root \"$F\";\n"
    "    types { }\n"
    "    default_type text/plain;\n"
    "    charset utf-8;\n"
    "    error_page 403 @page;\n"
    "    error_page 405 @method;\n"
    "    error_page 421 @misdirected;\n"
    "\n"
    "    location / {\n"
    "        if ($$ssl_server_name !~* \"^mta-sts\\.$R\\.?$$\") { return 421; }\n"
    "        if ($$host != \"mta-sts.$D\") { return 421; }\n"
    "        if ($$request_method !~ \"^(GET|HEAD)$$\") { return 405; }\n"
    "        if ($$request_uri != \"/.well-known/mta-sts.txt\") { return 403; }\n"
    "        add_header Cache-Control no-cache;\n"
    "        try_files /" WEB_POLICY_FILE " =404;\n"
    "    }\n"
    "    location @page {\n"
    "        default_type text/html;\n"
    "        try_files /" WEB_PAGE_FILE " =404;\n"
    "    }\n"
    "    location @method {\n"
    "        add_header Allow \"GET, HEAD\" always;\n"
    "        return 405 \"405 Method Not Allowed\\r\\n\";\n"
    "    }\n"
    "    location @misdirected {\n"
    "        return 421 \"421 Misdirected Request\\r\\n\";\n"
    "    }\n"
    "}\n";

void nginx_print_site(const struct web_site *site, struct buf *out)
{
    bool hashed = STR("mta-sts.").n + site->domain.n <= HASHED_NAME_MAX;
    web_print_comment(site, out);
    buf_cstr(out, "server {\n    listen 443 ssl;\n    listen [::]:443 ssl;\n");
    web_print(site,
              hashed ? "    server_name mta-sts.$D;\n" : "    server_name \"~^mta-sts\\.$R$$\";\n",
              out);
    web_print(site, template, out);
}
