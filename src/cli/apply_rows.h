/*
 * apply_rows.h - the domains of a file for `domain apply`: CSV (RFC 4180) or JSON lines.
 *
 *     domain,mode,mx,max_age,rua
 *     example.org,testing,mx1.example.org *.example.net,604800,mailto:tls@example.org
 *
 *     {"domain": "example.org", "mode": "testing", "mx": ["mx1.example.org"], "max_age": 604800}
 *
 * The file may be of any length: it is fed in pieces, and only one record is kept. A record that is
 * at fault is told of and passed over. Nothing is known here of the store; whether a domain stands
 * twice is found there.
 */
#ifndef SEALPOST_CLI_APPLY_ROWS_H
#define SEALPOST_CLI_APPLY_ROWS_H

#include "base/arena.h"
#include "base/msg.h"
#include "mtasts/policy.h"

#define APPLY_RECORD_MAX ((size_t)64 * 1024) /* bytes, its end not counted */
#define APPLY_COLUMNS    5
/* What a policy has whose row says nothing: a week. */
#define APPLY_MAX_AGE 604800

enum apply_format { APPLY_BY_LOOK, APPLY_CSV, APPLY_JSON_LINES };

struct apply_row {
    struct str domain; /* A-labels, lower case */
    bool has_policy;
    struct sts_policy policy; /* only when has_policy */
    bool has_rua;             /* the row says something of it, if only that there is none */
    struct str rua;           /* URIs, single blanks between */
};

struct apply_rows {
    enum apply_format format; /* APPLY_BY_LOOK becomes what the first byte says */
    struct str piece;         /* what was fed and is not read yet */
    struct buf record;        /* so far; cleared when it has been given */
    uint64_t lines, line;     /* read / where the record begins, from 1 */
    bool given, ended, too_long, in_quotes;
    bool has_header; /* of CSV, and it was right */
    unsigned columns[APPLY_COLUMNS];
    size_t column_count;
    struct arena arena; /* of the row that was given last, or of its fault */
};

enum apply_rows_result {
    APPLY_ROWS_MORE, /* feed the next piece, or say that there is none */
    APPLY_ROWS_END,
    APPLY_ROWS_ROW,
    APPLY_ROWS_FAULT,  /* *fault says what and in which line; the next record may be asked for */
    APPLY_ROWS_HEADER, /* likewise, of CSV's first line: without it nothing can be read */
};

void apply_rows_init(struct apply_rows *r, enum apply_format format);
void apply_rows_done(struct apply_rows *r);

/* The piece must stay until it is read. An empty one says that the file has ended. */
void apply_rows_feed(struct apply_rows *r, struct str piece);

/* *row and *fault are good until the next call. */
enum apply_rows_result apply_rows_next(struct apply_rows *r, struct apply_row *row,
                                       struct msg *fault);

#endif
