/* Signatures of a message, and the record of their key: the input is the record, a line end, the
 * message. What is said of a signature is the same when asked again, and with enough memory it is
 * said. */
#include <stdint.h>
#include <stdlib.h>

#include "mail/dkim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct dkim *first, struct str message)
{
    struct arena arena;
    struct dkim again;
    arena_init(&arena, 16 * 1024 * 1024);
    if (dkim_read(&again, message, 1795000000, &arena) == 0) {
        if (again.count != first->count)
            abort();
        for (size_t i = 0; i < again.count; i++) {
            if (again.items[i].result != first->items[i].result)
                abort();
        }
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str record, message, all = {(const char *)data, size};
    struct arena arena;
    struct dkim dkim;
    char name[DOMAIN_NAME_MAX + 1];
    str_cut(all, '\n', &record, &message);
    arena_init(&arena, 16 * 1024 * 1024);
    if (dkim_read(&dkim, message, 1795000000, &arena) == 0) {
        if (dkim.count > DKIM_SIGNATURES_MAX)
            abort();
        for (size_t i = 0; i < dkim.count; i++) {
            const struct dkim_signature *s = &dkim.items[i];
            bool pending = s->result == DKIM_PENDING;
            if (pending && (!s->domain.n || !s->signature.n || !dkim_result_name(s->result)))
                abort();
            if (pending && dkim_key_name(s, name).n > DOMAIN_NAME_MAX)
                abort();
            if (pending && dkim_verify(s, record) == DKIM_PENDING)
                abort(); /* there is memory */
        }
        read_again(&dkim, message);
    }
    arena_done(&arena);
    return 0;
}
