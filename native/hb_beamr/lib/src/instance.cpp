// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "instance.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "linear_memory.hpp"
#include "text.hpp"

namespace hb::beamr {
namespace {

constexpr std::uint32_t kNullElement = UINT32_MAX;
constexpr std::uint64_t kMaxPages32 = 65536;

/// The engine's words, without what its layers put in front.
std::string reason_of(const wasm_trap_t* trap) {
  if (trap == nullptr) return "the engine gave no reason";
  std::string text = trap_message(trap);
  for (const std::string_view prefix :
       {"wasm_instance_new_with_args_ex failed: ", "WASM module instantiate failed: ",
        "AOT module instantiate failed: "}) {
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
  }
  return text;
}

/// The maximum to give the engine in place of the module's own, in pages; 0: none.
std::uint32_t page_limit(const ModuleDescription& module, std::uint64_t max_memory) noexcept {
  if (!module.has_memory()) return 0;
  const Limits& declared = module.memory_type(0);
  const std::uint64_t pages = max_memory / kPageSize;
  std::uint64_t most = declared.is_64 ? UINT32_MAX : kMaxPages32;  // the engine's own
  if (declared.has_maximum) most = std::min(most, declared.maximum);
  // The engine takes 0 for no limit: see hb_engine_limit_growth().
  return pages < most ? std::max<std::uint32_t>(1, static_cast<std::uint32_t>(pages)) : 0;
}

/// What the instance that this thread makes takes from its imports.
thread_local const Given* given_now = nullptr;

class GivenScope {
 public:
  explicit GivenScope(const Given& given) noexcept {
    given_now = &given;
    set_next_memory_image(given.image);
  }
  ~GivenScope() {
    given_now = nullptr;
    set_next_memory_image({});
  }
  GivenScope(const GivenScope&) = delete;
  GivenScope& operator=(const GivenScope&) = delete;
};

}  // namespace

Result<Instance> Instance::create(wasm_store_t* store, const Module& module,
                                  std::uint32_t stack_size,
                                  const hb_beamr_capi_lib_limits_t& limits,
                                  std::span<HostFuncEnv> bindings, const Given& given) {
  const InstantiationArgs args{
      .default_stack_size = stack_size,
      .host_managed_heap_size = 0,  // memory is what the module declares
      .max_memory_pages = page_limit(module.description(), limits.max_memory)};
  wasm_trap_t* raw_trap = nullptr;
  // The engine only looks through this pointer; its own wasm_module_new() would lose the error
  // text and keep 92 bytes of each module until the engine ends. Functions are bound below and not
  // here, because binding here writes to the shared module.
  hb_engine_module_t* engine_module = module.engine_module();
  const GivenScope scope(given);
  wasm_instance_t* instance = wasm_instance_new_with_args_ex(
      store, reinterpret_cast<const ::wasm_module_t*>(&engine_module), nullptr, &raw_trap, &args);
  const TrapPtr trap(raw_trap);
  if (instance == nullptr) return Error{Rc::kInstantiateFailed, reason_of(trap.get())};

  wasm_module_inst_t handle = hb_engine_instance(instance);
  hb_engine_limit_growth(handle, limits.max_memory >= kPageSize, limits.max_table_elements);
  if (!bindings.empty()) {
    hb_engine_set_import_environments(handle, bindings.data(), sizeof(HostFuncEnv),
                                      reinterpret_cast<void*>(&hb_beamr_import_trampoline));
  }
  return Instance(handle, wasm_runtime_get_exec_env_singleton(handle),
                  module.description().has_memory());
}

std::optional<Instance::MemorySize> Instance::memory_size() const noexcept {
  std::uint8_t* base = nullptr;
  MemorySize size;
  if (!has_memory_ || !hb_engine_memory(handle_, &base, &size.bytes)) return std::nullopt;
  size.pages = size.bytes / kPageSize;
  return size;
}

Result<std::uint8_t*> Instance::checked_range(std::uint64_t offset, std::uint64_t len) const {
  std::uint8_t* base = nullptr;
  std::uint64_t bytes = 0;
  if (!has_memory_ || !hb_engine_memory(handle_, &base, &bytes)) {
    return Error{Rc::kMemoryUnavailable, "the module has no memory"};
  }
  if (offset > bytes || len > bytes - offset) {
    return Error{Rc::kMemoryOutOfBounds, "bytes " + std::to_string(offset) + " to " +
                                             std::to_string(offset) + " + " + std::to_string(len) +
                                             " pass the end of memory at " + std::to_string(bytes)};
  }
  return base + offset;
}

Status Instance::read_memory(std::uint64_t offset, void* dst, std::uint64_t len) const {
  Result<std::uint8_t*> range = checked_range(offset, len);
  if (!range) return range.error();
  if (len > 0) std::memcpy(dst, *range, len);
  return ok();
}

Status Instance::write_memory(std::uint64_t offset, const void* src, std::uint64_t len) {
  Result<std::uint8_t*> range = checked_range(offset, len);
  if (!range) return range.error();
  if (len > 0) std::memcpy(*range, src, len);
  return ok();
}

Result<std::uint64_t> Instance::grow_memory(std::uint64_t delta) {
  const std::optional<MemorySize> before = memory_size();
  if (!before) return Error{Rc::kMemoryUnavailable, "the module has no memory"};
  if (!wasm_runtime_enlarge_memory(handle_, delta)) {
    return Error{Rc::kMemoryUnavailable, "memory of " + std::to_string(before->pages) +
                                             " pages cannot grow by " + std::to_string(delta) +
                                             ": its maximum is passed or memory is short"};
  }
  return before->pages;
}

OneValue Instance::get_global(std::uint32_t global, wasm_valkind_t kind) const noexcept {
  return read_value(static_cast<const std::uint32_t*>(hb_engine_global(handle_, global)), kind);
}

void Instance::set_global(std::uint32_t global, std::span<const wasm_val_t> slots) noexcept {
  values_to_cells(slots, static_cast<std::uint32_t*>(hb_engine_global(handle_, global)));
}

std::uint64_t Instance::table_size(std::uint32_t table) const noexcept {
  return hb_engine_table_size(handle_, table);
}

wasm_val_t Instance::get_element(std::uint32_t table, std::uint64_t element,
                                 wasm_valkind_t kind) const noexcept {
  wasm_val_t value{};
  std::uint32_t cell = 0;
  hb_engine_table_element(handle_, table, element, &cell);
  cells_to_values(&cell, {&kind, 1}, &value);
  return value;
}

void Instance::set_element(std::uint32_t table, std::uint64_t element,
                           const wasm_val_t& value) noexcept {
  std::uint32_t cell = 0;
  values_to_cells({&value, 1}, &cell);
  hb_engine_set_table_element(handle_, table, element, cell);
}

bool Instance::grow_table(std::uint32_t table, std::uint64_t delta,
                          const wasm_val_t& value) noexcept {
  std::uint32_t cell = 0;
  values_to_cells({&value, 1}, &cell);
  return delta <= UINT32_MAX &&
         hb_engine_grow_table(handle_, table, static_cast<std::uint32_t>(delta), cell);
}

Result<std::uint32_t> Instance::table_function(std::uint32_t table, std::uint64_t element) const {
  std::uint32_t function = 0;
  if (!hb_engine_table_element(handle_, table, element, &function)) {
    return Error{Rc::kFunctionLookupFailed, "undefined element " + std::to_string(element)};
  }
  if (function == kNullElement) {
    return Error{Rc::kFunctionLookupFailed, "uninitialized element " + std::to_string(element)};
  }
  return function;
}

}  // namespace hb::beamr

// While an instance is made; both know what they may copy.
extern "C" void hb_engine_imported_global(std::uint32_t global, void* value) {
  hb::beamr::values_to_cells(hb::beamr::slots_of(hb::beamr::given_now->globals[global]),
                             static_cast<std::uint32_t*>(value));
}
