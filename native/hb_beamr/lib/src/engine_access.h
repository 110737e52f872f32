/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * What the engine's public headers lack, read from its private structs. engine_access.c alone
 * includes those; it is C because they are.
 */
#ifndef HB_BEAMR_ENGINE_ACCESS_H
#define HB_BEAMR_ENGINE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm_c_api.h"
#include "wasm_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* wasm_export.h and wasm_c_api.h both have a wasm_module_t: a pointer to this, and a name of it. */
typedef struct WASMModuleCommon hb_engine_module_t;

/** A module loaded from bytes that the engine keeps and changes; NULL and a text on failure. */
hb_engine_module_t *hb_engine_load(uint8_t *bytes, uint32_t size, char *error, uint32_t error_size);
void hb_engine_unload(hb_engine_module_t *module);
/** Makes all imported functions call `trampoline`, once, before the first instance. */
void hb_engine_link_functions(hb_engine_module_t *module, void *trampoline);

/** The engine's own instance behind one of wasm_c_api.h. */
wasm_module_inst_t hb_engine_instance(const wasm_instance_t *instance);
/** Gives the trampoline its environment for each imported function: envs[i * stride]. */
void hb_engine_set_import_environments(wasm_module_inst_t instance, void *first, size_t stride,
                                       void *trampoline);

/**
 * Calls a function, which is below the module's number of functions. The cells are its parameters, and then its
 * results: there is room for both. False: there is an exception.
 */
bool hb_engine_call(wasm_exec_env_t exec_env, uint32_t function, uint32_t cell_count,
                    uint32_t *cells);
/** The word that makes a guest call hb_engine_yield(); lives as long as the exec_env. */
uint32_t *hb_engine_suspend_flag(wasm_exec_env_t exec_env);

/**
 * Bounds what tables may grow to, and keeps an empty memory from growing. Before guest code runs; other
 * bounds of memory are given to the engine when the instance is made, because its mapping depends on them.
 */
void hb_engine_limit_growth(wasm_module_inst_t instance, bool memory_can_grow,
                            uint64_t max_table_elements);

/** Memory 0; false if there is none. */
bool hb_engine_memory(wasm_module_inst_t instance, uint8_t **base, uint64_t *bytes);
/** The address of a global: 4 or 8 bytes for numbers, 4 for references. */
void *hb_engine_global(wasm_module_inst_t instance, uint32_t global);
uint64_t hb_engine_table_size(wasm_module_inst_t instance, uint32_t table);
/** False if the element passes the table's end. A null element is UINT32_MAX. */
bool hb_engine_table_element(wasm_module_inst_t instance, uint32_t table, uint64_t element,
                             uint32_t *function);

/** `element` is below the size. */
void hb_engine_set_table_element(wasm_module_inst_t instance, uint32_t table, uint64_t element,
                                 uint32_t value);
/** False if it cannot be so large. */
bool hb_engine_grow_table(wasm_module_inst_t instance, uint32_t table, uint32_t delta,
                          uint32_t value);

/**
 * Walks the frames, innermost first; compiled code has some only if it was compiled with them: calls `visit` until it answers false. Offsets count from
 * `bytes`, which the module was loaded from; 0: unknown.
 */
void hb_engine_walk_frames(wasm_exec_env_t exec_env, const uint8_t *bytes,
                           bool (*visit)(void *context, uint32_t function, uint32_t offset),
                           void *context);

#ifdef __cplusplus
}
#endif

#endif
