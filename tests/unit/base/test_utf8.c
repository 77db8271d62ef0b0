#include "check.h"

#include "base/utf8.h"

/* RFC 3629 section 4: the well-formed sequences and no others. */
static void only_well_formed_sequences_decode(void **state)
{
    static const struct {
        struct str bytes;
        size_t length;
        uint32_t cp;
    } rows[] = {
        {STR_INIT("A"), 1, 'A'},
        {STR_INIT("\0"), 1, 0},
        {STR_INIT("\xc2\x80"), 2, 0x80},
        {STR_INIT("\xdf\xbf"), 2, 0x7FF},
        {STR_INIT("\xe0\xa0\x80"), 3, 0x800},
        {STR_INIT("\xef\xbf\xbf"), 3, 0xFFFF},
        {STR_INIT("\xf0\x90\x80\x80"), 4, 0x10000},
        {STR_INIT("\xf4\x8f\xbf\xbf"), 4, 0x10FFFF},
        {STR_INIT("\xc0\x80"), 0, 0},
        {STR_INIT("\xc1\xbf"), 0, 0},
        {STR_INIT("\xe0\x9f\xbf"), 0, 0},
        {STR_INIT("\xed\xa0\x80"), 0, 0},
        {STR_INIT("\xed\xbf\xbf"), 0, 0},
        {STR_INIT("\xf0\x8f\xbf\xbf"), 0, 0},
        {STR_INIT("\xf4\x90\x80\x80"), 0, 0},
        {STR_INIT("\xf5\x80\x80\x80"), 0, 0},
        {STR_INIT("\x80"), 0, 0},
        {STR_INIT("\xe2\x82"), 0, 0},
        {STR_INIT("\xe2\x28\xa1"), 0, 0},
        {STR_INIT("\xff"), 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t cp = 0;
        assert_int_equal(utf8_decode(rows[i].bytes, &cp), rows[i].length);
        if (rows[i].length)
            assert_int_equal(cp, rows[i].cp);
    }
}

static void every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        uint32_t back = 0;
        size_t n = utf8_put(bytes, cp);
        assert_int_equal(utf8_decode((struct str){bytes, n}, &back), n);
        assert_int_equal(back, cp >= 0xD800 && cp <= 0xDFFF ? 0xFFFD : cp);
    }
}

static void utf16_becomes_utf8(void **state)
{
    static const struct {
        struct str utf16;
        bool big_endian;
        const char *utf8;
    } rows[] = {
        {STR_INIT("{\0}\0"), false, "{}"},
        {STR_INIT("\0{\0}"), true, "{}"},
        {STR_INIT("\xe9\0"), false, "\xc3\xa9"},
        {STR_INIT("\x3d\xd8\x00\xde"), false, "\xf0\x9f\x98\x80"},
        {STR_INIT("\xd8\x3d\xde\x00"), true, "\xf0\x9f\x98\x80"},
        {STR_INIT("\x3d\xd8"), false, "\xef\xbf\xbd"},
        {STR_INIT("\x00\xde"), false, "\xef\xbf\xbd"},
        {STR_INIT("a\0b"), false, "a\xef\xbf\xbd"},
        {STR_INIT(""), false, ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 100);
        utf8_from_utf16(&out, rows[i].utf16, rows[i].big_endian);
        CHECK_STR(buf_view(&out), rows[i].utf8, rows[i].utf8);
    }
}

static void invisible_and_bidi_characters_are_unsafe(void **state)
{
    static const uint32_t unsafe[] = {0,      0x1B,   0x7F,   0x85,    0xAD,    0x200B,  0x200E,
                                      0x202E, 0x2066, 0x2028, 0xFEFF,  0xE0041, 0xF0000, 0x10FFFF,
                                      0xFFFE, 0x061C, 0xE000, 0x1D173, 0xFFF9};
    static const uint32_t safe[] = {' ', 'a', '~', 0xA0, 0xE4, 0x4E2D, 0xFFFD, 0x1F600, 0x2010};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(unsafe); i++)
        assert_true(unicode_is_unsafe(unsafe[i]));
    for (size_t i = 0; i < ARRAY_LEN(safe); i++)
        assert_false(unicode_is_unsafe(safe[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_sequences_decode),
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(utf16_becomes_utf8),
        cmocka_unit_test(invisible_and_bidi_characters_are_unsafe),
    };
    return cmocka_run_group_tests_name("base utf8", tests, NULL, NULL);
}
