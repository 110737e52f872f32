#include "codec.h"

#include <string.h>

enum { kNull = 0, kInteger = 1, kFloat = 2, kText = 3, kBlob = 4 };

enum { kInitialCapacity = 1024, kKeptCapacity = 64 * 1024 };

/* ---- to the host ---- */

static int reserve(Writer *writer, size_t more) {
  if (more <= writer->capacity - writer->size) return SQLITE_OK;
  sqlite3_uint64 wanted = (sqlite3_uint64)writer->size + more;
  sqlite3_uint64 capacity = writer->capacity == 0 ? kInitialCapacity : writer->capacity;
  while (capacity < wanted) capacity += capacity / 2;
  if (capacity > INT32_MAX) return SQLITE_NOMEM;
  uint8_t *data = sqlite3_realloc64(writer->data, capacity);
  if (data == NULL) return SQLITE_NOMEM;
  writer->data = data;
  writer->capacity = (size_t)capacity;
  return SQLITE_OK;
}

/* After reserve(). */
static void put(Writer *writer, const void *bytes, size_t size) {
  if (size > 0) memcpy(writer->data + writer->size, bytes, size);
  writer->size += size;
}

static int put_number(Writer *writer, uint8_t tag, const void *number) {
  int rc = reserve(writer, 1 + 8);
  if (rc != SQLITE_OK) return rc;
  put(writer, &tag, 1);
  put(writer, number, 8);
  return SQLITE_OK;
}

static int put_string(Writer *writer, const uint8_t *tag, const void *bytes, uint32_t size) {
  int rc = reserve(writer, 1 + sizeof size + (size_t)size);
  if (rc != SQLITE_OK) return rc;
  if (tag != NULL) put(writer, tag, 1);
  put(writer, &size, sizeof size);
  put(writer, bytes, size);
  return SQLITE_OK;
}

static int put_column(Writer *writer, sqlite3_stmt *statement, int column) {
  uint8_t tag = kNull;
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: {
      sqlite3_int64 integer = sqlite3_column_int64(statement, column);
      return put_number(writer, kInteger, &integer);
    }
    case SQLITE_FLOAT: {
      double real = sqlite3_column_double(statement, column);
      return put_number(writer, kFloat, &real);
    }
    case SQLITE_TEXT:
    case SQLITE_BLOB: {
      int is_text = sqlite3_column_type(statement, column) == SQLITE_TEXT;
      /* The pointer first: fetching it may convert the value, and with it the size. */
      const void *bytes = is_text ? (const void *)sqlite3_column_text(statement, column)
                                  : sqlite3_column_blob(statement, column);
      int size = sqlite3_column_bytes(statement, column);
      /* No bytes where some are due: the conversion had no memory. */
      if (bytes == NULL && (is_text || size > 0)) return SQLITE_NOMEM;
      tag = is_text ? kText : kBlob;
      return put_string(writer, &tag, bytes, (uint32_t)size);
    }
    default: {
      int rc = reserve(writer, 1);
      if (rc == SQLITE_OK) put(writer, &tag, 1);
      return rc;
    }
  }
}

int write_columns(Writer *writer, sqlite3_stmt *statement) {
  int count = sqlite3_column_count(statement);
  writer->size = 0;
  for (int column = 0; column < count; column++) {
    const char *name = sqlite3_column_name(statement, column);
    if (name == NULL) return SQLITE_NOMEM;
    int rc = put_string(writer, NULL, name, (uint32_t)strlen(name));
    if (rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}

int write_row(Writer *writer, sqlite3_stmt *statement) {
  int count = sqlite3_data_count(statement);
  writer->size = 0;
  for (int column = 0; column < count; column++) {
    int rc = put_column(writer, statement, column);
    if (rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}

void writer_trim(Writer *writer) {
  if (writer->capacity <= kKeptCapacity) return;
  sqlite3_free(writer->data);
  *writer = (Writer){0};
}

/* ---- from the host ---- */

typedef struct {
  uint8_t tag;
  uint32_t size;        /* of text and blobs */
  const uint8_t *bytes; /* borrowed */
  sqlite3_int64 integer;
  double real;
} Value;

static int take(Parameters *from, void *to, size_t size) {
  if ((size_t)(from->end - from->next) < size) return SQLITE_RANGE;
  memcpy(to, from->next, size);
  from->next += size;
  return SQLITE_OK;
}

static int take_string(Parameters *from, const uint8_t **bytes, uint32_t *size) {
  if (take(from, size, sizeof *size) != SQLITE_OK) return SQLITE_RANGE;
  if ((size_t)(from->end - from->next) < *size) return SQLITE_RANGE;
  *bytes = from->next;
  from->next += *size;
  return SQLITE_OK;
}

static int take_value(Parameters *from, Value *value) {
  *value = (Value){0};
  if (from->remaining == 0 || take(from, &value->tag, 1) != SQLITE_OK) return SQLITE_RANGE;
  from->remaining--;
  switch (value->tag) {
    case kNull:
      return SQLITE_OK;
    case kInteger:
      return take(from, &value->integer, sizeof value->integer);
    case kFloat:
      return take(from, &value->real, sizeof value->real);
    case kText:
    case kBlob:
      return take_string(from, &value->bytes, &value->size);
    default:
      return SQLITE_RANGE;
  }
}

/* `all` is a copy: a name may serve any number of statements. */
static int find_value(Parameters all, const char *name, Value *value) {
  size_t length = strlen(name);
  while (all.remaining > 0) {
    const uint8_t *candidate = NULL;
    uint32_t size = 0;
    if (take_string(&all, &candidate, &size) != SQLITE_OK) return SQLITE_RANGE;
    if (take_value(&all, value) != SQLITE_OK) return SQLITE_RANGE;
    if (size == length && memcmp(candidate, name, length) == 0) return SQLITE_OK;
  }
  return SQLITE_RANGE;
}

static int bind_value(sqlite3_stmt *statement, int index, const Value *value) {
  switch (value->tag) {
    case kInteger:
      return sqlite3_bind_int64(statement, index, value->integer);
    case kFloat:
      return sqlite3_bind_double(statement, index, value->real);
    case kText:
      return sqlite3_bind_text64(statement, index, (const char *)value->bytes, value->size,
                                 SQLITE_STATIC, SQLITE_UTF8);
    case kBlob:
      return sqlite3_bind_blob64(statement, index, value->bytes, value->size, SQLITE_STATIC);
    default:
      return sqlite3_bind_null(statement, index);
  }
}

int parameters_init(Parameters *parameters, const uint8_t *data, size_t size) {
  uint8_t named = 0;
  *parameters = (Parameters){.next = data, .end = data + size};
  if (take(parameters, &named, 1) != SQLITE_OK) return SQLITE_MISUSE;
  if (take(parameters, &parameters->remaining, sizeof parameters->remaining) != SQLITE_OK) {
    return SQLITE_MISUSE;
  }
  parameters->named = named != 0;
  return SQLITE_OK;
}

int parameters_bind(Parameters *parameters, sqlite3_stmt *statement, int *missing) {
  int count = sqlite3_bind_parameter_count(statement);
  for (int index = 1; index <= count; index++) {
    Value value = {0};
    int rc = SQLITE_OK;
    if (parameters->named) {
      const char *name = sqlite3_bind_parameter_name(statement, index);
      /* The name's first character is ':', '@', '$' or '?'; a lone '?' has no name. */
      rc = name == NULL ? SQLITE_RANGE : find_value(*parameters, name + 1, &value);
    } else {
      rc = take_value(parameters, &value);
    }
    if (rc == SQLITE_OK) rc = bind_value(statement, index, &value);
    if (rc == SQLITE_RANGE) *missing = index;
    if (rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}
