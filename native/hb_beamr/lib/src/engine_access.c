/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine_access.h"

#include "../compilation/aot_stack_frame.h"
#include "aot_runtime.h"
#include "wasm_c_api_internal.h"
#include "wasm_exec_env.h"
#include "wasm_interp.h"
#include "wasm_runtime.h"
#include "wasm_runtime_common.h"

/* A guest's check reads 32 bits at this place; the host writes them from another thread. */
_Static_assert(sizeof(((WASMExecEnv *)0)->suspend_flags.flags) == sizeof(uint32_t),
               "the suspend flag is one 32-bit word");

static WASMModuleInstance *internal(wasm_module_inst_t instance) {
  return (WASMModuleInstance *)instance;
}

/* Instances of both kinds begin alike: what they have in common is read as one of the interpreter's. */
static AOTModule *compiled(const WASMModuleInstance *inst) {
  return inst->module_type == Wasm_Module_AoT ? (AOTModule *)inst->module : NULL;
}

hb_engine_module_t *hb_engine_load(uint8_t *bytes, uint32_t size, char *error,
                                   uint32_t error_size) {
  static char no_name[1] = "";
  LoadArgs args = {.name = no_name, .clone_wasm_binary = false, .wasm_binary_freeable = false};
  return wasm_runtime_load_ex(bytes, size, &args, error, error_size);
}

void hb_engine_unload(hb_engine_module_t *module) { wasm_runtime_unload(module); }

void hb_engine_link_functions(hb_engine_module_t *module, void *trampoline) {
  if (module->module_type == Wasm_Module_AoT) {
    AOTModule *aot = (AOTModule *)module;
    for (uint32_t i = 0; i < aot->import_func_count; ++i) {
      aot->import_funcs[i].call_conv_wasm_c_api = true;
      aot->import_funcs[i].func_ptr_linked = trampoline;
    }
    return;
  }
  WASMModule *interpreted = (WASMModule *)module;
  for (uint32_t i = 0; i < interpreted->import_function_count; ++i) {
    interpreted->import_functions[i].u.function.call_conv_wasm_c_api = true;
    interpreted->import_functions[i].u.function.func_ptr_linked = trampoline;
  }
}

wasm_module_inst_t hb_engine_instance(const wasm_instance_t *instance) {
  return instance->inst_comm_rt;
}

void hb_engine_set_import_environments(wasm_module_inst_t instance, void *first, size_t stride,
                                       void *trampoline) {
  WASMModuleInstance *inst = internal(instance);
  const AOTModule *aot = compiled(inst);
  uint32_t count = aot ? aot->import_func_count : inst->module->import_function_count;
  uint8_t *environment = first;
  for (uint32_t i = 0; i < count; ++i) {
    inst->c_api_func_imports[i].func_ptr_linked = trampoline;
    inst->c_api_func_imports[i].with_env_arg = true;
    inst->c_api_func_imports[i].env_arg = environment;
    environment += stride;
  }
}

bool hb_engine_call(wasm_exec_env_t exec_env, uint32_t function, uint32_t cell_count,
                    uint32_t *cells) {
  WASMModuleInstance *inst = (WASMModuleInstance *)exec_env->module_inst;
  const AOTModule *aot = compiled(inst);
  if (!aot) {
    return wasm_runtime_call_wasm(exec_env, inst->e->functions + function, cell_count, cells);
  }
  if (function < aot->import_func_count) {
    wasm_exec_env_set_thread_info(exec_env);
    return aot_invoke_native(exec_env, function, cell_count, cells);
  }
  /* The engine only keeps these of exported functions. */
  const uint32_t type = inst->func_type_indexes[function];
  AOTFunctionInstance called = {.func_index = function,
                                .u.func = {.func_type = (AOTFuncType *)aot->types[type],
                                           .func_ptr = inst->func_ptrs[function]}};
  return wasm_runtime_call_wasm(exec_env, (wasm_function_inst_t)&called, cell_count, cells);
}

uint32_t *hb_engine_suspend_flag(wasm_exec_env_t exec_env) {
  return (uint32_t *)&exec_env->suspend_flags.flags;
}

/* Tables: see hb_engine_table_element(). */
__attribute__((no_sanitize("alignment"))) void hb_engine_limit_growth(wasm_module_inst_t instance,
                                                                      bool memory_can_grow,
                                                                      uint64_t max_table_elements) {
  WASMModuleInstance *inst = internal(instance);
  for (uint32_t i = 0; i < inst->table_count; ++i) {
    WASMTableInstance *table = inst->tables[i];
    if (table->max_size > max_table_elements) table->max_size = (uint32_t)max_table_elements;
  }
  if (!memory_can_grow && inst->memory_count > 0 && inst->memories[0]->cur_page_count == 0) {
    inst->memories[0]->max_page_count = 0;
  }
}

bool hb_engine_memory(wasm_module_inst_t instance, uint8_t **base, uint64_t *bytes) {
  WASMModuleInstance *inst = internal(instance);
  if (inst->memory_count == 0) return false;
  *base = inst->memories[0]->memory_data;
  *bytes = (uint64_t)inst->memories[0]->num_bytes_per_page * inst->memories[0]->cur_page_count;
  return true;
}

void *hb_engine_global(wasm_module_inst_t instance, uint32_t global) {
  WASMModuleInstance *inst = internal(instance);
  const AOTModule *aot = compiled(inst);
  if (!aot) return inst->global_data + inst->e->globals[global].data_offset;
  const uint32_t imported = aot->import_global_count;
  return inst->global_data + (global < imported ? aot->import_globals[global].data_offset
                                                : aot->globals[global - imported].data_offset);
}

/* The engine puts one table behind the other without aligning them. */
__attribute__((no_sanitize("alignment"))) bool hb_engine_table_element(wasm_module_inst_t instance,
                                                                       uint32_t table,
                                                                       uint64_t element,
                                                                       uint32_t *function) {
  const WASMTableInstance *inst = internal(instance)->tables[table];
  if (element >= inst->cur_size) return false;
  *function = (uint32_t)inst->elems[element]; /* null is 0xFFFFFFFF in a wider word */
  return true;
}

__attribute__((no_sanitize("alignment"))) uint64_t hb_engine_table_size(wasm_module_inst_t instance,
                                                                        uint32_t table) {
  return internal(instance)->tables[table]->cur_size;
}

__attribute__((no_sanitize("alignment"))) void hb_engine_set_table_element(
    wasm_module_inst_t instance, uint32_t table, uint64_t element, uint32_t value) {
  internal(instance)->tables[table]->elems[element] = value;
}

/* What compiled code calls to grow a table asks between pieces whether to yield: the host cannot. */
__attribute__((no_sanitize("alignment"))) static bool grow_compiled_table(WASMTableInstance *table,
                                                                          uint32_t delta,
                                                                          uint32_t value) {
  if (delta > table->max_size - table->cur_size) return false;
  for (uint32_t i = 0; i < delta; ++i) table->elems[table->cur_size + i] = value;
  table->cur_size += delta;
  return true;
}

bool hb_engine_grow_table(wasm_module_inst_t instance, uint32_t table, uint32_t delta,
                          uint32_t value) {
  WASMModuleInstance *inst = internal(instance);
  return compiled(inst) ? grow_compiled_table(inst->tables[table], delta, value)
                        : wasm_enlarge_table(inst, table, delta, value);
}

static void walk_compiled_frames(const WASMExecEnv *exec_env, const AOTModule *module,
                                 bool (*visit)(void *context, uint32_t function, uint32_t offset),
                                 void *context) {
  if (!(module->feature_flags & WASM_FEATURE_TINY_STACK_FRAME)) return;
  const AOTTinyFrame *bottom = (const AOTTinyFrame *)exec_env->wasm_stack.bottom;
  const AOTTinyFrame *frame = (const AOTTinyFrame *)exec_env->wasm_stack.top;
  while (frame > bottom) {
    --frame;
    const bool is_import = frame->func_index < module->import_func_count;
    /* Behind the opcode, as in frames of the interpreter. */
    if (!visit(context, frame->func_index, is_import ? 0 : frame->ip_offset + 1)) return;
  }
}

/* The interpreter aligns its frames to 4 bytes, though they hold pointers. */
__attribute__((no_sanitize("alignment"))) void hb_engine_walk_frames(
    wasm_exec_env_t exec_env, const uint8_t *bytes,
    bool (*visit)(void *context, uint32_t function, uint32_t offset), void *context) {
  WASMModuleInstance *inst = (WASMModuleInstance *)exec_env->module_inst;
  const AOTModule *aot = compiled(inst);
  if (aot) {
    walk_compiled_frames(exec_env, aot, visit, context);
    return;
  }
  for (WASMInterpFrame *frame = exec_env->cur_frame; frame; frame = frame->prev_frame) {
    if (!frame->function) continue; /* the border of a call from the host */
    uint32_t function = (uint32_t)(frame->function - inst->e->functions);
    uint32_t offset = 0;
    if (frame->ip && !frame->function->is_import_func) offset = (uint32_t)(frame->ip - bytes);
    if (!visit(context, function, offset)) return;
  }
}
