// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The emulator's things, as types that cannot be mixed up and owners that cannot forget.
#pragma once

#include <erl_driver.h>

#include <memory>

namespace hb::beamr::driver {

/// A process. Local pids are immediate terms: equal processes are equal words.
enum class Pid : ErlDrvTermData { kNobody = 0 };

struct BinaryDeleter {
  void operator()(ErlDrvBinary* binary) const noexcept { driver_free_binary(binary); }
};
/// One reference to a binary of the emulator.
using BinaryPtr = std::unique_ptr<ErlDrvBinary, BinaryDeleter>;

/// A reference of our own to a binary that somebody else owns.
inline BinaryPtr share(ErlDrvBinary* binary) noexcept {
  driver_binary_inc_refc(binary);
  return BinaryPtr(binary);
}

}  // namespace hb::beamr::driver
