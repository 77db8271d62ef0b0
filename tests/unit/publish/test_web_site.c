/* The sites of other web servers. tests/system/test_export.py has the servers themselves read and
 * serve them; here is that nothing of a site gets out of its place. */
#include "check.h"

#include <string.h>

#include "publish/web_site.h"

static void (*const printers[])(const struct web_site *, struct buf *) = {
    apache_print_site, nginx_print_site, caddy_print_site};

static void a_path_has_nothing_that_a_server_would_read(void **state)
{
    static const struct {
        const char *path;
        bool good;
    } rows[] = {
        {"/etc/letsencrypt/live/mta-sts.example.org/fullchain.pem", true},
        {"/srv/a b/c", true},
        {"/srv/it's; here # `there`", true},
        {"/srv/b\303\274cher", true},
        {"", false},
        {"/a\"\nServerName x", false},
        {"/a\nb", false},
        {"/a\rb", false},
        {"/a\\", false},
        {"/${HOME}", false},
        {"/$uri", false},
        {"/%{x}", false},
        {"/{env.HOME}", false},
        {"/a}", false},
        {"/a\177", false},
        {"/a\377", false},
    };
    char longest[WEB_PATH_MAX + 2];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(web_path_ok(str_from(rows[i].path)) == rows[i].good, rows[i].path);
    CHECK(!web_path_ok((struct str){"/a\0b", 4}), "NUL");
    memset(longest, 'a', sizeof longest);
    CHECK(web_path_ok((struct str){longest, WEB_PATH_MAX}), "longest");
    CHECK(!web_path_ok((struct str){longest, WEB_PATH_MAX + 1}), "too long");
}

/* With everything that stands in a path: it stands in double quotes, and nowhere else. */
static void each_path_stands_in_quotes(void **state)
{
    const struct web_site site = {STR("a-b.example"), STR("/srv/x y;#`'z"), STR("/c p;#`'c"),
                                  STR("/k p;#`'k"), STR("")};
    const struct str paths[] = {site.folder, site.certificate, site.key};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(printers); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 8192);
        printers[i](&site, &out);
        for (size_t k = 0; k < ARRAY_LEN(paths); k++) {
            struct str text = buf_view(&out);
            size_t seen = 0;
            ssize_t at;
            while ((at = str_find(text, paths[k])) >= 0) {
                assert_true(at > 0 && text.p[at - 1] == '"');
                text = str_skip(text, (size_t)at + paths[k].n);
                assert_true(str_starts(text, STR("\"")) || str_starts(text, STR("/mta-sts.txt\"")));
                seen++;
            }
            assert_true(seen > 0);
        }
    }
}

static void the_domain_is_matched_literally(void **state)
{
    const struct web_site site = {.domain = STR("a-b.example"), .folder = STR("/s")};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(printers); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 8192);
        printers[i](&site, &out);
        assert_true(str_find(buf_view(&out), STR("\\.a-b\\.example\\.?$\"")) > 0);
        assert_true(str_find(buf_view(&out), STR("mta-sts.a-b.example")) >= 0);
    }
}

/* nginx with its defaults takes no name of more than 46 bytes into its tables. */
static void a_name_that_nginx_cannot_hash_is_a_pattern(void **state)
{
    static const struct {
        const char *domain, *line;
    } rows[] = {
        {"thirty-eight-bytes-is-the-last.example", "server_name mta-sts.thirty"},
        {"thirty-nine-bytes-are-one-too-m.example", "server_name \"~^mta-sts\\.thirty"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        const struct web_site site = {.domain = str_from(rows[i].domain), .folder = STR("/s")};
        buf_init(&out, 8192);
        nginx_print_site(&site, &out);
        CHECK(str_find(buf_view(&out), str_from(rows[i].line)) > 0, rows[i].domain);
    }
}

static void only_caddy_does_without_a_certificate(void **state)
{
    struct buf out CLEANUP(buf_done);
    const struct web_site site = {.domain = STR("a.example"), .folder = STR("/s")};
    (void)state;
    buf_init(&out, 8192);
    caddy_print_site(&site, &out);
    assert_true(str_find(buf_view(&out), STR("tls ")) < 0);
}

static void no_line_of_the_comment_is_configuration(void **state)
{
    const struct web_site site = {.comment = STR("a\nServerName x\r\n\r\nb\\\r\nLoadModule y")};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(printers); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 8192);
        printers[i](&site, &out);
        struct str rest = buf_view(&out), line;
        unsigned lines = 0;
        while (str_cut(rest, '\n', &line, &rest) && str_starts(line, STR("#"))) {
            assert_false(str_ends(line, STR("\\")));
            lines++;
        }
        assert_int_equal(lines, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_has_nothing_that_a_server_would_read),
        cmocka_unit_test(each_path_stands_in_quotes),
        cmocka_unit_test(the_domain_is_matched_literally),
        cmocka_unit_test(a_name_that_nginx_cannot_hash_is_a_pattern),
        cmocka_unit_test(only_caddy_does_without_a_certificate),
        cmocka_unit_test(no_line_of_the_comment_is_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
