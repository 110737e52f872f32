// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The states of a context, and which may follow which.
#pragma once

#include <cstdint>

#include "hb_beamr_capi_lib.h"

namespace hb::beamr {

/// ContextCreated -> ModuleLoaded | Destroyed        load; destroy
/// ModuleLoaded   -> Running | Instantiated | Destroyed
///                                                   instantiate, with and without a start function
/// Instantiated   -> Running | Destroyed             a call begins
/// Trapped        -> Running | Destroyed             the next call begins
/// Running        -> Instantiated | Trapped          the outermost call ended
///                 | AwaitingImport                  an import waits, or a nested call ended
///                 | Yielded                         it was asked to yield
///                 | ModuleLoaded                    a start function trapped
/// AwaitingImport -> Running                         answered, or a nested call begins
/// Yielded        -> Running                         resumed
enum class State : std::uint8_t {
  kContextCreated = HB_BEAMR_CAPI_LIB_STATE_CONTEXT_CREATED,
  kModuleLoaded = HB_BEAMR_CAPI_LIB_STATE_MODULE_LOADED,
  kInstantiated = HB_BEAMR_CAPI_LIB_STATE_INSTANTIATED,
  kRunning = HB_BEAMR_CAPI_LIB_STATE_RUNNING_EXPORT,
  kAwaitingImport = HB_BEAMR_CAPI_LIB_STATE_AWAITING_IMPORT,
  kYielded = HB_BEAMR_CAPI_LIB_STATE_YIELDED,
  kTrapped = HB_BEAMR_CAPI_LIB_STATE_TRAPPED,
  kDestroyed = HB_BEAMR_CAPI_LIB_STATE_DESTROYED,
};

/// A set of states, for transitions and for what a function allows.
class States {
 public:
  template <typename... S>
  constexpr explicit States(S... states) : bits_((bit(states) | ... | 0U)) {}
  constexpr bool has(State state) const noexcept { return (bits_ & bit(state)) != 0; }

 private:
  static constexpr std::uint32_t bit(State state) {
    return std::uint32_t{1} << static_cast<std::uint32_t>(state);
  }
  std::uint32_t bits_;
};

constexpr States successors(State from) noexcept {
  switch (from) {
    case State::kContextCreated:
      return States(State::kModuleLoaded, State::kDestroyed);
    case State::kModuleLoaded:
      return States(State::kRunning, State::kInstantiated, State::kDestroyed);
    case State::kInstantiated:
    case State::kTrapped:
      return States(State::kRunning, State::kDestroyed);
    case State::kRunning:
      return States(State::kInstantiated, State::kTrapped, State::kAwaitingImport, State::kYielded,
                    State::kModuleLoaded);
    case State::kAwaitingImport:
    case State::kYielded:
      return States(State::kRunning);
    case State::kDestroyed:
      return States();
  }
  return States();
}

constexpr bool can_move(State from, State to) noexcept { return successors(from).has(to); }

/// Where the guest stands still, so that the host may touch its memory.
inline constexpr States kStill(State::kInstantiated, State::kTrapped, State::kAwaitingImport);
/// Where a call, perhaps a nested one, may begin.
inline constexpr States kCallable = kStill;

// A call in progress is unwound before its context goes: nothing of it is ever dropped.
static_assert(!can_move(State::kRunning, State::kDestroyed));
static_assert(!can_move(State::kAwaitingImport, State::kDestroyed));
static_assert(!can_move(State::kYielded, State::kDestroyed));
// An answer always runs the guest; it is never lost on the way to another state.
static_assert(!can_move(State::kAwaitingImport, State::kInstantiated));
static_assert(!can_move(State::kDestroyed, State::kContextCreated));
static_assert(can_move(State::kTrapped, State::kRunning));

}  // namespace hb::beamr
