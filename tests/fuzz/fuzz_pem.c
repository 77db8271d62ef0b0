/* Certificate files: the input is chain and key in one. What is read, the TLS server must take, by
 * itself and as one of many. */
#include <stdint.h>
#include <stdlib.h>

#include "net/pem.h"
#include "net/tls_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct pem_certificate pem;
    struct tls_identity *identity = NULL, *one_of_many = NULL;
    struct tls_reader reader = {0};
    struct arena arena;
    struct error err;
    arena_init(&arena, 4 * 1024 * 1024);
    if (pem_certificate_read(&pem, text, STR("chain"), text, STR("key"), &arena, &err) == 0) {
        if (!pem.chain.n || !pem.key.n || !pem.name_count || pem.name_count > PEM_NAMES_MAX ||
            tls_identity_new(&identity, STR("host"), pem.chain, pem.key, NULL, &err) < 0 ||
            tls_identity_new(&one_of_many, STR("host"), pem.chain, pem.key, &reader, &err) < 0)
            abort();
        tls_identity_free(identity);
        tls_identity_free(one_of_many);
        tls_reader_done(&reader);
        pem_wipe(&pem);
    }
    arena_done(&arena);
    return 0;
}
