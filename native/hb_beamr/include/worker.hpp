// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The threads that do what takes long.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "emulator.hpp"
#include "thread.hpp"

namespace hb::beamr::driver {

class Port;

/// Where a job waits. Jobs of the long lane have used a whole slice already: short ones go first, but
/// every fourth job that is taken is a long one if there is any.
enum class Lane : std::uint8_t { kShort, kLong };

/// A pool with two queues. A port is in a queue at most once, with a reference, and posting allocates
/// nothing: a guest that was put aside can always be put into the queue.
class WorkerPool {
 public:
  WorkerPool() = default;
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Makes `count` workers; false, and none stays, if a thread cannot be made.
  [[nodiscard]] bool start(std::size_t count) noexcept;
  /// Ends the workers when the queues are empty, and waits for them.
  void stop() noexcept;

  /// Queues the job of a port. Threads: any. Never waits longer than for a short lock.
  void post(std::shared_ptr<Port> port, Lane lane) noexcept HB_EXCLUDES(mutex_);

  /// Jobs that wait.
  std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }
  std::size_t workers() const noexcept { return num_workers_.load(std::memory_order_relaxed); }

 private:
  /// First in, first out; linked through the ports.
  struct Queue {
    std::shared_ptr<Port> first;
    Port* last = nullptr;

    void push(std::shared_ptr<Port> port) noexcept;
    std::shared_ptr<Port> pop() noexcept;
  };

  static void* thread_main(void* self) noexcept;
  void loop() HB_EXCLUDES(mutex_);
  /// The next job; nullptr when the pool ends.
  std::shared_ptr<Port> take() HB_EXCLUDES(mutex_);
  void did(bool whole) HB_EXCLUDES(mutex_);
  /// Whether all workers are busy with work that cannot yield, while more waits.
  bool wants_worker() const HB_REQUIRES(mutex_);
  /// Makes a worker that the caller has counted; uncounts it if that fails.
  bool spawn() noexcept HB_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar has_work_;
  Queue short_ HB_GUARDED_BY(mutex_);
  Queue long_ HB_GUARDED_BY(mutex_);
  unsigned shorts_in_a_row_ HB_GUARDED_BY(mutex_) = 0;
  std::size_t idle_ HB_GUARDED_BY(mutex_) = 0;
  std::size_t busy_whole_ HB_GUARDED_BY(mutex_) = 0;
  std::size_t limit_ HB_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ HB_GUARDED_BY(mutex_) = false;
  std::vector<ErlDrvTid> threads_ HB_GUARDED_BY(mutex_);
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> num_workers_{0};
};

}  // namespace hb::beamr::driver
