#include "publish/key_file.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/domain.h"
#include "base/file.h"
#include "publish/messages.h"

#define BASE64_MAX (TSIG_SECRET_MAX / 3 * 4 + 4)

/* ---- words ---- */

static bool separates(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"' || c == '{' || c == '}' ||
           c == ';' || c == ':';
}

/* Takes the next word off the text, comments left out. */
static bool next_word(struct str *text, struct str *word)
{
    size_t n = 0;
    while (text->n && (separates(text->p[0]) || text->p[0] == '#')) {
        if (separates(text->p[0]))
            *text = str_skip(*text, 1);
        else
            str_cut(*text, '\n', word, text);
    }
    while (n < text->n && !separates(text->p[n]))
        n++;
    *word = str_head(*text, n);
    *text = str_skip(*text, n);
    return n > 0;
}

struct words {
    struct str name, algorithm, secret;
};

/* Keys of both forms, and what stands behind them. False when there are two of one. */
static bool read_words(struct str text, struct words *out)
{
    struct str word, value;
    while (next_word(&text, &word)) {
        struct str *to = str_eq(word, STR("key")) || str_eq(word, STR("id")) ? &out->name
                         : str_eq(word, STR("algorithm"))                    ? &out->algorithm
                         : str_eq(word, STR("secret"))                       ? &out->secret
                                                                             : NULL;
        if (!to)
            continue;
        if (!next_word(&text, &value) || to->n)
            return false;
        /* "key:" of a list is followed by its first item, "- id: name". */
        if (str_eq(word, STR("key")) && str_eq(value, STR("-")))
            continue;
        *to = value;
    }
    return true;
}

/* ---- values ---- */

/* Base64 with its padding, RFC 4648 4. */
static bool decode(struct str text, struct tsig_key *out)
{
    unsigned char bytes[BASE64_MAX / 4 * 3];
    size_t padding = 0;
    if (!text.n || text.n % 4 != 0 || text.n > BASE64_MAX)
        return false;
    while (padding < 2 && text.p[text.n - 1 - padding] == '=')
        padding++;
    size_t n = text.n / 4 * 3;
    bool good = str_chr(str_head(text, text.n - padding), '=') < 0 &&
                EVP_DecodeBlock(bytes, (const unsigned char *)text.p, (int)text.n) == (int)n &&
                n - padding <= TSIG_SECRET_MAX;
    if (good) {
        out->secret_n = n - padding;
        memcpy(out->secret, bytes, out->secret_n);
    }
    explicit_bzero(bytes, sizeof bytes);
    return good;
}

static bool read_key(const struct words *words, struct arena *arena, struct tsig_key *out)
{
    struct str name = words->name;
    if (name.n > 1 && str_ends(name, STR(".")))
        name.n--;
    *out = (struct tsig_key){.name = arena_str(arena, name), .algorithm = TSIG_HMAC_SHA256};
    return domain_check_dns(name) == DOMAIN_OK &&
           (!words->algorithm.n || tsig_algorithm_read(words->algorithm, &out->algorithm)) &&
           decode(words->secret, out);
}

int key_file_parse(struct str text, struct str file, struct arena *arena, struct tsig_key *out,
                   struct error *err)
{
    struct words words = {.name = STR("")};
    struct tsig_key key;
    bool good = text.n <= KEY_FILE_MAX && read_words(text, &words) && read_key(&words, arena, &key);
    if (good && !arena->failed)
        *out = key;
    key_file_wipe(&key);
    if (good && !arena->failed)
        return 0;
    return arena->failed ? error_set_memory(err)
                         : error_set(err, ERROR_PERMANENT, msg_publish_key_file(file));
}

static void wipe_buffer(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

int key_file_read(struct str path, struct arena *arena, struct tsig_key *out, struct error *err)
{
    struct buf text CLEANUP(wipe_buffer);
    buf_init(&text, KEY_FILE_MAX);
    int rc = file_read(path.p, &text, err);
    return rc < 0 ? rc : key_file_parse(buf_view(&text), path, arena, out, err);
}

void key_file_wipe(struct tsig_key *key)
{
    explicit_bzero(key->secret, sizeof key->secret);
}
