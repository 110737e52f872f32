// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "processor.hpp"

#include <algorithm>
#include <iterator>

namespace hb::beamr {
namespace {

struct Known {
  std::string_view name;
  bool is_here;
};

template <typename Range>
const Known* find(const Range& all, std::string_view name) noexcept {
  const auto found =
      std::find_if(std::begin(all), std::end(all), [&](const Known& k) { return k.name == name; });
  return found == std::end(all) ? nullptr : &*found;
}

#if defined(__x86_64__)

constexpr std::string_view kArchitecture = "x86_64";

const auto& features_here() noexcept {
#define HB_BEAMR_FEATURE(name) \
  Known { name, __builtin_cpu_supports(name) != 0 }
  static const Known all[] = {
      HB_BEAMR_FEATURE("popcnt"),   HB_BEAMR_FEATURE("sse3"),     HB_BEAMR_FEATURE("ssse3"),
      HB_BEAMR_FEATURE("sse4.1"),   HB_BEAMR_FEATURE("sse4.2"),   HB_BEAMR_FEATURE("avx"),
      HB_BEAMR_FEATURE("avx2"),     HB_BEAMR_FEATURE("bmi"),      HB_BEAMR_FEATURE("bmi2"),
      HB_BEAMR_FEATURE("fma"),      HB_BEAMR_FEATURE("aes"),      HB_BEAMR_FEATURE("pclmul"),
      HB_BEAMR_FEATURE("avx512f"),  HB_BEAMR_FEATURE("avx512bw"), HB_BEAMR_FEATURE("avx512cd"),
      HB_BEAMR_FEATURE("avx512dq"), HB_BEAMR_FEATURE("avx512vl")};
#undef HB_BEAMR_FEATURE
  return all;
}

bool has(std::initializer_list<std::string_view> names) noexcept {
  return std::all_of(names.begin(), names.end(), [](std::string_view name) {
    const Known* known = find(features_here(), name);
    return known != nullptr && known->is_here;
  });
}

/// Rising. What the levels hold besides (lzcnt, movbe, f16c) no processor lacks that has these.
const auto& processors_here() noexcept {
  static const bool v2 = has({"popcnt", "sse3", "ssse3", "sse4.1", "sse4.2"});
  static const bool v3 = v2 && has({"avx", "avx2", "bmi", "bmi2", "fma"});
  static const bool v4 = v3 && has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  static const Known all[] = {
      {"x86-64", true}, {"x86-64-v2", v2}, {"x86-64-v3", v3}, {"x86-64-v4", v4}};
  return all;
}

#else

#if defined(__aarch64__)
constexpr std::string_view kArchitecture = "aarch64";
#else
constexpr std::string_view kArchitecture = "unknown";
#endif

constexpr Known kProcessors[] = {{"generic", true}};
constexpr Known kFeatures[] = {{"neon", true}};
const auto& processors_here() noexcept { return kProcessors; }
const auto& features_here() noexcept { return kFeatures; }

#endif

}  // namespace

std::string_view processor_architecture() noexcept { return kArchitecture; }

std::string_view default_processor() noexcept {
  const auto& all = processors_here();
  constexpr std::size_t kMostWanted = 3;
  std::string_view best = all[0].name;
  for (std::size_t i = 0; i < std::min(std::size(all), kMostWanted); ++i) {
    if (all[i].is_here) best = all[i].name;
  }
  return best;
}

bool is_known_processor(std::string_view architecture, std::string_view name) noexcept {
  if (architecture != kArchitecture) return name == "generic" || name == "x86-64";
  return find(processors_here(), name) != nullptr;
}

bool is_known_feature(std::string_view architecture, std::string_view name) noexcept {
  return architecture == kArchitecture && find(features_here(), name) != nullptr;
}

std::string why_code_cannot_run(std::string_view architecture, std::string_view processor,
                                std::string_view features) {
  if (architecture != kArchitecture) {
    return "it is for " + std::string(architecture) + ", this machine is " +
           std::string(kArchitecture);
  }
  const Known* known = find(processors_here(), processor);
  if (known == nullptr || !known->is_here) {
    return "it needs a processor " + std::string(processor) + ", this one is " +
           std::string(default_processor());
  }
  std::string lacking;
  const bool is_list = for_each_feature(features, [&](char sign, std::string_view name) {
    const Known* feature = find(features_here(), name);
    const bool is_met = sign == '-' || (feature != nullptr && feature->is_here);
    if (!is_met) lacking = name;
    return is_met;
  });
  if (!lacking.empty()) return "it needs a processor with " + lacking;
  return is_list ? "" : "its list of features cannot be read";
}

}  // namespace hb::beamr
