#include "cli/records.h"

#define LINE_MAX_BYTES ((size_t)256 * 1024)

void cli_put_records(struct cli *c, const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        record_print_zone_line(&records->at[i], &c->out);
        buf_byte(&c->out, '\n');
    }
}

void cli_json_records(struct json_writer *w, const struct records *records)
{
    json_open(w, '[');
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        struct buf line CLEANUP(buf_done);
        buf_init(&line, LINE_MAX_BYTES);
        record_print_zone_line(record, &line);
        json_open(w, '{');
        json_key(w, "name");
        json_put_str(w, record->name);
        json_key(w, "type");
        json_put_str(w, str_from(record_type_name(record->type)));
        json_key(w, "ttl");
        json_put_u64(w, record->ttl);
        json_key(w, "data");
        json_put_str(w, record->data);
        json_key(w, "line");
        json_put_str(w, buf_view(&line));
        json_close(w);
    }
    json_close(w);
}
