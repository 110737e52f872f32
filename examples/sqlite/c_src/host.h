/*
 * What the guest asks of its host: the only imports of the module.
 *
 * A file is a number, never a name: SQL can contain a path (ATTACH, VACUUM INTO), and a number
 * leaves nothing to escape from. The host checks every argument all the same.
 */
#ifndef HB_BEAMR_SQLITE_HOST_H
#define HB_BEAMR_SQLITE_HOST_H

#include <stdint.h>

#define HOST_FUNCTION(module, name) __attribute__((import_module(module), import_name(name)))

enum { kDatabaseFile = 0, kJournalFile = 1, kFileCount = 2 };

/* Answers below zero. */
enum { kHostIoError = -1, kHostFull = -2 };

/* Copies up to `size` bytes to `to`; answers their number, which is less than `size` at the end. */
HOST_FUNCTION("storage", "read")
int32_t storage_read(int32_t file, int64_t offset, void *to, int32_t size);

/* A write past the end extends the file. It is durable after the next sync, not before. */
HOST_FUNCTION("storage", "write")
int32_t storage_write(int32_t file, int64_t offset, const void *from, int32_t size);

HOST_FUNCTION("storage", "truncate")
int32_t storage_truncate(int32_t file, int64_t size);

/* A file that does not exist has size 0. */
HOST_FUNCTION("storage", "size")
int64_t storage_size(int32_t file);

/* Returns when everything written to `file` would survive a crash. */
HOST_FUNCTION("storage", "sync")
int32_t storage_sync(int32_t file);

/* Takes effect at once; when `durable` is not 0 it also survives a power failure. */
HOST_FUNCTION("storage", "delete")
int32_t storage_delete(int32_t file, int32_t durable);

/* Milliseconds since 1970-01-01 00:00 UTC. */
HOST_FUNCTION("storage", "now")
int64_t storage_now(void);

HOST_FUNCTION("storage", "random")
int32_t storage_random(void *to, int32_t size);

/* The names of the columns of the rows that follow (codec.h). */
HOST_FUNCTION("result", "columns")
int32_t result_columns(const void *names, int32_t size);

/* One row (codec.h). An answer other than 0 ends the statement. */
HOST_FUNCTION("result", "row")
int32_t result_row(const void *values, int32_t size);

/* Called now and then while a statement runs. An answer other than 0 interrupts it. */
HOST_FUNCTION("result", "tick")
int32_t result_tick(void);

#endif
