// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Whose turn it is.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator.hpp"
#include "quota.hpp"

namespace hb::beamr::driver {

/// What came of asking for the turn.
enum class Grant : std::uint8_t {
  kNone,      ///< Another process has it.
  kFirst,     ///< It was free: an outermost call may begin.
  kReserved,  ///< It was reserved for the asker: an outermost call may begin.
  kNested,    ///< The asker's call is active already.
};

/// The turn of one port and the queue for it: only bookkeeping, tells nobody.
///
///   free --claim--> active --release--> free --hand_over--> reserved --claim--> active
///                     |                                        |
///                     +-- mark_dead --> dead --release--+      +-- forget --> free
class Turns {
 public:
  /// @param places  Of all queues of the node.
  explicit Turns(Quota& places) noexcept : places_(places) {}

  Grant claim(Pid pid) noexcept {
    if (tenure_ == Tenure::kFree) [[likely]] {
      owner_ = pid;
      tenure_ = Tenure::kActive;
      return Grant::kFirst;
    }
    if (owner_ != pid || tenure_ == Tenure::kDead) return Grant::kNone;
    if (tenure_ == Tenure::kActive) return Grant::kNested;
    tenure_ = Tenure::kActive;
    return Grant::kReserved;
  }
  /// Ends the active call.
  void release() noexcept {
    owner_ = Pid::kNobody;
    tenure_ = Tenure::kFree;
  }

  bool is_free() const noexcept { return tenure_ == Tenure::kFree; }
  /// Whether a call is active, of a living process or a dead one.
  bool is_active() const noexcept { return tenure_ == Tenure::kActive || tenure_ == Tenure::kDead; }
  bool is_active(Pid pid) const noexcept { return tenure_ == Tenure::kActive && owner_ == pid; }
  bool is_owner(Pid pid) const noexcept { return owner_ == pid && tenure_ != Tenure::kDead; }
  Pid owner() const noexcept { return owner_; }
  bool is_owner_dead() const noexcept { return tenure_ == Tenure::kDead; }
  bool has_queue() const noexcept { return !queue_.empty(); }
  std::size_t queue_length() const noexcept { return queue_.size(); }

  /// Gives `pid` a place at the end, unless it has one. False if the node has none left.
  /// @throws std::bad_alloc
  [[nodiscard]] bool enqueue(Pid pid);
  /// Reserves the free turn for the first in the queue; kNobody if nobody waits.
  Pid hand_over() noexcept;
  /// Gives all places back: nobody will be told any more.
  void close() noexcept { queue_.clear(); }
  /// The owner of the active call died.
  void mark_dead() noexcept { tenure_ = Tenure::kDead; }
  /// Takes away the place and the reservation of `pid`, not its active call. Whether it had a place.
  bool forget(Pid pid) noexcept;

 private:
  enum class Tenure : std::uint8_t { kFree, kReserved, kActive, kDead };

  struct Place {
    Pid pid;
    Quota::Share share;
  };

  Pid owner_ = Pid::kNobody;
  Tenure tenure_ = Tenure::kFree;
  Quota& places_;
  std::vector<Place> queue_;
};

}  // namespace hb::beamr::driver
