// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The linear memories of all instances together.
#pragma once

#include <cstdint>
#include <span>

namespace hb::beamr {

inline constexpr std::uint64_t kPageSize = 65536;

/// Bytes of all linear memories of the process, touched or not.
std::uint64_t linear_memory_total() noexcept;
/// What they may be together. Memories that exist stay, whatever it is set to. Threads: any.
std::uint64_t linear_memory_limit() noexcept;
void set_linear_memory_limit(std::uint64_t bytes) noexcept;

/// The memory that this thread makes next begins with these bytes, if it has room for them; then it is over.
void set_next_memory_image(std::span<const std::uint8_t> image) noexcept;

}  // namespace hb::beamr
