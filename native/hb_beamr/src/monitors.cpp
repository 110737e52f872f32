// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "monitors.hpp"

namespace hb::beamr::driver {

namespace {

/// False if the process is dead.
bool monitor(ErlDrvPort port, Pid pid, ErlDrvMonitor& out) noexcept {
  return driver_monitor_process(port, static_cast<ErlDrvTermData>(pid), &out) == 0;
}

}  // namespace

bool Monitors::watch_waiter(Pid pid) {
  const auto [place, is_new] = waiters_.try_emplace(pid);
  if (!is_new) return true;
  if (caller_ == pid) {
    place->second = caller_monitor_;
    caller_ = Pid::kNobody;
    return true;
  }
  if (monitor(port_, pid, place->second)) return true;
  waiters_.erase(place);
  return false;
}

void Monitors::unwatch_waiter(Pid pid) noexcept {
  const auto place = waiters_.find(pid);
  if (place == waiters_.end()) return;
  driver_demonitor_process(port_, &place->second);
  waiters_.erase(place);
}

void Monitors::promote_waiter(Pid pid) noexcept {
  const auto place = waiters_.find(pid);
  if (place == waiters_.end()) return;
  unwatch_caller();
  caller_ = pid;
  caller_monitor_ = place->second;
  waiters_.erase(place);
}

bool Monitors::watch_new_caller(Pid pid) noexcept {
  unwatch_caller();
  if (!monitor(port_, pid, caller_monitor_)) return false;
  caller_ = pid;
  return true;
}

void Monitors::unwatch_caller() noexcept {
  if (caller_ == Pid::kNobody) return;
  driver_demonitor_process(port_, &caller_monitor_);
  caller_ = Pid::kNobody;
}

Pid Monitors::fired(const ErlDrvMonitor& monitor) noexcept {
  const Pid pid{driver_get_monitored_process(port_, &monitor)};
  if (caller_ == pid) {
    caller_ = Pid::kNobody;
    return pid;
  }
  return waiters_.erase(pid) > 0 ? pid : Pid::kNobody;
}

}  // namespace hb::beamr::driver
