// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "node.hpp"

#include <algorithm>
#include <memory>

#include "hb_beamr_capi_lib.h"
#include "slot.hpp"

namespace hb::beamr::driver {

namespace {

// A plain pointer: nothing is destroyed when the process ends.
constinit Node* the_node = nullptr;

std::size_t number_of_schedulers() noexcept {
  ErlDrvSysInfo info{};
  driver_system_info(&info, sizeof info);
  return static_cast<std::size_t>(std::max(1, info.scheduler_threads));
}

}  // namespace

Node& node() noexcept { return *the_node; }

bool start_node() noexcept {
  if (hb_beamr_capi_lib_init_runtime_global(nullptr) != HB_BEAMR_CAPI_LIB_SUCCESS) return false;
  Slots::reset_counters();
  the_node = new (std::nothrow) Node;
  if (the_node != nullptr) {
    if (the_node->ticker.start()) {
      if (the_node->pool.start(number_of_schedulers())) return true;
      the_node->ticker.stop();
    }
    delete the_node;
    the_node = nullptr;
  }
  hb_beamr_capi_lib_destroy_runtime_global();
  return false;
}

void stop_node() noexcept {
  the_node->pool.stop();
  the_node->ticker.stop();
  delete the_node;
  the_node = nullptr;
  hb_beamr_capi_lib_destroy_runtime_global();
}

}  // namespace hb::beamr::driver
