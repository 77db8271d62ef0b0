#include "base/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME  "counters"
#define PAGE_BYTES sizeof(struct counters_page)

/* ---- where ---- */

/* The descriptor that the environment names for a role, or -1. */
static int handed_over(const char *role)
{
    struct str list = str_from(getenv(COUNTERS_ENVIRONMENT)), item, name, number;
    uint64_t fd;
    while (list.n) {
        str_cut(list, ',', &item, &list);
        str_cut(item, ':', &name, &number);
        if (str_eq(name, str_from(role)) && str_to_u64(number, &fd) && fd <= INT32_MAX)
            return (int)fd;
    }
    return -1;
}

/* Below the folder that systemd made for this role; `role` NULL: its own. */
static bool file_path(const char *role, char path[PATH_MAX])
{
    const char *folder = getenv("RUNTIME_DIRECTORY");
    int n = -1;
    if (folder && folder[0] == '/')
        n = role ? snprintf(path, PATH_MAX, "%s/../%s/" FILE_NAME, folder, role)
                 : snprintf(path, PATH_MAX, "%s/" FILE_NAME, folder);
    return n > 0 && n < PATH_MAX;
}

int counters_make(int *out, struct error *err)
{
    int fd = memfd_create(FILE_NAME, MFD_CLOEXEC);
    /* Only its owner may open it anew, by /proc: others read what they are handed. */
    if (fd >= 0 && fchmod(fd, 0600) == 0 && ftruncate(fd, PAGE_BYTES) == 0) {
        *out = fd;
        return 0;
    }
    int failed = errno;
    if (fd >= 0)
        close(fd);
    return error_set_errno(err, failed, STR(FILE_NAME));
}

static bool is_ready(int fd)
{
    uint64_t layout;
    return pread(fd, &layout, sizeof layout, 0) == (ssize_t)sizeof layout &&
           layout == COUNTERS_LAYOUT;
}

/* The role's own file, made anew when it is of another version: a process that still writes the old
 * one keeps that. Space is taken at once, so that writing to memory never meets a full disk. */
static int open_file(void)
{
    char path[PATH_MAX], fresh[PATH_MAX + 8];
    if (!file_path(NULL, path))
        return -1;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && is_ready(fd))
        return fd;
    if (fd >= 0)
        close(fd);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0 && posix_fallocate(fd, 0, PAGE_BYTES) == 0 && fchmod(fd, 0644) == 0 &&
        rename(fresh, path) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static struct counters_page *map_page(const char *role)
{
    int handed = handed_over(role), fd = handed >= 0 ? handed : open_file();
    void *page =
        fd < 0 ? MAP_FAILED : mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0 && fd != handed) /* what was handed over may be read again */
        close(fd);
    if (page == MAP_FAILED)
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

/* ---- a process ---- */

static void note_fall(struct counters_page *page, int64_t now_ms)
{
    uint64_t n = atomic_fetch_add(&page->falls, 1);
    atomic_store(&page->fell_at[n % COUNTERS_FALLS], now_ms);
}

static bool is_gone(int64_t pid)
{
    return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void bury(struct counters_page *page, int64_t now_ms)
{
    for (size_t i = 0; i < COUNTERS_RUNS; i++) {
        int64_t pid = atomic_load(&page->runs[i].pid);
        if (pid && is_gone(pid) && atomic_compare_exchange_strong(&page->runs[i].pid, &pid, 0))
            note_fall(page, now_ms);
    }
}

/* A free place, or that of the process which has said nothing for the longest time. */
static struct counters_run *take_run(struct counters_page *page)
{
    struct counters_run *oldest = &page->runs[0];
    for (size_t i = 0; i < COUNTERS_RUNS; i++) {
        struct counters_run *run = &page->runs[i];
        int64_t nobody = 0;
        if (atomic_compare_exchange_strong(&run->pid, &nobody, getpid()))
            return run;
        if (atomic_load(&run->beat) < atomic_load(&oldest->beat))
            oldest = run;
    }
    atomic_store(&oldest->pid, getpid());
    return oldest;
}

int counters_begin(struct counters *c, const char *role, int64_t now, int64_t now_ms,
                   struct error *err)
{
    struct counters_page *page = map_page(role);
    if (!page)
        return error_set_memory(err);
    bury(page, now_ms);
    *c = (struct counters){page, take_run(page)};
    for (size_t i = 0; i < GAUGE_COUNT; i++)
        counters_set(c, (unsigned)i, 0);
    atomic_store(&c->run->started, now);
    counters_beat(c, now_ms);
    atomic_fetch_add(&page->starts, 1);
    atomic_store(&page->layout, COUNTERS_LAYOUT);
    return 0;
}

void counters_end(struct counters *c)
{
    if (!c->page)
        return;
    atomic_store(&c->run->pid, 0);
    munmap(c->page, PAGE_BYTES);
    *c = (struct counters){NULL, NULL};
}

struct counters_block *counters_block(struct counters *c, unsigned i)
{
    return &c->page->blocks[i % COUNTERS_BLOCKS];
}

void counters_time(struct counters_block *block, unsigned histogram, int64_t ms)
{
    static const int64_t bounds[] = COUNTERS_BOUNDS;
    _Static_assert(ARRAY_LEN(bounds) + 1 == COUNTERS_BUCKETS, "buckets");
    unsigned i = 0;
    while (i < ARRAY_LEN(bounds) && ms > bounds[i])
        i++;
    counters_add(block, histogram + i, 1);
    counters_add(block, histogram + COUNTERS_BUCKETS, ms > 0 ? (uint64_t)ms : 0);
}

void counters_store(struct counters *c, unsigned counter, bool good, int64_t now)
{
    bool read = counter == COUNTER_STORE_READ_ERRORS;
    unsigned since = read ? GAUGE_READ_FAILING_SINCE : GAUGE_WRITE_FAILING_SINCE;
    if (!c)
        return;
    if (good && read)
        counters_set(c, GAUGE_STORE_READ_AT, now);
    if (!good)
        counters_add(counters_block(c, 0), counter, 1);
    if (good || !counters_get(c, since))
        counters_set(c, since, good ? 0 : now);
}

/* ---- reading ---- */

/* By read(2), not by a mapping: a role that cuts its file short must not take the reader along. */
bool counters_read(const char *role, struct counters_page *out)
{
    char path[PATH_MAX];
    int handed = handed_over(role), fd = handed;
    if (handed < 0)
        fd = file_path(role, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool whole = fd >= 0 && pread(fd, out, PAGE_BYTES, 0) == (ssize_t)PAGE_BYTES &&
                 atomic_load(&out->layout) == COUNTERS_LAYOUT;
    if (handed < 0 && fd >= 0)
        close(fd);
    return whole;
}

uint64_t counters_sum(const struct counters_page *page, unsigned counter)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNTERS_BLOCKS; i++)
        sum += atomic_load_explicit(&page->blocks[i].values[counter], memory_order_relaxed);
    return sum;
}
