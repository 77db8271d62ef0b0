#include "check.h"
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "config/messages.h"
#include "config/print.h"

struct world {
    struct arena arena;
    struct findings findings;
    struct error err;
    struct config *config;
};

static int parse(struct world *w, const char *text)
{
    arena_init(&w->arena, 1024 * 1024);
    findings_init(&w->findings, &w->arena);
    w->config = NULL;
    return config_parse(&w->config, str_from(text), STR("test.conf"), &w->findings, &w->err);
}

static void done(struct world *w)
{
    config_free(w->config);
    arena_done(&w->arena);
}

static void an_empty_file_means_the_defaults(void **state)
{
    struct world w CLEANUP(done);
    (void)state;
    assert_int_equal(parse(&w, ""), 0);
    assert_string_equal(w.config->store.path.p, "/var/lib/sealpost");
    assert_int_equal(w.config->serve.roles.count, 3);
    assert_string_equal(w.config->serve.roles.items[0].p, "host");
    assert_string_equal(w.config->serve.roles.items[1].p, "keeper");
    assert_int_equal(w.config->serve.stop_timeout, 30);
    assert_int_equal(w.config->log.level, LOG_INFO);
    assert_int_equal(w.config->host.listen.count, 2);
    assert_int_equal(config_address_port(&w.config->host.listen.items[1].address), 443);
    assert_int_equal(w.config->host.header_size, 8192);
    assert_int_equal(w.config->dns.forward.count, 0);
    assert_true(config_workers(w.config) >= 1 && config_workers(w.config) <= 64);
}

static void a_file_sets_what_it_names(void **state)
{
    struct world w CLEANUP(done);
    (void)state;
    assert_int_equal(
        parse(&w, "[store]\npath = \"/srv/my store\"\n"
                  "[log]\nlevel=debug\n"
                  "[host]\nlisten = 127.0.0.1:8443, [::1]:8443 # two\n"
                  "listen = 127.0.0.2\n"
                  "workers = 3\nidle_timeout = 2m\nwrite_timeout = 9s\nheader_size = 16KiB\n"
                  "[dns]\nforward=2001:db8::53 192.0.2.53:5353\n"),
        0);
    assert_string_equal(w.config->store.path.p, "/srv/my store");
    assert_int_equal(w.config->log.level, LOG_DEBUG);
    assert_int_equal(w.config->host.listen.count, 3);
    assert_int_equal(config_address_port(&w.config->host.listen.items[2].address), 443);
    assert_int_equal(config_workers(w.config), 3);
    assert_int_equal(w.config->host.idle_timeout, 120);
    assert_int_equal(w.config->host.write_timeout, 9);
    assert_int_equal(w.config->host.header_size, 16384);
    assert_int_equal(w.config->dns.forward.count, 2);
    assert_int_equal(config_address_port(&w.config->dns.forward.items[0].address), 53);
    assert_int_equal(config_address_port(&w.config->dns.forward.items[1].address), 5353);
}

static void a_fault_is_named_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const struct msg_def *code;
        uint64_t line, column;
    } rows[] = {
        {"[hots]\n", &MSG_CONFIG_SECTION_NEAR, 1, 2},
        {"[nowhere]\n", &MSG_CONFIG_SECTION_UNKNOWN, 1, 2},
        {"path = /x\n", &MSG_CONFIG_KEY_OUTSIDE, 1, 1},
        {"[host]\nlisen = 1\n", &MSG_CONFIG_KEY_NEAR, 2, 1},
        {"[host]\nworkres = 1\n", &MSG_CONFIG_KEY_NEAR, 2, 1},
        {"[host]\nbananas = 1\n", &MSG_CONFIG_KEY_UNKNOWN, 2, 1},
        {"[host]\npath = /x\n", &MSG_CONFIG_KEY_ELSEWHERE, 2, 1},
        {"[store]\npath=/a\npath=/b\n", &MSG_CONFIG_KEY_TWICE, 3, 1},
        {"[store]\npath = relative\n", &MSG_CONFIG_VALUE_PATH, 2, 8},
        {"[store]\npath =\n", &MSG_CONFIG_VALUE_PATH, 2, 7},
        {"[serve]\nuser = 0day\n", &MSG_CONFIG_VALUE_USER, 2, 8},
        {"[serve]\nroles = host host\n", &MSG_CONFIG_ITEM_TWICE, 2, 9},
        {"[serve]\nroles = guest\n", &MSG_CONFIG_VALUE_CHOICE, 2, 9},
        {"[serve]\nroles =\n", &MSG_CONFIG_LIST_EMPTY, 2, 8},
        {"[serve]\nstop_timeout = 0s\n", &MSG_CONFIG_VALUE_DURATION, 2, 16},
        {"[serve]\nstop_timeout = 10\n", &MSG_CONFIG_VALUE_DURATION, 2, 16},
        {"[serve]\nstop_timeout = 2h\n", &MSG_CONFIG_VALUE_DURATION, 2, 16},
        {"[serve]\nstop_timeout = 999999999999999999d\n", &MSG_CONFIG_VALUE_DURATION, 2, 16},
        {"[log]\nlevel = loud\n", &MSG_CONFIG_VALUE_CHOICE, 2, 9},
        {"[host]\nworkers = 65\n", &MSG_CONFIG_VALUE_NUMBER, 2, 11},
        {"[host]\nworkers = -1\n", &MSG_CONFIG_VALUE_NUMBER, 2, 11},
        {"[host]\nheader_size = 1023\n", &MSG_CONFIG_VALUE_SIZE, 2, 15},
        {"[host]\nheader_size = 65KiB\n", &MSG_CONFIG_VALUE_SIZE, 2, 15},
        {"[host]\nheader_size = 8kb\n", &MSG_CONFIG_VALUE_SIZE, 2, 15},
        {"[host]\nlisten = example.org:443\n", &MSG_CONFIG_VALUE_ADDRESS, 2, 10},
        {"[host]\nlisten = 127.0.0.1:65536\n", &MSG_CONFIG_VALUE_ADDRESS, 2, 10},
        {"[host]\nlisten = [::1\n", &MSG_CONFIG_VALUE_ADDRESS, 2, 10},
        {"[host]\nlisten = ftp://127.0.0.1\n", &MSG_CONFIG_VALUE_ADDRESS, 2, 10},
        {"[host]\nlisten = http://\n", &MSG_CONFIG_VALUE_ADDRESS, 2, 10},
        {"[host]\nlisten = http://127.0.0.1:8080/\n", &MSG_CONFIG_VALUE_ADDRESS, 2, 10},
        {"[host]\nlisten = ::1 http://[::1]:443\n", &MSG_CONFIG_ITEM_TWICE, 2, 10},
        {"[host]\nlisten = ::1 [::1]:443\n", &MSG_CONFIG_ITEM_TWICE, 2, 10},
        {"[host]\nlisten = ::1\nlisten = ::1\n", &MSG_CONFIG_ITEM_TWICE, 3, 10},
        {"[host]\nproxy_protocol_from = 192.0.2.1/24\n", &MSG_CONFIG_VALUE_NETWORK, 2, 23},
        {"[dns]\nforward = dns.example\n", &MSG_CONFIG_VALUE_RESOLVER, 2, 11},
        {"[dns]\nforward = 192.0.2.1:853#\n", &MSG_CONFIG_VALUE_RESOLVER, 2, 11},
        {"[dns]\nforward = 192.0.2.1:0\n", &MSG_CONFIG_VALUE_RESOLVER, 2, 11},
        {"[dns]\nforward = 192.0.2.1#a 192.0.2.2\n", &MSG_CONFIG_RESOLVERS_MIXED, 2, 11},
        {"[dns]\nforward = 192.0.2.1\nforward = 192.0.2.2#a\n", &MSG_CONFIG_RESOLVERS_MIXED, 3, 11},
        {"[dns]\nforward = 192.0.2.1 192.0.2.1:53\n", &MSG_CONFIG_ITEM_TWICE, 2, 11},
        {"nonsense\n", &MSG_INI_NO_KEY, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w CLEANUP(done);
        CHECK(parse(&w, rows[i].text) == -ERROR_PERMANENT, rows[i].text);
        CHECK(error_is(&w.err, &MSG_CONFIG_INVALID), rows[i].text);
        CHECK(w.findings.count == 1, rows[i].text);
        const struct finding *f = w.findings.first;
        CHECK(f->msg.def == rows[i].code, rows[i].text);
        CHECK(f->line == rows[i].line && f->column == rows[i].column, rows[i].text);
        CHECK(w.config == NULL, rows[i].text);
    }
}

static void all_faults_are_found_in_one_reading(void **state)
{
    struct world w CLEANUP(done);
    (void)state;
    assert_int_equal(parse(&w, "[nowhere]\nx=1\ny=2\n[host]\nfoo=1\nworkers=x\n[log\n"
                               "level=\n"),
                     -ERROR_PERMANENT);
    /* The keys of an unknown section are not counted; [log is no section, so that level belongs to
     * [host]. */
    assert_int_equal(w.findings.count, 5);
    assert_int_equal(w.err.msg.args[1].u, 5);
    assert_true(findings_have(&w.findings, &MSG_CONFIG_KEY_ELSEWHERE));
}

static void a_list_has_a_limit(void **state)
{
    (void)state;
    for (unsigned n = CONFIG_LIST_MAX - 1; n <= CONFIG_LIST_MAX + 1; n++) {
        struct world w CLEANUP(done);
        struct buf text CLEANUP(buf_done);
        buf_init(&text, 8192);
        buf_cstr(&text, "[host]\n");
        for (unsigned i = 0; i < n; i++)
            buf_printf(&text, "listen = 127.0.0.1:%u\n", 1000 + i);
        bool fits = n <= CONFIG_LIST_MAX;
        assert_int_equal(parse(&w, text.p), fits ? 0 : -ERROR_PERMANENT);
        if (!fits)
            assert_true(findings_have(&w.findings, &MSG_CONFIG_LIST_LONG));
    }
}

static void a_publisher_is_a_section_with_a_name(void **state)
{
    struct world w CLEANUP(done);
    (void)state;
    assert_int_equal(parse(&w, "[publisher a]\nkey_file = /a\nzones = EXAMPLE.org, Bücher.example\n"
                               "servers = 192.0.2.1\n[log]\nlevel = warn\n[publisher b-2]\n"
                               "type = command\ncommand = /b\nwait = 5s\n"),
                     0);
    const struct config *c = w.config;
    assert_int_equal(c->publisher_count, 2);
    const struct config_publisher *a = &c->publishers[0], *b = &c->publishers[1];
    assert_true(str_eq(a->name, STR("a")) && str_eq(b->name, STR("b-2")));
    assert_int_equal(a->type, CONFIG_PUBLISHER_RFC2136);
    assert_int_equal(b->type, CONFIG_PUBLISHER_COMMAND);
    assert_true(str_eq(a->key_file, STR("/a")) && str_eq(b->command, STR("/b")));
    assert_int_equal(a->zones.count, 2);
    assert_true(str_eq(a->zones.items[0], STR("example.org")));
    assert_true(str_eq(a->zones.items[1], STR("xn--bcher-kva.example")));
    assert_int_equal(config_address_port(&a->servers.items[0]), 53);
    assert_int_equal(a->wait, 120);
    assert_int_equal(b->wait, 5);
    assert_int_equal(b->zones.count + b->servers.count, 0);
}

/* What a role is started with is the printed form. */
static void publishers_are_printed_as_they_are_read(void **state)
{
    struct world w CLEANUP(done), again CLEANUP(done);
    struct buf text CLEANUP(buf_done), second CLEANUP(buf_done);
    (void)state;
    buf_init(&text, CONFIG_PRINT_MAX);
    buf_init(&second, CONFIG_PRINT_MAX);
    assert_int_equal(parse(&w, "[publisher a]\nkey_file = /a b#c\nzones = example.org\n"
                               "[publisher b]\ntype = command\ncommand = /b\n"),
                     0);
    config_print(w.config, false, &text);
    assert_true(str_find(buf_view(&text), STR("\n[publisher a]\ntype = rfc2136\n")) > 0);
    assert_true(str_find(buf_view(&text), STR("\n[publisher b]\ntype = command\n")) > 0);
    assert_int_equal(parse(&again, text.p), 0);
    config_print(again.config, false, &second);
    assert_true(str_eq(buf_view(&text), buf_view(&second)));
}

static void port_0_may_stand_twice(void **state)
{
    struct world w CLEANUP(done);
    (void)state;
    assert_int_equal(parse(&w, "[host]\nlisten = 127.0.0.1:0 127.0.0.1:0\n"), 0);
    assert_int_equal(w.config->host.listen.count, 2);
}

static void a_listener_has_a_scheme_and_its_port(void **state)
{
    static const struct {
        const char *text;
        enum config_scheme scheme;
        uint16_t port;
        const char *printed;
    } rows[] = {
        {"192.0.2.1", CONFIG_HTTPS, 443, "192.0.2.1:443"},
        {"https://192.0.2.1", CONFIG_HTTPS, 443, "192.0.2.1:443"},
        {"http://192.0.2.1", CONFIG_HTTP, 80, "http://192.0.2.1:80"},
        {"http://192.0.2.1:443", CONFIG_HTTP, 443, "http://192.0.2.1:443"},
        {"http://[2001:db8::1]:8080", CONFIG_HTTP, 8080, "http://[2001:db8::1]:8080"},
        {"http://2001:db8::1", CONFIG_HTTP, 80, "http://[2001:db8::1]:80"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_listener l = {.scheme = CONFIG_HTTPS};
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 256);
        CHECK(config_listener_parse(str_from(rows[i].text), &l), rows[i].text);
        CHECK(l.scheme == rows[i].scheme, rows[i].text);
        CHECK(config_address_port(&l.address) == rows[i].port, rows[i].text);
        config_listener_print(&out, &l);
        CHECK_STR(buf_view(&out), rows[i].printed, rows[i].text);
    }
}

static void the_lines_tell_what_was_set(void **state)
{
    struct world w CLEANUP(done);
    (void)state;
    unsigned set = 0;
    assert_int_equal(parse(&w, "[log]\n\nlevel = warn\n"), 0);
    for (size_t i = 0; i < 5; i++)
        set += w.config->lines[i] == 3;
    assert_int_equal(set, 1);
}

static void only_the_default_file_may_be_missing(void **state)
{
    struct config *config = NULL;
    struct error err;
    (void)state;
    unsetenv(CONFIG_ENVIRONMENT);
    assert_string_equal(config_path(NULL), CONFIG_DEFAULT_FILE);
    assert_string_equal(config_path("/a"), "/a");
    assert_int_equal(config_load(&config, "/nowhere/x.conf", NULL, &err), -ERROR_PERMANENT);
    setenv(CONFIG_ENVIRONMENT, "/nowhere/y.conf", 1);
    assert_string_equal(config_path(NULL), "/nowhere/y.conf");
    assert_int_equal(config_load(&config, NULL, NULL, &err), -ERROR_PERMANENT);
    assert_null(config);
    unsetenv(CONFIG_ENVIRONMENT);
    if (access(CONFIG_DEFAULT_FILE, F_OK) == 0)
        return;
    assert_int_equal(config_load(&config, NULL, NULL, &err), 0);
    assert_int_equal(config->file.n, 0);
    config_free(config);
}

static void a_file_has_a_limit(void **state)
{
    char path[] = "/tmp/sealpost-config-XXXXXX";
    struct config *config = NULL;
    struct error err;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)CONFIG_FILE_MAX + 1), 0);
    close(fd);
    assert_int_equal(config_load(&config, path, NULL, &err), -ERROR_POLICY);
    unlink(path);
}

static void no_memory_gives_no_configuration(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct world w CLEANUP(done);
        arena_init(&w.arena, 1024 * 1024);
        findings_init(&w.findings, &w.arena);
        w.config = NULL;
        fault_alloc_at(n);
        int result = config_parse(&w.config, STR("[host]\nlisten = 127.0.0.1\nuser = \"a\"\n"),
                                  STR("f"), &w.findings, &w.err);
        if (!fault_alloc_off()) {
            assert_int_equal(result, 0);
            break;
        }
        assert_int_equal(result, -ERROR_TEMPORARY);
        assert_null(w.config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_means_the_defaults),
        cmocka_unit_test(a_file_sets_what_it_names),
        cmocka_unit_test(a_fault_is_named_with_its_place),
        cmocka_unit_test(all_faults_are_found_in_one_reading),
        cmocka_unit_test(a_list_has_a_limit),
        cmocka_unit_test(a_publisher_is_a_section_with_a_name),
        cmocka_unit_test(publishers_are_printed_as_they_are_read),
        cmocka_unit_test(port_0_may_stand_twice),
        cmocka_unit_test(a_listener_has_a_scheme_and_its_port),
        cmocka_unit_test(the_lines_tell_what_was_set),
        cmocka_unit_test(only_the_default_file_may_be_missing),
        cmocka_unit_test(a_file_has_a_limit),
        cmocka_unit_test(no_memory_gives_no_configuration),
    };
    return cmocka_run_group_tests_name("config/config", tests, NULL, NULL);
}
