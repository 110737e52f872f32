// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// One instance of a module, and how its guest is run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hb_beamr_capi_lib.h"
#include "node.hpp"
#include "quota.hpp"
#include "reply.hpp"
#include "slot.hpp"

namespace hb::beamr::driver {

struct ContextDeleter {
  void operator()(hb_beamr_capi_lib_context_t* context) const noexcept;
};
using ContextPtr = std::unique_ptr<hb_beamr_capi_lib_context_t, ContextDeleter>;

/// Whether an import that waits has been answered by a process that does not hold it.
enum class Delivery : std::uint8_t {
  kOpen,       ///< Not yet.
  kDelivered,  ///< Yes: the answer is in the holder's mailbox.
  kTaken,      ///< Yes, and the holder was told so.
};

struct WaitingImport {
  /// The types that it wants as its results, a letter each, as in signatures.
  std::string_view results;
  std::uint64_t id = 0;  ///< Never used again by this instance.
  Delivery delivery = Delivery::kOpen;
};

/// A context of the library and the imports that wait in it. One thread at a time; which, is Port's
/// matter. Threads: any for what it has used().
class Instance {
 public:
  /// @param context  Taken.
  explicit Instance(ContextPtr context) noexcept;
  /// Cancels and unwinds a call that waits or yielded.
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  hb_beamr_capi_lib_context_t* context() const noexcept { return context_.get(); }

  /// Before a call starts: room to note the import that it may wait in.
  /// @throws std::bad_alloc
  void prepare_call() { waiting_.reserve(waiting_.size() + 1); }

  /// Runs guest code on this thread: `step` is a function of the library that answers an event. Comes
  /// back at the next event; YIELDED only if the ticker wants this thread back.
  template <typename Step>
  hb_beamr_capi_lib_rc_t run(Slot& slot, Step&& step) noexcept {
    slot.enter(context());
    node().ticker.wake_if_parked();
    hb_beamr_capi_lib_rc_t rc = step(context());
    while (rc == HB_BEAMR_CAPI_LIB_YIELDED && !slot.must_yield()) [[unlikely]] {
        rc = hb_beamr_capi_lib_resume(context());
      }
    slot.leave();
    return rc;
  }

  /// Puts what run() answered, other than YIELDED, into an answer, and notes a waiting import. If memory
  /// is short for that, the call ends and the answer says so.
  void conclude(hb_beamr_capi_lib_rc_t rc, Slot& slot, Reply& reply) noexcept;

  /// Whether a call waits for the answer of an import.
  bool is_waiting() const noexcept { return !waiting_.empty(); }
  std::size_t depth() const noexcept { return waiting_.size(); }
  /// The innermost one, of which is_waiting() tells.
  WaitingImport& waiting() noexcept { return waiting_.back(); }
  std::span<WaitingImport> imports() noexcept { return waiting_; }
  /// Whether one of them may still be answered by another process than its holder.
  bool has_open_import() const noexcept;
  /// Whether the holder may answer it. If another process has done so already, the holder is told,
  /// once: the answer is in its mailbox, and it decides.
  [[nodiscard]] bool take_delivery(Reply& reply) noexcept;
  /// nullptr if that one does not wait, or not any more.
  WaitingImport* find_waiting(std::uint64_t id) noexcept;
  /// The import is answered: run() follows.
  void answered() noexcept { waiting_.pop_back(); }

  /// Ends all calls that wait or yielded. No guest code runs: they are cancelled.
  void unwind() noexcept;

  /// Before a module is loaded: whether the node may have one more instance.
  [[nodiscard]] bool admit() noexcept;
  /// Module loaded: how large it is decides what is done on the scheduler.
  void set_module_size(std::size_t bytes) noexcept { module_size_ = bytes; }
  std::size_t module_size() const noexcept { return module_size_; }
  /// Whether freeing it takes long.
  bool is_large() const noexcept;
  std::uint64_t memory_size() const noexcept;

  /// Counts for this instance and, in the thread's slot, for the node.
  void count(Counter counter, Slot& slot, std::uint64_t amount = 1) noexcept {
    slot.count(counter, amount);
    used_.add(counter, amount);
  }
  std::uint64_t used(Counter counter) const noexcept { return used_.get(counter); }

 private:
  Quota::Share admission_;
  ContextPtr context_;
  std::vector<WaitingImport> waiting_;  // innermost last
  std::uint64_t last_import_ = 0;
  std::size_t module_size_ = 0;
  Counts used_;
};

}  // namespace hb::beamr::driver
