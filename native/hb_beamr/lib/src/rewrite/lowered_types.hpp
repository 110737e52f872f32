// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Types without exnref.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "byte_writer.hpp"
#include "module_description.hpp"
#include "rewrite/exception_layout.hpp"

namespace hb::beamr {

/// What a block takes and gives.
struct BlockType {
  std::span<const wasm_valkind_t> params;
  std::span<const wasm_valkind_t> results;
};

/// The types of a module once exceptions are lowered. A value of type exnref is a copy of the
/// exception: a value for each slot of the layout, then, on top, what stands in the pending global for it;
/// 0 there is null. Types keep their numbers; those that the lowered code needs come behind them.
class LoweredTypes {
 public:
  LoweredTypes(const ModuleDescription& module, const ExceptionLayout& layout);

  /// How many values stand for one.
  std::uint32_t width(wasm_valkind_t kind) const noexcept {
    return kind == HB_BEAMR_CAPI_LIB_EXNREF ? exnref_width_ : 1;
  }
  /// Writes the codes of what stands for a type.
  void put(wasm_valkind_t kind, ByteWriter& out) const;
  /// Writes instructions that push a zero or null of it.
  void put_zero(wasm_valkind_t kind, ByteWriter& out) const;
  /// Writes a block type.
  void put_block_type(const BlockType& type, ByteWriter& out);

  /// Whether a type of the module has an exnref.
  bool has_exnrefs() const noexcept { return has_exnrefs_; }

  /// The content of the type section.
  ByteWriter section() const;
  /// A type has more parameters or results than are allowed.
  bool is_too_wide() const noexcept { return is_too_wide_; }

 private:
  std::uint32_t index_of(const BlockType& type);
  std::string encode(const BlockType& type);
  void put_vector(std::span<const wasm_valkind_t> kinds, ByteWriter& out);

  const ExceptionLayout& layout_;
  std::uint32_t exnref_width_;
  std::uint32_t count_ = 0;
  ByteWriter encoded_;
  std::map<std::string, std::uint32_t> numbers_;  // of block types that were asked for
  bool has_exnrefs_ = false;
  bool is_too_wide_ = false;
};

}  // namespace hb::beamr
