// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A stack of its own for a guest, so that it can be put aside in the middle of a call.
#pragma once

#include <boost/context/detail/fcontext.hpp>

#include "sanitizer.hpp"
#include "stack_pool.hpp"

namespace hb::beamr {

/// Runs one function on a stack of its own, which can leave in the middle and be entered again, on any
/// thread. Rules for all code that runs on a fiber:
///
/// - Nothing is thrown across enter() or leave(), and no C++ exception is in flight at leave(): its
///   bookkeeping belongs to the thread.
/// - No lock is held at leave(), and no address of a thread-local (errno is one) is kept across it: what
///   leave() is inlined into uses none.
///
/// A switch of stacks spoils the processor's prediction of every return that is still to come: each
/// frame between the caller and the switch costs some nanoseconds, so these are inlined by force.
class Fiber {
 public:
  using Entry = void (*)(void* argument) noexcept;

  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  bool exists() const noexcept { return stack_.base != nullptr; }
  const Stack& stack() const noexcept { return stack_; }

  /// Prepares `entry(argument)` on a stack; runs nothing yet. False if there is no stack.
  bool create(StackPool& pool, Entry entry, void* argument) noexcept;
  /// Gives the stack back. The entry function has ended.
  void destroy(StackPool& pool) noexcept;

  /// From the host: runs the fiber until it leaves or its entry function ends.
  [[gnu::always_inline]] inline void enter() noexcept {
    switch_.before_enter(stack_.base, kStackSize);
    inside_ = boost::context::detail::jump_fcontext(inside_, this).fctx;
    switch_.after_enter();
  }
  /// From the fiber: back to where it was entered last.
  [[gnu::always_inline]] inline void leave() noexcept {
    switch_.before_leave(false);
    outside_ = boost::context::detail::jump_fcontext(outside_, nullptr).fctx;
    switch_.after_leave();
  }

  /// The argument of the fiber on whose stack this is called. Undefined elsewhere.
  static void* current_argument() noexcept;

 private:
  static void run(boost::context::detail::transfer_t from) noexcept;

  Stack stack_{nullptr};
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  boost::context::detail::fcontext_t inside_ = nullptr;   // where to enter
  boost::context::detail::fcontext_t outside_ = nullptr;  // where to leave to
  [[no_unique_address]] sanitizer::StackSwitch switch_;
};

}  // namespace hb::beamr
