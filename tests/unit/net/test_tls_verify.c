#include "check.h"

#include <unistd.h>

#include "base/file.h"
#include "fault.h"
#include "made.h"
#include "net/tls_verify.h"

#define NOW 1800000000
#define DAY 86400

/* Everything that a row of a table may put into a chain. */
enum made_name {
    ROOT,         /* trusted */
    INTER,        /* below it */
    OLD_INTER,    /* below it, expired */
    LEAF,         /* mx.good.test and *.wild.test, below INTER */
    EXPIRED,      /* the same, expired */
    FUTURE,       /* the same, not yet valid */
    OLD_BRANCH,   /* below OLD_INTER */
    OLD_BOTH,     /* below OLD_INTER, expired */
    CN_ONLY,      /* the name stands in the common name alone */
    BELOW_ROOT,   /* right below ROOT */
    SELF,         /* signed by itself */
    SELF_OLD,     /* signed by itself, expired */
    STRANGE_ROOT, /* not trusted */
    STRANGE_INTER,
    STRANGE, /* below STRANGE_INTER */
    WEAK,    /* RSA of 1024 bits, below INTER */
    WEAK_CA, /* RSA of 1024 bits, below ROOT */
    BELOW_WEAK,
    BY_SHA1,  /* signed over SHA-1, below INTER */
    CLIENT,   /* for clients only */
    BY_LEAF,  /* issued by LEAF, which may not */
    FORGED,   /* names INTER as its issuer, which did not sign it */
    MANY,     /* more names than are kept */
    OLD_ROOT, /* trusted, expired */
    BELOW_OLD_ROOT,
    MADE_COUNT,
    GARBAGE,
    END
};

struct world {
    struct arena arena;
    struct made made[MADE_COUNT];
    struct str der[MADE_COUNT];
    struct tls_trust *trust;
    char path[64];
};

static void make(struct world *w, enum made_name as, struct made_options o)
{
    if (!o.from)
        o.from = NOW - 10 * DAY;
    if (!o.until)
        o.until = NOW + 80 * DAY;
    if (!o.names && !o.authority)
        o.names = "DNS:MX.good.test,DNS:*.wild.test,IP:192.0.2.1";
    if (o.names && !*o.names)
        o.names = NULL;
    w->made[as] = made_with(&o);
    w->der[as] = made_der(&w->made[as], &w->arena);
}

static void make_authorities(struct world *w)
{
    make(w, ROOT, (struct made_options){"Root", "Trust & Co", .authority = true});
    make(w, INTER, (struct made_options){"Inter", .authority = true, .issuer = &w->made[ROOT]});
    make(w, OLD_INTER,
         (struct made_options){"Old Inter", .authority = true, .issuer = &w->made[ROOT],
                               .until = NOW - DAY});
    make(w, STRANGE_ROOT, (struct made_options){"Strange Root", .authority = true});
    make(w, STRANGE_INTER,
         (struct made_options){"Strange Inter", .authority = true,
                               .issuer = &w->made[STRANGE_ROOT]});
    make(w, WEAK_CA,
         (struct made_options){"Weak Inter", .authority = true, .issuer = &w->made[ROOT],
                               .rsa_bits = 1024});
    make(w, OLD_ROOT, (struct made_options){"Old Root", .authority = true, .until = NOW - DAY});
}

static void make_leaves(struct world *w)
{
    const struct made *inter = &w->made[INTER], *old = &w->made[OLD_INTER];
    make(w, LEAF, (struct made_options){"mx", .issuer = inter});
    make(w, EXPIRED, (struct made_options){"mx", .issuer = inter, .until = NOW - DAY});
    make(w, FUTURE, (struct made_options){"mx", .issuer = inter, .from = NOW + DAY});
    make(w, OLD_BRANCH, (struct made_options){"mx", .issuer = old});
    make(w, OLD_BOTH, (struct made_options){"mx", .issuer = old, .until = NOW - DAY});
    make(w, CN_ONLY, (struct made_options){"mx.good.test", .names = "", .issuer = inter});
    make(w, BELOW_ROOT, (struct made_options){"mx", .issuer = &w->made[ROOT]});
    make(w, SELF, (struct made_options){"mx.good.test"});
    make(w, SELF_OLD,
         (struct made_options){"mx.good.test", .names = "DNS:localhost", .until = NOW - DAY});
    make(w, STRANGE, (struct made_options){"mx", .issuer = &w->made[STRANGE_INTER]});
    make(w, WEAK, (struct made_options){"mx", .issuer = inter, .rsa_bits = 1024});
    make(w, BELOW_WEAK, (struct made_options){"mx", .issuer = &w->made[WEAK_CA]});
    make(w, BY_SHA1, (struct made_options){"mx", .issuer = inter, .sha1 = true});
    make(w, CLIENT, (struct made_options){"mx", .issuer = inter, .extended_use = "clientAuth"});
    make(w, BY_LEAF, (struct made_options){"mx2", .issuer = &w->made[LEAF]});
    make(w, BELOW_OLD_ROOT, (struct made_options){"mx", .issuer = &w->made[OLD_ROOT]});
    struct made forger = {w->made[INTER].certificate, w->made[STRANGE_INTER].key};
    make(w, FORGED, (struct made_options){"mx", .issuer = &forger});
    struct buf names CLEANUP(buf_done);
    buf_init(&names, 1 << 16);
    for (unsigned i = 0; i <= TLS_NAMES_MAX; i++)
        buf_printf(&names, "%sDNS:n%u.many.test", i ? "," : "", i);
    make(w, MANY, (struct made_options){"mx", .names = names.p, .issuer = inter});
}

static int make_world(void **state)
{
    static struct world w;
    struct buf roots CLEANUP(buf_done);
    struct error err;
    arena_init(&w.arena, 1 << 22);
    make_authorities(&w);
    make_leaves(&w);
    buf_init(&roots, 1 << 20);
    buf_str(&roots, made_pem(&w.made[ROOT], &w.arena));
    buf_str(&roots, made_pem(&w.made[OLD_ROOT], &w.arena));
    snprintf(w.path, sizeof w.path, "/tmp/test_tls_verify.%d.pem", (int)getpid());
    assert_int_equal(file_write(w.path, buf_view(&roots), 0600, &err), 0);
    assert_int_equal(tls_trust_new(&w.trust, w.path, &err), 0);
    unlink(w.path);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < MADE_COUNT; i++)
        made_done(&w->made[i]);
    tls_trust_free(w->trust);
    arena_done(&w->arena);
    return 0;
}

#define CHAIN_ROW 8

static struct tls_peer peer_of(struct world *w, const enum made_name *chain)
{
    struct tls_peer peer = {.version = 0x0304};
    peer.chain = arena_array(&w->arena, CHAIN_ROW, sizeof *peer.chain);
    for (; chain[peer.chain_count] != END; peer.chain_count++)
        peer.chain[peer.chain_count] =
            chain[peer.chain_count] == GARBAGE ? STR("garbage") : w->der[chain[peer.chain_count]];
    return peer;
}

static struct tls_verified verify(struct world *w, const enum made_name *chain, const char *host,
                                  int64_t now)
{
    struct tls_verified v;
    struct error err;
    struct tls_peer peer = peer_of(w, chain);
    assert_int_equal(tls_verify(w->trust, &peer, str_from(host), now, &w->arena, &v, &err), 0);
    return v;
}

struct chain_row {
    const char *what;
    enum made_name chain[CHAIN_ROW];
    enum tls_chain_fault fault;
    size_t at;
    const char *missing; /* the issuer that is */
};

/* RFC 5280 section 6; RFC 8461 4.1 and 3.3. */
static void each_fault_of_a_chain_is_told_with_its_place(void **state)
{
    struct world *w = *state;
    static const struct chain_row rows[] = {
        {"complete", {LEAF, INTER, END}, TLS_CHAIN_OK, 0, ""},
        {"with its root", {LEAF, INTER, ROOT, END}, TLS_CHAIN_OK, 0, ""},
        {"right below a root", {BELOW_ROOT, END}, TLS_CHAIN_OK, 0, ""},
        {"in disorder", {LEAF, ROOT, INTER, END}, TLS_CHAIN_OK, 0, ""},
        {"with strangers", {LEAF, STRANGE_INTER, INTER, SELF, END}, TLS_CHAIN_OK, 0, ""},
        {"with itself twice", {LEAF, LEAF, INTER, INTER, END}, TLS_CHAIN_OK, 0, ""},
        {"none", {END}, TLS_CHAIN_ABSENT, 0, ""},
        {"no certificate", {GARBAGE, END}, TLS_CHAIN_UNREADABLE, 0, ""},
        {"no certificate behind", {LEAF, INTER, GARBAGE, END}, TLS_CHAIN_UNREADABLE, 2, ""},
        {"no certificate between", {LEAF, GARBAGE, INTER, END}, TLS_CHAIN_UNREADABLE, 1, ""},
        {"self-signed", {SELF, END}, TLS_CHAIN_SELF_SIGNED, 0, ""},
        {"self-signed with more", {SELF, INTER, ROOT, END}, TLS_CHAIN_SELF_SIGNED, 0, ""},
        {"the leaf alone", {LEAF, END}, TLS_CHAIN_INCOMPLETE, 0, "Inter"},
        {"another intermediate", {LEAF, OLD_INTER, END}, TLS_CHAIN_INCOMPLETE, 0, "Inter"},
        {"unknown without its root",
         {STRANGE, STRANGE_INTER, END},
         TLS_CHAIN_UNKNOWN_ISSUER,
         1,
         "Strange Root"},
        {"unknown with its root",
         {STRANGE, STRANGE_INTER, STRANGE_ROOT, END},
         TLS_CHAIN_UNKNOWN_ISSUER,
         2,
         "Strange Root"},
        {"a root of ours out of date",
         {BELOW_OLD_ROOT, END},
         TLS_CHAIN_UNKNOWN_ISSUER,
         0,
         "Old Root"},
        {"a weak leaf", {WEAK, INTER, END}, TLS_CHAIN_WEAK, 0, ""},
        {"a weak intermediate", {BELOW_WEAK, WEAK_CA, END}, TLS_CHAIN_WEAK, 1, ""},
        {"signed over SHA-1", {BY_SHA1, INTER, END}, TLS_CHAIN_WEAK, 0, ""},
        {"weak and incomplete", {WEAK, END}, TLS_CHAIN_INCOMPLETE, 0, "Inter"},
        {"for clients", {CLIENT, INTER, END}, TLS_CHAIN_INVALID, 0, ""},
        {"issued by a leaf", {BY_LEAF, LEAF, INTER, END}, TLS_CHAIN_INVALID, 1, ""},
        {"forged", {FORGED, INTER, END}, TLS_CHAIN_INVALID, 0, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct chain_row *r = &rows[i];
        struct tls_verified v = verify(w, r->chain, "mx.good.test", NOW);
        CHECK(v.chain == r->fault, r->what);
        CHECK_STR(v.missing_issuer, r->missing, r->what);
        CHECK(v.chain_at == r->at, r->what);
        CHECK(v.trusted == (r->fault == TLS_CHAIN_OK), r->what);
        CHECK(v.name == TLS_NAME_OK && v.date == TLS_DATE_OK, r->what);
        CHECK((v.chain_reason.n > 0) == (v.chain != TLS_CHAIN_OK), r->what);
    }
}

/* RFC 6125 6.4: DNS names only, an asterisk for one whole label; RFC 8461 4.1. */
static void names_are_those_of_the_subject_alternative_name(void **state)
{
    struct world *w = *state;
    static const struct {
        enum made_name leaf;
        const char *host;
        enum tls_name_fault fault;
    } rows[] = {
        {LEAF, "mx.good.test", TLS_NAME_OK},
        {LEAF, "MX.GOOD.test", TLS_NAME_OK},
        {LEAF, "mx.good.test.", TLS_NAME_OK},
        {LEAF, "a.wild.test", TLS_NAME_OK},
        {LEAF, "a.b.wild.test", TLS_NAME_MISMATCH},
        {LEAF, "wild.test", TLS_NAME_MISMATCH},
        {LEAF, "good.test", TLS_NAME_MISMATCH},
        {LEAF, ".good.test", TLS_NAME_MISMATCH},
        {LEAF, "mx.bad.test", TLS_NAME_MISMATCH},
        {LEAF, "", TLS_NAME_MISMATCH},
        {LEAF, ".", TLS_NAME_MISMATCH},
        {LEAF, "192.0.2.1", TLS_NAME_MISMATCH},
        {LEAF, "mx", TLS_NAME_MISMATCH},
        {CN_ONLY, "mx.good.test", TLS_NAME_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum made_name chain[] = {rows[i].leaf, INTER, END};
        struct tls_verified v = verify(w, chain, rows[i].host, NOW);
        CHECK(v.name == rows[i].fault, rows[i].host);
        CHECK(v.chain == TLS_CHAIN_OK && v.date == TLS_DATE_OK, rows[i].host);
        CHECK(v.trusted == (rows[i].fault == TLS_NAME_OK), rows[i].host);
    }
}

/* RFC 5280 4.1.2.5. */
static void dates_are_judged_at_the_time_that_is_given(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *what;
        enum made_name chain[CHAIN_ROW];
        int64_t now;
        enum tls_date_fault fault;
        size_t at;
    } rows[] = {
        {"valid", {LEAF, INTER, END}, NOW, TLS_DATE_OK, 0},
        {"its first second", {LEAF, INTER, END}, NOW - 10 * DAY, TLS_DATE_OK, 0},
        {"a second early", {LEAF, INTER, END}, NOW - 10 * DAY - 1, TLS_DATE_NOT_YET, 0},
        /* The last second itself is told differently by different versions of OpenSSL. */
        {"a second before its last", {LEAF, INTER, END}, NOW + 80 * DAY - 1, TLS_DATE_OK, 0},
        {"a second late", {LEAF, INTER, END}, NOW + 80 * DAY + 1, TLS_DATE_EXPIRED, 0},
        {"expired", {EXPIRED, INTER, END}, NOW, TLS_DATE_EXPIRED, 0},
        {"not yet valid", {FUTURE, INTER, END}, NOW, TLS_DATE_NOT_YET, 0},
        {"an intermediate expired", {OLD_BRANCH, OLD_INTER, END}, NOW, TLS_DATE_EXPIRED, 1},
        {"its place, not its depth", {OLD_BRANCH, INTER, OLD_INTER, END}, NOW, TLS_DATE_EXPIRED, 2},
        {"both: the leaf is told", {OLD_BOTH, OLD_INTER, END}, NOW, TLS_DATE_EXPIRED, 0},
        {"what leads nowhere does not count", {LEAF, INTER, OLD_INTER, END}, NOW, TLS_DATE_OK, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_verified v = verify(w, rows[i].chain, "mx.good.test", rows[i].now);
        CHECK(v.date == rows[i].fault, rows[i].what);
        CHECK(v.date_at == rows[i].at, rows[i].what);
        CHECK(v.name == TLS_NAME_OK, rows[i].what);
        CHECK(v.trusted == (v.chain == TLS_CHAIN_OK && v.date == TLS_DATE_OK), rows[i].what);
    }
}

/* Every fault of the chain with every other fault: none hides another. */
static void faults_of_different_kinds_stand_side_by_side(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *what;
        enum made_name chain[CHAIN_ROW];
        const char *host;
        enum tls_chain_fault fault;
        enum tls_name_fault name;
        enum tls_date_fault date;
    } rows[] = {
        {"expired, wrong name",
         {EXPIRED, INTER, END},
         "x.test",
         TLS_CHAIN_OK,
         TLS_NAME_MISMATCH,
         TLS_DATE_EXPIRED},
        {"expired, wrong name, incomplete",
         {EXPIRED, END},
         "x.test",
         TLS_CHAIN_INCOMPLETE,
         TLS_NAME_MISMATCH,
         TLS_DATE_EXPIRED},
        {"future, incomplete",
         {FUTURE, END},
         "mx.good.test",
         TLS_CHAIN_INCOMPLETE,
         TLS_NAME_OK,
         TLS_DATE_NOT_YET},
        {"self-signed, expired, wrong name",
         {SELF_OLD, END},
         "x.test",
         TLS_CHAIN_SELF_SIGNED,
         TLS_NAME_MISMATCH,
         TLS_DATE_EXPIRED},
        {"common name only, incomplete",
         {CN_ONLY, END},
         "mx.good.test",
         TLS_CHAIN_INCOMPLETE,
         TLS_NAME_NONE,
         TLS_DATE_OK},
        {"unknown, wrong name",
         {STRANGE, STRANGE_INTER, END},
         "x.test",
         TLS_CHAIN_UNKNOWN_ISSUER,
         TLS_NAME_MISMATCH,
         TLS_DATE_OK},
        {"weak, wrong name",
         {WEAK, INTER, END},
         "x.test",
         TLS_CHAIN_WEAK,
         TLS_NAME_MISMATCH,
         TLS_DATE_OK},
        {"for clients, wrong name",
         {CLIENT, INTER, END},
         "x.test",
         TLS_CHAIN_INVALID,
         TLS_NAME_MISMATCH,
         TLS_DATE_OK},
        {"forged, wrong name",
         {FORGED, INTER, END},
         "x.test",
         TLS_CHAIN_INVALID,
         TLS_NAME_MISMATCH,
         TLS_DATE_OK},
        {"expired, unreadable behind",
         {EXPIRED, INTER, GARBAGE, END},
         "x.test",
         TLS_CHAIN_UNREADABLE,
         TLS_NAME_MISMATCH,
         TLS_DATE_EXPIRED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_verified v = verify(w, rows[i].chain, rows[i].host, NOW);
        CHECK(v.chain == rows[i].fault, rows[i].what);
        CHECK(v.name == rows[i].name, rows[i].what);
        CHECK(v.date == rows[i].date, rows[i].what);
        CHECK(!v.trusted, rows[i].what);
    }
}

static void certificates_are_described(void **state)
{
    struct world *w = *state;
    struct tls_verified v = verify(w, (enum made_name[]){LEAF, INTER, END}, "mx.good.test", NOW);
    assert_int_equal(v.certificate_count, 2);
    const struct tls_certificate *leaf = &v.certificates[0], *inter = &v.certificates[1];
    CHECK_STR(leaf->subject, "mx", "subject");
    CHECK_STR(leaf->issuer, "Inter", "issuer");
    CHECK_STR(leaf->common_name, "mx", "common name");
    CHECK_STR(leaf->issuer_organisation, "", "organisation");
    CHECK_STR(inter->issuer, "Root", "issuer");
    CHECK_STR(inter->issuer_organisation, "Trust & Co", "organisation");
    assert_int_equal(leaf->name_count, 2);
    CHECK_STR(leaf->names[0], "mx.good.test", "lower case");
    CHECK_STR(leaf->names[1], "*.wild.test", "asterisk");
    assert_int_equal(leaf->not_before, NOW - 10 * DAY);
    assert_int_equal(leaf->not_after, NOW + 80 * DAY);
    v = verify(w, (enum made_name[]){MANY, INTER, END}, "n100.many.test", NOW);
    assert_int_equal(v.certificates[0].name_count, TLS_NAMES_MAX);
    assert_int_equal(v.name, TLS_NAME_OK); /* which is not kept, and counts */
    assert_true(v.trusted);
}

static void a_certificate_without_common_name_is_called_by_its_whole_name(void **state)
{
    struct world *w = *state;
    struct made nameless = made_with(&(struct made_options){
        .organisation = "M\xc3\xbcller", .names = "DNS:a.test", .from = NOW, .until = NOW + DAY});
    struct str der = made_der(&nameless, &w->arena);
    struct tls_peer peer = {.chain = &der, .chain_count = 1};
    struct tls_verified v;
    struct error err;
    assert_int_equal(tls_verify(w->trust, &peer, STR("a.test"), NOW, &w->arena, &v, &err), 0);
    CHECK_STR(v.certificates[0].subject, "O = M\xc3\xbcller", "the whole name");
    CHECK_STR(v.certificates[0].common_name, "", "none");
    made_done(&nameless);
}

/* A chain that was cut, or has bytes behind it, is none. */
static void der_that_is_not_whole_is_unreadable(void **state)
{
    struct world *w = *state;
    struct buf longer CLEANUP(buf_done);
    buf_init(&longer, 1 << 16);
    buf_str(&longer, w->der[LEAF]);
    buf_byte(&longer, '\0');
    struct str rows[] = {STR(""), str_head(w->der[LEAF], w->der[LEAF].n - 1), buf_view(&longer)};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_peer peer = {.chain = &rows[i], .chain_count = 1};
        struct tls_verified v;
        struct error err;
        assert_int_equal(tls_verify(w->trust, &peer, STR("mx.good.test"), NOW, &w->arena, &v, &err),
                         0);
        assert_int_equal(v.chain, TLS_CHAIN_UNREADABLE);
        assert_int_equal(v.certificate_count, 0);
        assert_false(v.trusted);
    }
}

static void without_memory_there_is_no_verdict(void **state)
{
    struct world *w = *state;
    struct tls_peer peer = peer_of(w, (enum made_name[]){EXPIRED, INTER, END});
    for (size_t max = 0;; max += 40) {
        struct arena small;
        struct tls_verified v = {.chain_at = 77};
        struct error err;
        arena_init(&small, max);
        int result = tls_verify(w->trust, &peer, STR("x.test"), NOW, &small, &v, &err);
        assert_true(result == 0 || (result == -ERROR_TEMPORARY && v.chain_at == 77));
        arena_done(&small);
        if (result == 0)
            break;
    }
    for (unsigned n = 1;; n++) {
        struct arena arena CLEANUP(arena_done);
        struct tls_verified v;
        struct error err;
        arena_init(&arena, 1 << 20);
        fault_alloc_at(n);
        int result = tls_verify(w->trust, &peer, STR("x.test"), NOW, &arena, &v, &err);
        if (!fault_alloc_off())
            break;
        assert_int_equal(result, -ERROR_TEMPORARY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_a_chain_is_told_with_its_place),
        cmocka_unit_test(names_are_those_of_the_subject_alternative_name),
        cmocka_unit_test(dates_are_judged_at_the_time_that_is_given),
        cmocka_unit_test(faults_of_different_kinds_stand_side_by_side),
        cmocka_unit_test(certificates_are_described),
        cmocka_unit_test(a_certificate_without_common_name_is_called_by_its_whole_name),
        cmocka_unit_test(der_that_is_not_whole_is_unreadable),
        cmocka_unit_test(without_memory_there_is_no_verdict),
    };
    return cmocka_run_group_tests_name("net tls_verify", tests, make_world, end_world);
}
