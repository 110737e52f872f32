// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "fiber.hpp"

#include <cstdint>
#include <cstdlib>

namespace hb::beamr {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

namespace {
/// At the top of the stack: room for a pointer to the fiber's argument, found by masking the stack
/// pointer, because a thread-local cannot be trusted on a fiber.
constexpr std::size_t kHeader = 64;

void** header_of(std::byte* base) noexcept {
  return reinterpret_cast<void**>(base + kStackSize - kHeader);
}
}  // namespace

bool Fiber::create(StackPool& pool, Entry entry, void* argument) noexcept {
  stack_ = pool.take();
  if (stack_.base == nullptr) return false;
  *header_of(stack_.base) = argument;
  entry_ = entry;
  argument_ = argument;
  inside_ = make_fcontext(stack_.top() - kHeader, kStackSize - kHeader - kStackGuard, &Fiber::run);
  switch_.fiber_created();
  return true;
}

void Fiber::destroy(StackPool& pool) noexcept {
  switch_.fiber_gone();
  pool.give(stack_);
  stack_.base = nullptr;
}

void Fiber::run(transfer_t from) noexcept {
  Fiber* self = static_cast<Fiber*>(from.data);
  self->switch_.arrived();
  self->outside_ = from.fctx;
  self->entry_(self->argument_);
  self->switch_.before_leave(true);
  jump_fcontext(self->outside_, nullptr);
  std::abort();  // an ended fiber was entered
}

void* Fiber::current_argument() noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  return *header_of(reinterpret_cast<std::byte*>(here & ~(kStackSize - 1)));
}

}  // namespace hb::beamr
