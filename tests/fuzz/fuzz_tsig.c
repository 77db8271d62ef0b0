/* Answers to an update, whose signature must not be believed; and the files that TSIG keys are in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/dns_update.h"
#include "publish/key_file.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(struct str bytes)
{
    const struct dns_update update = {
        .id = 0x1234, .zone = STR("example.test"), .name = STR("a.example.test")};
    const struct tsig_mac request = {.n = 32};
    struct tsig_key key = {.name = STR("key.test"), .algorithm = TSIG_HMAC_SHA256, .secret_n = 32};
    memset(key.secret, 'k', key.secret_n);
    if (dns_update_is_answer(&update, bytes))
        MUST(bytes.n >= 12);
    /* Nobody finds a signature by chance. */
    MUST(tsig_verify(&key, &request, bytes, 1700000000).verdict != TSIG_GOOD);
}

static void check_key_file(struct str text)
{
    struct arena arena CLEANUP(arena_done);
    struct tsig_key key;
    struct tsig_mac mac;
    struct buf message CLEANUP(buf_done);
    arena_init(&arena, (size_t)64 * 1024);
    buf_init(&message, UINT16_MAX);
    if (key_file_parse(text, STR("file"), &arena, &key, NULL) < 0)
        return;
    const struct dns_update update = {.zone = STR("a.test"), .name = STR("b.a.test")};
    MUST(key.secret_n > 0 && key.secret_n <= TSIG_SECRET_MAX);
    MUST(dns_update_write(&update, &message) && tsig_sign(&key, 0, &message, &mac));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    check_answer(bytes);
    check_key_file(bytes);
    return 0;
}
