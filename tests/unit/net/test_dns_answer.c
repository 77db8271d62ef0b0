#include "check.h"
#include "fault.h"

#include <string.h>

#include "net/dns.h"

#define ARENA_MAX ((size_t)64 * 1024)

/* The callback's answer is gone after it: a copy points at nothing of it. */
static void a_copy_outlives_what_it_was_made_from(void **state)
{
    (void)state;
    char bytes[] = "issueca.example.alias.example.reason";
    struct str cname = {bytes + 15, 13};
    struct dns_record record = {
        .text = {bytes + 5, 10}, .tag = {bytes, 5}, .preference = 7, .critical = true};
    struct dns_answer from = {.status = DNS_FOUND,
                              .secure = true,
                              .why = {bytes + 29, 7},
                              .records = {.at = &record,
                                          .count = 1,
                                          .ttl = 60,
                                          .canonical = cname,
                                          .cnames = &cname,
                                          .cname_count = 1}};
    for (unsigned n = 1;; n++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct dns_answer to = {.status = DNS_FAILED};
        arena_init(&arena, ARENA_MAX);
        fault_alloc_at(n);
        int result = dns_answer_copy(&to, &from, &arena);
        bool failed = fault_alloc_off();
        assert_int_equal(result < 0, failed);
        if (failed) {
            assert_int_equal(to.status, DNS_FAILED);
            continue;
        }
        memset(bytes, 'x', sizeof bytes - 1);
        CHECK_STR(to.records.at[0].text, "ca.example", "text");
        CHECK_STR(to.records.at[0].tag, "issue", "tag");
        CHECK_STR(to.records.canonical, ".alias.exampl", "canonical");
        CHECK_STR(to.records.cnames[0], ".alias.exampl", "cname");
        CHECK_STR(to.why, ".reason", "why");
        assert_int_equal(to.records.at[0].preference, 7);
        assert_true(to.records.at[0].critical && to.secure);
        assert_int_equal(to.records.ttl, 60);
        break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_outlives_what_it_was_made_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
