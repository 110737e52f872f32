// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A module, prepared once for all its instances.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "module_description.hpp"
#include "result.hpp"
#include "rewrite/rewrite.hpp"
#include "wamr.hpp"

namespace hb::beamr {

/// What a module is made from: equal ones are prepared once.
struct ModuleSource {
  std::span<const std::uint8_t> bytes;
  bool force_lowering = false;  ///< see ExceptionUse::are_forced
};

/// The stages of preparation, in this one place: validate, describe, rewrite, load.
/// Threads: any number at once; it does not change after prepare().
class Module {
 public:
  /// Copies the bytes. `trampoline` is what all its imported functions will call.
  static Result<std::shared_ptr<const Module>> prepare(const ModuleSource& source,
                                                       void* trampoline);

  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  ModuleSource source() const noexcept { return {bytes_, is_forced_}; }
  std::size_t size() const noexcept { return bytes_.size(); }
  const ModuleDescription& description() const noexcept { return description_; }
  hb_engine_module_t* engine_module() const noexcept { return engine_module_.get(); }
  /// What the engine counts instruction addresses from.
  const std::uint8_t* loaded_bytes() const noexcept { return loaded_.bytes.data(); }
  /// The offset in the module as it was given, of one in the bytes that the engine has.
  std::uint32_t original_offset(std::uint32_t loaded) const noexcept {
    return loaded_.offsets.original(loaded);
  }
  /// Where exceptions are while they are on their way; nullptr: there are none.
  const ExceptionLayout* exceptions() const noexcept { return loaded_.exceptions.get(); }
  /// Unique in the process, never 0.
  std::uint64_t id() const noexcept { return id_; }

 private:
  Module(std::vector<std::uint8_t> bytes, bool is_forced, ModuleDescription description,
         Rewritten loaded, EngineModulePtr engine_module);

  std::vector<std::uint8_t> bytes_;
  bool is_forced_;
  ModuleDescription description_;  // refers to bytes_
  Rewritten loaded_;               // the engine refers to its bytes and rewrites instructions
  EngineModulePtr engine_module_;
  std::uint64_t id_;
};

using ModulePtr = std::shared_ptr<const Module>;

}  // namespace hb::beamr
