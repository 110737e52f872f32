// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "module.hpp"

#include <array>
#include <atomic>
#include <utility>

#include "validator.h"

namespace hb::beamr {
namespace {

constexpr std::array<std::uint8_t, 4> kAotMagic{0x00, 'a', 'o', 't'};

bool is_aot_file(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() >= kAotMagic.size() &&
         std::equal(kAotMagic.begin(), kAotMagic.end(), bytes.begin());
}

Status validate(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return Error{Rc::kLoadFailed, "the module is empty (0 bytes)"};
  if (is_aot_file(bytes)) {
    return Error{Rc::kLoadFailed, "this is compiled (AOT) code, which this build does not run"};
  }
  std::array<char, 512> message{};
  std::uint64_t offset = 0;
  switch (
      hb_validator_validate(bytes.data(), bytes.size(), message.data(), message.size(), &offset)) {
    case HB_VALIDATOR_VALID:
      return ok();
    case HB_VALIDATOR_INVALID:
      return Error{Rc::kLoadFailed, "invalid module: " + std::string(message.data()) +
                                        " (at offset " + std::to_string(offset) + ")"};
    default:
      return Error{Rc::kInternal, "the validator failed"};
  }
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

Module::Module(std::vector<std::uint8_t> bytes, std::vector<std::uint8_t> loaded_bytes,
               ModuleDescription description, EngineModulePtr engine_module)
    : bytes_(std::move(bytes)),
      loaded_bytes_(std::move(loaded_bytes)),
      description_(std::move(description)),
      engine_module_(std::move(engine_module)),
      id_(next_id()) {}

Result<ModulePtr> Module::prepare(std::span<const std::uint8_t> bytes, void* trampoline) {
  if (Status valid = validate(bytes); !valid) return valid.error();

  std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  Result<ModuleDescription> description = ModuleDescription::read(copy);
  if (!description) return description.error();

  std::vector<std::uint8_t> loaded(bytes.begin(), bytes.end());
  std::array<char, 128> error{};
  EngineModulePtr engine_module(hb_engine_load(
      loaded.data(), static_cast<std::uint32_t>(loaded.size()), error.data(), error.size()));
  if (!engine_module) {
    return Error{Rc::kLoadFailed, "the engine refuses the module: " + engine_reason(error.data())};
  }
  hb_engine_link_functions(engine_module.get(), trampoline);
  return ModulePtr(new Module(std::move(copy), std::move(loaded), std::move(*description),
                              std::move(engine_module)));
}

}  // namespace hb::beamr
