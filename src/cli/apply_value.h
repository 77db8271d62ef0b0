/*
 * apply_value.h - the values of one row of `domain apply`: texts in, policy and settings out.
 */
#ifndef SEALPOST_CLI_APPLY_VALUE_H
#define SEALPOST_CLI_APPLY_VALUE_H

#include "cli/apply_rows.h"

/* The columns, in this order; names as in the file. */
enum apply_column { APPLY_DOMAIN, APPLY_MODE, APPLY_MX, APPLY_MAX_AGE_S, APPLY_RUA };

/* Which column a name means; APPLY_COLUMNS: none. */
unsigned apply_column(struct str name);

struct apply_texts {
    struct str at[APPLY_COLUMNS]; /* lists with blanks between */
    bool given[APPLY_COLUMNS];
};

/* False: *fault says what is wrong. Texts of *row and of *fault are in arena. */
bool apply_value_read(const struct apply_texts *texts, uint64_t line, struct arena *arena,
                      struct apply_row *row, struct msg *fault);

#endif
