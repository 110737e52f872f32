// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the processor of this machine can do, by the names that compilers use.
#pragma once

#include <string>
#include <string_view>

namespace hb::beamr {

/// "x86_64", "aarch64"; of others nothing is known, and the name is "unknown".
std::string_view processor_architecture() noexcept;

/// The level that code is compiled for where nobody says otherwise: the highest that this machine has, up
/// to x86-64-v3 (levels: x86-64 psABI, section 3.1.1); "generic" elsewhere. Code with wider vectors than
/// those of v3 is hardly faster, and makes some processors slow down.
std::string_view default_processor() noexcept;

/// Whether `name` is a processor that code may be compiled for, of that architecture.
bool is_known_processor(std::string_view architecture, std::string_view name) noexcept;
bool is_known_feature(std::string_view architecture, std::string_view name) noexcept;

/// Why this machine cannot run code that was compiled for those: "" if it can.
///
/// @param features  "+avx512f,-bmi2" or "": only those with a plus are needed.
std::string why_code_cannot_run(std::string_view architecture, std::string_view processor,
                                std::string_view features);

/// Calls `f(sign, name)` for each part of a list of features, where sign is '+' or '-', and answers false at
/// the first part that is none or for which f does.
template <typename F>
bool for_each_feature(std::string_view features, F&& f) {
  if (features.empty()) return true;
  for (std::size_t end = 0; end != std::string_view::npos; features.remove_prefix(end + 1)) {
    end = features.find(',');
    const std::string_view part = features.substr(0, end);
    if (part.size() < 2 || (part[0] != '+' && part[0] != '-') || !f(part[0], part.substr(1))) {
      return false;
    }
    if (end == std::string_view::npos) return true;
  }
  return true;
}

}  // namespace hb::beamr
