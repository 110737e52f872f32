/*
 * SQLite's operating system, made of the host's storage functions.
 *
 * There is one database and its rollback journal. Everything temporary stays in memory
 * (SQLITE_TEMP_STORE=3), there is no WAL and no shared memory, and ATTACH or VACUUM INTO of
 * another file fails with SQLITE_CANTOPEN.
 *
 * Nothing is promised about the device (xDeviceCharacteristics is 0), so that SQLite takes no
 * shortcut: it syncs the journal before it touches the database, and the database before it
 * deletes the journal. That order, kept by xSync, is what makes a crash harmless.
 */
#include <string.h>

#include "host.h"
#include "sqlite3.h"

typedef struct {
  sqlite3_file base; /* first: SQLite's view of this struct */
  int32_t file;
  int lock;
} StorageFile;

static const char *const kNames[kFileCount] = {"main.db", "main.db-journal"};

enum { kMaxPathname = 64, kSectorSize = 4096 };

/* Julian day of 1970-01-01 00:00 UTC, in milliseconds. */
static const sqlite3_int64 kUnixEpoch = 210866760000000;

/* One handle per file. A second one (ATTACH 'main.db') would need locks between the two. */
static int is_open[kFileCount];

static StorageFile *storage_file(sqlite3_file *file) { return (StorageFile *)file; }

static int32_t file_of_name(const char *name) {
  for (int32_t file = 0; name != NULL && file < kFileCount; file++) {
    if (strcmp(name, kNames[file]) == 0) return file;
  }
  return -1;
}

static int result_code(int32_t answer, int io_error) {
  if (answer == 0) return SQLITE_OK;
  return answer == kHostFull ? SQLITE_FULL : io_error;
}

static int file_close(sqlite3_file *file) {
  is_open[storage_file(file)->file] = 0;
  return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *to, int size, sqlite3_int64 offset) {
  int32_t count = storage_read(storage_file(file)->file, offset, to, size);
  if (count < 0 || count > size) return SQLITE_IOERR_READ;
  if (count == size) return SQLITE_OK;
  /* SQLite demands zeros after a short read, and would corrupt the database without. */
  memset((char *)to + count, 0, (size_t)(size - count));
  return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 offset) {
  return result_code(storage_write(storage_file(file)->file, offset, from, size),
                     SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return result_code(storage_truncate(storage_file(file)->file, size), SQLITE_IOERR_TRUNCATE);
}

static int file_sync(sqlite3_file *file, int flags) {
  (void)flags; /* SQLITE_SYNC_DATAONLY allows less than we do. */
  return result_code(storage_sync(storage_file(file)->file), SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  *size = storage_size(storage_file(file)->file);
  return *size < 0 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

/*
 * The host lets one instance at a time open a database and is_open lets the instance open it
 * once, so a lock is always granted. The level is kept because SQLite asks for it: a journal is
 * hot, and rolled back, only while nobody holds a reserved lock.
 */
static int file_lock(sqlite3_file *file, int level) {
  if (storage_file(file)->lock < level) storage_file(file)->lock = level;
  return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level) {
  if (storage_file(file)->lock > level) storage_file(file)->lock = level;
  return SQLITE_OK;
}

static int file_check_reserved_lock(sqlite3_file *file, int *reserved) {
  *reserved = storage_file(file)->lock >= SQLITE_LOCK_RESERVED;
  return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
  (void)file, (void)operation, (void)argument;
  return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file) {
  (void)file;
  return kSectorSize;
}

static int file_device_characteristics(sqlite3_file *file) {
  (void)file;
  return 0;
}

static const sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags,
                    int *out_flags) {
  (void)vfs;
  StorageFile *opened = storage_file(out);
  opened->base.pMethods = NULL; /* xClose is called whenever this is set, even after an error */
  int32_t file = file_of_name(name);
  int wanted = file == kJournalFile ? SQLITE_OPEN_MAIN_JOURNAL : SQLITE_OPEN_MAIN_DB;
  if (file < 0 || (flags & wanted) == 0 || is_open[file]) return SQLITE_CANTOPEN;
  is_open[file] = 1;
  opened->file = file;
  opened->lock = SQLITE_LOCK_NONE;
  opened->base.pMethods = &kMethods;
  if (out_flags != NULL) *out_flags = flags;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
  (void)vfs;
  int32_t file = file_of_name(name);
  if (file < 0) return SQLITE_IOERR_DELETE_NOENT;
  return result_code(storage_delete(file, sync_directory != 0), SQLITE_IOERR_DELETE);
}

/* An empty file counts as absent: SQLite treats an empty database and journal as none. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *yes) {
  (void)vfs, (void)flags;
  int32_t file = file_of_name(name);
  sqlite3_int64 size = file < 0 ? 0 : storage_size(file);
  if (size < 0) return SQLITE_IOERR_ACCESS;
  *yes = size > 0;
  return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  (void)vfs;
  size_t length = strlen(name);
  if (length >= (size_t)size) return SQLITE_CANTOPEN;
  memcpy(out, name, length + 1);
  return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *to) {
  (void)vfs;
  return storage_random(to, size) == 0 ? size : 0;
}

/* Only a busy handler sleeps, and a lock is never busy. */
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs, (void)microseconds;
  return 0;
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
  (void)vfs;
  *milliseconds = kUnixEpoch + storage_now();
  return SQLITE_OK;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *days) {
  sqlite3_int64 milliseconds = 0;
  int rc = vfs_current_time_int64(vfs, &milliseconds);
  *days = (double)milliseconds / 86400000.0;
  return rc;
}

static int vfs_get_last_error(sqlite3_vfs *vfs, int size, char *message) {
  (void)vfs, (void)size, (void)message;
  return 0;
}

static sqlite3_vfs vfs_storage = {
    .iVersion = 2,
    .szOsFile = sizeof(StorageFile),
    .mxPathname = kMaxPathname,
    .zName = "storage",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_pathname,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_current_time,
    .xGetLastError = vfs_get_last_error,
    .xCurrentTimeInt64 = vfs_current_time_int64,
};

/* SQLITE_OS_OTHER: sqlite3_initialize() and sqlite3_shutdown() call these. */
int sqlite3_os_init(void) { return sqlite3_vfs_register(&vfs_storage, 1); }

int sqlite3_os_end(void) { return SQLITE_OK; }
