#include "command_trial.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "fake_checker.h"

#define ARGS_MAX 40
#define READ_MAX ((size_t)256 * 1024 * 1024)

void trial_init(struct trial *t)
{
    *t = (struct trial){.folder = "/tmp/sealpost-check-XXXXXX"};
    assert_non_null(mkdtemp(t->folder));
    buf_init(&t->out, READ_MAX);
    buf_init(&t->err, READ_MAX);
    memset(&fake, 0, sizeof fake);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void trial_done(struct trial *t)
{
    assert_int_equal(nftw(t->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    buf_done(&t->out);
    buf_done(&t->err);
}

/* Static memory: use it at once. */
const char *path_in(const struct trial *t, const char *name)
{
    static char path[4][128];
    static unsigned turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", t->folder, name);
    return path[turn];
}

void write_in(const struct trial *t, const char *name, struct str content)
{
    assert_int_equal(file_write(path_in(t, name), content, 0600, NULL), 0);
}

/* Puts a file in place of a descriptor; gives a copy of what was there. */
static int redirect(int fd, const char *path)
{
    int copy = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(copy >= 0 && file >= 0);
    assert_true(dup2(file, fd) == fd);
    close(file);
    return copy;
}

void restore(int fd, int copy)
{
    assert_true(dup2(copy, fd) == fd);
    close(copy);
}

void read_in(const struct trial *t, const char *name, struct buf *out)
{
    buf_reset(out);
    assert_int_equal(file_read(path_in(t, name), out, NULL), 0);
}

/* Runs `sealpost check` with these words, in English, with a configuration of its own. */
void check_words(struct trial *t, const char *const *words)
{
    static const struct cli_command *const table[] = {&cli_check, NULL};
    const char *first[] = {"sealpost", "check", "--lang", "en", "--config", path_in(t, "conf")};
    char *argv[ARGS_MAX] = {NULL}, store[160];
    int argc = 0;
    snprintf(store, sizeof store, "[store]\npath = %s/store\n", t->folder);
    write_in(t, "conf", str_from(store));
    for (size_t i = 0; i < ARRAY_LEN(first); i++)
        argv[argc++] = strdup(first[i]);
    for (; *words; words++)
        argv[argc++] = strdup(*words);
    fflush(stdout);
    int out = redirect(STDOUT_FILENO, path_in(t, "out"));
    int err = redirect(STDERR_FILENO, path_in(t, "err"));
    t->status = cli_main(table, argc, argv);
    fflush(stdout);
    fflush(stderr);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    read_in(t, "out", &t->out);
    read_in(t, "err", &t->err);
}

unsigned lines_of(const struct buf *text)
{
    unsigned n = 0;
    for (size_t i = 0; i < text->n; i++)
        n += text->p[i] == '\n';
    return n;
}
