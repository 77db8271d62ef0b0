/*
 * replay.c - runs a fuzz target once over each of its seeds, as an ordinary test.
 *
 *     replay_policy FOLDER...
 *
 * Every file below the folders is one input. The empty input is always tried too. Prints TAP.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define SEED_MAX ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static void replay(struct str input, const char *name)
{
    /* A copy of the exact size, so that ASan sees a read beyond the end. */
    char *copy = malloc(input.n ? input.n : 1);
    if (!copy)
        exit(1);
    if (input.n)
        memcpy(copy, input.p, input.n);
    LLVMFuzzerTestOneInput((const uint8_t *)copy, input.n);
    free(copy);
    printf("ok %u - %s\n", ++replayed, name);
}

static void replay_file(const char *path)
{
    struct buf content CLEANUP(buf_done);
    struct error err;
    buf_init(&content, SEED_MAX);
    if (file_read(path, &content, &err) < 0) {
        printf("not ok %u - %s cannot be read\n", ++replayed, path);
        exit(1);
    }
    replay(buf_view(&content), path);
}

static int replay_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        printf("not ok %u - no folder %s\n", ++replayed, path);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            replay_file(file);
        free(names[i]);
    }
    free(names);
    return 0;
}

int main(int argc, char **argv)
{
    int result = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    replay(STR(""), "the empty input");
    for (int i = 1; i < argc; i++)
        result |= replay_folder(argv[i]);
    printf("1..%u\n", replayed);
    return result;
}
