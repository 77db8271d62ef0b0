#include "pack.h"

#include <glib.h>
#include <zlib.h>

#define CHUNK ((size_t)64 * 1024)

static void deflate_into(struct buf *out, struct str content, size_t zeros, int bits)
{
    static unsigned char nothing[CHUNK];
    z_stream z = {0};
    if (deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (unsigned char *)(uintptr_t)content.p;
    z.avail_in = (uInt)content.n;
    int result = Z_OK;
    while (result != Z_STREAM_END) {
        if (z.avail_in == 0 && zeros) {
            z.next_in = nothing;
            z.avail_in = (uInt)(zeros < CHUNK ? zeros : CHUNK);
            zeros -= z.avail_in;
        }
        z.next_out = (unsigned char *)buf_reserve(out, CHUNK);
        z.avail_out = CHUNK;
        result = deflate(&z, zeros ? Z_NO_FLUSH : Z_FINISH);
        out->n += CHUNK - z.avail_out;
    }
    deflateEnd(&z);
}

void pack_gzip(struct buf *out, struct str content)
{
    deflate_into(out, content, 0, 15 + 16);
}

void pack_gzip_zeros(struct buf *out, size_t count)
{
    deflate_into(out, (struct str){0}, count, 15 + 16);
}

void pack_base64(struct buf *out, struct str content)
{
    char *text = g_base64_encode((const guchar *)content.p, content.n);
    struct str rest = str_from(text);
    while (rest.n) {
        buf_str(out, str_head(rest, 76));
        buf_cstr(out, "\r\n");
        rest = str_skip(rest, 76);
    }
    g_free(text);
}

static void put(struct buf *out, uint64_t value, unsigned bytes)
{
    for (; bytes; bytes--, value >>= 8)
        buf_byte(out, (char)(value & 0xff));
}

void pack_zip_file(struct buf *out, struct buf *directory, const char *name, struct str content,
                   unsigned method)
{
    struct buf packed CLEANUP(buf_done);
    size_t head = out->n;
    buf_init(&packed, 64 * 1024 * 1024);
    if (method == 8)
        deflate_into(&packed, content, 0, -15);
    else
        buf_str(&packed, content);
    uLong crc = crc32(0, (const unsigned char *)content.p, (uInt)content.n);
    for (int central = 0; central < 2; central++) {
        struct buf *to = central ? directory : out;
        buf_str(to, central ? STR("PK\1\2\24\0") : STR("PK\3\4"));
        put(to, 20, 2);
        put(to, 0, 2);
        put(to, method, 2);
        put(to, 0, 4);
        put(to, crc, 4);
        put(to, packed.n, 4);
        put(to, content.n, 4);
        put(to, str_from(name).n, 2);
        put(to, 0, 2);
        if (central) {
            put(to, 0, 10);
            put(to, head, 4);
        }
        buf_cstr(to, name);
    }
    buf_str(out, buf_view(&packed));
}

void pack_zip_end(struct buf *out, struct buf *directory, unsigned count)
{
    size_t at = out->n;
    buf_str(out, buf_view(directory));
    buf_str(out, STR("PK\5\6\0\0\0\0"));
    put(out, count, 2);
    put(out, count, 2);
    put(out, directory->n, 4);
    put(out, at, 4);
    put(out, 0, 2);
}

static void put_zip(struct buf *out)
{
    struct buf directory CLEANUP(buf_done);
    buf_init(&directory, 10000);
    pack_zip_file(out, &directory, "r.json", STR(PACK_REPORT), 8);
    pack_zip_end(out, &directory, 1);
}

static void put_quoted(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_printf(out, "=%02X%s", (unsigned char)s.p[i], i % 8 == 7 ? "=\r\n" : "");
}

static void put_word(struct buf *out, struct str word)
{
    struct buf packed CLEANUP(buf_done);
    buf_init(&packed, 100000);
    if (str_starts(word, STR("ZIP")))
        put_zip(&packed);
    else if (str_starts(word, STR("GZ")))
        pack_gzip(&packed, STR(PACK_REPORT));
    else
        buf_cstr(&packed, PACK_REPORT);
    if (str_ends(word, STR("64")))
        pack_base64(out, buf_view(&packed));
    else if (str_eq(word, STR("QP")))
        put_quoted(out, buf_view(&packed));
    else
        buf_str(out, buf_view(&packed));
}

void pack_template(struct buf *out, const char *text)
{
    static const char *const words[] = {"REPORT64", "REPORT", "GZ64", "GZ", "ZIP64", "ZIP", "QP"};
    struct str rest = str_from(text);
    while (rest.n) {
        size_t i = 0;
        for (; *rest.p == '@' && i < ARRAY_LEN(words); i++) {
            struct str word = str_from(words[i]);
            if (str_starts(str_skip(rest, 1), word) && rest.n > word.n + 1 &&
                rest.p[word.n + 1] == '@')
                break;
        }
        if (*rest.p == '@' && i < ARRAY_LEN(words)) {
            put_word(out, str_from(words[i]));
            rest = str_skip(rest, str_from(words[i]).n + 2);
        } else {
            buf_byte(out, *rest.p);
            rest = str_skip(rest, 1);
        }
    }
}

static struct str keep(struct pack_seen *seen, struct str s)
{
    size_t at = seen->text.n;
    buf_str(&seen->text, s);
    return (struct str){seen->text.p + at, s.n};
}

static int on_report(void *user, const struct intake_report *report)
{
    struct pack_seen *seen = user;
    buf_printf(&seen->log, "+ %.*s | %.*s\n", STR_ARG(report->source),
               STR_ARG(str_head(report->json, 60)));
    buf_reset(&seen->text);
    buf_reserve(&seen->text, 10000);
    seen->hints.file_name = keep(seen, report->hints.file_name);
    seen->hints.subject = keep(seen, report->hints.subject);
    seen->hints.tls_report_domain = keep(seen, report->hints.tls_report_domain);
    seen->note = report->note ? report->note->def : NULL;
    seen->reports++;
    return seen->stop_after && seen->reports == (unsigned)seen->stop_after ? -7 : 0;
}

static void on_error(void *user, struct str source, int64_t offset, const struct error *err)
{
    struct pack_seen *seen = user;
    buf_printf(&seen->log, "- %.*s | %s | %lld\n", STR_ARG(source), err->msg.def->id,
               (long long)offset);
}

void pack_seen_init(struct pack_seen *seen)
{
    *seen = (struct pack_seen){0};
    buf_init(&seen->log, 1000000);
    buf_init(&seen->text, 100000);
}

void pack_seen_done(struct pack_seen *seen)
{
    buf_done(&seen->log);
    buf_done(&seen->text);
}

struct intake_handler pack_handler(struct pack_seen *seen)
{
    return (struct intake_handler){seen, on_report, on_error};
}

int64_t pack_read(struct pack_seen *seen, struct str bytes)
{
    struct intake_handler handler = pack_handler(seen);
    struct intake *in = intake_new();
    int64_t result = intake_bytes(in, bytes, STR("in"), &handler);
    intake_free(in);
    return result;
}
