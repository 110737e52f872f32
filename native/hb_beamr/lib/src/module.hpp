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
#include "wamr.hpp"

namespace hb::beamr {

/// The stages of preparation, in this one place: validate, describe, load.
/// Threads: any number at once; it does not change after prepare().
class Module {
 public:
  /// Copies the bytes. `trampoline` is what all its imported functions will call.
  static Result<std::shared_ptr<const Module>> prepare(std::span<const std::uint8_t> bytes,
                                                       void* trampoline);

  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
  const ModuleDescription& description() const noexcept { return description_; }
  hb_engine_module_t* engine_module() const noexcept { return engine_module_.get(); }
  /// What the engine counts instruction addresses from.
  const std::uint8_t* loaded_bytes() const noexcept { return loaded_bytes_.data(); }
  /// Unique in the process, never 0.
  std::uint64_t id() const noexcept { return id_; }

 private:
  Module(std::vector<std::uint8_t> bytes, std::vector<std::uint8_t> loaded_bytes,
         ModuleDescription description, EngineModulePtr engine_module);

  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint8_t> loaded_bytes_;  // the engine refers to them and rewrites instructions
  ModuleDescription description_;           // refers to bytes_
  EngineModulePtr engine_module_;
  std::uint64_t id_;
};

using ModulePtr = std::shared_ptr<const Module>;

}  // namespace hb::beamr
