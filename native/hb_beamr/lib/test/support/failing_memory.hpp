// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Memory that runs short when a test says so: malloc() and its kin, mmap() and its kin, and `new`, in
// all code that is linked into the test, the engine included. The linker redirects the calls (--wrap).
#pragma once

#include <cstddef>
#include <cstdint>

namespace hb::beamr::test {

/// From here on this thread's requests for memory are counted, and the one of this number (from 1) fails.
void fail_request(std::size_t number);
/// Ends that. True if a request has failed.
bool end_failing();
/// Whether one has failed since fail_request().
bool has_request_failed();

/// What this thread requested since the first fail_request() and has not given back.
struct Held {
  std::size_t blocks = 0;
  std::uint64_t mapped = 0;  ///< Bytes.

  bool operator==(const Held&) const = default;
};
Held held();

}  // namespace hb::beamr::test
