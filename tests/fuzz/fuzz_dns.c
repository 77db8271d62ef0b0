/* DNS messages: the first two bytes choose the type, whatever follows must not be believed. The
 * same bytes, as the text of a name, must be written as they are read. */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "net/dns_query.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

#define HEADER_BYTES 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All but TXT, TLSA and CAA are printable ASCII by construction. */
static void check_records(const struct dns_records *records, enum dns_type type)
{
    MUST(records->cname_count <= DNS_CNAMES_MAX && records->count <= DNS_RECORDS_MAX);
    for (size_t i = 0; i < records->cname_count; i++)
        MUST(utf8_is_valid(records->cnames[i]));
    for (size_t i = 0; i < records->count; i++) {
        MUST(utf8_is_valid(records->at[i].tag));
        MUST(type == DNS_TXT || type == DNS_TLSA || type == DNS_CAA ||
             utf8_is_valid(records->at[i].text));
    }
}

/* A question answers itself once the bit says that it is an answer, and reads back as the name. */
static void check_query(struct str name, enum dns_type type)
{
    const struct dns_question question = {0x1234, name, type};
    struct buf query CLEANUP(buf_done), text CLEANUP(buf_done), again CLEANUP(buf_done);
    size_t at = HEADER_BYTES;
    buf_init(&query, DNS_QUERY_BYTES_MAX);
    buf_init(&text, 1024);
    buf_init(&again, DNS_QUERY_BYTES_MAX);
    if (!dns_query_write(&question, &query))
        return;
    MUST(!dns_query_is_answer(&question, buf_view(&query)));
    query.p[2] = (char)0x80;
    MUST(dns_query_is_answer(&question, buf_view(&query)));
    query.p[2] = 0;
    MUST(dns_name_read(buf_view(&query), &at, &text) && at == query.n - 4);
    const struct dns_question read = {0x1234, buf_view(&text), type};
    MUST(dns_query_write(&read, &again) && str_eq(buf_view(&query), buf_view(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A,   DNS_NS,   DNS_CNAME, DNS_MX,
                                          DNS_TXT, DNS_AAAA, DNS_TLSA,  DNS_CAA};
    struct arena arena CLEANUP(arena_done);
    struct dns_records records;
    arena_init(&arena, 16 * 1024 * 1024);
    if (size == 0)
        return 0;
    enum dns_type type = types[data[0] % ARRAY_LEN(types)];
    struct str bytes = {(const char *)data + 1, size - 1};
    if (dns_message_read(bytes, type, &arena, &records))
        check_records(&records, type);
    check_query(bytes, type);
    const struct dns_question question = {0x1234, STR("example.test"), type};
    if (dns_query_is_answer(&question, bytes))
        MUST(bytes.n >= HEADER_BYTES);
    return 0;
}
