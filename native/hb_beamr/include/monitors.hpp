// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Which processes a port watches.
#pragma once

#include <map>

#include "emulator.hpp"

namespace hb::beamr::driver {

/// Monitors of one port: of all that wait or have a reservation, and of the last caller whose call did
/// not end at once. The latter's stays, so that a process that calls again and again is monitored once.
/// No process has two. Only under the port lock.
class Monitors {
 public:
  explicit Monitors(ErlDrvPort port) noexcept : port_(port) {}

  /// Before `pid` gets a place in the queue. False: it is dead.
  /// @throws std::bad_alloc
  [[nodiscard]] bool watch_waiter(Pid pid);
  /// A waiter gave its place back.
  void unwatch_waiter(Pid pid) noexcept;
  /// A waiter's turn came: it is the last caller now.
  void promote_waiter(Pid pid) noexcept;
  /// `pid`'s call stays active. False: it is dead.
  [[nodiscard]] bool watch_caller(Pid pid) noexcept {
    return caller_ == pid || watch_new_caller(pid);
  }

  /// Whose monitor fired; the monitor is gone. kNobody if it is none of ours.
  Pid fired(const ErlDrvMonitor& monitor) noexcept;

 private:
  bool watch_new_caller(Pid pid) noexcept;
  void unwatch_caller() noexcept;

  ErlDrvPort port_;
  Pid caller_ = Pid::kNobody;
  ErlDrvMonitor caller_monitor_{};
  std::map<Pid, ErlDrvMonitor> waiters_;
};

}  // namespace hb::beamr::driver
