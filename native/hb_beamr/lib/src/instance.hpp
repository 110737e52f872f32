// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The engine's instance of a module: its memory, globals and tables.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "import_trampoline.hpp"
#include "linking.hpp"
#include "module.hpp"
#include "result.hpp"
#include "wamr.hpp"

namespace hb::beamr {

/// Lives in a store, which frees it. The guest must stand still for everything here.
class Instance {
 public:
  /// Makes the instance; runs no guest code. `bindings` has one entry for each imported function and
  /// outlives the instance.
  static Result<Instance> create(wasm_store_t* store, const Module& module,
                                 std::uint32_t stack_size, const hb_beamr_capi_lib_limits_t& limits,
                                 std::span<HostFuncEnv> bindings, const Given& given);

  wasm_module_inst_t handle() const noexcept { return handle_; }
  wasm_exec_env_t exec_env() const noexcept { return exec_env_; }

  struct MemorySize {
    std::uint64_t bytes = 0;
    std::uint64_t pages = 0;
  };
  std::optional<MemorySize> memory_size() const noexcept;
  Status read_memory(std::uint64_t offset, void* dst, std::uint64_t len) const;
  Status write_memory(std::uint64_t offset, const void* src, std::uint64_t len);
  /// Answers the pages before.
  Result<std::uint64_t> grow_memory(std::uint64_t delta);

  /// `global` is a global of a passable type.
  OneValue get_global(std::uint32_t global, wasm_valkind_t kind) const noexcept;
  void set_global(std::uint32_t global, std::span<const wasm_val_t> slots) noexcept;

  /// @name Tables of the module, by number.
  /// @{
  std::uint64_t table_size(std::uint32_t table) const noexcept;
  /// `element` is below the size.
  wasm_val_t get_element(std::uint32_t table, std::uint64_t element,
                         wasm_valkind_t kind) const noexcept;
  void set_element(std::uint32_t table, std::uint64_t element, const wasm_val_t& value) noexcept;
  /// False: its maximum or a limit would be passed.
  bool grow_table(std::uint32_t table, std::uint64_t delta, const wasm_val_t& value) noexcept;
  /// @}

  /// The function in an element of a function table.
  Result<std::uint32_t> table_function(std::uint32_t table, std::uint64_t element) const;

 private:
  Instance(wasm_module_inst_t handle, wasm_exec_env_t exec_env, bool has_memory) noexcept
      : handle_(handle), exec_env_(exec_env), has_memory_(has_memory) {}

  Result<std::uint8_t*> checked_range(std::uint64_t offset, std::uint64_t len) const;

  wasm_module_inst_t handle_;
  wasm_exec_env_t exec_env_;
  bool has_memory_;  // the engine gives compiled modules without a memory an empty one
};

}  // namespace hb::beamr
