#include "check.h"

#include <string.h>

#include "net/dns_update.h"
#include "net/tsig.h"

/* Signatures and signed answers below were made by another implementation: Python's hmac over what
 * RFC 8945 4.3 says. */
#define NOW 1700000000

#define GOOD                                                                                       \
    "\x12\x34\xa8\x00\x00\x01\x00\x00\x00\x00\x00\x01\x07\x65\x78\x61\x6d\x70\x6c\x65"             \
    "\x04\x74\x65\x73\x74\x00\x00\x06\x00\x01\x03\x6b\x65\x79\x04\x74\x65\x73\x74\x00"             \
    "\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x3d\x0b\x68\x6d\x61\x63\x2d\x73\x68\x61\x32"             \
    "\x35\x36\x00\x00\x00\x65\x53\xf1\x00\x01\x2c\x00\x20\xbd\xc4\x6b\x3d\xbd\x73\x63"             \
    "\xb5\x76\x74\x12\xf5\x55\xcc\x39\x68\xb6\x7a\x5e\x42\xce\xc4\xcf\x81\xcc\x7e\xf2"             \
    "\xb3\xe7\x1c\x4e\x46\x12\x34\x00\x00\x00\x00"

#define BAD_TIME                                                                                   \
    "\x12\x34\xa8\x09\x00\x01\x00\x00\x00\x00\x00\x01\x07\x65\x78\x61\x6d\x70\x6c\x65"             \
    "\x04\x74\x65\x73\x74\x00\x00\x06\x00\x01\x03\x6b\x65\x79\x04\x74\x65\x73\x74\x00"             \
    "\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x43\x0b\x68\x6d\x61\x63\x2d\x73\x68\x61\x32"             \
    "\x35\x36\x00\x00\x00\x65\x53\xf1\x00\x01\x2c\x00\x20\x86\xe4\x8e\x4b\xdf\x87\xcc"             \
    "\xe9\xf5\xfc\xed\xee\x52\x0c\x4c\x65\xc2\x95\x18\x2a\xc5\x68\x6c\xbe\x00\x5b\x61"             \
    "\xb2\x5d\x9a\x72\xa3\x12\x34\x00\x12\x00\x06\x00\x00\x65\x54\x00\xa0"

#define BAD_KEY                                                                                    \
    "\x12\x34\xa8\x09\x00\x01\x00\x00\x00\x00\x00\x01\x07\x65\x78\x61\x6d\x70\x6c\x65"             \
    "\x04\x74\x65\x73\x74\x00\x00\x06\x00\x01\x03\x6b\x65\x79\x04\x74\x65\x73\x74\x00"             \
    "\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x1d\x0b\x68\x6d\x61\x63\x2d\x73\x68\x61\x32"             \
    "\x35\x36\x00\x00\x00\x65\x53\xf1\x00\x01\x2c\x00\x00\x12\x34\x00\x11\x00\x00"

static struct tsig_key the_key(enum tsig_algorithm algorithm)
{
    struct tsig_key key = {.name = STR("Key.Test"), .algorithm = algorithm, .secret_n = 32};
    memset(key.secret, 'k', key.secret_n);
    return key;
}

static const struct dns_update update = {
    .id = 0x1234,
    .zone = STR_INIT("example.test"),
    .name = STR_INIT("_acme-challenge.example.test"),
    .text = STR_INIT("token"),
    .ttl = 60,
};

static struct tsig_mac signed_request(const struct tsig_key *key, struct buf *message)
{
    struct tsig_mac mac = {.n = 0};
    buf_init(message, 65535);
    assert_true(dns_update_write(&update, message));
    assert_true(tsig_sign(key, NOW, message, &mac));
    return mac;
}

/* RFC 8945 4.3.3, 6: each algorithm, the name in lower case. */
static void a_request_is_signed_as_rfc_8945_has_it(void **state)
{
    static const struct {
        enum tsig_algorithm algorithm;
        const char *name;
        struct str mac;
    } rows[] = {
        {TSIG_HMAC_SHA256, "hmac-sha256",
         STR_INIT("59df7b722dc5a33d71270e9a3f10ec9707c3dcde2035b90ccef0fa674c32967e")},
        {TSIG_HMAC_SHA384, "hmac-sha384",
         STR_INIT("9c9ef4bf6a5ad598eb22fe18d57349b7209fbfa6d4b8e41554f73969827dd9bbd724217a48d5359a"
                  "a3b9243a3962e074")},
        {TSIG_HMAC_SHA512, "hmac-sha512",
         STR_INIT("35c494c0b2b02f5f80db1913a96c66ae35f78c867f239196c7c19fe70f21663102da2c58b551c34c"
                  "f64aafae1721f12182cbdec9ff2672195c662bf31c5e283d")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf message CLEANUP(buf_done), hex CLEANUP(buf_done);
        struct tsig_key key = the_key(rows[i].algorithm);
        struct tsig_mac mac = signed_request(&key, &message);
        buf_init(&hex, 256);
        for (size_t n = 0; n < mac.n; n++)
            buf_printf(&hex, "%02x", mac.bytes[n]);
        CHECK(str_eq(buf_view(&hex), rows[i].mac), rows[i].name);
        CHECK(message.p[11] == 1 && str_find(buf_view(&message), STR("\3key\4test")) > 0,
              rows[i].name);
        CHECK(strcmp(tsig_algorithm_name(rows[i].algorithm), rows[i].name) == 0, rows[i].name);
    }
}

static void algorithms_are_known_by_name(void **state)
{
    enum tsig_algorithm algorithm = TSIG_HMAC_SHA256;
    (void)state;
    assert_true(tsig_algorithm_read(STR("HMAC-SHA512."), &algorithm));
    assert_int_equal(algorithm, TSIG_HMAC_SHA512);
    assert_false(tsig_algorithm_read(STR("hmac-md5.sig-alg.reg.int"), &algorithm));
    assert_false(tsig_algorithm_read(STR("hmac-sha1"), &algorithm));
    assert_false(tsig_algorithm_read(STR(""), &algorithm));
}

/* RFC 8945 5.3. */
static void only_an_answer_by_the_key_to_the_request_is_good(void **state)
{
    static const struct {
        const char *name;
        struct str answer;
        int64_t now;
        enum tsig_verdict verdict;
        uint16_t error;
        int64_t server_time;
    } rows[] = {
        {"good", STR_INIT(GOOD), NOW, TSIG_GOOD, 0, 0},
        {"300 s late", STR_INIT(GOOD), NOW + 300, TSIG_GOOD, 0, 0},
        {"301 s late", STR_INIT(GOOD), NOW + 301, TSIG_LATE, 0, 0},
        {"301 s early", STR_INIT(GOOD), NOW - 301, TSIG_LATE, 0, 0},
        {"something behind", STR_INIT(GOOD "x"), NOW, TSIG_MALFORMED, 0, 0},
        {"BADTIME", STR_INIT(BAD_TIME), NOW, TSIG_GOOD, TSIG_ERROR_TIME, NOW + 4000},
        {"BADKEY", STR_INIT(BAD_KEY), NOW, TSIG_UNSIGNED, TSIG_ERROR_KEY, 0},
        {"no signature", STR_INIT("\x12\x34\xa8\0\0\0\0\0\0\0\0\0"), NOW, TSIG_ABSENT, 0, 0},
        {"half a header", STR_INIT("\x12\x34\xa8\0\0\0\0"), NOW, TSIG_MALFORMED, 0, 0},
    };
    struct buf message CLEANUP(buf_done);
    struct tsig_key key = the_key(TSIG_HMAC_SHA256);
    struct tsig_mac mac = signed_request(&key, &message);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tsig_answer got = tsig_verify(&key, &mac, rows[i].answer, rows[i].now);
        CHECK(got.verdict == rows[i].verdict, rows[i].name);
        CHECK(got.error == rows[i].error, rows[i].name);
        CHECK(got.server_time == rows[i].server_time, rows[i].name);
    }
    struct tsig_key other = key;
    other.secret[0] ^= 1;
    assert_int_equal(tsig_verify(&other, &mac, STR(GOOD), NOW).verdict, TSIG_FALSE);
    other = the_key(TSIG_HMAC_SHA512);
    assert_int_equal(tsig_verify(&other, &mac, STR(GOOD), NOW).verdict, TSIG_OTHER_KEY);
    other = key;
    other.name = STR("other.test");
    assert_int_equal(tsig_verify(&other, &mac, STR(GOOD), NOW).verdict, TSIG_OTHER_KEY);
    mac.bytes[0] ^= 1; /* the answer to another request */
    assert_int_equal(tsig_verify(&key, &mac, STR(GOOD), NOW).verdict, TSIG_FALSE);
}

/* But for the id, which RFC 8945 5.3 takes from the TSIG record, and which who asked compares. */
static void no_byte_of_a_good_answer_can_be_another(void **state)
{
    struct buf message CLEANUP(buf_done);
    struct tsig_key key = the_key(TSIG_HMAC_SHA256);
    struct tsig_mac mac = signed_request(&key, &message);
    char answer[sizeof GOOD - 1];
    (void)state;
    for (size_t i = 2; i < sizeof answer; i++) {
        memcpy(answer, GOOD, sizeof answer);
        answer[i] ^= 1;
        struct tsig_answer got = tsig_verify(&key, &mac, (struct str){answer, sizeof answer}, NOW);
        assert_int_not_equal(got.verdict, TSIG_GOOD);
    }
    for (size_t n = 0; n < sizeof answer; n++) {
        char *cut = test_malloc(n + 1); /* so that a sanitizer sees a read beyond */
        memcpy(cut, GOOD, n);
        assert_int_not_equal(tsig_verify(&key, &mac, (struct str){cut, n}, NOW).verdict, TSIG_GOOD);
        test_free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_signed_as_rfc_8945_has_it),
        cmocka_unit_test(algorithms_are_known_by_name),
        cmocka_unit_test(only_an_answer_by_the_key_to_the_request_is_good),
        cmocka_unit_test(no_byte_of_a_good_answer_can_be_another),
    };
    return cmocka_run_group_tests_name("net/tsig", tests, NULL, NULL);
}
