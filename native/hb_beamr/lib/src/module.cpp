// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "module.hpp"

#include <array>
#include <atomic>
#include <new>
#include <utility>

#include "validator.h"

namespace hb::beamr {
namespace {

constexpr std::array<std::uint8_t, 4> kAotMagic{0x00, 'a', 'o', 't'};

bool is_aot_file(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() >= kAotMagic.size() &&
         std::equal(kAotMagic.begin(), kAotMagic.end(), bytes.begin());
}

/// Also notes in `use` which exceptions there are.
Status validate(std::span<const std::uint8_t> bytes, ExceptionUse* use) {
  if (bytes.empty()) return Error{Rc::kLoadFailed, "the module is empty (0 bytes)"};
  if (is_aot_file(bytes)) {
    return Error{Rc::kLoadFailed, "this is compiled (AOT) code, which this build does not run"};
  }
  const auto note_offset = [](void* context, std::uint64_t offset) noexcept {
    try {
      static_cast<ExceptionUse*>(context)->exnref_operands.push_back(offset);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  };
  hb_validator_findings_t findings{
      .uses_exceptions = false, .context = use, .on_exnref = note_offset};
  std::array<char, 512> message{};
  std::uint64_t offset = 0;
  switch (hb_validator_validate(bytes.data(), bytes.size(), message.data(), message.size(), &offset,
                                &findings)) {
    case HB_VALIDATOR_VALID:
      use->are_used = findings.uses_exceptions;
      return ok();
    case HB_VALIDATOR_INVALID:
      return Error{Rc::kLoadFailed, "invalid module: " + std::string(message.data()) +
                                        " (at offset " + std::to_string(offset) + ")"};
    default:
      return Error{Rc::kInternal, "the validator failed"};
  }
}

/// What this library made of a valid module is looked at like any other: the engine is not safe on less.
Status validate_lowered(const Rewritten& rewritten) {
  ExceptionUse use;
  const Status valid = validate(rewritten.bytes, &use);
  if (!valid) return Error{Rc::kInternal, "exceptions were lowered wrongly: " + valid.error().text};
  return use.are_used ? Error{Rc::kInternal, "exceptions were not lowered"} : ok();
}

/// The engine's words, without what its loader puts in front.
std::string engine_reason(std::string_view text) {
  for (const std::string_view prefix :
       {"WASM module load failed: ", "WASM module instantiate failed: "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return std::string(text);
}

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Module::Module(std::vector<std::uint8_t> bytes, bool is_forced, ModuleDescription description,
               Rewritten loaded, EngineModulePtr engine_module)
    : bytes_(std::move(bytes)),
      is_forced_(is_forced),
      description_(std::move(description)),
      loaded_(std::move(loaded)),
      engine_module_(std::move(engine_module)),
      id_(next_id()) {}

Result<ModulePtr> Module::prepare(const ModuleSource& source, void* trampoline) {
  ExceptionUse use;
  if (Status valid = validate(source.bytes, &use); !valid) return valid.error();
  use.are_forced = source.force_lowering;

  std::vector<std::uint8_t> copy(source.bytes.begin(), source.bytes.end());
  Result<ModuleDescription> description = ModuleDescription::read(copy);
  if (!description) return description.error();
  Result<Rewritten> rewritten = rewrite_module(copy, *description, use);
  if (!rewritten) return rewritten.error();
  if (rewritten->exceptions) {
    if (Status valid = validate_lowered(*rewritten); !valid) return valid.error();
  }

  std::vector<std::uint8_t>& loaded = rewritten->bytes;
  std::array<char, 128> error{};
  EngineModulePtr engine_module(hb_engine_load(
      loaded.data(), static_cast<std::uint32_t>(loaded.size()), error.data(), error.size()));
  if (!engine_module) {
    return Error{Rc::kLoadFailed, "the engine refuses the module: " + engine_reason(error.data())};
  }
  hb_engine_link_functions(engine_module.get(), trampoline);
  return ModulePtr(new Module(std::move(copy), source.force_lowering, std::move(*description),
                              std::move(*rewritten), std::move(engine_module)));
}

}  // namespace hb::beamr
