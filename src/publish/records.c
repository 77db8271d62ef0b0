#include "publish/records.h"

#include "mtasts/txt.h"
#include "tlsrpt/txt.h"

#define TXT_STRING_MAX 255U /* RFC 1035 3.3: a character-string's length is one byte */
#define TXT_TEXT_MAX   65535U
#define WORDS_MAX      64

bool records_next_word(struct str *list, struct str *word)
{
    while (list->n) {
        str_cut(*list, ' ', word, list);
        if (word->n)
            return true;
    }
    return false;
}

const char *record_type_name(enum record_type type)
{
    static const char *const names[] = {"A", "AAAA", "TXT"};
    return names[type];
}

static struct str name_below(struct arena *arena, const char *label, struct str domain)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, 512);
    buf_printf(&name, "%s.%.*s", label, STR_ARG(domain));
    return arena_str(arena, buf_view(&name));
}

static void add(struct records *out, struct str name, enum record_type type, struct str data)
{
    out->at[out->count++] =
        (struct record){.name = name, .type = type, .ttl = RECORDS_TTL, .data = data};
}

static void add_addresses(const struct records_input *input, struct arena *arena,
                          struct records *out)
{
    struct str name = name_below(arena, "mta-sts", input->domain);
    struct str list = input->addresses, word;
    while (out->count < WORDS_MAX && records_next_word(&list, &word)) {
        bool ipv6 = str_chr(word, ':') >= 0;
        add(out, name, ipv6 ? RECORD_AAAA : RECORD_A, arena_str(arena, word));
    }
}

static void add_sts(const struct records_input *input, struct arena *arena, struct records *out)
{
    struct buf text CLEANUP(buf_done);
    struct sts_txt txt = {.id = input->policy_id};
    buf_init(&text, TXT_TEXT_MAX);
    if (input->policy_id.n == 0)
        return;
    sts_txt_print(&txt, &text);
    add(out, name_below(arena, "_mta-sts", input->domain), RECORD_TXT,
        arena_str(arena, buf_view(&text)));
}

static void add_tlsrpt(const struct records_input *input, struct arena *arena, struct records *out)
{
    struct buf text CLEANUP(buf_done);
    struct rpt_rua rua[WORDS_MAX] = {0};
    struct rpt_txt txt = {.rua = rua};
    struct str list = input->rua, word;
    buf_init(&text, TXT_TEXT_MAX);
    while (txt.rua_count < WORDS_MAX && records_next_word(&list, &word))
        rua[txt.rua_count++].uri = word;
    if (txt.rua_count == 0)
        return;
    rpt_txt_print(&txt, &text);
    add(out, name_below(arena, "_smtp._tls", input->domain), RECORD_TXT,
        arena_str(arena, buf_view(&text)));
}

int records_wanted(const struct records_input *input, struct arena *arena, struct records *out,
                   struct error *err)
{
    *out = (struct records){.at = arena_array(arena, WORDS_MAX + 2, sizeof *out->at)};
    if (!out->at)
        return error_set_memory(err);
    add_addresses(input, arena, out);
    add_sts(input, arena, out);
    add_tlsrpt(input, arena, out);
    return arena->failed ? error_set_memory(err) : 0;
}

static void print_txt_string(struct str s, struct buf *out)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7F)
            buf_printf(out, "\\%03u", c);
        else
            buf_byte(out, (char)c);
    }
    buf_byte(out, '"');
}

void record_print_zone_line(const struct record *record, struct buf *out)
{
    buf_str(out, record->name);
    buf_printf(out, ". %u IN %s ", record->ttl, record_type_name(record->type));
    if (record->type != RECORD_TXT) {
        buf_str(out, record->data);
        return;
    }
    struct str rest = record->data;
    do {
        print_txt_string(str_head(rest, TXT_STRING_MAX), out);
        rest = str_skip(rest, TXT_STRING_MAX);
        if (rest.n)
            buf_byte(out, ' ');
    } while (rest.n);
}
