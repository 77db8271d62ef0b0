/*
 * Reads a list of report files in one of several ways and prints what that cost:
 * "FILES CPU_SECONDS SESSIONS". bench/reports.py makes the files and compares the ways.
 *
 *     bench_reports WAY LIST      LIST: a file with one path a line
 *
 * ours     everything: src/mail finds the report, src/tlsrpt reads and counts it
 * inflate  a bound: reads each file and decompresses it, nothing more
 * gmime    a bound: reads each file and lets GMime parse it, nothing more
 */
#include <gmime/gmime.h>
#include <libdeflate.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "mail/intake.h"
#include "tlsrpt/report.h"

#define FILE_MAX  ((size_t)16 * 1024 * 1024)
#define ARENA_MAX ((size_t)64 * 1024 * 1024)

struct bench {
    struct arena arena;
    struct buf file;
    struct buf text;
    struct intake *intake;
    struct libdeflate_decompressor *decompressor;
    uint64_t sessions, failures;
};

static int count_report(void *user, const struct intake_report *found)
{
    struct bench *b = user;
    struct rpt_report report;
    if (rpt_report_read(&report, found->json, &found->hints, &b->arena, NULL, NULL) < 0)
        b->failures++;
    else
        b->sessions += rpt_report_totals(&report, STR("")).sessions;
    arena_reset(&b->arena);
    return 0;
}

static void count_error(void *user, struct str source, int64_t offset, const struct error *err)
{
    struct bench *b = user;
    (void)source, (void)offset, (void)err;
    b->failures++;
}

static void read_ours(struct bench *b, const char *path)
{
    const struct intake_handler handler = {b, count_report, count_error};
    if (intake_path(b->intake, path, &handler) != 1)
        b->failures++;
}

static bool read_file(struct bench *b, const char *path)
{
    buf_reset(&b->file);
    return file_read(path, &b->file, NULL) == 0;
}

static void read_inflate(struct bench *b, const char *path)
{
    size_t n = 0;
    char *to = read_file(b, path) ? buf_reserve(&b->text, 1024 * 1024) : NULL;
    if (!to || libdeflate_gzip_decompress(b->decompressor, b->file.p, b->file.n, to, 1024 * 1024,
                                          &n) != LIBDEFLATE_SUCCESS)
        b->failures++;
}

static void read_gmime(struct bench *b, const char *path)
{
    if (!read_file(b, path)) {
        b->failures++;
        return;
    }
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(b->file.p, b->file.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message)
        g_object_unref(message);
    else
        b->failures++;
    g_object_unref(parser);
    g_object_unref(stream);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*read)(struct bench *b, const char *path);
    } ways[] = {{"ours", read_ours}, {"inflate", read_inflate}, {"gmime", read_gmime}};
    size_t way = 0;
    while (argc == 3 && way < ARRAY_LEN(ways) && strcmp(argv[1], ways[way].name) != 0)
        way++;
    struct buf list CLEANUP(buf_done);
    buf_init(&list, FILE_MAX);
    if (argc != 3 || way == ARRAY_LEN(ways) || file_read(argv[2], &list, NULL) < 0) {
        fputs("usage: bench_reports ours|inflate|gmime LIST\n", stderr);
        return 2;
    }
    struct bench b = {.intake = intake_new(), .decompressor = libdeflate_alloc_decompressor()};
    arena_init(&b.arena, ARENA_MAX);
    buf_init(&b.file, FILE_MAX);
    buf_init(&b.text, FILE_MAX);
    g_mime_init();
    uint64_t files = 0;
    char *path = list.p, *end = NULL;
    double before = cpu_seconds();
    for (; path && (end = strchr(path, '\n')); path = end + 1, files++) {
        *end = 0;
        ways[way].read(&b, path);
    }
    double spent = cpu_seconds() - before;
    printf("%llu %.6f %llu\n", (unsigned long long)files, spent, (unsigned long long)b.sessions);
    intake_free(b.intake);
    libdeflate_free_decompressor(b.decompressor);
    arena_done(&b.arena);
    buf_done(&b.file);
    buf_done(&b.text);
    return b.failures ? 1 : 0;
}
