// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Bytes of a request that are used after the callback has ended.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "emulator.hpp"

namespace hb::beamr::driver {

/// Bytes in one or more pieces, each of which holds a reference to a binary of the emulator.
class Payload {
 public:
  /// A copy. @throws std::bad_alloc
  static Payload copy(std::string_view bytes);
  /// The bytes of a command from `skip` on, referred to where the emulator allows it.
  /// @throws std::bad_alloc
  static Payload refer(const ErlIOVec& vector, std::size_t skip);

  std::size_t size() const noexcept;
  /// The bytes in one piece. @throws std::bad_alloc
  std::string_view join();

  template <typename Function>
  void for_each_piece(Function function) const {
    for (const Piece& piece : pieces_) function(piece.bytes);
  }

 private:
  struct Piece {
    BinaryPtr owner;
    std::string_view bytes;
  };

  void append_copy(std::string_view bytes);

  std::vector<Piece> pieces_;
};

}  // namespace hb::beamr::driver
