// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Answers: small ones in a buffer, large ones straight in a binary of the emulator.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "bytes.hpp"
#include "emulator.hpp"
#include "hb_beamr_capi_lib.h"
#include "protocol.hpp"

namespace hb::beamr::driver {

/// One answer. Up to kSmallSize bytes it lies in a buffer of the caller (in a control callback the
/// emulator's, which becomes a heap binary); above, in a binary that is handed over without a copy.
/// Writing it again replaces it. Threads: one.
class Reply {
 public:
  static constexpr std::size_t kSmallSize = 64;

  /// @param small  Borrowed, kSmallSize bytes.
  explicit Reply(char* small) noexcept : small_(small) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  /// Room for `size` bytes, all of which the caller must write. nullptr, and the answer is an error of
  /// its own, if memory is short.
  [[nodiscard]] char* begin(std::size_t size) noexcept {
    if (size > kSmallSize) [[unlikely]]
      return begin_large(size);
    binary_.reset();
    size_ = size;
    return small_;
  }

  /// An answer of one byte.
  void tag(Tag tag) noexcept { Writer(begin_small(1)).put(tag); }
  void error(ErrorCode code, std::string_view text) noexcept;
  /// A limit would be passed.
  void limit(std::string_view name, std::uint64_t limit, std::uint64_t wanted) noexcept;
  /// The error that a function of the library answered, with the context's words for it.
  void error(hb_beamr_capi_lib_rc_t rc, hb_beamr_capi_lib_context_t* context) noexcept;

  /// Ends a control callback: the callback's result.
  ErlDrvSSizeT give(char** result) noexcept {
    if (binary_ != nullptr) [[unlikely]]
      *result = reinterpret_cast<char*>(binary_.release());
    return static_cast<ErlDrvSSizeT>(size_);
  }
  /// Sends `{hb_beamr, Port, Answer}`. From any thread, with no lock held.
  void send(ErlDrvTermData port, Pid to) noexcept;

 private:
  char* begin_large(std::size_t size) noexcept;
  char* begin_small(std::size_t size) noexcept {
    binary_.reset();
    size_ = size;
    return small_;
  }

  char* small_;
  std::size_t size_ = 0;
  BinaryPtr binary_;
};

/// A Reply with a buffer of its own, for messages.
class Message {
 public:
  Reply& reply() noexcept { return reply_; }

 private:
  std::array<char, Reply::kSmallSize> buffer_;
  Reply reply_{buffer_.data()};
};

/// The protocol's number for what a function of the library answered.
ErrorCode error_code_of(hb_beamr_capi_lib_rc_t rc) noexcept;

/// Makes the atom of the messages; once, before the first message.
void make_atoms() noexcept;

}  // namespace hb::beamr::driver
