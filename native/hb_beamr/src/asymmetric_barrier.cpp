// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "asymmetric_barrier.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hb::beamr::driver {

namespace {

bool membarrier(int command) noexcept { return syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

bool heavy_barrier() noexcept { return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); }

void prepare_heavy_barrier() noexcept {
  // If this fails each heavy_barrier() fails too, and says so.
  membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

}  // namespace hb::beamr::driver
