// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Where a lowered module keeps the exception that is on its way.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "module_description.hpp"

namespace hb::beamr {

/// Globals that were added behind those of the module. An exception that is thrown is put there and
/// taken from there by who catches it; of two exceptions only one can be on its way.
class ExceptionLayout {
 public:
  /// A place for one value of a payload. Tags share them: there are as many of a type as the tag
  /// with most values of that type needs.
  struct Slot {
    wasm_valkind_t kind;
    std::uint32_t global;
  };

  /// For all tags of a module; a module without tags has no slots.
  explicit ExceptionLayout(const ModuleDescription& module);

  /// An i32: 0, or of the exception that is on its way the number of its tag plus 1.
  std::uint32_t pending() const noexcept { return pending_; }
  std::int32_t pending_value(std::uint32_t tag) const noexcept {
    return static_cast<std::int32_t>(tags_[tag].number) + 1;
  }
  /// The other way round: the value is of an exception.
  static constexpr std::uint32_t pending_tag(std::int32_t value) noexcept {
    return static_cast<std::uint32_t>(value - 1);
  }
  /// In place of a tag, before a trap: throw_ref found null.
  static constexpr std::int32_t kNullReference = -1;

  std::span<const Slot> slots() const noexcept { return slots_; }
  /// The slots of a tag's values, in their order.
  std::span<const Slot> payload(std::uint32_t tag) const noexcept { return *tags_[tag].payload; }

 private:
  struct Tag {
    std::uint32_t number;              // that of the first import, if it is imported several times
    const std::vector<Slot>* payload;  // in payloads_
  };

  std::uint32_t pending_;
  std::vector<Slot> slots_;
  std::map<std::uint32_t, std::vector<Slot>> payloads_;  // by type, which many tags may share
  std::vector<Tag> tags_;
};

}  // namespace hb::beamr
