/*
 * The bytes in which values travel: parameters to the guest, columns and rows from it.
 *
 * All integers are little-endian, as WebAssembly's memory is. A string is a 32-bit length and so
 * many bytes. A value is a tag and its content:
 *
 *     0 null     1 integer, 64 bits     2 float, 64 bits     3 text, a string     4 blob, a string
 *
 * Columns are strings, a row is values, one after the other. Parameters are a byte that says
 * whether they are named (1) or not (0), a 32-bit count, and the values, each after its name, a
 * string, if they are named.
 */
#ifndef HB_BEAMR_SQLITE_CODEC_H
#define HB_BEAMR_SQLITE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "sqlite3.h"

/* Bytes to send. Grows; `data` is kept from row to row. */
typedef struct {
  uint8_t *data;
  size_t size;
  size_t capacity;
} Writer;

/* Both return SQLITE_OK or SQLITE_NOMEM and leave the whole message in `writer`. */
int write_columns(Writer *writer, sqlite3_stmt *statement);
int write_row(Writer *writer, sqlite3_stmt *statement);

/* Frees what a large row left behind, keeps a buffer of ordinary size. */
void writer_trim(Writer *writer);

/* The parameters of one request: borrowed bytes, `next` is the first value not yet bound. */
typedef struct {
  const uint8_t *next;
  const uint8_t *end;
  uint32_t remaining;
  int named;
} Parameters;

/* SQLITE_MISUSE if the bytes do not even have a header. */
int parameters_init(Parameters *parameters, const uint8_t *data, size_t size);

/*
 * Binds every parameter of `statement`. Those without names are used up, statement by statement;
 * those with names serve every statement. SQLITE_RANGE: one is missing, or the bytes are
 * malformed; `*missing` is then its index, from 1. The values are borrowed by the statement:
 * clear its bindings before the bytes go.
 */
int parameters_bind(Parameters *parameters, sqlite3_stmt *statement, int *missing);

#endif
