// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The file format of compiled modules.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "result.hpp"

namespace hb::beamr {

/// A module with what the engine's compiler made of it. All numbers are little-endian:
///
///   0   magic "\0hba", version:32 (1)
///   8   SHA-256 of everything from byte 40 on
///   40  engine key: 32 bytes, see compiled_module_key()
///   72  optimisation level:8, flags:8 (1: lowering was forced, 2: keeps frames), 0:16
///   76  architecture, processor, features: each length:32 and text
///   ..  size of the module:64, size of the code:64, zeros up to a multiple of 16
///   ..  the module, zeros up to a multiple of 16, the engine's AOT file
///
/// Code is trusted: it is made from a valid module by a compiler that checks what guests do, and nothing
/// here could find out if it was not. The digest finds damage, not malice.
struct CompiledModule {
  std::uint8_t opt_level = 0;
  bool is_forced = false;
  bool has_frames = false;
  std::string_view architecture{};
  std::string_view processor{};
  std::string_view features{};
  std::span<const std::uint8_t> module{};
  std::span<const std::uint8_t> code{};

  /// By its first bytes.
  static bool is_one(std::span<const std::uint8_t> bytes) noexcept;

  /// Refuses what is damaged, of another build, or for another processor. Views point into `bytes`.
  static Result<CompiledModule> read(std::span<const std::uint8_t> bytes);

  std::vector<std::uint8_t> write() const;
};

using CompiledModuleKey = std::array<std::uint8_t, 32>;

/// A digest of everything here that decides how compiled code looks: the engine's source with its patches,
/// the compiler's options, and how modules are rewritten.
CompiledModuleKey compiled_module_key() noexcept;

}  // namespace hb::beamr
