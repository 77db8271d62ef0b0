/* The virtual host of a policy. tests/system/test_export.py has Apache itself read it. */
#include "check.h"

#include "publish/apache.h"

static void a_path_has_nothing_that_apache_would_read(void **state)
{
    static const struct {
        const char *path;
        bool good;
    } rows[] = {
        {"/etc/letsencrypt/live/mta-sts.example.org/fullchain.pem", true},
        {"/srv/a b/c", true},
        {"/srv/b\303\274cher", true},
        {"", false},
        {"/a\"\nServerName x", false},
        {"/a\nb", false},
        {"/a\\", false},
        {"/${HOME}", false},
        {"/%{x}", false},
        {"/a\177", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(apache_path_ok(str_from(rows[i].path)) == rows[i].good, rows[i].path);
}

static void the_host_is_complete(void **state)
{
    struct buf out CLEANUP(buf_done);
    const struct apache_site site = {STR("example.org"), STR("/srv/policy"), STR("/c.pem"),
                                     STR("/k.pem"), STR("one\r\n\ntwo\\\n")};
    (void)state;
    buf_init(&out, 8192);
    apache_print_site(&site, &out);
    CHECK_STR(buf_view(&out),
              "# one\n"
              "#\n"
              "# two\\.\n"
              "<VirtualHost *:443>\n"
              "    ServerName mta-sts.example.org\n"
              "    DocumentRoot \"/srv/policy\"\n"
              "\n"
              "    SSLEngine on\n"
              "    SSLProtocol -all +TLSv1.2 +TLSv1.3\n"
              "    SSLCertificateFile \"/c.pem\"\n"
              "    SSLCertificateKeyFile \"/k.pem\"\n"
              "\n"
              "    RedirectMatch 404 \"^(?!/\\.well-known/mta-sts\\.txt$)\"\n"
              "    Alias \"/.well-known/mta-sts.txt\" \"/srv/policy/mta-sts.txt\"\n"
              "    <Directory \"/srv/policy\">\n"
              "        Options None\n"
              "        AllowOverride None\n"
              "        Require method GET\n"
              "        ForceType \"text/plain; charset=utf-8\"\n"
              "    </Directory>\n"
              "    Header always set Cache-Control \"max-age=60\"\n"
              "    ErrorDocument 403 default\n"
              "    ErrorDocument 404 default\n"
              "    ServerSignature Off\n"
              "    TraceEnable Off\n"
              "</VirtualHost>\n",
              "site");
}

static void no_line_of_the_comment_is_configuration(void **state)
{
    struct buf out CLEANUP(buf_done);
    const struct apache_site site = {.comment = STR("a\nServerName x\r\n\r\nb\\\r\nLoadModule y")};
    (void)state;
    buf_init(&out, 8192);
    apache_print_site(&site, &out);
    struct str rest = buf_view(&out), line;
    while (str_cut(rest, '\n', &line, &rest) && !str_starts(line, STR("<VirtualHost"))) {
        assert_true(str_starts(line, STR("#")));
        assert_false(str_ends(line, STR("\\")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_has_nothing_that_apache_would_read),
        cmocka_unit_test(the_host_is_complete),
        cmocka_unit_test(no_line_of_the_comment_is_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
