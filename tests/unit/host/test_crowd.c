#include "check.h"

#include <string.h>

#include "base/buf.h"
#include "fault.h"
#include "host/crowd.h"

static const uint64_t seed[2] = {1, 2};

static struct crowd_member *join(struct crowd *crowd, const char *text, bool *may)
{
    struct crowd_member *member = NULL;
    struct address a = {0};
    assert_true(address_parse(str_from(text), &a));
    *may = crowd_join(crowd, &a, &member);
    return member;
}

static void one_client_is_an_address_or_a_network_of_64_bits(void **state)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"::192.0.2.1", "192.0.2.1", false},
        {"c000:201::", "192.0.2.1", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct crowd crowd;
        bool may;
        crowd_init(&crowd, 1, seed);
        join(&crowd, rows[i].first, &may);
        CHECK(may, rows[i].first);
        join(&crowd, rows[i].second, &may);
        CHECK(may == !rows[i].same, rows[i].second);
        crowd_done(&crowd);
    }
}

static void who_leaves_gives_his_place_to_another(void **state)
{
    struct crowd crowd;
    struct crowd_member *members[3];
    bool may;
    (void)state;
    crowd_init(&crowd, 3, seed);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 3; i++) {
            members[i] = join(&crowd, "192.0.2.1", &may);
            assert_true(may);
        }
        assert_null(join(&crowd, "192.0.2.1", &may));
        assert_false(may);
        crowd_leave(&crowd, members[0]);
        members[0] = join(&crowd, "192.0.2.1", &may);
        assert_true(may);
        for (int i = 0; i < 3; i++)
            crowd_leave(&crowd, members[i]);
        assert_int_equal(crowd.members.n, 0);
    }
    crowd_done(&crowd);
}

static void without_a_limit_all_may_come_and_so_may_those_nobody_knows(void **state)
{
    static const size_t limits[] = {0, 1};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct crowd crowd;
        struct crowd_member *members[2], *unknown[2];
        bool may;
        crowd_init(&crowd, limits[i], seed);
        for (size_t n = 0; n < ARRAY_LEN(members); n++) {
            members[n] = join(&crowd, "192.0.2.1", &may);
            assert_true(may == (!limits[i] || !n));
            assert_true(crowd_join(&crowd, NULL, &unknown[n]));
        }
        assert_ptr_equal(unknown[0], unknown[1]);
        assert_ptr_not_equal(unknown[0], members[0]);
        assert_int_equal(crowd_connections(unknown[0]), 2);
        assert_int_equal(crowd_connections(NULL), 1);
        for (size_t n = 0; n < ARRAY_LEN(members); n++) {
            crowd_leave(&crowd, members[n]);
            crowd_leave(&crowd, unknown[n]);
        }
        assert_int_equal(crowd.members.n, 0);
        crowd_done(&crowd);
    }
}

static void without_memory_nobody_is_let_in(void **state)
{
    struct crowd crowd;
    bool may;
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        crowd_init(&crowd, 0, seed);
        fault_alloc_at(n);
        struct crowd_member *member = join(&crowd, "192.0.2.1", &may);
        assert_true(fault_alloc_off());
        assert_null(member);
        assert_false(may);
        crowd_done(&crowd);
    }
}

#define CLIENTS_MAX 9  /* a to i */
#define EACH_MAX    16 /* connections of one client in a script */

struct played {
    struct crowd_member *member;
    struct crowd_place place;
    char name[4];
    bool waits;
};

struct play {
    struct crowd crowd;
    struct played all[CLIENTS_MAX][EACH_MAX];
    size_t n[CLIENTS_MAX];
};

static void come(struct play *play, char client)
{
    const size_t who = (size_t)(client - 'a');
    struct played *one = &play->all[who][play->n[who]];
    const char address[] = {'1', '9', '2', '.', '0', '.', '2', '.', (char)('1' + who), '\0'};
    bool may;
    snprintf(one->name, sizeof one->name, "%c%zu", client, play->n[who]++);
    one->member = join(&play->crowd, address, &may);
    one->waits = true;
    assert_true(may);
    crowd_wait(&play->crowd, one->member, &one->place, one);
}

static void leave(struct play *play, struct played *one)
{
    crowd_skip(&one->place);
    crowd_leave(&play->crowd, one->member);
    one->member = NULL;
    one->waits = false;
}

/* The last that waits goes; or all that were served go. */
static void go(struct play *play, char client, bool served)
{
    struct played *of = play->all[client - 'a'];
    for (size_t i = EACH_MAX; i--;) {
        if (!of[i].member || of[i].waits == served)
            continue;
        leave(play, &of[i]);
        if (!served)
            return;
    }
}

static void take_turn(struct play *play, struct buf *out)
{
    bool waits = crowd_waits(&play->crowd);
    struct played *one = crowd_next(&play->crowd);
    assert_true(waits == (one != NULL));
    if (one)
        one->waits = false;
    buf_str(out, str_from(one ? one->name : "/"));
    buf_str(out, STR(" "));
}

static void check_turns(const char *rule, const char *script, const char *served)
{
    static struct play play;
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 256);
    play = (struct play){0};
    crowd_init(&play.crowd, 0, seed);
    for (const char *at = script; *at; at++) {
        if (*at == '.')
            take_turn(&play, &out);
        else if (at > script && strchr("-!", at[-1]))
            go(&play, *at, at[-1] == '!');
        else if (!strchr("-!", *at))
            come(&play, *at);
    }
    CHECK_STR(buf_view(&out), served, rule);
    for (size_t who = 0; who < ARRAY_LEN(play.all); who++) {
        for (size_t i = 0; i < play.n[who]; i++) {
            if (play.all[who][i].member)
                leave(&play, &play.all[who][i]);
        }
    }
    assert_false(crowd_waits(&play.crowd));
    assert_int_equal(play.crowd.members.n, 0);
    crowd_done(&play.crowd);
}

/* A letter is a client. What is done, in this order: "a" one of its connections waits (the first is
 * a0, the next a1); "." a turn; "-a" its last that waits is taken out; "!a" all of a's that were
 * served end. What comes out at the turns is written one after another, "/" when none waits. */
static void turns_go_round_among_clients(void **state)
{
    static const struct {
        const char *rule, *script, *served;
    } rows[] = {
        {"nobody waits", ".", "/ "},
        {"alone at once", "a.a.a..", "a0 a1 a2 / "},
        {"of one client in the order of arrival", "aaa...", "a0 a1 a2 "},
        {"the last, then the first twice", "abcde.....", "e0 a0 b0 d0 c0 "},
        {"many of one count as one", "aaaaaaaab..", "b0 a0 "},
        {"of four turns three are for new ones", "aaab..cdef......", "b0 a0 a1 c0 f0 d0 a2 e0 "},
        {"the served ones by turns", "aaabbb......", "b0 a0 b1 a1 b2 a2 "},
        {"served once and come again is not new", "a.aab..", "a0 b0 a1 "},
        {"gone and come again is new", "a.!aab..", "a0 a1 b0 "},
        {"without new ones all are for the others", "aaab.....", "b0 a0 a1 a2 / "},
        {"the first of the new does not wait for ever", "abc.d.e.f.g.", "c0 a0 b0 f0 d0 "},
        {"who goes loses his turn", "ab-b..", "a0 / "},
        {"and another of his keeps it", "aaab-a...", "b0 a0 a1 "},
        {"in the middle of a line", "abc-b...", "c0 a0 / "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_turns(rows[i].rule, rows[i].script, rows[i].served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_client_is_an_address_or_a_network_of_64_bits),
        cmocka_unit_test(who_leaves_gives_his_place_to_another),
        cmocka_unit_test(without_a_limit_all_may_come_and_so_may_those_nobody_knows),
        cmocka_unit_test(without_memory_nobody_is_let_in),
        cmocka_unit_test(turns_go_round_among_clients),
    };
    return cmocka_run_group_tests_name("host/crowd", tests, NULL, NULL);
}
