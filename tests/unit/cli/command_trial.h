/*
 * command_trial.h - `sealpost check` as a user calls it, in a folder of its own, over the checker
 * of fake_checker.h; what it prints is caught.
 */
#ifndef SEALPOST_TESTS_CLI_COMMAND_TRIAL_H
#define SEALPOST_TESTS_CLI_COMMAND_TRIAL_H

#include "base/buf.h"
#include "sample_report.h"

/* A folder, and what one call of the command printed there. */
struct trial {
    char folder[64];
    int status;
    struct buf out, err;
};

/* Forgets what the fake checker saw, too. */
void trial_init(struct trial *t);
void trial_done(struct trial *t);

/* Runs it with these words, in English, with a configuration whose store is folder/store. */
void check_words(struct trial *t, const char *const *words);

#define CHECK_WORDS(t, ...) check_words(t, (const char *const[]){__VA_ARGS__, NULL})

/* The path of a file in the folder. Static memory, that of the last four calls. */
const char *path_in(const struct trial *t, const char *name);

void write_in(const struct trial *t, const char *name, struct str content);
void read_in(const struct trial *t, const char *name, struct buf *out);

/* Puts the copy of a descriptor back in its place. */
void restore(int fd, int copy);

unsigned lines_of(const struct buf *text);

#endif
