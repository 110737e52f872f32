// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Who owns objects of the engine, of either build of it.
#pragma once

namespace hb::beamr {

/// For std::unique_ptr. Costs one pointer.
template <auto Delete>
struct EngineDeleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    Delete(object);
  }
};

}  // namespace hb::beamr
