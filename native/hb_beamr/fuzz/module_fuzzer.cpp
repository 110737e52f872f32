// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Any bytes as a module.
#include "guest_run.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  // Nothing is left over for the choices: the end of a module is as good as any other bytes.
  const hb::beamr::fuzz::Input choices(bytes.last(size / 4));
  hb::beamr::fuzz::run_guest(bytes, choices, {.force_lowering = size % 2 == 1});
  return 0;
}
