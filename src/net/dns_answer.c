#include "net/dns.h"

static void copy_record(struct dns_record *record, struct arena *arena)
{
    record->text = arena_str(arena, record->text);
    record->tag = arena_str(arena, record->tag);
}

int dns_answer_copy(struct dns_answer *to, const struct dns_answer *from, struct arena *arena)
{
    struct dns_answer copy = *from;
    struct dns_records *records = &copy.records;
    copy.why = arena_str(arena, from->why);
    records->canonical = arena_str(arena, from->records.canonical);
    records->at = arena_array(arena, records->count, sizeof *records->at);
    for (size_t i = 0; records->at && i < records->count; i++) {
        records->at[i] = from->records.at[i];
        copy_record(&records->at[i], arena);
    }
    records->cnames = arena_array(arena, records->cname_count, sizeof *records->cnames);
    for (size_t i = 0; records->cnames && i < records->cname_count; i++)
        records->cnames[i] = arena_str(arena, from->records.cnames[i]);
    if (arena->failed)
        return error_set_memory(NULL);
    *to = copy;
    return 0;
}
