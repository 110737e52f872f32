/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * @file hb_beamr_capi_lib.h
 * @brief Running WebAssembly instances from C, with calls that can wait without a thread.
 *
 * A *context* is one instance of one module in a store of its own. Its exports are called in one of
 * two ways that may be mixed freely:
 *
 * - `hb_beamr_capi_lib_call_export()` runs a call to its end and answers imports through C functions.
 * - the event-driven half (`..._start_call()`, `..._resolve_import()`, `..._resume()`) runs a call
 *   until the next *event*: it completed, trapped, waits for the answer of an import, or yielded.
 *   A waiting call holds no thread: the guest's stack is put aside, and any thread may go on with it.
 *
 * A reference as a `wasm_val_t` is a number in `of.i64`: -1 is null. A funcref is the number of a function
 * of this instance, as `hb_beamr_capi_lib_find_function()` gives it. An externref is any number from 0 to
 * 2^32 - 2 that the host chooses; the guest can only keep it and give it back.
 *
 * A v128 does not fit into a `wasm_val_t`: it is two of them, both of the kind WASM_V128, with the low 8 bytes in
 * the first one's `of.i64` and the high 8 bytes in that of the second one. Wherever values or their kinds are
 * counted below (arguments, results, values of a tag), each v128 counts as two. Only compiled modules have them.
 *
 * @code
 *   hb_beamr_capi_lib_init_runtime_global(NULL);
 *   hb_beamr_capi_lib_context_t* ctx = hb_beamr_capi_lib_create_context();
 *   hb_beamr_capi_lib_load_wasm_module(ctx, bytes, size);
 *   hb_beamr_capi_lib_instantiate(ctx, (void*)hb_beamr_capi_lib_defer_import, NULL, 0);
 *
 *   wasm_val_t args[] = {WASM_I32_VAL(7)};
 *   uint32_t function;
 *   hb_beamr_capi_lib_find_function(ctx, "ask", 3, &function);
 *   hb_beamr_capi_lib_rc_t rc = hb_beamr_capi_lib_start_call(ctx, function, 1, args);
 *   while (rc == HB_BEAMR_CAPI_LIB_AWAITING_IMPORT) {
 *     const hb_beamr_capi_lib_event_t* event = hb_beamr_capi_lib_get_event(ctx);
 *     wasm_val_t answer = WASM_I32_VAL(event->values[0].of.i32 * 2);
 *     rc = hb_beamr_capi_lib_resolve_import(ctx, 1, &answer);
 *   }
 *   if (rc != HB_BEAMR_CAPI_LIB_SUCCESS) puts(hb_beamr_capi_lib_get_last_error(ctx));
 *   hb_beamr_capi_lib_destroy_context(ctx);
 * @endcode
 *
 * ## Words
 *
 * *borrowed*: the callee uses it only during the call (or as long as stated). *owned*: the caller must
 * release it. *taken*: the callee releases it.
 *
 * ## Threads
 *
 * Functions on different contexts may run at the same time. On one context one thread at a time, and
 * each use must happen before the next one (a lock or a queue in between), except
 * `..._request_yield()` and `..._request_cancel()`, which any thread may call at any time between
 * the context's creation and its destruction. The thread may change from call to call, also while a
 * call waits. No function waits for another thread longer than a short critical section.
 *
 * ## States
 *
 * Every function names the states it is allowed in and answers
 * `HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE` elsewhere, without an effect.
 *
 * @verbatim
 *   UNINITIALIZED --init_runtime_global--> RUNTIME_INITIALIZED        (the process)
 *
 *   CONTEXT_CREATED --load_wasm_module--> MODULE_LOADED --instantiate--> INSTANTIATED <--+
 *                                            |   ^ start function trapped    |           | completed
 *                                            v   |                 start_call|           |
 *                                       RUNNING_EXPORT <---------------------+           |
 *                                            |  ^  ^-------- resume -------- YIELDED     |
 *                                            |  +-- resolve_import -- AWAITING_IMPORT    |
 *                                            +--> TRAPPED (the next call is allowed) ----+
 * @endverbatim
 */

#ifndef HB_BEAMR_CAPI_LIB_H
#define HB_BEAMR_CAPI_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm_c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One instance of a module, with its store. Opaque. */
typedef struct hb_beamr_capi_lib_context hb_beamr_capi_lib_context_t;

/** Value types and kinds of imports and exports that wasm_c_api.h does not have. */
enum {
  HB_BEAMR_CAPI_LIB_EXNREF = 130,   /**< A `wasm_valkind_t`; no such value passes the border. */
  HB_BEAMR_CAPI_LIB_EXTERN_TAG = 4, /**< A `wasm_externkind_t`: a tag of exceptions. */
};

/** What a function answers. Names and texts of the codes: `errors.def`. */
typedef enum {
  HB_BEAMR_CAPI_LIB_SUCCESS = 0,
  /** Memory is short. Nothing was changed. */
  HB_BEAMR_CAPI_LIB_ERROR_ALLOCATION_FAILED = 1,
  /** The engine did not start, or is not started. */
  HB_BEAMR_CAPI_LIB_ERROR_WAMR_RUNTIME_INIT_FAILED = 2,
  /** The bytes are not a module that can be run here; the error says what is wrong at which offset. */
  HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED = 3,
  /** The instance could not be made: a data or element segment does not fit, memory is short. */
  HB_BEAMR_CAPI_LIB_ERROR_WAMR_INSTANTIATE_FAILED = 4,
  /** There is no such export of the wanted kind. */
  HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED = 5,
  /** The guest trapped; see `hb_beamr_capi_lib_get_trap()`. */
  HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED = 6,
  /** The function is not allowed in the context's state. */
  HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE = 7,
  /** An import cannot be linked; the error names each. */
  HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED = 8,
  /** No module is loaded yet. */
  HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED = 9,
  /** The module is not instantiated yet. */
  HB_BEAMR_CAPI_LIB_ERROR_INSTANCE_NOT_CREATED = 10,
  /** A signature has a type that cannot be passed between host and guest. */
  HB_BEAMR_CAPI_LIB_ERROR_SIGNATURE_PARSE_FAILED = 11,
  /** Number or types of values differ from the signature, or a pointer is NULL. */
  HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS = 12,
  /** A guest address range passes the end of the memory. */
  HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS = 13,
  /** The module has no memory, or it cannot grow by so much. */
  HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE = 14,
  /** The call was ended by `hb_beamr_capi_lib_request_cancel()`. */
  HB_BEAMR_CAPI_LIB_ERROR_CANCELLED = 15,
  /** Not an error: the call waits for `hb_beamr_capi_lib_resolve_import()`. */
  HB_BEAMR_CAPI_LIB_AWAITING_IMPORT = 16,
  /** Not an error: the call yielded and waits for `hb_beamr_capi_lib_resume()`. */
  HB_BEAMR_CAPI_LIB_YIELDED = 17,
  /** A defect of this library: an unexpected C++ exception was stopped at the border. */
  HB_BEAMR_CAPI_LIB_ERROR_INTERNAL = 18,
  /** A limit would be passed; see `hb_beamr_capi_lib_get_excess()`. Nothing was changed. */
  HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED = 19,
  /** The module can only run compiled, or the context takes no other code, and this is not compiled. */
  HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED = 20,
} hb_beamr_capi_lib_rc_t;

/** Where a context is in its life; see the diagram above. */
typedef enum {
  HB_BEAMR_CAPI_LIB_STATE_UNINITIALIZED = 0,
  HB_BEAMR_CAPI_LIB_STATE_RUNTIME_INITIALIZED = 1,
  HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED = 2,
  HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED = 3,
  HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED = 4,
  HB_BEAMR_CAPI_LIB_STATE_RUNNING_EXPORT = 5,
  HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT = 6,
  HB_BEAMR_CAPI_LIB_STATE_YIELDED = 7,
  HB_BEAMR_CAPI_LIB_STATE_TRAPPED = 8,
  HB_BEAMR_CAPI_LIB_STATE_DESTROYED = 9,
  HB_BEAMR_CAPI_LIB_STATE_RUNTIME_DESTROYED = 10,
} hb_beamr_capi_lib_state_t;

/**
 * A host function: answers one import.
 *
 * Runs on the stack and thread of whoever drives the call, never on the guest's stack, so it may use
 * all of C and C++, except that nothing may be thrown out of it. While it runs the context is in state
 * AWAITING_IMPORT: it may read and write memory, and call other exports of the same context. At most
 * 500 run at once in a context, each in a call of the one before: the next import traps.
 *
 * @param user_env  The context (`hb_beamr_capi_lib_context_t*`), borrowed.
 *                  `hb_beamr_capi_lib_get_event()` tells which import it is.
 * @param args      Borrowed: the arguments, of the import's types.
 * @param results   Borrowed: `results->size` values to fill, each with its `kind`.
 * @return NULL, or an owned trap (`wasm_trap_new()`), which ends the guest's call with its message.
 */
typedef wasm_trap_t* (*hb_beamr_capi_user_host_func_callback_t)(void* user_env,
                                                                const wasm_val_vec_t* args,
                                                                wasm_val_vec_t* results);

/** Binds one import to a host function, instead of the default import function. */
typedef struct {
  const char* import_module_name;   /**< e.g. "env"; NUL-terminated UTF-8. */
  const char* import_function_name; /**< NUL-terminated UTF-8. */
  void* user_function;              /**< A `hb_beamr_capi_user_host_func_callback_t`. */
} hb_beamr_capi_native_symbol_t;

/**
 * The host function that is not one: an import bound to it (as default import function or as an
 * override) makes the call wait in state AWAITING_IMPORT for `hb_beamr_capi_lib_resolve_import()`.
 * It is never run; called by hand it returns NULL.
 */
wasm_trap_t* hb_beamr_capi_lib_defer_import(void* user_env, const wasm_val_vec_t* args,
                                            wasm_val_vec_t* results);

/* ---- The engine ------------------------------------------------------------------------------ */

/**
 * Starts the engine of this process. Calls nest: each successful one wants its `destroy`.
 *
 * @param config  NULL, or taken: how the engine allocates (`wasm_config_new()`). Looked at by the
 *                first call only.
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS                        The engine runs.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_RUNTIME_INIT_FAILED  It did not start.
 *
 * Threads: any. Blocks: for the first start, some microseconds.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_init_runtime_global(wasm_config_t* config);

/**
 * Ends one `init`. The last one stops the engine and frees cached modules and stacks. Contexts keep
 * the engine alive: it stops when the last context is destroyed too. More calls than `init`s do nothing.
 */
void hb_beamr_capi_lib_destroy_runtime_global(void);

/* ---- Contexts -------------------------------------------------------------------------------- */

/**
 * Makes a context with an empty store.
 *
 * @return Owned (`hb_beamr_capi_lib_destroy_context()`), in state CONTEXT_CREATED; NULL if the engine
 *         does not run or memory is short.
 */
hb_beamr_capi_lib_context_t* hb_beamr_capi_lib_create_context(void);

/**
 * Frees the context and all it owns. A call that waits or yielded is cancelled first: its frames
 * unwind. Not allowed from a host function of the same context (it does nothing there), nor while
 * another thread uses the context.
 *
 * @param ctx  Taken; NULL is allowed.
 */
void hb_beamr_capi_lib_destroy_context(hb_beamr_capi_lib_context_t* ctx);

/** The context's state; UNINITIALIZED, RUNTIME_INITIALIZED or RUNTIME_DESTROYED for NULL: the process's. */
hb_beamr_capi_lib_state_t hb_beamr_capi_lib_get_state(const hb_beamr_capi_lib_context_t* ctx);

/**
 * What went wrong in the last function that failed on this context, as a sentence.
 *
 * @return Borrowed, NUL-terminated, never NULL, "" if nothing failed yet; valid until the next
 *         function on the context.
 */
const char* hb_beamr_capi_lib_get_last_error(hb_beamr_capi_lib_context_t* ctx);

/** The context's store, borrowed, e.g. for `wasm_trap_new()`. NULL for a NULL context. */
wasm_store_t* hb_beamr_capi_lib_context_get_store(hb_beamr_capi_lib_context_t* ctx);

/* ---- Module ---------------------------------------------------------------------------------- */

/**
 * Validates and loads a binary module. Equal bytes are validated and parsed once in the process and
 * shared between contexts.
 *
 * Accepted: WebAssembly 1.0 with mutable globals, sign extension, saturating conversions,
 * multi-value, bulk memory, reference types, tail calls, extended constant expressions, memory64,
 * exceptions (`try_table`, and the legacy `try`). A module that `hb_beamrc` has compiled is recognised by
 * its first bytes; it may use SIMD as well. Compiled code is trusted: only a digest is checked, and that it
 * was compiled by this build, for this processor.
 *
 * @param wasm_binary_buf   Borrowed, copied.
 * @param wasm_binary_size  Bytes.
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS                 State MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED  Not a valid module; the error names the offset.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED      A valid module, but one that uses SIMD; or see
 *         `hb_beamr_capi_lib_use_compiled()`.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE     Not in state CONTEXT_CREATED.
 *
 * Blocks: up to about 10 ms for each 1 MB of a module that is new.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_load_wasm_module(hb_beamr_capi_lib_context_t* ctx,
                                                          const uint8_t* wasm_binary_buf,
                                                          uint32_t wasm_binary_size);

/**
 * The same, only if the module is already known to the process: never parses.
 *
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS                   State MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MODULE_NOT_LOADED   Not known; load it the long way.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_load_cached_module(hb_beamr_capi_lib_context_t* ctx,
                                                            const uint8_t* wasm_binary_buf,
                                                            uint32_t wasm_binary_size);

/**
 * For tests: treats the code of the module as if it had exceptions, which changes nothing but speed.
 * State: CONTEXT_CREATED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_force_exception_lowering(hb_beamr_capi_lib_context_t* ctx,
                                                                  bool is_forced);

/** What becomes of a module that is given as such, if the process has compiled code of it. */
typedef enum {
  /** It is interpreted. */
  HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN = 0,
  /** The code is taken, the best one. */
  HB_BEAMR_CAPI_LIB_COMPILED_PREFERRED = 1,
  /** And without such code nothing is loaded, or even looked at: NOT_COMPILED. */
  HB_BEAMR_CAPI_LIB_COMPILED_REQUIRED = 2,
} hb_beamr_capi_lib_compiled_use_t;

/**
 * Which code a module that is loaded next gets. Only code that somebody shared counts.
 * State: CONTEXT_CREATED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_use_compiled(hb_beamr_capi_lib_context_t* ctx,
                                                      hb_beamr_capi_lib_compiled_use_t use);

/**
 * Whether compiled code that is loaded next is shared: from then on, contexts that load the module it was
 * made from may get it. It is machine code, so whoever shares it vouches for it. State: CONTEXT_CREATED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_share_compiled(hb_beamr_capi_lib_context_t* ctx,
                                                        bool is_shared);

/**
 * How the code of the module runs: HB_BEAMR_CAPI_LIB_INTERPRETED, or compiled, with the level of
 * optimisation (0 to 3). -1 as well without a module.
 */
int32_t hb_beamr_capi_lib_code_level(const hb_beamr_capi_lib_context_t* ctx);
#define HB_BEAMR_CAPI_LIB_INTERPRETED (-1)

/** What compiled code has to fit. */
typedef struct {
  uint8_t key[32]; /**< Of this build: only code that was compiled with the same one is taken. */
  const char* processor; /**< What `hb_beamrc` compiles for on this machine unless told; static. */
} hb_beamr_capi_lib_target_t;

/** Allowed at any time. */
void hb_beamr_capi_lib_get_target(hb_beamr_capi_lib_target_t* out);

/** What an import or an export is. All pointers are borrowed and live as long as the context. */
typedef struct {
  wasm_externkind_t kind;    /**< WASM_EXTERN_FUNC, _GLOBAL, _TABLE, _MEMORY, or
                                  HB_BEAMR_CAPI_LIB_EXTERN_TAG. */
  const char* module_name;   /**< Imports only, else NULL. UTF-8, may contain NUL. */
  size_t module_name_len;    /**< Bytes. */
  const char* name;          /**< UTF-8, may contain NUL. */
  size_t name_len;           /**< Bytes. */
  uint32_t index;            /**< In the index space of its kind. */
  const char* signature;     /**< Functions: "(iI)f", i i32, I i64, f f32, F f64, r externref,
                                  p funcref, V v128, e exnref; tags: "(i)"; else "".
                                  NUL-terminated. */
  wasm_valkind_t value_type; /**< Globals and tables: type of the value or element. */
  bool is_mutable;           /**< Globals. */
  bool is_64;                /**< Memories and tables: 64-bit addresses. */
  bool has_maximum;          /**< Memories and tables. */
  uint64_t minimum;          /**< Memories: pages of 64 KiB; tables: elements. */
  uint64_t maximum;          /**< The same; meaningful with has_maximum. */
} hb_beamr_capi_lib_extern_t;

/** What the host gives for an import, see `hb_beamr_capi_lib_offer_import()`. */
typedef struct {
  const char* module_name; /**< UTF-8, may contain NUL. */
  size_t module_name_len;  /**< Bytes. */
  const char* name;        /**< UTF-8, may contain NUL. */
  size_t name_len;         /**< Bytes. */
  /**
   * What it is, to be checked against what the import asks for: kind, and for functions and tags the
   * signature, for others the type and the limits. NULL: it is whatever the import asks for.
   */
  const hb_beamr_capi_lib_extern_t* type;
  const wasm_val_t*
      value;         /**< Globals: the value (a v128: two); imported globals need one. Else NULL. */
  const void* image; /**< Memories: how it begins; the rest is zero. May be NULL. */
  size_t image_len;  /**< Bytes; at most the memory's initial size. */
} hb_beamr_capi_lib_offer_t;

/**
 * Offers something for the imports of a name, if the module has any. Imported memories, tables, tags and
 * globals are not shared between instances: each instance has its own, with the limits of the import.
 * Without an offer a memory begins with zeros, a table with null; a global needs an offer. What answers
 * functions is given to `hb_beamr_capi_lib_instantiate()`.
 *
 * @param offer  Borrowed, copied. It takes the place of an earlier one of the same name.
 * States: CONTEXT_CREATED, MODULE_LOADED. What cannot be linked, `hb_beamr_capi_lib_instantiate()` says.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_offer_import(hb_beamr_capi_lib_context_t* ctx,
                                                      const hb_beamr_capi_lib_offer_t* offer);

/**
 * The type of the value that an imported global wants.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  No global is imported under that name.
 * States: any since MODULE_LOADED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_imported_global_type(hb_beamr_capi_lib_context_t* ctx,
                                                              const char* module_name,
                                                              size_t module_name_len,
                                                              const char* name, size_t name_len,
                                                              wasm_valkind_t* value_type);

/** Whether imports of any kind that nothing was offered for cannot be linked. States: as above. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_refuse_unresolved_imports(hb_beamr_capi_lib_context_t* ctx,
                                                                   bool refuse);

/** Number of imports; 0 before a module is loaded. */
uint32_t hb_beamr_capi_lib_import_count(const hb_beamr_capi_lib_context_t* ctx);
/** Number of exports; 0 before a module is loaded. */
uint32_t hb_beamr_capi_lib_export_count(const hb_beamr_capi_lib_context_t* ctx);

/**
 * Describes one import, in the module's order. States: any since MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS  `position` is not below the count, or `out` is NULL.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_import(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t position,
                                                    hb_beamr_capi_lib_extern_t* out);
/** Describes one export, in the module's order; see `hb_beamr_capi_lib_get_import()`. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_export(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t position,
                                                    hb_beamr_capi_lib_extern_t* out);

/** A number that is equal for two contexts if and only if they share a loaded module. 0: none. */
uint64_t hb_beamr_capi_lib_module_id(const hb_beamr_capi_lib_context_t* ctx);

/* ---- Instance -------------------------------------------------------------------------------- */

/**
 * Sets how much stack the guest's frames may take, before `instantiate`.
 * @param bytes  4,096 to 67,108,864; the default is 524,288. Untouched parts cost no memory.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_set_wasm_stack_size(hb_beamr_capi_lib_context_t* ctx,
                                                             uint32_t bytes);

/**
 * About how many bytes making an instance of the loaded module writes, for who must know whether it
 * takes long: some microseconds for each 10 KB. Linear memory without data does not count. 0 before a
 * module is loaded.
 */
uint64_t hb_beamr_capi_lib_instance_size(const hb_beamr_capi_lib_context_t* ctx);

/** What one instance may use at most. The largest number of a type stands for no limit. */
typedef struct {
  uint64_t max_memory; /**< Bytes of linear memory; less than a page of it counts as none. */
  uint64_t max_table_elements; /**< Of each table. */
  uint32_t max_call_depth;     /**< Calls that are active at once: 1 forbids nested ones. */
  uint32_t max_results;        /**< Of a function that is called; a v128 is one. */
} hb_beamr_capi_lib_limits_t;

/**
 * Sets limits, before `instantiate`; without it there are none beyond the engine's.
 *
 * A module that declares more cannot be instantiated (LIMIT_EXCEEDED). A guest that wants more gets
 * what the standard has for it: memory.grow and table.grow answer -1. `hb_beamr_capi_lib_grow_memory()`
 * and `hb_beamr_capi_lib_start_call()` answer LIMIT_EXCEEDED.
 *
 * @param limits  Borrowed.
 * States: CONTEXT_CREATED, MODULE_LOADED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_set_limits(hb_beamr_capi_lib_context_t* ctx,
                                                    const hb_beamr_capi_lib_limits_t* limits);

/** By how much a limit would have been passed. */
typedef struct {
  const char*
      name; /**< "memory", "total_memory", "table_elements", "call_depth" or "results"; static. */
  uint64_t limit;
  uint64_t wanted; /**< UINT64_MAX stands for that much or more. */
} hb_beamr_capi_lib_excess_t;

/** Tells about the last function that answered LIMIT_EXCEEDED; the name is "" if none did. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_excess(hb_beamr_capi_lib_context_t* ctx,
                                                    hb_beamr_capi_lib_excess_t* out);

/**
 * Bounds the linear memories of all instances of the process together, in bytes, whether touched or
 * not. Without it there is no bound. Memories that exist stay. Threads: any.
 */
void hb_beamr_capi_lib_set_total_memory_limit(uint64_t bytes);
/** The bytes of all linear memories of the process together. Threads: any. */
uint64_t hb_beamr_capi_lib_total_memory(void);

/**
 * Makes the instance and runs its start function, to the end or to the first event, exactly as
 * `hb_beamr_capi_lib_start_call()` would: it may wait for imports, yield and trap.
 * Exports named `__wasm_call_ctors` and `__post_instantiate` without parameters and results are start
 * functions too, as the engine's other embedders expect; they run after the module's own.
 *
 * @param default_import_function  A `hb_beamr_capi_user_host_func_callback_t` for all imported functions
 *                                 that are not overridden, `hb_beamr_capi_lib_defer_import`, or NULL:
 *                                 then such an import is a linking error.
 * @param override_symbols         Borrowed, copied; NULL if there are none.
 * @param num_override_symbols     An override that matches no import is ignored.
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS                            State INSTANTIATED.
 * @retval HB_BEAMR_CAPI_LIB_AWAITING_IMPORT, HB_BEAMR_CAPI_LIB_YIELDED  The start function waits.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_NATIVE_LINKING_FAILED        State MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_INSTANTIATE_FAILED      State MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED               State MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED             The start function trapped: no instance;
 *                                                              state MODULE_LOADED.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_CANCELLED                    The same, by a cancellation.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_instantiate(
    hb_beamr_capi_lib_context_t* ctx, void* default_import_function,
    const hb_beamr_capi_native_symbol_t* override_symbols, uint32_t num_override_symbols);

/* ---- Calls ----------------------------------------------------------------------------------- */

/**
 * Calls an exported function and runs it to its end.
 *
 * Imports with a host function are answered by it, yields are resumed at once. If the guest calls a
 * deferred import the function returns AWAITING_IMPORT, and the call goes on with
 * `hb_beamr_capi_lib_resolve_import()`; its results are then those of the COMPLETED event.
 * States: INSTANTIATED, TRAPPED, or AWAITING_IMPORT (a nested call on the same stack).
 *
 * @param func_name    NUL-terminated UTF-8.
 * @param num_args     Must be the function's number of parameters.
 * @param args         Borrowed; each `kind` must be the parameter's type. Not changed.
 * @param num_results  Must be the function's number of results.
 * @param[out] results Written only on SUCCESS.
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS                              Completed.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED    No exported function of that name.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS                   Number or types differ; nothing ran.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED               Trapped.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_CANCELLED                      Cancelled.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_call_export(hb_beamr_capi_lib_context_t* ctx,
                                                     const char* func_name, uint32_t num_args,
                                                     wasm_val_t args[], uint32_t num_results,
                                                     wasm_val_t results[]);

/**
 * Finds an exported function.
 * @param name      Borrowed, `name_len` bytes, not NUL-terminated.
 * @param[out] function_index  For `hb_beamr_capi_lib_start_call()`, valid for every context of the module.
 * States: any since MODULE_LOADED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_function(hb_beamr_capi_lib_context_t* ctx,
                                                       const char* name, size_t name_len,
                                                       uint32_t* function_index);

/**
 * The types of a function, each v128 twice. Pointers are borrowed and live as long as the context.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  No function of that index.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_function_type(
    hb_beamr_capi_lib_context_t* ctx, uint32_t function_index, uint32_t* num_params,
    const wasm_valkind_t** params, uint32_t* num_results, const wasm_valkind_t** results,
    const char** signature);

/** What a call does next; see `hb_beamr_capi_lib_event_t`. */
typedef enum {
  HB_BEAMR_CAPI_LIB_EVENT_NONE = 0,
  HB_BEAMR_CAPI_LIB_EVENT_COMPLETED = 1, /**< `values`: the results. */
  HB_BEAMR_CAPI_LIB_EVENT_IMPORT = 2,    /**< `values`: the arguments of the import. */
  HB_BEAMR_CAPI_LIB_EVENT_YIELDED = 3,   /**< It goes on with `resume`. */
  HB_BEAMR_CAPI_LIB_EVENT_TRAPPED = 4,   /**< See `hb_beamr_capi_lib_get_trap()`. */
} hb_beamr_capi_lib_event_kind_t;

/** The last event of a context. Borrowed, valid until the next function that runs the guest. */
typedef struct {
  hb_beamr_capi_lib_event_kind_t kind;
  uint32_t import_position; /**< IMPORT: for `hb_beamr_capi_lib_get_import()`. */
  const char* signature; /**< IMPORT: its type, "(iI)f"; lives as long as the context. Else "". */
  uint32_t num_values;
  const wasm_val_t* values;
} hb_beamr_capi_lib_event_t;

/** The last event; `kind` is NONE before the first. Never NULL, except for a NULL context. */
const hb_beamr_capi_lib_event_t* hb_beamr_capi_lib_get_event(
    const hb_beamr_capi_lib_context_t* ctx);

/**
 * Starts a call and runs it to its next event. States: INSTANTIATED, TRAPPED, or AWAITING_IMPORT: then
 * it is a nested call on the same stack; the outer one goes on after it has ended.
 *
 * @param function_index  From `hb_beamr_capi_lib_find_function()`.
 * @param args            Borrowed; kinds must match.
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS          Completed: the event has the results. State INSTANTIATED, or
 *                                            AWAITING_IMPORT again after a nested call.
 * @retval HB_BEAMR_CAPI_LIB_AWAITING_IMPORT  The event has the import and its arguments.
 * @retval HB_BEAMR_CAPI_LIB_YIELDED          It was asked to yield.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_CALL_FAILED, HB_BEAMR_CAPI_LIB_ERROR_CANCELLED  It trapped. State
 *                                            TRAPPED, or AWAITING_IMPORT again after a nested call.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS, HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED,
 *         HB_BEAMR_CAPI_LIB_ERROR_SIGNATURE_PARSE_FAILED, HB_BEAMR_CAPI_LIB_ERROR_ALLOCATION_FAILED,
 *         HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED
 *                                            Nothing ran, the state is as before.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_start_call(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t function_index, uint32_t num_args,
                                                    const wasm_val_t args[]);

/**
 * Finds the function in an element of the exported function table: the one named
 * `__indirect_function_table`, else the first exported table of functions.
 *
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  No exported function table, the index
 *         passes its end ("undefined element"), or the element is null ("uninitialized element").
 * States: INSTANTIATED, TRAPPED, AWAITING_IMPORT.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_table_function(hb_beamr_capi_lib_context_t* ctx,
                                                             uint64_t element,
                                                             uint32_t* function_index);

/**
 * Answers the import that the call waits for and runs on to the next event. State: AWAITING_IMPORT,
 * and not from a host function (which answers by returning).
 *
 * @param num_results  Must be the import's number of results.
 * @param results      Borrowed; kinds must match.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS  Number or types differ: the import still waits.
 * Else as `hb_beamr_capi_lib_start_call()`.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_resolve_import(hb_beamr_capi_lib_context_t* ctx,
                                                        uint32_t num_results, wasm_val_t results[]);

/**
 * Answers the import with a trap and runs on, usually to the end of the call. State: AWAITING_IMPORT.
 * @param message  Borrowed, `message_len` bytes of UTF-8; the error text is "Exception: " and it.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_trap_import(hb_beamr_capi_lib_context_t* ctx,
                                                     const char* message, size_t message_len);

/**
 * Finds a tag of exceptions.
 * @param module_name  Borrowed, `module_name_len` bytes: of an imported tag. NULL: an exported one.
 * @param name         Borrowed, `name_len` bytes.
 * @param[out] tag     For `hb_beamr_capi_lib_throw_import()`, valid for every context of the module.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  There is none.
 * States: any since MODULE_LOADED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_tag(hb_beamr_capi_lib_context_t* ctx,
                                                  const char* module_name, size_t module_name_len,
                                                  const char* name, size_t name_len, uint32_t* tag);

/**
 * The types of the values of a tag's exceptions, each v128 twice. Borrowed; they live as long as the context.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  No tag of that number.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_tag_type(hb_beamr_capi_lib_context_t* ctx, uint32_t tag,
                                                  uint32_t* num_values,
                                                  const wasm_valkind_t** values);

/**
 * Whether all references among the values are such that this instance can have.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS  No: the error says which is not.
 * States: any since MODULE_LOADED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_check_references(hb_beamr_capi_lib_context_t* ctx,
                                                          uint32_t num_values,
                                                          const wasm_val_t values[]);

/**
 * Answers the import with an exception, which the guest may catch, and runs on. State: AWAITING_IMPORT.
 * @param tag         From `hb_beamr_capi_lib_find_tag()`.
 * @param num_values  Must be the tag's number of values.
 * @param values      Borrowed; kinds must match.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS  Number or types differ: the import still waits.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  No such tag: the import still waits.
 * Else as `hb_beamr_capi_lib_start_call()`.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_throw_import(hb_beamr_capi_lib_context_t* ctx,
                                                      uint32_t tag, uint32_t num_values,
                                                      const wasm_val_t values[]);

/** Runs a call on that yielded. State: YIELDED. Answers as `hb_beamr_capi_lib_start_call()`. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_resume(hb_beamr_capi_lib_context_t* ctx);

/**
 * Asks a running guest to yield at its next check (a backward branch or a call, within microseconds).
 * Threads: any, at any time in the context's life. A request that comes too late may make the next call
 * yield once: harmless. Never blocks.
 */
void hb_beamr_capi_lib_request_yield(hb_beamr_capi_lib_context_t* ctx);

/**
 * Asks for the end of the call: a running guest traps at its next check; a call that waits or yielded
 * traps when it is next resolved or resumed. The request stays until the outermost call has ended or
 * `hb_beamr_capi_lib_reset_cancel()`; a call started meanwhile is cancelled before it runs.
 * Threads: any, at any time in the context's life. Never blocks.
 */
void hb_beamr_capi_lib_request_cancel(hb_beamr_capi_lib_context_t* ctx);

/**
 * The same for the calls of one depth (1 is the outermost) and those nested in them: calls further out
 * go on. A request that comes when no such call is active any more has no effect on others, except one
 * for depth 1.
 * @param depth  At least 1; of the call that runs, `hb_beamr_capi_lib_call_depth()`.
 */
void hb_beamr_capi_lib_request_cancel_from(hb_beamr_capi_lib_context_t* ctx, uint32_t depth);

/** Takes a request to cancel back. For an owner that starts calls and knows that the request was old. */
void hb_beamr_capi_lib_reset_cancel(hb_beamr_capi_lib_context_t* ctx);

/** How many calls are active: 0, 1, or more with nested ones. */
uint32_t hb_beamr_capi_lib_call_depth(const hb_beamr_capi_lib_context_t* ctx);

/* ---- Traps ----------------------------------------------------------------------------------- */

/** Why a guest trapped. */
typedef enum {
  HB_BEAMR_CAPI_LIB_TRAP_NONE = 0,
  HB_BEAMR_CAPI_LIB_TRAP_UNREACHABLE = 1,
  HB_BEAMR_CAPI_LIB_TRAP_MEMORY_OUT_OF_BOUNDS = 2,
  HB_BEAMR_CAPI_LIB_TRAP_TABLE_OUT_OF_BOUNDS = 3,
  HB_BEAMR_CAPI_LIB_TRAP_UNDEFINED_ELEMENT = 4,
  HB_BEAMR_CAPI_LIB_TRAP_UNINITIALIZED_ELEMENT = 5,
  HB_BEAMR_CAPI_LIB_TRAP_INDIRECT_CALL_TYPE_MISMATCH = 6,
  HB_BEAMR_CAPI_LIB_TRAP_INTEGER_DIVIDE_BY_ZERO = 7,
  HB_BEAMR_CAPI_LIB_TRAP_INTEGER_OVERFLOW = 8,
  HB_BEAMR_CAPI_LIB_TRAP_INVALID_CONVERSION_TO_INTEGER = 9,
  HB_BEAMR_CAPI_LIB_TRAP_STACK_OVERFLOW = 10,
  HB_BEAMR_CAPI_LIB_TRAP_HOST = 11, /**< An import was answered with a trap. */
  HB_BEAMR_CAPI_LIB_TRAP_CANCELLED = 12,
  HB_BEAMR_CAPI_LIB_TRAP_OTHER = 13,
  HB_BEAMR_CAPI_LIB_TRAP_EXCEPTION =
      14, /**< An exception that the guest threw and did not catch. */
} hb_beamr_capi_lib_trap_kind_t;

/** One guest frame. */
typedef struct {
  uint32_t function_index;
  uint32_t offset;  /**< Bytes from the module's start, of the instruction; 0: unknown. */
  const char* name; /**< From the name section or an export; not NUL-terminated; NULL: unknown. */
  size_t name_len;  /**< Bytes. */
} hb_beamr_capi_lib_frame_t;

/** The last trap. Borrowed, valid until the next function that runs the guest. */
typedef struct {
  hb_beamr_capi_lib_trap_kind_t kind;
  const char* message;                     /**< Without "Exception: "; NUL-terminated. */
  uint32_t num_frames;                     /**< At most 64: the innermost ones. */
  const hb_beamr_capi_lib_frame_t* frames; /**< Innermost first. */
  bool is_truncated;                       /**< There were more frames. */
  uint32_t tag;                            /**< EXCEPTION: its tag. There are no frames then. */
  const char* tag_module;    /**< Of an imported tag, not NUL-terminated; else NULL. */
  size_t tag_module_len;     /**< Bytes. */
  const char* tag_name;      /**< Of an exported or imported tag, not NUL-terminated; else NULL. */
  size_t tag_name_len;       /**< Bytes. */
  uint32_t num_payload;      /**< EXCEPTION: number of its values. */
  const wasm_val_t* payload; /**< EXCEPTION: its values. */
} hb_beamr_capi_lib_trap_t;

/** Tells about the last call that trapped; `kind` is NONE if the last call did not. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_trap(hb_beamr_capi_lib_context_t* ctx,
                                                  hb_beamr_capi_lib_trap_t* out);

/** A short lower-case name of a kind, e.g. "integer_divide_by_zero". Static. */
const char* hb_beamr_capi_lib_trap_kind_name(hb_beamr_capi_lib_trap_kind_t kind);
/** A short lower-case name of a code, e.g. "invalid_args". Static. */
const char* hb_beamr_capi_lib_rc_name(hb_beamr_capi_lib_rc_t rc);

/* ---- Memory, globals ------------------------------------------------------------------------- */

/**
 * The size of memory 0. States of all functions below: INSTANTIATED, TRAPPED, AWAITING_IMPORT; of
 * this one also YIELDED.
 * @param[out] bytes  May be NULL.
 * @param[out] pages  In pages of 65,536 bytes; may be NULL.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE  The module has no memory; both are set to 0.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_memory_size(hb_beamr_capi_lib_context_t* ctx,
                                                     uint64_t* bytes, uint64_t* pages);

/**
 * Copies bytes out of memory 0.
 *
 * @param offset    First guest address, in bytes from the start of memory.
 * @param[out] dst  Caller-owned, at least `len` bytes; untouched on error.
 * @param len       Bytes to copy; 0 is allowed up to and at the end of memory, and touches nothing.
 * @retval HB_BEAMR_CAPI_LIB_SUCCESS                            All `len` bytes were copied.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS  `offset + len` overflows or passes the end.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE           The module has no memory.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_read_memory(hb_beamr_capi_lib_context_t* ctx,
                                                     uint64_t offset, void* dst, uint64_t len);
/** Copies bytes into memory 0; all or nothing. See `hb_beamr_capi_lib_read_memory()`. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_write_memory(hb_beamr_capi_lib_context_t* ctx,
                                                      uint64_t offset, const void* src,
                                                      uint64_t len);

/**
 * Grows memory 0, as `memory.grow` does.
 * @param delta                Pages of 65,536 bytes.
 * @param[out] previous_pages  May be NULL.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE  No memory, its maximum would be passed, or memory
 *                                                     is short; the memory is as before.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_LIMIT_EXCEEDED      The same because of a limit.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_grow_memory(hb_beamr_capi_lib_context_t* ctx,
                                                     uint64_t delta, uint64_t* previous_pages);

/**
 * Finds an exported table.
 * @param[out] table  For the functions below, valid for every context of the module.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_WAMR_FUNCTION_LOOKUP_FAILED  There is none of that name.
 * States: any since MODULE_LOADED.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_find_table(hb_beamr_capi_lib_context_t* ctx,
                                                    const char* name, size_t name_len,
                                                    uint32_t* table);
/** The type of a table's elements: WASM_FUNCREF or WASM_EXTERNREF. States: any since MODULE_LOADED. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_type(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t table, wasm_valkind_t* element_type);
/** The number of elements of a table. */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_size(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t table, uint64_t* elements);
/**
 * Reads an element, which is a funcref or an externref.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS  It passes the table's end.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_get(hb_beamr_capi_lib_context_t* ctx, uint32_t table,
                                                   uint64_t element, wasm_val_t* out);
/**
 * Writes an element.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_ACCESS_OUT_OF_BOUNDS  It passes the table's end.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS  The kind differs, or there is no such function.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_set(hb_beamr_capi_lib_context_t* ctx, uint32_t table,
                                                   uint64_t element, const wasm_val_t* value);
/**
 * Grows a table, as `table.grow` does; takes a nanosecond or two an element.
 * @param delta                   Elements.
 * @param value                   What the new ones are.
 * @param[out] previous_elements  May be NULL.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_MEMORY_UNAVAILABLE  Its maximum or a limit would be passed; it is as
 *                                                     before.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_table_grow(hb_beamr_capi_lib_context_t* ctx,
                                                    uint32_t table, uint64_t delta,
                                                    const wasm_val_t* value,
                                                    uint64_t* previous_elements);

/**
 * Reads an exported global: a number, a v128, a funcref or an externref.
 * @param[out] out  There is room for two, if the global is a v128.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_get_global(hb_beamr_capi_lib_context_t* ctx,
                                                    const char* name, size_t name_len,
                                                    wasm_val_t* out);
/**
 * Writes an exported, mutable global of such a type. A v128 is two values.
 * @retval HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS  The kind differs, or the global is immutable.
 */
hb_beamr_capi_lib_rc_t hb_beamr_capi_lib_set_global(hb_beamr_capi_lib_context_t* ctx,
                                                    const char* name, size_t name_len,
                                                    const wasm_val_t* value);

#ifdef __cplusplus
}
#endif

#endif /* HB_BEAMR_CAPI_LIB_H */
