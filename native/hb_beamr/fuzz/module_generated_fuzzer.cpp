// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Modules that are valid: one that is refused is a defect of the generator, or of what lies behind
// the validator. Half of them have exceptions. Each runs twice, the second time with all its code lowered.
#include <cstdio>
#include <cstdlib>

#include "guest_run.hpp"
#include "module_generator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hb::beamr::fuzz::Input input({data, size});
  const std::vector<std::uint8_t> module = hb::beamr::fuzz::generate_module(input);
  // To look at a reproducer with other tools.
  if (const char* path = std::getenv("HB_FUZZ_MODULE")) {
    if (std::FILE* file = std::fopen(path, "wb")) {
      std::fwrite(module.data(), 1, module.size(), file);
      std::fclose(file);
    }
  }
  using hb::beamr::fuzz::Trace;
  const Trace plain = hb::beamr::fuzz::run_guest(module, input);
  HB_FUZZ_CHECK(plain.is_module);
  // Lowered by force the guest does the same.
  const Trace lowered = hb::beamr::fuzz::run_guest(module, input, {.force_lowering = true});
  HB_FUZZ_CHECK(lowered.is_module);
  if (plain.is_whole && lowered.is_whole) HB_FUZZ_CHECK(plain.events == lowered.events);
  return 0;
}
