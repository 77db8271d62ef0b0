#include "publish/web_site.h"

/* By mod_rewrite, since it alone sees the request line as it came: aliases and locations match a
 * path that is decoded and without "//" and "..", and with any query. An error page is an
 * internal redirect that comes by here again, which the first rule lets pass. The error pages of
 * the whole server could be redirects. With the method trace switched on for the server, Apache
 * would name it in Allow. */
static const char template[] =
    "<VirtualHost *:443>\n"
    "    ServerName mta-sts.$D\n"
    "    DocumentRoot \"$F\"\n"
    "\n"
    "    SSLEngine on\n"
    "    SSLProtocol -all +TLSv1.2 +TLSv1.3\n"
    "    SSLCertificateFile \"$C\"\n"
    "    SSLCertificateKeyFile \"$K\"\n"
    "\n"
    "    RewriteEngine on\n"
    "    RewriteCond %{ENV:REDIRECT_STATUS} .\n"
    "    RewriteRule ^ - [END]\n"
    "    RewriteCond %{SSL:SSL_TLS_SNI} \"!^mta-sts\\.$R\\.?$$\" [NC,OR]\n"
    "    RewriteCond %{HTTP_HOST} \"!^mta-sts\\.$R\\.?(:[0-9]*)?$$\" [NC]\n"
    "    RewriteRule ^ - [R=421]\n"
    "    RewriteCond %{REQUEST_METHOD} !^(GET|HEAD)$$\n"
    "    RewriteRule ^ - [R=405]\n"
    "    RewriteCond %{THE_REQUEST} \"!^[A-Z]+ (https?://[^/?]+)?/\\.well-known/mta-sts\\.txt "
    "HTTP/\"\n"
    "    RewriteRule ^ - [F]\n"
    "\n"
    "    Alias \"/.well-known/mta-sts.txt\" \"$F/" WEB_POLICY_FILE "\"\n"
    "    <Directory \"$F\">\n"
    "        Options None\n"
    "        AllowOverride None\n"
    "        Require all granted\n"
    "        <Files \"" WEB_POLICY_FILE "\">\n"
    "            ForceType \"text/plain; charset=utf-8\"\n"
    "            Header set Cache-Control no-cache\n"
    "        </Files>\n"
    "        <Files \"" WEB_PAGE_FILE "\">\n"
    "            ForceType \"text/html; charset=utf-8\"\n"
    "        </Files>\n"
    "    </Directory>\n"
    "    ErrorDocument 403 /" WEB_PAGE_FILE "\n"
    "    ErrorDocument 405 \"405 Method Not Allowed\"\n"
    "    ErrorDocument 421 \"421 Misdirected Request\"\n"
    "    Header always set Allow \"GET, HEAD\" \"expr=%{REQUEST_STATUS} == 405\"\n"
    "    Header always set Content-Type \"text/plain; charset=utf-8\" \"expr=%{REQUEST_STATUS} in "
    "{'405', '421'}\"\n"
    "    ServerSignature Off\n"
    "    TraceEnable Off\n"
    "</VirtualHost>\n";

void apache_print_site(const struct web_site *site, struct buf *out)
{
    web_print_comment(site, out);
    web_print(site, template, out);
}
