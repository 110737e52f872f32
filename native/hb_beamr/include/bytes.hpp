// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Reading and writing the protocol's fixed layouts.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace hb::beamr::driver {

static_assert(std::endian::native == std::endian::little, "the protocol's integers are copied");

/// Takes a request apart from its front. What does not fit is refused and takes nothing.
class Reader {
 public:
  explicit Reader(std::string_view data) noexcept : rest_(data) {}

  template <std::unsigned_integral Integer>
  [[nodiscard]] bool read(Integer& out) noexcept {
    if (rest_.size() < sizeof out) return false;
    std::memcpy(&out, rest_.data(), sizeof out);
    rest_.remove_prefix(sizeof out);
    return true;
  }

  [[nodiscard]] bool read(std::size_t size, std::string_view& out) noexcept {
    if (rest_.size() < size) return false;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest() const noexcept { return rest_; }
  bool is_at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// Puts an answer together in a buffer that is known to be large enough.
class Writer {
 public:
  explicit Writer(char* at) noexcept : at_(at) {}

  template <typename Integer>
  requires std::unsigned_integral<Integer> Writer& put(Integer value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }

  template <typename Enumeration>
  requires std::is_enum_v<Enumeration> Writer& put(Enumeration value) noexcept {
    return put(static_cast<std::underlying_type_t<Enumeration>>(value));
  }

  Writer& put(std::string_view bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
    return *this;
  }

 private:
  char* at_;
};

}  // namespace hb::beamr::driver
