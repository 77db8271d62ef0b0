#include "mail/message.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/messages.h"
#include "mail/trim.h"

struct message_reader {
    GMimeParser *parser;
};

/* GMime's streams keep a pointer to the array itself, so it lives with the message. */
struct message_bytes {
    GByteArray array;
};

struct message_reader *message_reader_new(void)
{
    struct message_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    g_mime_init(); /* without g_mime_shutdown: GMime does not start again after it */
    reader->parser = g_mime_parser_new();
    g_mime_parser_set_persist_stream(reader->parser, TRUE);
    return reader;
}

void message_reader_free(struct message_reader *reader)
{
    if (!reader)
        return;
    g_object_unref(reader->parser);
    free(reader);
}

static bool add_part(struct message *m, struct message_part part, size_t parts_max)
{
    if (m->count >= parts_max) {
        m->too_many = true;
        return true;
    }
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 8;
        struct message_part *parts = reallocarray(m->parts, room, sizeof *parts);
        if (!parts)
            return false;
        m->parts = parts;
        m->room = room;
    }
    m->parts[m->count++] = part;
    return true;
}

static bool add_leaf(struct message *m, GMimePart *leaf, GMimeMessage *around, size_t parts_max)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(leaf));
    struct message_part part = {
        .part = leaf,
        .around = around,
        .type = str_from(g_mime_content_type_get_media_type(type)),
        .subtype = str_from(g_mime_content_type_get_media_subtype(type)),
        .name = str_from(g_mime_part_get_filename(leaf)),
        .is_root = GMIME_OBJECT(leaf) == g_mime_message_get_mime_part(m->root),
    };
    return add_part(m, part, parts_max);
}

static bool add_object(struct message *m, GMimeObject *object, GMimeMessage *around, unsigned depth,
                       size_t parts_max)
{
    if (!object || m->too_many)
        return true;
    if (depth > MESSAGE_DEPTH_MAX) {
        m->too_deep = true;
        return true;
    }
    if (GMIME_IS_PART(object))
        return add_leaf(m, GMIME_PART(object), around, parts_max);
    if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        return !inner ||
               add_object(m, g_mime_message_get_mime_part(inner), inner, depth + 1, parts_max);
    }
    if (!GMIME_IS_MULTIPART(object))
        return true;
    GMimeMultipart *multipart = GMIME_MULTIPART(object);
    int n = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < n && !m->too_many; i++)
        if (!add_object(m, g_mime_multipart_get_part(multipart, i), around, depth + 1, parts_max))
            return false;
    return true;
}

/* A stream over bytes that stay where they are. GMime's parts keep ranges of it. */
static GMimeStream *borrow(struct str bytes, GByteArray *array)
{
    /* GMime only reads here; its type predates const. */
    *array = (GByteArray){(guint8 *)(uintptr_t)bytes.p, (guint)bytes.n};
    GMimeStream *stream = g_mime_stream_mem_new();
    /* In this order: the array that the stream was made with is freed only while it owns it. */
    g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), array);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    return stream;
}

int message_read(struct message_reader *reader, struct message *m, struct str bytes,
                 size_t parts_max, struct error *err)
{
    if (bytes.n > G_MAXINT)
        return error_set(err, ERROR_POLICY, msg_mail_input_too_large(G_MAXINT));
    if (!m->bytes && !(m->bytes = malloc(sizeof *m->bytes)))
        return error_set_memory(err);
    if (bytes.n <= MESSAGE_TRIM_MAX && trim_message(bytes, &m->trimmed))
        bytes = buf_view(&m->trimmed);
    m->count = 0;
    m->too_many = m->too_deep = false;
    if (str_trim(bytes).n == 0)
        return 0; /* nothing but fields that say nothing: no parts */
    GMimeStream *stream = borrow(bytes, &m->bytes->array);
    g_mime_parser_init_with_stream(reader->parser, stream);
    g_object_unref(stream);
    m->root = g_mime_parser_construct_message(reader->parser, NULL);
    if (!m->root)
        return error_set(err, ERROR_PERMANENT, msg_mail_broken());
    if (add_object(m, g_mime_message_get_mime_part(m->root), m->root, 0, parts_max))
        return 0;
    message_forget(m);
    return error_set_memory(err);
}

static int decode(GMimeContentEncoding encoding, struct str raw, struct buf *out, struct error *err)
{
    GMimeEncoding state;
    g_mime_encoding_init_decode(&state, encoding);
    buf_reset(out);
    char *to = buf_reserve(out, g_mime_encoding_outlen(&state, raw.n + 2));
    if (!to)
        return error_set_memory(err);
    size_t n = g_mime_encoding_step(&state, raw.p, raw.n, to);
    /* Some senders leave out the padding; GMime would then drop what the last letters hold. */
    const char *padding = encoding != GMIME_CONTENT_ENCODING_BASE64 ? ""
                          : state.state == 2                        ? "=="
                          : state.state == 3                        ? "="
                                                                    : "";
    out->n = n + g_mime_encoding_flush(&state, padding, strlen(padding), to + n);
    return 0;
}

int message_decode_base64(struct str text, struct buf *out, struct error *err)
{
    return decode(GMIME_CONTENT_ENCODING_BASE64, text, out, err);
}

int message_content(const struct message_part *part, struct buf *out, struct str *content,
                    struct error *err)
{
    *content = (struct str){0};
    GMimeDataWrapper *wrapper = g_mime_part_get_content(part->part);
    GMimeStream *stream = wrapper ? g_mime_data_wrapper_get_stream(wrapper) : NULL;
    if (!stream)
        return 0; /* a part without content */
    if (!GMIME_IS_STREAM_MEM(stream))
        return error_set(err, ERROR_BUG, msg_mail_broken());
    GByteArray *array = GMIME_STREAM_MEM(stream)->buffer;
    gint64 end = stream->bound_end < 0 ? array->len : stream->bound_end;
    if (stream->bound_start < 0 || end < stream->bound_start || end > array->len)
        return error_set(err, ERROR_BUG, msg_mail_broken());
    struct str raw = {(const char *)array->data + stream->bound_start,
                      (size_t)(end - stream->bound_start)};
    GMimeContentEncoding encoding = g_mime_data_wrapper_get_encoding(wrapper);
    if (encoding != GMIME_CONTENT_ENCODING_BASE64 &&
        encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
        encoding != GMIME_CONTENT_ENCODING_UUENCODE) {
        *content = raw;
        return 0;
    }
    int result = decode(encoding, raw, out, err);
    *content = buf_view(out);
    return result;
}

struct str message_field(const struct message_part *part, const char *name)
{
    const char *value = g_mime_object_get_header(GMIME_OBJECT(part->part), name);
    if (!value)
        value = g_mime_object_get_header(GMIME_OBJECT(part->around), name);
    return str_trim(str_from(value));
}

void message_init(struct message *m)
{
    *m = (struct message){0};
    buf_init(&m->trimmed, MESSAGE_TRIM_MAX);
}

void message_forget(struct message *m)
{
    if (m->root)
        g_object_unref(m->root);
    m->root = NULL;
    m->count = 0;
}

void message_done(struct message *m)
{
    message_forget(m);
    free(m->parts);
    free(m->bytes);
    buf_done(&m->trimmed);
    message_init(m);
}
