/*
 * The exports of the guest: one connection to one database.
 *
 * The host writes SQL and parameters into memory that it got from malloc(), calls db_exec(), and
 * is called back for every row. After an error the connection is as usable as before.
 */
#include <string.h>

#include "codec.h"
#include "host.h"
#include "sqlite3.h"

#define EXPORT(name) __attribute__((export_name(name)))

/* Statements kept prepared, the most recent first. */
enum { kCachedStatements = 16 };

static sqlite3 *db;
static sqlite3_stmt *cache[kCachedStatements];
static Writer writer;
static sqlite3_int64 changes_before;
/* Of the last error; NULL if there was no memory for it. Owned. */
static char *message;

/* `text` NULL: SQLite's own words. */
static int fail(int rc, const char *text) {
  if (text == NULL) text = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
  sqlite3_free(message);
  message = sqlite3_mprintf("%s", text);
  return rc;
}

/* ---- statements kept prepared ---- */

/* Takes the statement out of the cache. */
static sqlite3_stmt *cache_take(const char *sql, size_t length) {
  for (int slot = 0; slot < kCachedStatements && cache[slot] != NULL; slot++) {
    sqlite3_stmt *statement = cache[slot];
    const char *text = sqlite3_sql(statement);
    if (strlen(text) != length || memcmp(text, sql, length) != 0) continue;
    memmove(&cache[slot], &cache[slot + 1],
            (size_t)(kCachedStatements - 1 - slot) * sizeof cache[0]);
    cache[kCachedStatements - 1] = NULL;
    return statement;
  }
  return NULL;
}

static void cache_put(sqlite3_stmt *statement) {
  sqlite3_finalize(cache[kCachedStatements - 1]);
  memmove(&cache[1], &cache[0], (kCachedStatements - 1) * sizeof cache[0]);
  cache[0] = statement;
}

static void cache_clear(void) {
  for (int slot = 0; slot < kCachedStatements; slot++) {
    sqlite3_finalize(cache[slot]);
    cache[slot] = NULL;
  }
}

/* ---- running ---- */

/* The columns go out with the first row, or at the end of a query without rows, and not before
 * the first step, which may find a changed schema and prepare the statement again. */
static int run(sqlite3_stmt *statement) {
  int columns_sent = 0;
  for (;;) {
    int step = sqlite3_step(statement);
    if (step != SQLITE_ROW && step != SQLITE_DONE) return fail(step, NULL);
    if (!columns_sent && sqlite3_column_count(statement) > 0) {
      columns_sent = 1;
      if (write_columns(&writer, statement) != SQLITE_OK) return fail(SQLITE_NOMEM, NULL);
      if (result_columns(writer.data, (int32_t)writer.size) != 0) return fail(SQLITE_ABORT, NULL);
    }
    if (step == SQLITE_DONE) return SQLITE_OK;
    if (write_row(&writer, statement) != SQLITE_OK) return fail(SQLITE_NOMEM, NULL);
    if (result_row(writer.data, (int32_t)writer.size) != 0) {
      return fail(SQLITE_ABORT, "the host wants no more rows");
    }
  }
}

static int bind(sqlite3_stmt *statement, Parameters *parameters) {
  int missing = 0;
  int rc = parameters_bind(parameters, statement, &missing);
  if (rc == SQLITE_OK) return SQLITE_OK;
  if (missing == 0) return fail(rc, NULL);
  const char *name = sqlite3_bind_parameter_name(statement, missing);
  char text[128];
  if (name != NULL) {
    sqlite3_snprintf(sizeof text, text, "no value for parameter %d (%s)", missing, name);
  } else {
    sqlite3_snprintf(sizeof text, text, "no value for parameter %d", missing);
  }
  return fail(rc, text);
}

static int prepare(const char *sql, const char *end, sqlite3_stmt **statement, const char **tail) {
  *statement = cache_take(sql, (size_t)(end - sql));
  *tail = end;
  if (*statement != NULL) return SQLITE_OK;
  /* The length counts the final NUL: SQLite then works on our copy of the text. */
  int length = (int)(end - sql) + 1;
  int rc = sqlite3_prepare_v3(db, sql, length, SQLITE_PREPARE_PERSISTENT, statement, tail);
  return rc == SQLITE_OK ? SQLITE_OK : fail(rc, NULL);
}

/* Whether nothing but white space, semicolons and comments is left. */
static int is_last(const char *tail, const char *end) {
  if (tail == end) return 1;
  sqlite3_stmt *statement = NULL;
  const char *after = end;
  int rc = sqlite3_prepare_v2(db, tail, (int)(end - tail) + 1, &statement, &after);
  int last = rc == SQLITE_OK && statement == NULL && after == end;
  sqlite3_finalize(statement);
  return last;
}

static int exec_one(sqlite3_stmt *statement, Parameters *parameters, int last) {
  int rc = bind(statement, parameters);
  if (rc != SQLITE_OK) return rc;
  /* Said before the statement runs, where that is possible, rather than after. */
  if (last && !parameters->named && parameters->remaining > 0) {
    return fail(SQLITE_RANGE, "more values than parameters");
  }
  return run(statement);
}

static int exec_all(const char *sql, const char *end, Parameters *parameters) {
  while (sql < end) {
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    int rc = prepare(sql, end, &statement, &tail);
    if (rc != SQLITE_OK) return rc;
    if (statement != NULL) {
      int leftover = !parameters->named && parameters->remaining > 0;
      rc = exec_one(statement, parameters, leftover && is_last(tail, end));
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement); /* the values are borrowed */
      /* Only a whole text can be looked up again. */
      if (tail == end && rc == SQLITE_OK) {
        cache_put(statement);
      } else {
        sqlite3_finalize(statement);
      }
      if (rc != SQLITE_OK) return rc;
    }
    sql = tail;
  }
  if (!parameters->named && parameters->remaining > 0) {
    return fail(SQLITE_RANGE, "more values than parameters");
  }
  return SQLITE_OK;
}

static int on_progress(void *unused) {
  (void)unused;
  return result_tick();
}

/* ---- exports: 0 is SQLITE_OK, anything else an (extended) result code of SQLite ---- */

EXPORT("db_open") int32_t db_open(void) {
  if (db != NULL) return fail(SQLITE_MISUSE, "already open");
  int rc = sqlite3_initialize();
  if (rc != SQLITE_OK) return fail(rc, NULL);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE;
  rc = sqlite3_open_v2("main.db", &db, flags, NULL);
  if (rc != SQLITE_OK) return fail(rc, NULL);
  /* SQL from elsewhere shall not be able to write to the file behind SQLite's back. */
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  /* The first access: says whether the file is a database and rolls a hot journal back. */
  rc = sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
  return rc == SQLITE_OK ? SQLITE_OK : fail(rc, NULL);
}

/*
 * Runs every statement of `sql`, which is followed by a NUL that `length` does not count.
 * `tick_interval` operations of SQLite's machine pass between two calls of result_tick(); 0: none.
 */
EXPORT("db_exec")
int32_t db_exec(const char *sql, int32_t length, const uint8_t *parameters, int32_t parameters_size,
                int32_t tick_interval) {
  Parameters values;
  if (db == NULL) return fail(SQLITE_MISUSE, "not open");
  if (length < 0 || parameters_size < 0 ||
      parameters_init(&values, parameters, (size_t)parameters_size) != SQLITE_OK) {
    return fail(SQLITE_MISUSE, "malformed request");
  }
  changes_before = sqlite3_total_changes64(db);
  sqlite3_progress_handler(db, tick_interval, tick_interval > 0 ? on_progress : NULL, NULL);
  int rc = exec_all(sql, sql + length, &values);
  writer_trim(&writer);
  return rc;
}

/* NUL-terminated and valid until the next call; NULL if there was no memory for it. */
EXPORT("db_error_message") const char *db_error_message(void) { return message; }

/* Rows changed by the last db_exec(), those changed by triggers included. */
EXPORT("db_changes") int64_t db_changes(void) {
  return db == NULL ? 0 : sqlite3_total_changes64(db) - changes_before;
}

EXPORT("db_last_insert_rowid") int64_t db_last_insert_rowid(void) {
  return db == NULL ? 0 : sqlite3_last_insert_rowid(db);
}

EXPORT("db_in_transaction") int32_t db_in_transaction(void) {
  return db != NULL && !sqlite3_get_autocommit(db);
}

/* Rolls an open transaction back. */
EXPORT("db_close") int32_t db_close(void) {
  cache_clear();
  int rc = sqlite3_close(db);
  if (rc == SQLITE_OK) db = NULL;
  return rc == SQLITE_OK ? SQLITE_OK : fail(rc, NULL);
}
