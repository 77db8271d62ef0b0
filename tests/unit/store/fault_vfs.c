#include "fault_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* The only globals: SQLite has one default VFS a process, too. */
static struct {
    bool armed, hit;
    enum fault_kind kind;
    unsigned at, calls;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
} disk;

/* The file that SQLite sees, with the real one right behind it. */
struct shim {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim *)file)->real;
}

/* Whether this call is to fail. */
static bool broken(void)
{
    if (!disk.armed || ++disk.calls < disk.at)
        return false;
    disk.hit = true;
    return true;
}

static int shim_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int shim_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    if (disk.kind == FAULT_IO && broken())
        return SQLITE_IOERR_READ;
    return real_of(file)->pMethods->xRead(real_of(file), to, n, at);
}

static int shim_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
    if (broken())
        return disk.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    return real_of(file)->pMethods->xWrite(real_of(file), from, n, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (disk.kind == FAULT_IO && broken())
        return SQLITE_IOERR_TRUNCATE;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    if (disk.kind == FAULT_IO && broken())
        return SQLITE_IOERR_FSYNC;
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int shim_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    if (extend && broken())
        return disk.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_SHMSIZE;
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct shim *shim = (struct shim *)file;
    (void)vfs;
    shim->real = (sqlite3_file *)(shim + 1);
    memset(shim->real, 0, (size_t)disk.real->szOsFile);
    shim->base.pMethods = NULL;
    if (broken())
        return disk.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR;
    int rc = disk.real->xOpen(disk.real, name, shim->real, flags, out);
    shim->base.pMethods = shim->real->pMethods ? &disk.methods : NULL;
    return rc;
}

/* SQLite asks for the size of what it has: it stands before the bytes. */
struct block {
    _Alignas(max_align_t) size_t size;
    char bytes[];
};

static struct block *block_of(void *p)
{
    return (struct block *)((char *)p - offsetof(struct block, bytes));
}

static void *memory_get(int n)
{
    struct block *b = malloc(sizeof *b + (size_t)n);
    if (!b)
        return NULL;
    b->size = (size_t)n;
    return b->bytes;
}

static void memory_free(void *p)
{
    if (p)
        free(block_of(p));
}

static void *memory_resize(void *p, int n)
{
    struct block *b = realloc(block_of(p), sizeof *b + (size_t)n);
    if (!b)
        return NULL;
    b->size = (size_t)n;
    return b->bytes;
}

static int memory_size(void *p)
{
    return p ? (int)block_of(p)->size : 0;
}

static int memory_round(int n)
{
    return (n + 7) & ~7;
}

static int memory_start(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void memory_stop(void *context)
{
    (void)context;
}

void fault_memory_install(void)
{
    static sqlite3_mem_methods methods = {memory_get,   memory_free,  memory_resize, memory_size,
                                          memory_round, memory_start, memory_stop,   NULL};
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
}

void fault_vfs_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    assert_non_null(disk.real);
    disk.methods = (sqlite3_io_methods){
        .iVersion = 2,
        .xClose = shim_close,
        .xRead = shim_read,
        .xWrite = shim_write,
        .xTruncate = shim_truncate,
        .xSync = shim_sync,
        .xFileSize = shim_size,
        .xLock = shim_lock,
        .xUnlock = shim_unlock,
        .xCheckReservedLock = shim_check_lock,
        .xFileControl = shim_control,
        .xSectorSize = shim_sector,
        .xDeviceCharacteristics = shim_traits,
        .xShmMap = shim_shm_map,
        .xShmLock = shim_shm_lock,
        .xShmBarrier = shim_shm_barrier,
        .xShmUnmap = shim_shm_unmap,
    };
    disk.vfs = *disk.real;
    disk.vfs.zName = "fault";
    disk.vfs.pNext = NULL;
    disk.vfs.szOsFile = disk.real->szOsFile + (int)sizeof(struct shim);
    disk.vfs.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

void fault_vfs_at(enum fault_kind kind, unsigned n)
{
    disk.kind = kind;
    disk.at = n;
    disk.calls = 0;
    disk.hit = false;
    disk.armed = true;
}

bool fault_vfs_off(void)
{
    disk.armed = false;
    return disk.hit;
}
