// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "code_generator.hpp"

#include "code.hpp"

namespace hb::beamr::fuzz {

Bytes constant(const ModulePlan& plan, Type type, Input& input) {
  Bytes out;
  switch (type) {
    case kI32:
      out.op({0x41}).signed_leb(input.one_in(4) ? input.take<std::int32_t>() : input.byte());
      break;
    case kI64:
      out.op({0x42}).signed_leb(input.one_in(4) ? input.take<std::int64_t>() : input.byte());
      break;
    case kF32: {
      const auto bits = input.take<std::uint32_t>();
      out.op({0x43});
      for (int shift = 0; shift < 32; shift += 8) out.op({static_cast<int>(bits >> shift & 0xFF)});
      break;
    }
    case kF64: {
      const auto bits = input.take<std::uint64_t>();
      out.op({0x44});
      for (int shift = 0; shift < 64; shift += 8) out.op({static_cast<int>(bits >> shift & 0xFF)});
      break;
    }
    default:
      if (type == kFuncref && !plan.functions.empty() && input.one_in(2)) {
        out.op({0xD2}).leb(input.below(plan.functions.size()));
      } else {
        out.op({0xD0, type});
      }
  }
  return out.op({0x0B});
}

Bytes generate_code(const ModulePlan& plan, const FunctionType& type, Input& input) {
  return Code(plan, type, input).body();
}

}  // namespace hb::beamr::fuzz
