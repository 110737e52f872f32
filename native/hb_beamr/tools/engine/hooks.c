/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * What the engine asks of its embedder (hb_hooks.h) when it runs guests. The compiler runs none, so
 * whoever comes here has found a defect.
 */
#include <stdlib.h>

#include "hb_hooks.h"

bool hb_engine_yield(struct WASMExecEnv *exec_env) { (void)exec_env, abort(); }

bool hb_engine_poll(void) { abort(); }

void *hb_engine_memory_new(uint64_t size, uint64_t max_size) {
  (void)size, (void)max_size, abort();
}

void *hb_engine_memory_grow(void *base, uint64_t old_size, uint64_t new_size, uint64_t max_size) {
  (void)base, (void)old_size, (void)new_size, (void)max_size, abort();
}

void hb_engine_memory_delete(void *base, uint64_t size, uint64_t max_size) {
  (void)base, (void)size, (void)max_size, abort();
}

void *hb_engine_stack_new(uint32_t size) { (void)size, abort(); }

void hb_engine_stack_delete(void *base, uint32_t size) { (void)base, (void)size, abort(); }

void *hb_engine_global(struct WASMModuleInstanceCommon *instance, uint32_t global) {
  (void)instance, (void)global, abort();
}

void hb_engine_imported_global(uint32_t global, void *value) { (void)global, (void)value, abort(); }

void hb_engine_trapped(struct WASMExecEnv *exec_env) { (void)exec_env, abort(); }
