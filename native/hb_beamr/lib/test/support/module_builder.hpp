// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Writes binary modules that would be tedious as text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hb::beamr::test {

using Bytes = std::vector<std::uint8_t>;

/// A module of functions and exports; value types are bytes of the binary format (0x7F is i32).
class ModuleBuilder {
 public:
  /// `body` without locals and end.
  void add_function(const Bytes& params, const Bytes& results, const Bytes& body) {
    Bytes type{0x60};
    put_vector(type, params);
    put_vector(type, results);
    const auto known = std::find(types_.begin(), types_.end(), type);
    put_leb(functions_, static_cast<std::size_t>(known - types_.begin()));
    if (known == types_.end()) types_.push_back(std::move(type));
    ++function_count_;
    put_leb(code_, body.size() + 2);
    code_.push_back(0);  // no locals
    code_.insert(code_.end(), body.begin(), body.end());
    code_.push_back(0x0B);
  }

  void export_function(const std::string& name, std::uint32_t index) {
    put_name(exports_, name);
    exports_.push_back(0);
    put_leb(exports_, index);
    ++export_count_;
  }

  void add_custom_section(const std::string& name, const Bytes& content) {
    Bytes section;
    put_name(section, name);
    section.insert(section.end(), content.begin(), content.end());
    custom_.push_back(0);
    put_leb(custom_, section.size());
    custom_.insert(custom_.end(), section.begin(), section.end());
  }

  Bytes bytes() const {
    Bytes out{0, 'a', 's', 'm', 1, 0, 0, 0};
    put_section(out, 1, types_.size(), encoded_types());
    put_section(out, 3, function_count_, functions_);
    put_section(out, 7, export_count_, exports_);
    put_section(out, 10, function_count_, code_);
    out.insert(out.end(), custom_.begin(), custom_.end());
    return out;
  }

  static Bytes i32_const(std::int32_t value) {
    Bytes out{0x41};
    bool more = true;
    while (more) {
      auto part = static_cast<std::uint8_t>(value & 0x7F);
      value >>= 7;
      more = !((value == 0 && (part & 0x40U) == 0) || (value == -1 && (part & 0x40U) != 0));
      out.push_back(static_cast<std::uint8_t>(part | (more ? 0x80U : 0U)));
    }
    return out;
  }

 private:
  static void put_leb(Bytes& out, std::size_t value) {
    do {
      const auto part = static_cast<std::uint8_t>(value & 0x7FU);
      value >>= 7U;
      out.push_back(static_cast<std::uint8_t>(part | (value != 0 ? 0x80U : 0U)));
    } while (value != 0);
  }
  static void put_name(Bytes& out, const std::string& name) {
    put_leb(out, name.size());
    out.insert(out.end(), name.begin(), name.end());
  }
  static void put_section(Bytes& out, std::uint8_t id, std::size_t count, const Bytes& content) {
    Bytes section;
    put_leb(section, count);
    section.insert(section.end(), content.begin(), content.end());
    out.push_back(id);
    put_leb(out, section.size());
    out.insert(out.end(), section.begin(), section.end());
  }
  static void put_vector(Bytes& out, const Bytes& content) {
    put_leb(out, content.size());
    out.insert(out.end(), content.begin(), content.end());
  }
  Bytes encoded_types() const {
    Bytes out;
    for (const Bytes& type : types_) out.insert(out.end(), type.begin(), type.end());
    return out;
  }

  std::vector<Bytes> types_;
  Bytes functions_;
  Bytes code_;
  Bytes exports_;
  Bytes custom_;
  std::size_t function_count_ = 0;
  std::size_t export_count_ = 0;
};

}  // namespace hb::beamr::test
