// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "worker.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "asymmetric_barrier.hpp"
#include "node.hpp"
#include "port.hpp"
#include "slot.hpp"

namespace hb::beamr::driver {

namespace {

/// After so many short jobs in a row a long one is taken.
constexpr unsigned kShortsInARow = 3;
/// Below the schedulers: beside busy workers of the same priority the kernel makes the emulator's
/// timers tens of milliseconds late.
constexpr int kNiceness = 5;

}  // namespace

void WorkerPool::Queue::push(std::shared_ptr<Port> port) noexcept {
  Port* added = port.get();
  (last == nullptr ? first : last->next_in_queue_) = std::move(port);
  last = added;
}

std::shared_ptr<Port> WorkerPool::Queue::pop() noexcept {
  std::shared_ptr<Port> port = std::move(first);
  first = std::move(port->next_in_queue_);
  if (first == nullptr) last = nullptr;
  return port;
}

bool WorkerPool::start(std::size_t count) noexcept {
  try {
    MutexLock lock(mutex_);
    limit_ = 2 * count;
    threads_.reserve(limit_);
    num_workers_.store(count, std::memory_order_relaxed);
  } catch (...) {
    return false;
  }
  bool all = true;
  for (std::size_t i = 0; i < count; ++i) all &= spawn();
  if (!all) stop();
  return all;
}

void WorkerPool::stop() noexcept {
  std::vector<ErlDrvTid> threads;
  do {
    // A worker that ends may have made another one after the last look.
    for (ErlDrvTid thread : threads) erl_drv_thread_join(thread, nullptr);
    threads.clear();
    MutexLock lock(mutex_);
    is_stopping_ = true;
    has_work_.notify_all();
    threads.swap(threads_);
  } while (!threads.empty());
}

bool WorkerPool::spawn() noexcept {
  char name[] = "hb_beamr_worker";
  ErlDrvTid thread{};
  const bool is_made =
      erl_drv_thread_create(name, &thread, &WorkerPool::thread_main, this, nullptr) == 0;
  MutexLock lock(mutex_);
  if (is_made) {
    threads_.push_back(thread);  // reserved by start()
  } else {
    num_workers_.fetch_sub(1, std::memory_order_relaxed);
  }
  return is_made;
}

bool WorkerPool::wants_worker() const {
  const std::size_t workers = num_workers_.load(std::memory_order_relaxed);
  return waiting_.load(std::memory_order_relaxed) > 0 && idle_ == 0 && busy_whole_ == workers &&
         workers < limit_ && !is_stopping_;
}

void WorkerPool::post(std::shared_ptr<Port> port, Lane lane) noexcept {
  bool must_spawn = false;
  {
    MutexLock lock(mutex_);
    (lane == Lane::kShort ? short_ : long_).push(std::move(port));
    waiting_.fetch_add(1, std::memory_order_relaxed);
    must_spawn = wants_worker();
    if (must_spawn) {
      num_workers_.fetch_add(1, std::memory_order_relaxed);
    } else if (idle_ > 0) {
      has_work_.notify_one();
    }
  }
  if (must_spawn) spawn();
  light_barrier();  // against Ticker::park(), as in Slot::enter()
  node().ticker.wake_if_parked();
}

std::shared_ptr<Port> WorkerPool::take() {
  std::shared_ptr<Port> port;
  bool must_spawn = false;
  {
    MutexLock lock(mutex_);
    while (short_.first == nullptr && long_.first == nullptr) {
      if (is_stopping_) return nullptr;
      ++idle_;
      has_work_.wait(mutex_);
      --idle_;
    }
    const bool takes_long =
        short_.first == nullptr || (long_.first != nullptr && shorts_in_a_row_ >= kShortsInARow);
    shorts_in_a_row_ = takes_long ? 0 : shorts_in_a_row_ + 1;
    port = (takes_long ? long_ : short_).pop();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    if (port->is_job_whole()) ++busy_whole_;
    must_spawn = wants_worker();
    if (must_spawn) num_workers_.fetch_add(1, std::memory_order_relaxed);
  }
  if (must_spawn) spawn();
  return port;
}

void WorkerPool::did(bool whole) {
  if (!whole) return;
  MutexLock lock(mutex_);
  --busy_whole_;
}

void* WorkerPool::thread_main(void* self) noexcept {
  // Only for the scheduling of this thread; without it work is done as well.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
  static_cast<WorkerPool*>(self)->loop();
  return nullptr;
}

void WorkerPool::loop() {
  Slot* slot = Slots::join_workers();
  if (slot == nullptr) return;
  while (std::shared_ptr<Port> port = take()) {
    const bool whole = port->is_job_whole();
    port->work(*slot);
    port.reset();
    did(whole);
  }
  Slots::leave_workers();
}

}  // namespace hb::beamr::driver
