/*
 * dkim_lab - what mail/dkim.h says of messages, for other implementations to be held against.
 *
 *     dkim_lab
 *
 * Reads cases from standard input until its end, each in five lines of hexadecimal digits: a
 * message, and two pairs of a key's name and its record. Prints a line for each: the results of the
 * message's signatures, or "none".
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/dkim.h"

#define NOW   1795000000
#define KEYS  2
#define LINES (1 + 2 * KEYS)

/* The next line's bytes, to be freed. False at the end. */
static bool read_line(struct str *out)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, stdin);
    if (n <= 0) {
        free(line);
        return false;
    }
    line[n - 1] = 0; /* the line end */
    long size = 0;
    unsigned char *bytes = n > 1 ? OPENSSL_hexstr2buf(line, &size) : NULL;
    char *copy = malloc((size_t)size + 1); /* ends where the sanitizer sees it */
    if (bytes && copy)
        memcpy(copy, bytes, (size_t)size);
    *out = (struct str){copy, copy ? (size_t)size : 0};
    OPENSSL_free(bytes);
    free(line);
    return copy != NULL;
}

static enum dkim_result result_of(const struct dkim_signature *s, const struct str *keys)
{
    char text[DOMAIN_NAME_MAX + 1];
    struct str name = dkim_key_name(s, text);
    for (size_t i = 0; s->result == DKIM_PENDING && i < KEYS; i++) {
        if (str_eq(name, keys[2 * i]))
            return dkim_verify(s, keys[2 * i + 1]);
    }
    return s->result;
}

static void answer(const struct str *lines)
{
    struct arena arena CLEANUP(arena_done);
    struct dkim dkim;
    arena_init(&arena, 1024 * 1024);
    if (dkim_read(&dkim, lines[0], NOW, &arena) < 0) {
        puts("no memory");
        return;
    }
    for (size_t i = 0; i < dkim.count; i++)
        printf("%s%s", i ? " " : "", dkim_result_name(result_of(&dkim.items[i], lines + 1)));
    puts(dkim.count ? "" : "none");
}

int main(void)
{
    struct str lines[LINES];
    size_t n = 0;
    while (read_line(&lines[n])) {
        if (++n < LINES)
            continue;
        answer(lines);
        for (; n; n--)
            free((void *)(uintptr_t)lines[n - 1].p);
    }
    return n ? 2 : 0;
}
