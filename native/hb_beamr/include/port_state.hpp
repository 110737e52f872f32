// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Who may use an instance.
#pragma once

#include <cstdint>

namespace hb::beamr::driver {

///   kStill ----- post() -----> kOnWorker
///     |  ^--- job done --------|   |
///   close()                        close()
///     v                            v
///   kClosed <-- job done -- kClosing
///
/// kStill     The guest is idle or waits in an import: the thread with the port lock uses the instance,
///            also to run the guest, which nobody else can observe.
/// kOnWorker  The instance is in a queue or on a worker, which alone uses it.
/// kClosing   The same, but the port is gone and the guest was told to end.
/// kClosed    Nobody uses it any more; the last reference frees it.
enum class PortState : std::uint8_t { kStill, kOnWorker, kClosing, kClosed };

constexpr bool can_move(PortState from, PortState to) noexcept {
  switch (from) {
    case PortState::kStill:
      return to == PortState::kOnWorker || to == PortState::kClosed;
    case PortState::kOnWorker:
      return to == PortState::kStill || to == PortState::kClosing;
    case PortState::kClosing:
      return to == PortState::kClosed;
    case PortState::kClosed:
      return false;
  }
  return false;
}

static_assert(can_move(PortState::kStill, PortState::kOnWorker));
static_assert(can_move(PortState::kOnWorker, PortState::kStill));
static_assert(can_move(PortState::kOnWorker, PortState::kClosing));
static_assert(!can_move(PortState::kOnWorker, PortState::kClosed), "the worker still uses it");
static_assert(!can_move(PortState::kClosing, PortState::kStill),
              "a closed port does not come back");
static_assert(!can_move(PortState::kStill, PortState::kClosing), "nobody would end it");

}  // namespace hb::beamr::driver
