#include "check.h"

#include "mail/sniff.h"

static void bytes_are_told_by_what_they_are(void **state)
{
    static const struct {
        const char *name;
        struct str bytes;
        enum sniff kind;
    } rows[] = {
        {"nothing", STR_INIT(""), SNIFF_EMPTY},
        {"blanks", STR_INIT(" \r\n\t"), SNIFF_EMPTY},
        {"object", STR_INIT("{}"), SNIFF_JSON},
        {"object behind blanks", STR_INIT("\n\n  {}"), SNIFF_JSON},
        {"object behind a BOM", STR_INIT("\xef\xbb\xbf{}"), SNIFF_JSON},
        {"UTF-16LE with BOM", STR_INIT("\xff\xfe{\0}\0"), SNIFF_JSON},
        {"UTF-16BE with BOM", STR_INIT("\xfe\xff\0{\0}"), SNIFF_JSON},
        {"UTF-16LE without", STR_INIT("{\0}\0"), SNIFF_JSON},
        {"UTF-16BE without", STR_INIT("\0 \0{\0}"), SNIFF_JSON},
        {"UTF-16 letter", STR_INIT("\xff\xfeH\0i\0"), SNIFF_OTHER},
        {"array of objects", STR_INIT("[ {} ]"), SNIFF_JSON},
        {"empty array", STR_INIT("[ ]"), SNIFF_JSON_OTHER},
        {"text in brackets", STR_INIT("[image] hello"), SNIFF_OTHER},
        {"gzip", STR_INIT("\x1f\x8b\x08"), SNIFF_GZIP},
        {"zip", STR_INIT("PK\3\4rest"), SNIFF_ZIP},
        {"empty zip", STR_INIT("PK\5\6rest"), SNIFF_ZIP},
        {"message", STR_INIT("Received: by x\r\n\tfor y\r\nTo: z\r\n\r\n"), SNIFF_MESSAGE},
        {"message behind a quoted From_", STR_INIT(">From a 1:1\nTo: z\n\n"), SNIFF_MESSAGE},
        {"header without a known field", STR_INIT("note: a\nhint: b\n\nTo: x\n"), SNIFF_OTHER},
        {"header with a line that is no field", STR_INIT("Note: a\nhello\nTo: x\n"), SNIFF_OTHER},
        {"mbox", STR_INIT("From a Tue Nov 24 11:36:00 2026\nTo: x\n\n"), SNIFF_MBOX},
        {"mbox with a bare From_", STR_INIT("From \r\nTo: x\r\n"), SNIFF_MBOX},
        {"a letter about time", STR_INIT("From here at 11:30\nwe go\n"), SNIFF_OTHER},
        {"web page", STR_INIT("<!DOCTYPE html><p>"), SNIFF_HTML},
        {"DMARC", STR_INIT("<?xml version=\"1.0\"?>\n<feedback>"), SNIFF_DMARC},
        {"DMARC without declaration", STR_INIT("<feedback xmlns='x'>"), SNIFF_DMARC},
        {"XML", STR_INIT("<?xml version=\"1.0\"?><a/>"), SNIFF_XML},
        {"base64 of gzip", STR_INIT("H4sIAAAAAAAAA6tW\nKkot"), SNIFF_BASE64_GZIP},
        {"base64 of zip", STR_INIT("UEsDBBQAAAAIAAAA\n"), SNIFF_BASE64_ZIP},
        {"base64 of JSON", STR_INIT("eyJyZXBvcnQtaWQi\n"), SNIFF_BASE64_JSON},
        {"a word", STR_INIT("eyes"), SNIFF_OTHER},
        {"text", STR_INIT("hello"), SNIFF_OTHER},
        {"one byte 0", STR_INIT("\0"), SNIFF_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(sniff_bytes(rows[i].bytes) == rows[i].kind, rows[i].name);
}

static void a_field_is_a_name_and_a_colon(void **state)
{
    char name[80];
    (void)state;
    assert_true(sniff_is_field(STR("A: b")));
    assert_true(sniff_is_field(STR("A :b")));
    assert_false(sniff_is_field(STR(": b")));
    assert_false(sniff_is_field(STR("A b: c")));
    assert_false(sniff_is_field(STR("")));
    memset(name, 'x', sizeof name);
    name[76] = ':';
    assert_true(sniff_is_field((struct str){name, 77}));
    name[76] = 'x';
    name[77] = ':';
    assert_false(sniff_is_field((struct str){name, 78}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_told_by_what_they_are),
        cmocka_unit_test(a_field_is_a_name_and_a_colon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
