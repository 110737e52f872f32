// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What all ports share.
#pragma once

#include "holds.hpp"
#include "quota.hpp"
#include "ticker.hpp"
#include "worker.hpp"

namespace hb::beamr::driver {

/// The driver's threads, and what the node has of everything. On the heap from load to unload; at the emulator's halt it is simply left,
/// because a static destructor would meet threads that still run.
struct Node {
  WorkerPool pool;
  Ticker ticker;
  Holds holds;
  Quota instances;
  Quota waiting_calls;
};

/// Starts the engine and the threads; false, and nothing is left, if that fails.
[[nodiscard]] bool start_node() noexcept;
/// Undoes start_node(), after the last port has been stopped: waits for the workers to free them.
void stop_node() noexcept;
/// A plain pointer: nothing is destroyed when the process ends.
extern constinit Node* the_node;
/// Between start_node() and stop_node().
inline Node& node() noexcept { return *the_node; }

}  // namespace hb::beamr::driver
