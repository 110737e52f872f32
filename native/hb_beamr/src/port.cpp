// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "port.hpp"

#include <algorithm>
#include <utility>

#include "node.hpp"

namespace hb::beamr::driver {

namespace {

/// Nested calls of a dead process that are unwound at once, on the scheduler: some microseconds each.
constexpr std::size_t kUnwoundInline = 8;
/// The depth of a call that is not nested.
constexpr std::uint32_t kOutermost = 1;

}  // namespace

Port* Port::open(ErlDrvPort handle) {
  ContextPtr context(hb_beamr_capi_lib_create_context());
  if (context == nullptr) return nullptr;
  auto port = std::make_shared<Port>(handle, std::move(context));
  port->self_ = port;
  return port.get();
}

Port::Port(ErlDrvPort handle, ContextPtr context)
    : handle_(handle),
      term_(driver_mk_port(handle)),
      instance_(std::move(context)),
      monitors_(handle),
      turns_(node().waiting_calls) {}

Port::~Port() = default;

// ---- The turn.

Grant Port::claim_if_still(Pid pid) noexcept {
  if (!is_still()) [[unlikely]]
    return Grant::kNone;
  assume_still();
  return turns_.claim(pid);
}

Port::Claim Port::claim(Pid pid) {
  const Grant grant = claim_if_still(pid);
  if (grant == Grant::kNone) [[unlikely]]
    return claim_or_wait(pid);
  begin_turn(grant, pid);
  return Claim::kGranted;
}

bool Port::claim_now(Pid pid) noexcept {
  const Grant grant = claim_if_still(pid);
  if (grant == Grant::kNone) return false;
  begin_turn(grant, pid);
  return true;
}

void Port::begin_turn(Grant grant, Pid pid) noexcept {
  if (grant == Grant::kNested) return;
  if (grant == Grant::kReserved) monitors_.promote_waiter(pid);
  if (has_stale_cancel_) [[unlikely]] {
    has_stale_cancel_ = false;
    assume_still();
    is_cancelled_ = false;
    hb_beamr_capi_lib_reset_cancel(instance_.context());
  }
}

Port::Claim Port::claim_or_wait(Pid pid) {
  Grant grant = Grant::kNone;
  bool is_waiter = false;
  {
    MutexLock lock(mutex_);
    if (is_still()) grant = turns_.claim(pid);  // the worker may have left since
    if (grant == Grant::kNone) {
      is_waiter = !turns_.is_owner(pid);
      if (is_waiter) {
        if (!turns_.enqueue(pid)) return Claim::kRefused;
      } else {
        add_watcher(pid);
      }
    }
  }
  if (grant != Grant::kNone) {
    begin_turn(grant, pid);
    return Claim::kGranted;
  }
  if (is_waiter) {
    bool is_alive = false;
    try {
      is_alive = monitors_.watch_waiter(pid);
    } catch (...) {
      static_cast<void>(pass(pid));
      throw;
    }
    if (!is_alive) process_died(pid);
  }
  return Claim::kQueued;
}

void Port::end_operation(Pid pid) noexcept {
  if (is_still()) [[likely]] {
    assume_still();
    // A job of this operation may have ended already, on a worker, and the turn passed on.
    if (!turns_.is_active(pid)) return;
    if (!instance_.is_waiting()) [[likely]] {
      turns_.release();
      if (!turns_.has_queue()) [[likely]]
        return;
      send_turn(turns_.hand_over());
      return;
    }
  }
  if (!monitors_.watch_caller(pid)) process_died(pid);
}

Pid Port::next_turn() noexcept {
  return is_still() && turns_.is_free() ? turns_.hand_over() : Pid::kNobody;
}

bool Port::pass(Pid pid) noexcept {
  Pid next = Pid::kNobody;
  bool had_place = false;
  {
    MutexLock lock(mutex_);
    had_place = std::erase(watchers_, pid) > 0;
    had_place |= turns_.forget(pid);
    next = next_turn();
  }
  monitors_.unwatch_waiter(pid);
  send_turn(next);
  return had_place;
}

std::size_t Port::queue_length() noexcept {
  MutexLock lock(mutex_);
  return turns_.queue_length();
}

bool Port::watch_for_stillness(Pid pid) {
  MutexLock lock(mutex_);
  if (is_still()) return false;
  add_watcher(pid);
  return true;
}

void Port::add_watcher(Pid pid) {
  if (std::find(watchers_.begin(), watchers_.end(), pid) == watchers_.end())
    watchers_.push_back(pid);
}

// ---- Calls that wait.

Port::AnswerTime Port::accept_answer(Pid pid, Operation operation, std::string_view data) {
  if (is_still()) [[likely]] {
    assume_still();
    return turns_.is_active(pid) && instance_.is_waiting() ? AnswerTime::kNow : AnswerTime::kNever;
  }
  AnswerJob answer{operation, std::string(data)};
  MutexLock lock(mutex_);
  if (is_still()) {
    return turns_.is_active(pid) && instance_.is_waiting() ? AnswerTime::kNow : AnswerTime::kNever;
  }
  if (!can_defer_ || deferred_.has_value() || !turns_.is_active(pid)) return AnswerTime::kNever;
  deferred_ = std::move(answer);
  --posted_depth_;  // from that of a nested call to that of the one whose import it is
  return AnswerTime::kLater;
}

void Port::cancel() noexcept {
  bool is_active = false;
  {
    MutexLock lock(mutex_);
    is_active = turns_.is_active();
    is_cancelled_ = is_active;
  }
  if (!is_active) return;
  request_cancel(kOutermost);
  if (is_still()) wake_holder();  // else the worker does, when it has ended
}

/// The holder of imports may be waiting for somebody's answer: this is one. There may be no holder any
/// more: the call that was to be cancelled has ended.
void Port::wake_holder() noexcept {
  Pid holder = Pid::kNobody;
  bool may_send = false;
  {
    MutexLock lock(mutex_);
    may_send = begin_sending();
    if (may_send) holder = turns_.owner();
  }
  for (WaitingImport& import : instance_.imports()) {
    Message unheard;
    static_cast<void>(deliver(import, Operation::kTrap, "", holder, unheard.reply()));
  }
  if (may_send) end_sending();
}

void Port::request_cancel(std::uint32_t depth) noexcept {
  has_stale_cancel_ = true;
  hb_beamr_capi_lib_request_cancel_from(instance_.context(), depth);
}

void Port::time_out(Pid pid, Slot& slot) noexcept {
  instance_.count(Counter::kTimeouts, slot);
  bool is_running = false;
  {
    MutexLock lock(mutex_);
    is_running = turns_.is_active(pid) && !is_still();
  }
  if (is_running) request_cancel(posted_depth_);
}

bool Port::deliver(WaitingImport& import, Operation operation, std::string_view data, Pid holder,
                   Reply& reply) noexcept {
  if (import.delivery != Delivery::kOpen) return false;
  Message message;
  const auto what = static_cast<std::uint8_t>(operation);
  char* at = message.reply().begin(1 + sizeof import.id + sizeof what + data.size());
  if (at == nullptr) {
    reply.error(ErrorCode::kSystemLimit, "no memory");
    return true;
  }
  Writer(at).put(Tag::kDelivery).put(import.id).put(what).put(data);
  import.delivery = Delivery::kDelivered;
  if (holder != Pid::kNobody) message.reply().send(term_, holder);
  reply.tag(Tag::kOk);
  return true;
}

std::uint64_t Port::memory_size() noexcept {
  return is_still() ? instance_.memory_size() : posted_memory_;
}

void Port::process_exited(const ErlDrvMonitor& monitor) noexcept {
  const Pid pid = monitors_.fired(monitor);
  if (pid != Pid::kNobody) process_died(pid);
}

void Port::process_died(Pid pid) noexcept {
  bool has_call = false;
  bool is_waiting = false;
  Pid next = Pid::kNobody;
  {
    MutexLock lock(mutex_);
    std::erase(watchers_, pid);
    has_call = turns_.is_active(pid);
    if (has_call) {
      turns_.mark_dead();
      deferred_.reset();
      is_waiting = is_still();
    } else {
      turns_.forget(pid);
      next = next_turn();
    }
  }
  if (has_call) request_cancel(kOutermost);
  if (is_waiting) end_dead_call();
  send_turn(next);
}

void Port::end_dead_call() noexcept {
  if (instance_.depth() > kUnwoundInline) {
    post(UnwindJob{}, Pid::kNobody);
    return;
  }
  instance_.unwind();
  assume_still();
  turns_.release();
  send_turn(turns_.hand_over());
}

// ---- Jobs.

void Port::post(Job job, Pid requester) noexcept {
  assume_still();
  can_defer_ = is_copy(job) && instance_.is_waiting();
  posted_depth_ = static_cast<std::uint32_t>(instance_.depth()) + 1;
  posted_memory_ = instance_.memory_size();
  set_job(std::move(job), requester);
  move<PortState::kStill, PortState::kOnWorker>();
  node().pool.post(shared_from_this(), Lane::kShort);
}

void Port::work(Slot& slot) noexcept {
  if (std::holds_alternative<RetireJob>(job_)) return;  // the last reference goes with the worker's
  Message message;
  if (!perform(job_, instance_, slot, message.reply())) {
    slot.count(Counter::kRequeues);
    set_job(ResumeJob{}, requester_);
    node().pool.post(shared_from_this(), Lane::kLong);
    return;
  }

  const Pid requester = requester_;
  set_job(ResumeJob{}, Pid::kNobody);  // frees what the job referred to, with no lock held
  Wakeups wakeups;
  After after = finish_job(wakeups);
  while (after == After::kWakeHolder) {
    wake_holder();
    after = finish_job(wakeups);
  }
  // From here on a still instance belongs to others: only copies, constants and end_sending() are used.
  if (after == After::kClosed) return;
  if (wakeups.may_send && requester != Pid::kNobody) message.reply().send(term_, requester);
  if (after == After::kNextJob) node().pool.post(shared_from_this(), Lane::kShort);
  if (!wakeups.may_send) return;
  send_tag(Tag::kTurn, wakeups.next);
  for (Pid watcher : wakeups.watchers) send_tag(Tag::kTurn, watcher);
  end_sending();
}

Port::After Port::finish_job(Wakeups& wakeups) noexcept {
  MutexLock lock(mutex_);
  if (state_.load(std::memory_order_relaxed) == PortState::kClosing) {
    move<PortState::kClosing, PortState::kClosed>();
    return After::kClosed;
  }
  if (is_cancelled_ && !deferred_.has_value() && instance_.has_open_import()) {
    return After::kWakeHolder;
  }
  can_defer_ = false;
  wakeups.may_send = begin_sending();
  if (turns_.is_owner_dead() && instance_.is_waiting()) {
    set_job(UnwindJob{}, Pid::kNobody);
    return After::kNextJob;
  }
  if (deferred_.has_value()) {
    set_job(std::move(*deferred_), turns_.owner());
    deferred_.reset();
    return After::kNextJob;
  }
  if (turns_.is_active() && !instance_.is_waiting()) turns_.release();
  if (turns_.is_free()) wakeups.next = turns_.hand_over();
  wakeups.watchers.swap(watchers_);
  move<PortState::kOnWorker, PortState::kStill>();
  return After::kStill;
}

void Port::send_turn(Pid pid) const noexcept {
  if (!is_silent()) send_tag(Tag::kTurn, pid);
}

void Port::send_tag(Tag tag, Pid pid) const noexcept {
  if (pid == Pid::kNobody) return;
  Message message;
  message.reply().tag(tag);
  message.reply().send(term_, pid);
}

bool Port::begin_sending() noexcept {
  if (is_silent()) return false;
  ++senders_;
  return true;
}

void Port::end_sending() noexcept {
  Pid closer = Pid::kNobody;
  {
    MutexLock lock(mutex_);
    if (--senders_ == 0) closer = std::exchange(closer_, Pid::kNobody);
  }
  send_tag(Tag::kOk, closer);
}

// ---- The end.

bool Port::fall_silent(Pid pid) noexcept {
  MutexLock lock(mutex_);
  is_silent_.store(true, std::memory_order_relaxed);
  if (senders_ > 0) closer_ = pid;
  return senders_ == 0;
}

void Port::close() noexcept {
  std::shared_ptr<Port> self = std::move(self_);
  bool is_worker_using = false;
  {
    MutexLock lock(mutex_);
    is_worker_using = !is_still();
    deferred_.reset();
    turns_.close();
    if (is_worker_using) {
      move<PortState::kOnWorker, PortState::kClosing>();
    } else {
      move<PortState::kStill, PortState::kClosed>();
    }
  }
  if (is_worker_using) {
    request_cancel(kOutermost);
  } else if (instance_.is_large() || instance_.depth() > kUnwoundInline) {
    set_job(RetireJob{}, Pid::kNobody);
    node().pool.post(std::move(self), Lane::kShort);
  }
}

}  // namespace hb::beamr::driver
