/* DNS messages: the first two bytes choose the type, whatever follows must not be believed. */
#include <stdint.h>

#include "base/utf8.h"
#include "net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A, DNS_CNAME, DNS_MX, DNS_TXT, DNS_AAAA};
    struct arena arena;
    struct dns_records records;
    if (size == 0)
        return 0;
    enum dns_type type = types[data[0] % ARRAY_LEN(types)];
    arena_init(&arena, 16 * 1024 * 1024);
    if (dns_message_read((struct str){(const char *)data + 1, size - 1}, type, &arena, &records)) {
        for (size_t i = 0; i < records.count; i++) {
            /* All but TXT are printable ASCII by construction. */
            if (type != DNS_TXT && !utf8_is_valid(records.at[i].text))
                abort();
        }
    }
    arena_done(&arena);
    return 0;
}
