#include "check.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/buf.h"
#include "fault.h"
#include "mail/dkim.h"
#include "mail/dkim_canon.h"

#define NOW 1795000000

/* ---- the example of RFC 8463 appendix A ---- */

#define ED25519_RECORD "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define RSA_RECORD                                                                                 \
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR" \
    "6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5"   \
    "QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"

static const char example[] = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                              " subject : date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                              " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
                              "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                              " date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
                              " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
                              " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
                              "From: Joe SixPack <joe@football.example.com>\r\n"
                              "To: Suzie Q <suzie@shopping.example.net>\r\n"
                              "Subject: Is dinner ready?\r\n"
                              "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                              "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                              "\r\n"
                              "Hi.\r\n"
                              "\r\n"
                              "We lost the game.  Are you hungry yet?\r\n"
                              "\r\n"
                              "Joe.\r\n";

static void without_carriage_returns(struct buf *out, const char *text)
{
    buf_init(out, 1 << 16);
    for (; *text; text++) {
        if (*text != '\r')
            buf_byte(out, *text);
    }
}

static void the_example_of_rfc_8463_is_valid(void **state)
{
    struct buf unix_lines CLEANUP(buf_done);
    (void)state;
    without_carriage_returns(&unix_lines, example);
    const struct str forms[] = {str_from(example), buf_view(&unix_lines)};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct arena arena CLEANUP(arena_done);
        struct dkim dkim;
        char name[DOMAIN_NAME_MAX + 1];
        arena_init(&arena, 1 << 20);
        assert_int_equal(dkim_read(&dkim, forms[i], NOW, &arena), 0);
        assert_int_equal(dkim.count, 2);
        assert_false(dkim.more);
        const struct dkim_signature *one = &dkim.items[0], *two = &dkim.items[1];
        CHECK_STR(dkim_key_name(one, name), "brisbane._domainkey.football.example.com", "name");
        CHECK_STR(one->domain, "football.example.com", "d=");
        assert_int_equal(dkim_verify(one, STR(ED25519_RECORD)), DKIM_VALID);
        assert_int_equal(dkim_verify(two, STR(RSA_RECORD)), DKIM_VALID);
        assert_int_equal(dkim_verify(two, STR(ED25519_RECORD)), DKIM_KEY_TYPE);
        assert_int_equal(dkim_verify(one, STR(RSA_RECORD)), DKIM_KEY_TYPE);
    }
}

/* Whatever is signed and is changed makes both signatures worthless; what is not, does not. */
static void a_change_of_what_is_signed_is_seen(void **state)
{
    static const struct {
        const char *what, *from, *to;
        enum dkim_result result;
    } rows[] = {
        {"body", "lost the game", "won the game", DKIM_BODY_CHANGED},
        {"a line behind the body", "Joe.\r\n", "Joe.\r\nPS\r\n", DKIM_BODY_CHANGED},
        {"From", "From: Joe", "From: Jim", DKIM_WRONG},
        {"a second From", "To: Suzie", "From: a@b.test\r\nTo: Suzie", DKIM_WRONG},
        {"a second Subject at the top", "DKIM-Signature: v=1; a=ed",
         "Subject: x\r\nDKIM-Signature: v=1; a=ed", DKIM_WRONG},
        {"a tag of the signature", "t=1528637909; h=from : to :\r\n",
         "t=1528637908; h=from : to :\r\n", DKIM_WRONG},
        {"a line that is no field", "To: Suzie", "no field\r\nTo: Suzie", DKIM_HEADER},
        {"a name that is none", "To: Suzie", "no field: x\r\nTo: Suzie", DKIM_HEADER},
        {"a field without a name", "To: Suzie", ": x\r\nTo: Suzie", DKIM_HEADER},
        {"a From_ line in the middle", "To: Suzie", "From joe\r\nTo: Suzie", DKIM_HEADER},
        {"a From_ line in front", "DKIM-Signature: v=1; a=ed",
         "From joe@example.com Fri Jul 11 21:01:54 2003\r\nDKIM-Signature: v=1; a=ed", DKIM_VALID},
        {"padding within the signature", "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==", "=AAA",
         DKIM_MALFORMED},
        {"a field that is not signed", "To: Suzie", "X-Note: x\r\nTo: Suzie", DKIM_VALID},
        {"a second To", "DKIM-Signature: v=1; a=ed",
         "To: other@example.net\r\nDKIM-Signature: v=1; a=ed", DKIM_VALID},
        {"empty lines behind the body", "Joe.\r\n", "Joe.\r\n \r\n\r\n", DKIM_VALID},
        {"no line end behind the body", "Joe.\r\n", "Joe.", DKIM_VALID},
        {"blanks in the body", "lost the game.  Are", "lost\tthe game. Are", DKIM_VALID},
        {"blanks in a field", "To: Suzie Q <", "to :  Suzie\r\n\tQ  <", DKIM_VALID},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct buf changed CLEANUP(buf_done);
        struct dkim dkim;
        const char *at = strstr(example, rows[i].from);
        arena_init(&arena, 1 << 20);
        buf_init(&changed, 1 << 16);
        assert_non_null(at);
        buf_add(&changed, example, (size_t)(at - example));
        buf_cstr(&changed, rows[i].to);
        buf_cstr(&changed, at + strlen(rows[i].from));
        assert_int_equal(dkim_read(&dkim, buf_view(&changed), NOW, &arena), 0);
        assert_int_equal(dkim.count, 2);
        const struct dkim_signature *one = &dkim.items[0];
        enum dkim_result result =
            one->result == DKIM_PENDING ? dkim_verify(one, STR(ED25519_RECORD)) : one->result;
        CHECK_STR(str_from(dkim_result_name(result)), dkim_result_name(rows[i].result),
                  rows[i].what);
    }
}

/* ---- forms, RFC 6376 3.4 ---- */

static void hash_of(struct str bytes, unsigned char hash[DKIM_HASH_SIZE])
{
    assert_int_equal(EVP_Digest(bytes.p, bytes.n, hash, NULL, EVP_sha256(), NULL), 1);
}

static void bodies_are_signed_in_the_forms_of_rfc_6376_3_4(void **state)
{
    static const struct {
        const char *body, *simple, *relaxed;
    } rows[] = {
        {"", "\r\n", ""},
        {"\r\n", "\r\n", ""},
        {"\r\n\r\n", "\r\n", ""},
        {" \r\n", " \r\n", ""},
        {"x", "x\r\n", "x\r\n"},
        {"x\n", "x\r\n", "x\r\n"},
        {"x\n\n\n", "x\r\n", "x\r\n"},
        {"x\n\ny\n", "x\r\n\r\ny\r\n", "x\r\n\r\ny\r\n"},
        {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"}, /* 3.4.5 */
        {"x\n \n", "x\r\n \r\n", "x\r\n"},
        {"\n\nx", "\r\n\r\nx\r\n", "\r\n\r\nx\r\n"},
        {"a\rb\r\r\n", "a\rb\r\r\n", "a\rb\r\r\n"},
        {"x\r\n\r", "x\r\n\r\r\n", "x\r\n\r\r\n"}, /* a bare CR ends no line */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int relaxed = 0; relaxed < 2; relaxed++) {
            unsigned char got[DKIM_HASH_SIZE], wanted[DKIM_HASH_SIZE];
            struct dkim_sink sink;
            assert_true(dkim_sink_begin(&sink));
            dkim_add_body(&sink, str_from(rows[i].body), relaxed);
            assert_true(dkim_sink_end(&sink, got));
            hash_of(str_from(relaxed ? rows[i].relaxed : rows[i].simple), wanted);
            CHECK(memcmp(got, wanted, sizeof got) == 0, rows[i].body);
        }
    }
}

static void fields_are_signed_in_the_forms_of_rfc_6376_3_4(void **state)
{
    static const struct {
        const char *field, *gap, *simple, *relaxed;
    } rows[] = {
        {"A: X", NULL, "A: X", "a:X"}, /* 3.4.5 */
        {"B : Y\t\r\n\tZ  ", NULL, "B : Y\t\r\n\tZ  ", "b:Y Z"},
        {"B : Y\t\n\tZ  ", NULL, "B : Y\t\r\n\tZ  ", "b:Y Z"},
        {"C:", NULL, "C:", "c:"},
        {"C: \r\n \r\n ", NULL, "C: \r\n \r\n ", "c:"},
        {"D: b= AA\r\n BB ; c", " AA\r\n BB ", "D: b=; c", "d:b=; c"},
        {"D: c ; b=AA", "AA", "D: c ; b=", "d:c ; b="},
        {"E: a\rb", NULL, "E: a\rb", "e:a\rb"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int relaxed = 0; relaxed < 2; relaxed++) {
            unsigned char got[DKIM_HASH_SIZE], wanted[DKIM_HASH_SIZE];
            struct dkim_sink sink;
            struct str gap = {NULL, 0};
            if (rows[i].gap)
                gap = (struct str){strstr(rows[i].field, rows[i].gap), strlen(rows[i].gap)};
            assert_true(dkim_sink_begin(&sink));
            dkim_add_field(&sink, str_from(rows[i].field), gap, relaxed);
            assert_true(dkim_sink_end(&sink, got));
            hash_of(str_from(relaxed ? rows[i].relaxed : rows[i].simple), wanted);
            CHECK(memcmp(got, wanted, sizeof got) == 0, rows[i].field);
        }
    }
}

/* ---- signatures, RFC 6376 6.1.1 ---- */

#define HASH_OF_NOTHING "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* relaxed */
#define GOOD            "bh=" HASH_OF_NOTHING "; b=AAAA; c=relaxed/relaxed; "

static void a_signature_that_cannot_be_valid_says_why(void **state)
{
    static const struct {
        const char *tags;
        enum dkim_result result;
    } rows[] = {
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; " GOOD, DKIM_PENDING},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; " GOOD "unknown=tag", DKIM_PENDING},
        {"v=1; a=RSA-SHA256; d=A.Test.; s=x.y; h=to:FROM; q=other:dns/txt; " GOOD, DKIM_PENDING},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; i=me@mail.a.test; " GOOD, DKIM_PENDING},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; t=1; x=1795000000; " GOOD, DKIM_PENDING},
        {"", DKIM_MALFORMED},
        {"v=1", DKIM_MALFORMED},
        {"v=1; v=1; a=rsa-sha256; d=a.test; s=x; h=from; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; z=1; z=2; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; =; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; no tag; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; u=\xc3\xa4; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a..test; s=x; h=from; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=; h=from; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from::to; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; c=loose; bh=AAAA; b=AAAA", DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; bh=AAAA; b=AAAA", DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; b=; bh=" HASH_OF_NOTHING, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; b=A; bh=" HASH_OF_NOTHING, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; x=soon; " GOOD, DKIM_MALFORMED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; t=9; x=8; " GOOD, DKIM_MALFORMED},
        {"v=2; a=rsa-sha256; d=a.test; s=x; h=from; " GOOD, DKIM_VERSION},
        {"v=1; a=rsa-sha1; d=a.test; s=x; h=from; " GOOD, DKIM_ALGORITHM},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; q=http; " GOOD, DKIM_QUERY},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; l=0; " GOOD, DKIM_LENGTH},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; i=me@b.test; " GOOD, DKIM_IDENTITY},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; i=a.test; " GOOD, DKIM_IDENTITY},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; i=@xa.test; " GOOD, DKIM_IDENTITY},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=to:subject; " GOOD, DKIM_FROM_UNSIGNED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; x=1794999999; " GOOD, DKIM_EXPIRED},
        {"v=1; a=rsa-sha256; d=a.test; s=x; h=from; c=relaxed; b=AAAA; bh=" HASH_OF_NOTHING,
         DKIM_BODY_CHANGED}, /* the body is simple then, and has a line end */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena CLEANUP(arena_done);
        struct buf message CLEANUP(buf_done);
        struct dkim dkim;
        arena_init(&arena, 1 << 20);
        buf_init(&message, 1 << 16);
        buf_printf(&message, "DKIM-Signature: %s\r\nFrom: a@a.test\r\n\r\n", rows[i].tags);
        assert_int_equal(dkim_read(&dkim, buf_view(&message), NOW, &arena), 0);
        assert_int_equal(dkim.count, 1);
        CHECK_STR(str_from(dkim_result_name(dkim.items[0].result)),
                  dkim_result_name(rows[i].result), rows[i].tags);
    }
}

static void there_are_limits(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct buf message CLEANUP(buf_done);
    struct dkim dkim;
    (void)state;
    arena_init(&arena, 1 << 20);
    buf_init(&message, 1 << 20);
    for (int i = 0; i < DKIM_SIGNATURES_MAX + 1; i++)
        buf_cstr(&message, "DKIM-Signature: v=1\r\n");
    assert_int_equal(dkim_read(&dkim, buf_view(&message), NOW, &arena), 0);
    assert_int_equal(dkim.count, DKIM_SIGNATURES_MAX);
    assert_true(dkim.more);
    buf_reset(&message);
    arena_reset(&arena);
    buf_cstr(&message, "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=x; " GOOD "h=from");
    for (int i = 0; i < DKIM_SIGNED_MAX; i++)
        buf_cstr(&message, ":to");
    buf_cstr(&message, "\r\n\r\n");
    assert_int_equal(dkim_read(&dkim, buf_view(&message), NOW, &arena), 0);
    assert_int_equal(dkim.items[0].result, DKIM_TOO_LARGE);
    buf_reset(&message);
    arena_reset(&arena);
    buf_cstr(&message, "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=x; h=from; " GOOD "\r\n");
    for (int i = 0; i < DKIM_FIELDS_MAX; i++)
        buf_cstr(&message, "X: y\r\n");
    assert_int_equal(dkim_read(&dkim, buf_view(&message), NOW, &arena), 0);
    assert_int_equal(dkim.items[0].result, DKIM_TOO_LARGE);
    const struct dkim_signature long_name = {.domain = STR("a.test"),
                                             .selector = {example, DOMAIN_NAME_MAX}};
    char name[DOMAIN_NAME_MAX + 1];
    assert_int_equal(dkim_key_name(&long_name, name).n, 0);
}

static void messages_without_a_signature_have_none(void **state)
{
    static const char *const messages[] = {
        "",
        "\r\n",
        "\n",
        "From: a@b.test",
        "From: a@b.test\r\n\r\nDKIM-Signature: v=1\r\n",
        "\n DKIM-Signature: v=1\n",
        "no field\r\n\r\n",
        " folded into nothing\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct arena arena CLEANUP(arena_done);
        struct dkim dkim;
        arena_init(&arena, 1 << 20);
        CHECK(dkim_read(&dkim, str_from(messages[i]), NOW, &arena) == 0, messages[i]);
        CHECK(dkim.count == 0, messages[i]);
    }
}

/* ---- keys, RFC 6376 6.1.2 and RFC 8460 3 ---- */

/* A signature of the key over 32 zeros, and the key's record without its other tags. */
static struct dkim_signature signature_by(EVP_PKEY *key, struct arena *arena)
{
    unsigned char bytes[1024];
    size_t n = sizeof bytes;
    struct dkim_signature s = {.domain = STR("a.test"), .selector = STR("x")};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, bytes, &n, s.fields, sizeof s.fields), 1);
    EVP_PKEY_CTX_free(ctx);
    s.signature = arena_str(arena, (struct str){(const char *)bytes, n});
    return s;
}

static struct str in_base64(unsigned char *der, int n, struct arena *arena)
{
    char *text = arena_alloc(arena, (size_t)n * 2 + 8);
    assert_true(n > 0 && text);
    int size = EVP_EncodeBlock((unsigned char *)text, der, n);
    OPENSSL_free(der);
    return (struct str){text, (size_t)size};
}

static struct str spki_of(EVP_PKEY *key, struct arena *arena)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    return in_base64(der, n, arena);
}

static struct str pkcs1_of(EVP_PKEY *key, struct arena *arena)
{
    unsigned char *der = NULL;
    int n = i2d_PublicKey(key, &der);
    return in_base64(der, n, arena);
}

/* A record from a template, where KEY stands for the key. */
static void write_record(struct buf *out, const char *template, struct str key)
{
    const char *at = strstr(template, "KEY");
    buf_reset(out);
    buf_add(out, template, (size_t)(at - template));
    buf_str(out, key);
    buf_cstr(out, at + 3);
}

static void a_key_must_be_one_for_the_signature(void **state)
{
    static const struct {
        const char *tags;
        enum dkim_result result;
    } rows[] = {
        {"p=KEY", DKIM_VALID},
        {"v=DKIM1; p=KEY", DKIM_VALID},
        {"v=DKIM1; k=RSA; h=sha1:sha256; s=*; n=note; p=KEY", DKIM_VALID},
        {"s=tlsrpt; p=KEY", DKIM_VALID},
        {"s=email : tlsrpt; p=KEY;", DKIM_VALID},
        {"s=email; p=KEY", DKIM_VALID},
        {"s=other; p=KEY", DKIM_KEY_SERVICE},
        {"s=; p=KEY", DKIM_KEY_SERVICE},
        {"h=sha1; p=KEY", DKIM_KEY_HASH},
        {"k=ed25519; p=KEY", DKIM_KEY_TYPE},
        {"t=y; p=KEY", DKIM_KEY_TESTING},
        {"t=s; p=KEY", DKIM_VALID},
        {"v=DKIM2; p=KEY", DKIM_KEY_MALFORMED},
        {"p=; x=KEY", DKIM_KEY_REVOKED},
        {"x=KEY", DKIM_KEY_MALFORMED},
        {"p=KEY; p=", DKIM_KEY_MALFORMED},
        {"p=AKEY", DKIM_KEY_MALFORMED},
        {"p=AAAAKEY", DKIM_KEY_MALFORMED},
        {"p=KEYAAAA", DKIM_KEY_MALFORMED},
        {"KEY", DKIM_KEY_MALFORMED},
    };
    struct arena arena CLEANUP(arena_done);
    EVP_PKEY *key = EVP_RSA_gen(1024), *other = EVP_RSA_gen(1024);
    (void)state;
    arena_init(&arena, 1 << 20);
    struct dkim_signature s = signature_by(key, &arena);
    struct str text = spki_of(key, &arena);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf record CLEANUP(buf_done);
        buf_init(&record, 1 << 16);
        write_record(&record, rows[i].tags, text);
        CHECK_STR(str_from(dkim_result_name(dkim_verify(&s, buf_view(&record)))),
                  dkim_result_name(rows[i].result), rows[i].tags);
    }
    struct buf record CLEANUP(buf_done);
    buf_init(&record, 1 << 16);
    write_record(&record, "p=KEY", spki_of(other, &arena));
    assert_int_equal(dkim_verify(&s, buf_view(&record)), DKIM_WRONG);
    write_record(&record, "p=KEY", pkcs1_of(key, &arena));
    assert_int_equal(dkim_verify(&s, buf_view(&record)), DKIM_VALID);
    s.below = true;
    write_record(&record, "t=s; p=KEY", text);
    assert_int_equal(dkim_verify(&s, buf_view(&record)), DKIM_KEY_STRICT);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void a_weak_key_is_none(void **state)
{
    struct arena arena CLEANUP(arena_done);
    struct buf record CLEANUP(buf_done);
    EVP_PKEY *key = EVP_RSA_gen(768);
    (void)state;
    arena_init(&arena, 1 << 20);
    buf_init(&record, 1 << 16);
    struct dkim_signature s = signature_by(key, &arena);
    write_record(&record, "p=KEY", spki_of(key, &arena));
    assert_int_equal(dkim_verify(&s, buf_view(&record)), DKIM_KEY_WEAK);
    EVP_PKEY_free(key);
}

static void without_memory_nothing_is_valid(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct arena arena CLEANUP(arena_done);
        struct dkim dkim;
        enum dkim_result result = DKIM_PENDING;
        arena_init(&arena, 1 << 20);
        fault_alloc_at(n);
        int read = dkim_read(&dkim, str_from(example), NOW, &arena);
        if (read == 0 && dkim.items[0].result == DKIM_PENDING)
            result = dkim_verify(&dkim.items[0], STR(ED25519_RECORD));
        bool failed = fault_alloc_off();
        assert_int_equal(result == DKIM_VALID, !failed);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_8463_is_valid),
        cmocka_unit_test(a_change_of_what_is_signed_is_seen),
        cmocka_unit_test(bodies_are_signed_in_the_forms_of_rfc_6376_3_4),
        cmocka_unit_test(fields_are_signed_in_the_forms_of_rfc_6376_3_4),
        cmocka_unit_test(a_signature_that_cannot_be_valid_says_why),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(messages_without_a_signature_have_none),
        cmocka_unit_test(a_key_must_be_one_for_the_signature),
        cmocka_unit_test(a_weak_key_is_none),
        cmocka_unit_test(without_memory_nothing_is_valid),
    };
    return cmocka_run_group_tests_name("mail dkim", tests, NULL, NULL);
}
