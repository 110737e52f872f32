// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "payload.hpp"

#include <cstring>
#include <new>

namespace hb::beamr::driver {

Payload Payload::copy(std::string_view bytes) {
  Payload payload;
  payload.append_copy(bytes);
  return payload;
}

Payload Payload::refer(const ErlIOVec& vector, std::size_t skip) {
  Payload payload;
  payload.pieces_.reserve(static_cast<std::size_t>(vector.vsize));
  for (int i = 0; i < vector.vsize; ++i) {
    std::string_view bytes(static_cast<const char*>(vector.iov[i].iov_base), vector.iov[i].iov_len);
    if (bytes.size() <= skip) {
      skip -= bytes.size();
      continue;
    }
    bytes.remove_prefix(skip);
    skip = 0;
    if (vector.binv[i] != nullptr) {
      payload.pieces_.push_back({share(vector.binv[i]), bytes});
    } else {
      payload.append_copy(bytes);
    }
  }
  return payload;
}

std::size_t Payload::size() const noexcept {
  std::size_t size = 0;
  for (const Piece& piece : pieces_) size += piece.bytes.size();
  return size;
}

std::string_view Payload::join() {
  if (pieces_.empty()) return {};
  if (pieces_.size() > 1) {
    BinaryPtr whole(driver_alloc_binary(size()));
    if (whole == nullptr) throw std::bad_alloc();
    char* at = whole->orig_bytes;
    for (const Piece& piece : pieces_) {
      std::memcpy(at, piece.bytes.data(), piece.bytes.size());
      at += piece.bytes.size();
    }
    const std::string_view bytes(whole->orig_bytes, size());
    pieces_.resize(1);
    pieces_.front() = {std::move(whole), bytes};
  }
  return pieces_.front().bytes;
}

void Payload::append_copy(std::string_view bytes) {
  BinaryPtr owner(driver_alloc_binary(bytes.size()));
  if (owner == nullptr) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(owner->orig_bytes, bytes.data(), bytes.size());
  const std::string_view copied(owner->orig_bytes, bytes.size());
  pieces_.push_back({std::move(owner), copied});
}

}  // namespace hb::beamr::driver
