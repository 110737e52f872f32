// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Why a call trapped, and where.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hb_beamr_capi_lib.h"
#include "module.hpp"

namespace hb::beamr {

/// Guest frames, copied while they still stand, which is on the fiber: nothing is allocated.
class FrameRecord {
 public:
  static constexpr std::size_t kMaxFrames = 64;
  struct Frame {
    std::uint32_t function;
    std::uint32_t offset;
  };

  void clear() noexcept {
    count_ = 0;
    is_truncated_ = false;
  }
  /// False: no more are wanted.
  bool add(Frame frame) noexcept {
    if (count_ == kMaxFrames) {
      is_truncated_ = true;
      return false;
    }
    frames_[count_++] = frame;
    return true;
  }

  std::size_t size() const noexcept { return count_; }
  const Frame& operator[](std::size_t i) const noexcept { return frames_[i]; }
  bool is_truncated() const noexcept { return is_truncated_; }

 private:
  std::array<Frame, kMaxFrames> frames_{};
  std::size_t count_ = 0;
  bool is_truncated_ = false;
};

/// The last trap of a context.
struct Trap {
  hb_beamr_capi_lib_trap_kind_t kind = HB_BEAMR_CAPI_LIB_TRAP_NONE;
  std::string message;  ///< without "Exception: "
  std::vector<hb_beamr_capi_lib_frame_t> frames;
  bool is_truncated = false;
  std::uint32_t tag = 0;            ///< of an exception
  ModuleDescription::TagName name;  ///< likewise; of the module's bytes
  std::vector<wasm_val_t> payload;  ///< likewise
};

/// "uncaught exception 'name' (7)"; the name is that of an export or import of the tag.
std::string describe_exception(const ModuleDescription& module, std::uint32_t tag,
                               std::span<const wasm_val_t> payload);

/// The kind behind the engine's words for it.
hb_beamr_capi_lib_trap_kind_t trap_kind_of(std::string_view message) noexcept;
const char* trap_kind_name(hb_beamr_capi_lib_trap_kind_t kind) noexcept;

/// Names the frames; the names live as long as the module.
std::vector<hb_beamr_capi_lib_frame_t> name_frames(const FrameRecord& record, const Module& module);

}  // namespace hb::beamr
