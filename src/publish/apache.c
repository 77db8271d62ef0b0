#include "publish/apache.h"

#define PATH_MAX_HERE 4096

bool apache_path_ok(struct str path)
{
    if (path.n == 0 || path.n > PATH_MAX_HERE)
        return false;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < ' ' || c == 0x7f || c == '"' || c == '\\' || c == '$' || c == '%')
            return false;
    }
    return true;
}

/* Apache takes a line that ends in a backslash for one that goes on, comments too. */
static void print_comment(struct str comment, struct buf *out)
{
    struct str line;
    bool more = comment.n > 0;
    while (more) {
        more = str_cut(comment, '\n', &line, &comment);
        if (!more && line.n == 0)
            break;
        line = str_rtrim(line);
        buf_byte(out, '#');
        if (line.n)
            buf_byte(out, ' ');
        buf_str(out, line);
        if (str_ends(line, STR("\\")))
            buf_byte(out, '.');
        buf_byte(out, '\n');
    }
}

static void put(struct buf *out, const char *before, struct str value, const char *behind)
{
    buf_cstr(out, before);
    buf_str(out, value);
    buf_cstr(out, behind);
}

void apache_print_site(const struct apache_site *site, struct buf *out)
{
    print_comment(site->comment, out);
    put(out, "<VirtualHost *:443>\n    ServerName mta-sts.", site->domain, "\n");
    put(out, "    DocumentRoot \"", site->folder, "\"\n");
    buf_cstr(out, "\n    SSLEngine on\n    SSLProtocol -all +TLSv1.2 +TLSv1.3\n");
    put(out, "    SSLCertificateFile \"", site->certificate, "\"\n");
    put(out, "    SSLCertificateKeyFile \"", site->key, "\"\n");
    /* No redirect but a status; and no error page of the whole server, which could be one. */
    buf_cstr(out, "\n    RedirectMatch 404 \"^(?!/\\.well-known/mta-sts\\.txt$)\"\n");
    put(out, "    Alias \"/.well-known/mta-sts.txt\" \"", site->folder,
        "/" APACHE_POLICY_FILE "\"\n");
    put(out, "    <Directory \"", site->folder, "\">\n");
    buf_cstr(out, "        Options None\n        AllowOverride None\n        Require method GET\n"
                  "        ForceType \"text/plain; charset=utf-8\"\n    </Directory>\n");
    put(out, "    Header always ", STR("set Cache-Control"), " \"max-age=60\"\n");
    buf_cstr(out, "    ErrorDocument 403 default\n    ErrorDocument 404 default\n"
                  "    ServerSignature Off\n    TraceEnable Off\n"
                  "</VirtualHost>\n");
}
