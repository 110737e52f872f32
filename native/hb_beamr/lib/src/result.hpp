// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// How functions inside the library say that something failed.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "hb_beamr_capi_lib.h"

namespace hb::beamr {

/// The return codes of the C API, under the names that the library uses.
enum class Rc : int {
#define HB_BEAMR_ERROR(code, enumerator, name) enumerator = HB_BEAMR_CAPI_LIB_##code,
#include "errors.def"
#undef HB_BEAMR_ERROR
};

/// A failure: what kind, and what to tell the user.
struct Error {
  Rc rc;
  std::string text;
};

/// A value, or why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return content_.index() == 0; }
  T& operator*() { return std::get<0>(content_); }
  T* operator->() { return &std::get<0>(content_); }
  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

/// Success, or why not.
using Status = Result<std::monostate>;
inline Status ok() { return std::monostate{}; }

}  // namespace hb::beamr
