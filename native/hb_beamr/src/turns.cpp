// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "turns.hpp"

#include <algorithm>

namespace hb::beamr::driver {

void Turns::enqueue(Pid pid) {
  if (std::find(queue_.begin(), queue_.end(), pid) == queue_.end()) queue_.push_back(pid);
}

Pid Turns::hand_over() noexcept {
  if (queue_.empty()) return Pid::kNobody;
  owner_ = queue_.front();
  tenure_ = Tenure::kReserved;
  queue_.erase(queue_.begin());
  return owner_;
}

void Turns::forget(Pid pid) noexcept {
  std::erase(queue_, pid);
  if (owner_ == pid && tenure_ == Tenure::kReserved) release();
}

}  // namespace hb::beamr::driver
