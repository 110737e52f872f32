/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * The library in plain C: a module is loaded, one import is answered by a C function, another one
 * later, by whoever knows the answer; a trap is caught; memory is read and written.
 *
 * Usage: embed_c guest.wasm
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hb_beamr_capi_lib.h"

static void fail(hb_beamr_capi_lib_context_t *ctx, const char *what, hb_beamr_capi_lib_rc_t rc) {
  fprintf(stderr, "%s: %s (%s)\n", what, hb_beamr_capi_lib_get_last_error(ctx),
          hb_beamr_capi_lib_rc_name(rc));
  exit(EXIT_FAILURE);
}

static uint8_t *read_file(const char *path, uint32_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  long length = ftell(file);
  uint8_t *bytes = length > 0 ? malloc((size_t)length) : NULL;
  rewind(file);
  if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
    fprintf(stderr, "%s: cannot be read\n", path);
    exit(EXIT_FAILURE);
  }
  fclose(file);
  *size = (uint32_t)length;
  return bytes;
}

/* Answers "env"."log" in place. The guest's address and length are checked by read_memory. */
static wasm_trap_t *host_log(void *user_env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  hb_beamr_capi_lib_context_t *ctx = user_env;
  char text[64] = {0};
  uint32_t address = (uint32_t)args->data[0].of.i32;
  uint32_t length = (uint32_t)args->data[1].of.i32;
  (void)results;
  if (length >= sizeof text ||
      hb_beamr_capi_lib_read_memory(ctx, address, text, length) != HB_BEAMR_CAPI_LIB_SUCCESS) {
    wasm_message_t message;
    wasm_byte_vec_new(&message, 12, "bad log text");
    wasm_trap_t *trap = wasm_trap_new(hb_beamr_capi_lib_context_get_store(ctx), &message);
    wasm_byte_vec_delete(&message);
    return trap;
  }
  printf("guest says: %s\n", text);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s guest.wasm\n", argv[0]);
    return EXIT_FAILURE;
  }
  uint32_t size = 0;
  uint8_t *bytes = read_file(argv[1], &size);
  hb_beamr_capi_lib_rc_t rc = hb_beamr_capi_lib_init_runtime_global(NULL);
  hb_beamr_capi_lib_context_t *ctx = hb_beamr_capi_lib_create_context();
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS || !ctx) fail(ctx, "starting the engine", rc);

  rc = hb_beamr_capi_lib_load_wasm_module(ctx, bytes, size);
  free(bytes);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) fail(ctx, "loading", rc);

  /* "log" is answered by a C function, all other imports wait for us. */
  const hb_beamr_capi_native_symbol_t symbols[] = {{"env", "log", (void *)host_log}};
  rc = hb_beamr_capi_lib_instantiate(ctx, (void *)hb_beamr_capi_lib_defer_import, symbols, 1);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) fail(ctx, "instantiating", rc);

  /* A call that stops where an import needs an answer. No thread waits meanwhile. */
  uint32_t total = 0;
  rc = hb_beamr_capi_lib_find_function(ctx, "total", strlen("total"), &total);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) fail(ctx, "finding total", rc);
  const wasm_val_t order[] = {WASM_I32_VAL(1001), WASM_I32_VAL(3)};
  rc = hb_beamr_capi_lib_start_call(ctx, total, 2, order);
  if (rc != HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) fail(ctx, "calling total", rc);

  const hb_beamr_capi_lib_event_t *event = hb_beamr_capi_lib_get_event(ctx);
  hb_beamr_capi_lib_extern_t import;
  hb_beamr_capi_lib_get_import(ctx, event->import_position, &import);
  printf("guest asks: %.*s.%.*s%s of article %" PRId32 "\n", (int)import.module_name_len,
         import.module_name, (int)import.name_len, import.name, import.signature,
         event->values[0].of.i32);
  wasm_val_t price = WASM_I64_VAL(250);
  rc = hb_beamr_capi_lib_resolve_import(ctx, 1, &price);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) fail(ctx, "answering the price", rc);
  printf("total: %" PRId64 "\n", hb_beamr_capi_lib_get_event(ctx)->values[0].of.i64);

  /* A trap ends the call and leaves the instance usable. */
  wasm_val_t bill[] = {WASM_I32_VAL(750), WASM_I32_VAL(0)};
  wasm_val_t share = WASM_I32_VAL(0);
  rc = hb_beamr_capi_lib_call_export(ctx, "share", 2, bill, 1, &share);
  printf("shared by nobody: %s\n", hb_beamr_capi_lib_get_last_error(ctx));
  if (rc != HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED) return EXIT_FAILURE;
  bill[1].of.i32 = 3;
  rc = hb_beamr_capi_lib_call_export(ctx, "share", 2, bill, 1, &share);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) fail(ctx, "calling share", rc);
  printf("shared by three: %" PRId32 "\n", share.of.i32);

  /* Memory, checked against its end. */
  char text[8] = {0};
  rc = hb_beamr_capi_lib_write_memory(ctx, 1024, "written", 7);
  if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) rc = hb_beamr_capi_lib_read_memory(ctx, 1024, text, 7);
  if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) fail(ctx, "using memory", rc);
  printf("memory holds: %s\n", text);
  rc = hb_beamr_capi_lib_read_memory(ctx, UINT64_MAX, text, 7);
  if (rc != HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS) return EXIT_FAILURE;
  printf("beyond its end: %s\n", hb_beamr_capi_lib_get_last_error(ctx));

  hb_beamr_capi_lib_destroy_context(ctx);
  hb_beamr_capi_lib_destroy_runtime_global();
  return EXIT_SUCCESS;
}
