// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The bar that a person sees who waits.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "options.hpp"

namespace hb::beamr {

/// A line on stderr: a bar, what is being done, and for how long. Threads: one.
class Progress {
 public:
  explicit Progress(ShowProgress show);
  /// Takes the line away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// From now on `what` is being done; all before it was `done` of the whole, from 0 to 1.
  void step(double done, std::string what);

 private:
  void draw_until_end();

  std::mutex mutex_;
  std::condition_variable changed_;
  double done_ = 0;
  std::string what_;
  bool is_over_ = false;
  std::thread drawer_;  // runs if there is a bar
};

}  // namespace hb::beamr
