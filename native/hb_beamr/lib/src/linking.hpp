// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What the host offers for a module's imports, and whether the module can take it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "module_description.hpp"
#include "result.hpp"

namespace hb::beamr {

/// The type of something that is imported or exported.
struct ExternType {
  wasm_externkind_t kind = WASM_EXTERN_FUNC;
  std::string signature{};               ///< functions and tags
  wasm_valkind_t value_type = WASM_I32;  ///< globals and tables
  bool is_mutable = false;               ///< globals
  Limits limits{};                       ///< memories and tables
};

/// Something that the host offers under a name. Nothing is shared: a memory or a table of the type that the
/// import asks for becomes the instance's own, a global gets a copy of the value.
struct Offer {
  std::optional<ExternType> type{};  ///< nothing: whatever the import asks for
  std::optional<OneValue> value{};
  std::vector<std::uint8_t> image{};  ///< how a memory begins
};

/// What an instance takes from its imports.
struct Given {
  std::vector<OneValue> globals{};        ///< the imported ones
  std::span<const std::uint8_t> image{};  ///< of the imported memory
};

/// The offers for one instance.
class Offers {
 public:
  /// A later offer of the same name takes the place of an earlier one.
  void add(std::string_view module, std::string_view name, Offer offer);
  /// Imports that nothing was offered for cannot be linked then.
  void refuse_unresolved(bool refuse) noexcept { refuses_unresolved_ = refuse; }
  /// Bytes of all images.
  std::uint64_t image_bytes() const noexcept;

  /// Which import it is and why it cannot be linked, or nothing. `is_bound`: it is a function that the host answers.
  std::optional<std::string> refusal(const ModuleDescription& module, const Import& import,
                                     bool is_bound) const;
  /// For a module whose imports can all be linked; refers to the offers.
  Given given(const ModuleDescription& module) const;

 private:
  std::map<std::pair<std::string, std::string>, Offer> offers_;
  bool refuses_unresolved_ = false;

  const Offer* find(const Import& import) const;
  std::optional<std::string> reason(const ModuleDescription& module, const Import& import,
                                    bool is_bound) const;
};

}  // namespace hb::beamr
