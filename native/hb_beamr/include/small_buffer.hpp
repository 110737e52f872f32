// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// A few elements on the stack, or more on the heap.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace hb::beamr::driver {

/// Room for elements whose number is known late; up to InPlace of them without an allocation. Not
/// zeroed: each is written before it is read.
template <typename Element, std::size_t InPlace>
class SmallBuffer {
  static_assert(std::is_trivially_copyable_v<Element>);

 public:
  SmallBuffer() {}  // NOLINT(modernize-use-equals-default): that would zero the array
  SmallBuffer(const SmallBuffer&) = delete;
  SmallBuffer& operator=(const SmallBuffer&) = delete;

  /// @throws std::bad_alloc
  Element* prepare(std::size_t count) {
    if (count <= InPlace) [[likely]]
      return small_.data();
    large_ = std::make_unique<Element[]>(count);
    return large_.get();
  }

 private:
  std::array<Element, InPlace> small_;
  std::unique_ptr<Element[]> large_;
};

}  // namespace hb::beamr::driver
