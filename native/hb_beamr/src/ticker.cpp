// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "ticker.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "asymmetric_barrier.hpp"
#include "node.hpp"

namespace hb::beamr::driver {

namespace {

constexpr int kNiceness = -15;

/// On a busy machine a thread of the usual kind wakes up milliseconds too late, however nice it is: it
/// waits for the end of a slice. A real-time one does not, and takes microseconds of each interval.
void hurry_this_thread() noexcept {
  const sched_param lowest{.sched_priority = 1};
  if (pthread_setschedparam(pthread_self(), SCHED_RR, &lowest) == 0) return;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
}

}  // namespace

bool Ticker::start() noexcept {
  prepare_heavy_barrier();
  char name[] = "hb_beamr_ticker";
  return erl_drv_thread_create(name, &thread_, &Ticker::thread_main, this, nullptr) == 0;
}

void Ticker::stop() noexcept {
  is_stopping_.store(true, std::memory_order_relaxed);
  wake();
  erl_drv_thread_join(thread_, nullptr);
}

void* Ticker::thread_main(void* self) noexcept {
  // Nothing in loop() throws but a mutex in a state that cannot be; then guests run unwatched, which
  // noexcept turns into an end with a core.
  static_cast<Ticker*>(self)->loop();
  return nullptr;
}

void Ticker::loop() {
  // The default slack of 50 us would make half of the interval.
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
  hurry_this_thread();  // where the process may
  Clock::time_point last_busy = Clock::now();
  std::chrono::microseconds interval = kInterval;
  while (!is_stopping_.load(std::memory_order_relaxed)) {
    std::this_thread::sleep_for(interval);
    ticks_.fetch_add(1, std::memory_order_relaxed);
    const Clock::time_point now = Clock::now();
    if (look_around(now, static_cast<std::uint32_t>(interval / kInterval))) {
      last_busy = now;
    } else if (now - last_busy > kPatience) {
      park();
      last_busy = Clock::now();
    }
    interval = now - last_busy > kHurry ? kIdleInterval : kInterval;
  }
}

bool Ticker::look_around(Clock::time_point now, std::uint32_t worth) {
  bool is_busy = false;
  const std::span<Slot> slots = Slots::used();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    is_busy |= look_at(slots[i], sights_[i], now, worth);
  }
  return is_busy;
}

bool Ticker::look_at(Slot& slot, Sight& sight, Clock::time_point now, std::uint32_t worth) {
  const bool is_running = slot.running() != nullptr;
  const std::uint32_t run = slot.run();
  const bool is_worker = slot.is_worker();
  if (is_running && !is_worker) slot.saw_run(worth);
  if (run != sight.run) {
    sight = {run, now};
    return !is_worker || node().pool.waiting() > 0;
  }
  if (!is_running || (is_worker && node().pool.waiting() == 0)) return false;
  if (now - sight.since >= (is_worker ? kSlice : kInlineBudget)) {
    ask_to_yield(slot, run);
    sight.since = now;
  }
  return true;
}

void Ticker::ask_to_yield(Slot& slot, std::uint32_t run) {
  MutexLock lock(guard_);
  hb_beamr_capi_lib_context_t* context = slot.running();
  if (context == nullptr || slot.run() != run) return;
  slot.mark_due(run);
  hb_beamr_capi_lib_request_yield(context);
}

void Ticker::forget() noexcept { MutexLock lock(guard_); }

bool Ticker::has_something_to_watch() const noexcept {
  if (node().pool.waiting() > 0) return true;
  for (const Slot& slot : Slots::used()) {
    if (slot.running() != nullptr && !slot.is_worker()) return true;
  }
  return false;
}

void Ticker::park() {
  // First say so, then look once more; who begins a run or queues work does it the other way round.
  // With a barrier on both sides one of the two sees the other.
  is_parked_.store(true, std::memory_order_relaxed);
  if (!heavy_barrier()) {
    is_parked_.store(false, std::memory_order_relaxed);
    std::this_thread::sleep_for(kPatience);
    return;
  }
  if (has_something_to_watch()) {
    is_parked_.store(false, std::memory_order_relaxed);
    return;
  }
  parks_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(park_mutex_);
  while (is_parked_.load(std::memory_order_relaxed) &&
         !is_stopping_.load(std::memory_order_relaxed)) {
    unparked_.wait(park_mutex_);
  }
  is_parked_.store(false, std::memory_order_relaxed);
}

void Ticker::wake() noexcept {
  MutexLock lock(park_mutex_);
  is_parked_.store(false, std::memory_order_relaxed);
  unparked_.notify_one();
}

}  // namespace hb::beamr::driver
