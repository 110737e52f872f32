// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "node.hpp"

#include <algorithm>
#include <memory>

#include "hb_beamr_capi_lib.h"
#include "slot.hpp"

namespace hb::beamr::driver {

constinit Node* the_node = nullptr;

namespace {

/// One fewer than schedulers: with a busy worker for each processor the kernel makes the emulator's timers
/// tens of milliseconds late, even at a lower priority (50 ms at the 99th percentile with two of each).
std::size_t number_of_workers() noexcept {
  ErlDrvSysInfo info{};
  driver_system_info(&info, sizeof info);
  return static_cast<std::size_t>(std::max(1, info.scheduler_threads - 1));
}

void free_node() noexcept {
  std::unique_ptr<Node>(the_node).reset();
  the_node = nullptr;
  hb_beamr_capi_lib_destroy_runtime_global();
}

}  // namespace

bool start_node() noexcept {
  if (hb_beamr_capi_lib_init_runtime_global(nullptr) != HB_BEAMR_CAPI_LIB_SUCCESS) return false;
  hb_beamr_capi_lib_set_total_memory_limit(UINT64_MAX);  // not that of an earlier load
  Slots::reset_counters();
  try {
    the_node = std::make_unique<Node>().release();
  } catch (...) {
    the_node = nullptr;
  }
  if (the_node != nullptr && the_node->ticker.start()) {
    if (the_node->pool.start(number_of_workers())) return true;
    the_node->ticker.stop();
  }
  free_node();
  return false;
}

void stop_node() noexcept {
  the_node->pool.stop();
  the_node->ticker.stop();
  free_node();
}

}  // namespace hb::beamr::driver
