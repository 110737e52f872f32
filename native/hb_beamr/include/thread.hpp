// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Locks that clang's -Wthread-safety can follow. Shared by the library and the driver.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define HB_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define HB_THREAD_ANNOTATION(x)
#endif

#define HB_CAPABILITY(x) HB_THREAD_ANNOTATION(capability(x))
#define HB_SCOPED_CAPABILITY HB_THREAD_ANNOTATION(scoped_lockable)
#define HB_GUARDED_BY(x) HB_THREAD_ANNOTATION(guarded_by(x))
#define HB_REQUIRES(...) HB_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define HB_EXCLUDES(...) HB_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define HB_ACQUIRE(...) HB_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define HB_RELEASE(...) HB_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define HB_ASSERT_CAPABILITY(x) HB_THREAD_ANNOTATION(assert_capability(x))

namespace hb::beamr {

class CondVar;

/// std::mutex, annotated. Held for short, bounded work only: never while the engine, the emulator or
/// a user's callback is called.
class HB_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() HB_ACQUIRE() { mutex_.lock(); }
  void unlock() HB_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope, or until unlock().
class HB_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) HB_ACQUIRE(mutex) : mutex_(&mutex) { mutex.lock(); }
  ~MutexLock() HB_RELEASE() {
    if (mutex_ != nullptr) mutex_->unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() HB_RELEASE() {
    mutex_->unlock();
    mutex_ = nullptr;
  }

 private:
  Mutex* mutex_;
};

/// std::condition_variable for a Mutex. Wakes spuriously: wait in a loop over the condition.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void wait(Mutex& mutex) HB_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace hb::beamr
