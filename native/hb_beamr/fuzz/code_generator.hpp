// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Valid function bodies out of any bytes.
#pragma once

#include "input.hpp"
#include "module_plan.hpp"

namespace hb::beamr::fuzz {

/// A constant expression with its end. A reference to a function only where there is one.
Bytes constant(const ModulePlan& plan, Type type, Input& input);

/// A body with its locals and end.
Bytes generate_code(const ModulePlan& plan, const FunctionType& type, Input& input);

}  // namespace hb::beamr::fuzz
