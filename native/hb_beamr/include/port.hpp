// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// One port: who uses its instance, who waits for it, and how it ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "emulator.hpp"
#include "instance.hpp"
#include "job.hpp"
#include "monitors.hpp"
#include "port_state.hpp"
#include "thread.hpp"
#include "turns.hpp"

namespace hb::beamr::driver {

/// Two kinds of threads meet here: those with the emulator's port lock (callbacks; one at a time), and
/// at most one worker. A worker comes in only by post() and leaves by moving the state to kStill or
/// kClosed. So while the state is kStill the port lock is enough, and calls that run on the scheduler take
/// no other lock; while it is kOnWorker the instance is the worker's, and what both sides need is
/// guarded by mutex_.
///
/// Lifetime: the port holds one reference, until close(); a queue or worker holds another.
class Port : public std::enable_shared_from_this<Port> {
 public:
  /// nullptr if memory is short. Owned by the emulator, until close().
  static Port* open(ErlDrvPort handle);

  explicit Port(ErlDrvPort handle, ContextPtr context);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // ---- Under the port lock.

  ErlDrvPort handle() const noexcept { return handle_; }
  ErlDrvTermData term() const noexcept { return term_; }
  /// Only while is_still().
  Instance& instance() noexcept { return instance_; }

  /// Whether nobody but this thread uses the instance. Pairs with the worker's release in move().
  bool is_still() const noexcept {
    return state_.load(std::memory_order_acquire) == PortState::kStill;
  }

  enum class Claim : std::uint8_t {
    kGranted,  ///< The turn ends with end_operation().
    kQueued,   ///< The process has a place in the queue now, or will be told to try again.
    kRefused,  ///< There are no places left in the node.
  };
  /// Takes the turn for an operation of `pid`.
  /// @throws std::bad_alloc
  [[nodiscard]] Claim claim(Pid pid);
  /// The same without a place in the queue.
  [[nodiscard]] bool claim_now(Pid pid) noexcept;
  /// Gives the turn back if the operation left no call active; else sees to it that the caller's
  /// death ends the call.
  void end_operation(Pid pid) noexcept;
  /// For operations that need no turn. False: `pid` will be told to try again.
  /// @throws std::bad_alloc
  [[nodiscard]] bool stand_still(Pid pid) { return is_still() || !watch_for_stillness(pid); }
  enum class AnswerTime : std::uint8_t {
    kNow,    ///< The caller runs the guest on.
    kLater,  ///< A worker does, when the copy has ended that is going on.
    kNever,  ///< `pid` does not hold an import.
  };
  /// Whether and when an answer of `pid` to the import that waits may be given.
  /// @throws std::bad_alloc
  AnswerTime accept_answer(Pid pid, Operation operation, std::string_view data);

  /// Gives the instance, which is still, to a worker; `requester` gets the answer.
  void post(Job job, Pid requester) noexcept;
  /// Ends the active call, if there is one.
  void cancel() noexcept;
  /// Ends the call of `pid` that runs on a worker, if there is one; outer ones go on.
  void time_out(Pid pid, Slot& slot) noexcept;
  /// The process that the waiting imports are of. Only while is_still().
  Pid holder() const noexcept {
    assume_still();
    return turns_.owner();
  }
  /// Puts an answer of another process than the holder into the holder's mailbox. False: the import does
  /// not wait for one any more. For who uses the instance.
  [[nodiscard]] bool deliver(WaitingImport& import, Operation operation, std::string_view data,
                             Pid holder, Reply& reply) noexcept;
  /// Gives a place or a reservation back. False: a message TURN was sent to `pid`, or is being sent.
  [[nodiscard]] bool pass(Pid pid) noexcept;
  /// Processes that wait for their turn. Threads: any.
  std::size_t queue_length() noexcept HB_EXCLUDES(mutex_);
  /// Bytes of memory, as known last.
  std::uint64_t memory_size() noexcept;
  /// What the instance has used. Threads: any.
  std::uint64_t used(Counter counter) const noexcept { return instance_.used(counter); }
  void process_exited(const ErlDrvMonitor& monitor) noexcept;
  /// For who is about to close the port: when this has answered true, no message follows. False: `pid` gets
  /// a message when that is so, which a worker is just sending the last one before.
  [[nodiscard]] bool fall_silent(Pid pid) noexcept HB_EXCLUDES(mutex_);
  bool is_silent() const noexcept { return is_silent_.load(std::memory_order_relaxed); }
  /// The port is gone; the emulator's reference with it.
  void close() noexcept;

  // ---- On a worker.

  /// Does the job that was posted.
  void work(Slot& slot) noexcept;
  /// Whether the job cannot yield. Stays as it is while the port is in a queue.
  bool is_job_whole() const noexcept { return is_whole(job_); }

 private:
  friend class WorkerPool;

  /// Those who are to be told that they may ask again.
  struct Wakeups {
    std::vector<Pid> watchers;
    Pid next = Pid::kNobody;
    bool may_send = false;
  };

  template <PortState From, PortState To>
  void move() noexcept HB_REQUIRES(mutex_) {
    static_assert(can_move(From, To));
    state_.store(To, std::memory_order_release);
  }
  /// The state is kStill and the port lock is held: nobody else can use what mutex_ guards.
  void assume_still() const noexcept HB_ASSERT_CAPABILITY(mutex_) {}

  Grant claim_if_still(Pid pid) noexcept;
  void set_job(Job job, Pid requester) noexcept {
    job_ = std::move(job);
    requester_ = requester;
  }
  void begin_turn(Grant grant, Pid pid) noexcept;
  [[nodiscard]] Claim claim_or_wait(Pid pid) HB_EXCLUDES(mutex_);
  [[nodiscard]] bool watch_for_stillness(Pid pid) HB_EXCLUDES(mutex_);
  void add_watcher(Pid pid) HB_REQUIRES(mutex_);
  Pid next_turn() noexcept HB_REQUIRES(mutex_);
  void end_dead_call() noexcept;
  void process_died(Pid pid) noexcept HB_EXCLUDES(mutex_);
  void request_cancel(std::uint32_t depth) noexcept;
  void wake_holder() noexcept HB_EXCLUDES(mutex_);
  void send_turn(Pid pid) const noexcept;
  void send_tag(Tag tag, Pid pid) const noexcept;
  [[nodiscard]] bool begin_sending() noexcept HB_REQUIRES(mutex_);
  void end_sending() noexcept HB_EXCLUDES(mutex_);

  /// What follows a job.
  enum class After : std::uint8_t { kStill, kNextJob, kWakeHolder, kClosed };
  After finish_job(Wakeups& wakeups) noexcept HB_EXCLUDES(mutex_);

  const ErlDrvPort handle_;
  const ErlDrvTermData term_;
  std::shared_ptr<Port> self_;

  Instance instance_;  // of whoever the state says
  Monitors monitors_;  // of the port lock
  /// A cancellation was requested for a call that may have ended meanwhile. Of the port lock.
  bool has_stale_cancel_ = false;
  /// While a worker has the instance: how deep its call is nested, and its memory before. Of the port lock.
  std::uint32_t posted_depth_ = 0;
  std::uint64_t posted_memory_ = 0;

  Job job_;  // of whoever the state says
  Pid requester_ = Pid::kNobody;
  std::shared_ptr<Port> next_in_queue_;  // of the pool

  Mutex mutex_;
  std::atomic<PortState> state_{PortState::kStill};
  Turns turns_ HB_GUARDED_BY(mutex_);
  /// Told once when the instance is still again.
  std::vector<Pid> watchers_ HB_GUARDED_BY(mutex_);
  /// An import waits while a copy is made, so its answer can be kept.
  bool can_defer_ HB_GUARDED_BY(mutex_) = false;
  std::optional<AnswerJob> deferred_ HB_GUARDED_BY(mutex_);
  /// The active call was cancelled, or one before it.
  bool is_cancelled_ HB_GUARDED_BY(mutex_) = false;
  /// Workers that are sending, and who wants to know when none is.
  std::uint32_t senders_ HB_GUARDED_BY(mutex_) = 0;
  Pid closer_ HB_GUARDED_BY(mutex_) = Pid::kNobody;
  /// Set with mutex_, for workers; the port lock is enough for the emulator's threads.
  std::atomic<bool> is_silent_{false};
};

}  // namespace hb::beamr::driver
