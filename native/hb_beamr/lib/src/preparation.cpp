// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "preparation.hpp"

#include <array>
#include <new>
#include <string>
#include <utility>

#include "validator.h"

namespace hb::beamr {
namespace {

struct Findings {
  ExceptionUse exceptions;
  bool uses_simd = false;
};

Status validate(std::span<const std::uint8_t> bytes, Findings* out,
                std::uint64_t* fault = nullptr) {
  if (bytes.empty()) return Error{Rc::kLoadFailed, "the module is empty (0 bytes)"};
  const auto note_offset = [](void* context, std::uint64_t offset) noexcept {
    try {
      static_cast<ExceptionUse*>(context)->exnref_operands.push_back(offset);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  };
  hb_validator_findings_t findings{.uses_exceptions = false,
                                   .uses_simd = false,
                                   .context = &out->exceptions,
                                   .on_exnref = note_offset};
  std::array<char, 512> message{};
  std::uint64_t offset = 0;
  switch (hb_validator_validate(bytes.data(), bytes.size(), message.data(), message.size(), &offset,
                                &findings)) {
    case HB_VALIDATOR_VALID:
      out->exceptions.are_used = findings.uses_exceptions;
      out->uses_simd = findings.uses_simd;
      return ok();
    case HB_VALIDATOR_INVALID:
      if (fault != nullptr) *fault = offset;
      return Error{Rc::kLoadFailed, "invalid module: " + std::string(message.data()) +
                                        " (at offset " + std::to_string(offset) + ")"};
    default:
      return Error{Rc::kInternal, "the validator failed"};
  }
}

/// What this library made of a valid module is looked at like any other: the engine is not safe on less.
Status validate_lowered(const Rewritten& rewritten) {
  Findings findings;
  const Status valid = validate(rewritten.bytes, &findings);
  if (!valid) return Error{Rc::kInternal, "exceptions were lowered wrongly: " + valid.error().text};
  return findings.exceptions.are_used ? Error{Rc::kInternal, "exceptions were not lowered"} : ok();
}

}  // namespace

Result<Prepared> prepare_module(std::span<const std::uint8_t> bytes, bool force_lowering,
                                std::uint64_t* fault) {
  Findings findings;
  if (Status valid = validate(bytes, &findings, fault); !valid) return valid.error();
  findings.exceptions.are_forced = force_lowering;

  Result<ModuleDescription> description = ModuleDescription::read(bytes);
  if (!description) return description.error();
  Result<Rewritten> rewritten = rewrite_module(bytes, *description, findings.exceptions);
  if (!rewritten) return rewritten.error();
  if (rewritten->exceptions) {
    if (Status valid = validate_lowered(*rewritten); !valid) return valid.error();
  }
  return Prepared{std::move(*description), std::move(*rewritten), findings.uses_simd};
}

}  // namespace hb::beamr
