// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A module, prepared once for all its instances.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "module_description.hpp"
#include "preparation.hpp"
#include "result.hpp"
#include "wamr.hpp"

namespace hb::beamr {

/// What a module is made from: equal ones are prepared once.
struct ModuleSource {
  std::span<const std::uint8_t> bytes;  ///< a module or a compiled one
  bool force_lowering = false;          ///< see ExceptionUse::are_forced; false for a compiled one
};

/// Threads: any number at once; it does not change after prepare().
class Module {
 public:
  /// Copies the bytes. `trampoline` is what all its imported functions will call.
  static Result<std::shared_ptr<const Module>> prepare(const ModuleSource& source,
                                                       void* trampoline);

  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  ModuleSource source() const noexcept { return {bytes_, is_forced_ && !is_compiled()}; }
  /// The module itself, as it was given or in the compiled one.
  ModuleSource plain_source() const noexcept { return {module_bytes_, is_forced_}; }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool is_compiled() const noexcept { return opt_level_.has_value(); }
  /// 0 to 3; nothing: interpreted.
  std::optional<std::uint8_t> opt_level() const noexcept { return opt_level_; }
  const ModuleDescription& description() const noexcept { return prepared_.description; }
  hb_engine_module_t* engine_module() const noexcept { return engine_module_.get(); }
  /// What the engine counts instruction addresses from.
  const std::uint8_t* loaded_bytes() const noexcept { return prepared_.loaded.bytes.data(); }
  /// The offset in the module as it was given, of one in the bytes that the engine has.
  std::uint32_t original_offset(std::uint32_t loaded) const noexcept {
    return prepared_.loaded.offsets.original(loaded);
  }
  /// Where exceptions are while they are on their way; nullptr: there are none.
  const ExceptionLayout* exceptions() const noexcept { return prepared_.loaded.exceptions.get(); }
  /// Unique in the process, never 0.
  std::uint64_t id() const noexcept { return id_; }

 private:
  Module(std::span<const std::uint8_t> bytes, bool is_forced);

  Status prepare();
  Status load(std::span<std::uint8_t> bytes, void* trampoline);

  std::vector<std::uint8_t> bytes_;
  std::span<const std::uint8_t> module_bytes_;  // within bytes_
  std::span<std::uint8_t> code_;                // within bytes_; of a compiled module
  std::optional<std::uint8_t> opt_level_;
  bool is_forced_;
  Prepared prepared_;  // refers to bytes_; the engine refers to its bytes and rewrites instructions
  EngineModulePtr engine_module_;
  std::uint64_t id_;
};

using ModulePtr = std::shared_ptr<const Module>;

}  // namespace hb::beamr
