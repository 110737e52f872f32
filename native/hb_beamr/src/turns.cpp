// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "turns.hpp"

#include <utility>

namespace hb::beamr::driver {

bool Turns::enqueue(Pid pid) {
  for (const Place& place : queue_) {
    if (place.pid == pid) return true;
  }
  Quota::Share share(places_);
  if (!share) return false;
  queue_.push_back({pid, std::move(share)});
  return true;
}

Pid Turns::hand_over() noexcept {
  if (queue_.empty()) return Pid::kNobody;
  owner_ = queue_.front().pid;
  tenure_ = Tenure::kReserved;
  queue_.erase(queue_.begin());
  return owner_;
}

bool Turns::forget(Pid pid) noexcept {
  const bool had_place =
      std::erase_if(queue_, [pid](const Place& place) { return place.pid == pid; }) > 0;
  if (owner_ == pid && tenure_ == Tenure::kReserved) release();
  return had_place;
}

}  // namespace hb::beamr::driver
