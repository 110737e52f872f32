/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * SQLite on a database in memory, compiled from the same source for this machine (native.h) and as a
 * module, which imports nothing. Whatever goes wrong is a trap.
 */
#include <stdint.h>
#include <string.h>

#include "sqlite3.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(name)))
#else
#define EXPORT(name) __attribute__((noinline))
#endif

/* ---- SQLite's operating system (SQLITE_OS_OTHER): no files, no time, no chance ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags) {
  (void)vfs, (void)name, (void)flags, (void)out_flags;
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  (void)vfs;
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *to) {
  (void)vfs;
  memset(to, 0, (size_t)size);
  return size;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *days) {
  (void)vfs;
  *days = 0;
  return SQLITE_OK;
}

static sqlite3_vfs vfs_none = {
    .iVersion = 1,
    .szOsFile = sizeof(sqlite3_file),
    .mxPathname = 64,
    .zName = "none",
    .xOpen = vfs_open,
    .xFullPathname = vfs_full_pathname,
    .xRandomness = vfs_randomness,
    .xCurrentTime = vfs_current_time,
};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&vfs_none, 1); }

int sqlite3_os_end(void) { return SQLITE_OK; }

/* ---- what is measured ---- */

static sqlite3 *db;

static void expect(int rc, int wanted) {
  if (rc != wanted) __builtin_trap();
}

static void run(const char *sql) { expect(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK); }

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement = NULL;
  expect(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
  return statement;
}

/* Keys are in no order, and each differs from the others. */
static uint32_t key_of(int32_t row) { return (uint32_t)row * 2654435761U; }

static void bind_name(sqlite3_stmt *statement, int parameter, int32_t row) {
  char name[32];
  sqlite3_snprintf(sizeof name, name, "item %08x", key_of(row));
  expect(sqlite3_bind_text(statement, parameter, name, -1, SQLITE_TRANSIENT), SQLITE_OK);
}

static uint32_t mix(uint32_t sum, sqlite3_int64 value) {
  return (sum ^ (uint32_t)value ^ (uint32_t)(value >> 32)) * 16777619U;
}

/* Makes a new database with so many rows and an index, in one transaction. */
EXPORT("insert") int32_t insert(int32_t rows) {
  expect(sqlite3_close(db), SQLITE_OK);
  expect(sqlite3_open(":memory:", &db), SQLITE_OK);
  run("create table item (id integer primary key, name text, kind integer, weight real);"
      "create index item_by_name on item (name);"
      "begin");
  sqlite3_stmt *statement = prepare("insert into item (name, kind, weight) values (?, ?, ?)");
  for (int32_t row = 0; row < rows; ++row) {
    bind_name(statement, 1, row);
    expect(sqlite3_bind_int(statement, 2, row % 97), SQLITE_OK);
    expect(sqlite3_bind_double(statement, 3, row * 0.25), SQLITE_OK);
    expect(sqlite3_step(statement), SQLITE_DONE);
    expect(sqlite3_reset(statement), SQLITE_OK);
  }
  expect(sqlite3_finalize(statement), SQLITE_OK);
  run("commit");
  statement = prepare("select count(*), page_count from item, pragma_page_count");
  expect(sqlite3_step(statement), SQLITE_ROW);
  const uint32_t sum =
      mix(mix(0, sqlite3_column_int64(statement, 0)), sqlite3_column_int64(statement, 1));
  expect(sqlite3_finalize(statement), SQLITE_OK);
  return (int32_t)sum;
}

/* Looks so many rows up by the index, and aggregates all of them; insert() comes first. */
EXPORT("query") int32_t query(int32_t lookups) {
  uint32_t sum = 0;
  sqlite3_stmt *statement = prepare("select id, kind from item where name = ?");
  for (int32_t row = 0; row < lookups; ++row) {
    bind_name(statement, 1, row);
    expect(sqlite3_step(statement), SQLITE_ROW);
    sum = mix(sum, sqlite3_column_int64(statement, 0));
    sum = mix(sum, sqlite3_column_int64(statement, 1));
    expect(sqlite3_reset(statement), SQLITE_OK);
  }
  expect(sqlite3_finalize(statement), SQLITE_OK);
  statement = prepare(
      "select kind, count(*), sum(weight), max(name) from item group by kind"
      " order by sum(weight) desc, kind");
  int step;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    sum = mix(sum, sqlite3_column_int64(statement, 0));
    sum = mix(sum, sqlite3_column_int64(statement, 1));
    sum = mix(sum, (sqlite3_int64)(sqlite3_column_double(statement, 2) * 4));
    sum = mix(sum, sqlite3_column_text(statement, 3)[5]);
  }
  expect(step, SQLITE_DONE);
  expect(sqlite3_finalize(statement), SQLITE_OK);
  return (int32_t)sum;
}

#ifndef __wasm__
#include "native.h"

int main(int argc, char **argv) {
  static const Kernel kernels[] = {{"insert", insert, 10000}, {"query", query, 10000}};
  return run_kernels(kernels, sizeof kernels / sizeof kernels[0], argc, argv);
}
#endif
