// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "progress.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

namespace hb::beamr {

Progress::Progress(ShowProgress show) {
  const bool is_shown = show == ShowProgress::kAlways ||
                        (show == ShowProgress::kOnTerminal && ::isatty(STDERR_FILENO) == 1);
  if (is_shown) drawer_ = std::thread([this] { draw_until_end(); });
}

Progress::~Progress() {
  if (!drawer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  drawer_.join();
}

void Progress::step(double done, std::string what) {
  {
    const std::lock_guard lock(mutex_);
    done_ = done;
    what_ = std::move(what);
  }
  changed_.notify_one();
}

void Progress::draw_until_end() {
  using Clock = std::chrono::steady_clock;
  constexpr int kWidth = 24;
  constexpr const char* kClearLine = "\r\x1b[K";
  const auto begin = Clock::now();
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
    const int filled = static_cast<int>(done_ * kWidth);
    std::fprintf(stderr, "%s[%.*s%*s] %s (%lld s)", kClearLine, filled, "########################",
                 kWidth - filled, "", what_.c_str(), static_cast<long long>(seconds.count()));
    changed_.wait_for(lock, std::chrono::milliseconds(250));
  }
  std::fputs(kClearLine, stderr);
}

}  // namespace hb::beamr
