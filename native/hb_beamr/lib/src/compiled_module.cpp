// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "compiled_module.hpp"

#include <algorithm>
#include <string>

#include "processor.hpp"
#include "validator.h"

namespace hb::beamr {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic{0x00, 'h', 'b', 'a'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kDigestAt = 8;
constexpr std::size_t kDigested = 40;
constexpr std::size_t kAlignment = 16;
constexpr std::uint8_t kForced = 1;
constexpr std::uint8_t kFrames = 2;

using Digest = std::array<std::uint8_t, 32>;

Digest digest_of(std::span<const std::uint8_t> bytes) noexcept {
  Digest digest{};
  hb_validator_sha256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

class Writer {
 public:
  void number(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }
  template <typename Range>
  void raw(const Range& bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void text(std::string_view text) {
    number(text.size(), 4);
    raw(text);
  }
  void align() { out_.resize((out_.size() + kAlignment - 1) / kAlignment * kAlignment); }
  std::vector<std::uint8_t>& bytes() noexcept { return out_; }

 private:
  std::vector<std::uint8_t> out_;
};

/// Reads zeros behind the end, and then has failed.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return at_ == bytes_.size(); }
  std::uint64_t number(unsigned count) noexcept {
    std::uint64_t value = 0;
    const auto bytes = take(count);
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    return value;
  }
  std::span<const std::uint8_t> take(std::uint64_t count) noexcept {
    if (count > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    const auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::string_view text() noexcept {
    const auto bytes = take(number(4));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void align() noexcept { take((kAlignment - at_ % kAlignment) % kAlignment); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

Error refused(std::string_view why) {
  return Error{Rc::kLoadFailed, "the compiled module is refused: " + std::string(why)};
}

constexpr std::uint8_t hex_digit(char c) {
  return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

}  // namespace

CompiledModuleKey compiled_module_key() noexcept {
  constexpr std::string_view kHex = HB_BEAMR_COMPILED_MODULE_KEY;
  static_assert(kHex.size() == 64);
  CompiledModuleKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(hex_digit(kHex[2 * i]) << 4 | hex_digit(kHex[2 * i + 1]));
  }
  return key;
}

bool CompiledModule::is_one(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
}

Result<CompiledModule> CompiledModule::read(std::span<const std::uint8_t> bytes) {
  Reader in(bytes);
  in.take(kMagic.size());
  const std::uint64_t version = in.number(4);
  const auto digest = in.take(kDigested - kDigestAt);
  const auto key = in.take(sizeof(CompiledModuleKey));
  if (in.failed()) return refused("it ends within its header");
  if (version != kVersion) {
    return refused("its format is version " + std::to_string(version) + ", not " +
                   std::to_string(kVersion));
  }
  const Digest actual = digest_of(bytes.subspan(kDigested));
  if (!std::equal(actual.begin(), actual.end(), digest.begin())) {
    return refused("it is damaged, its digest is another one");
  }
  const CompiledModuleKey own_key = compiled_module_key();
  if (!std::equal(own_key.begin(), own_key.end(), key.begin())) {
    return refused("it was compiled by another build of hb_beamr");
  }
  CompiledModule module;
  module.opt_level = static_cast<std::uint8_t>(in.number(1));
  const std::uint64_t flags = in.number(1);
  module.is_forced = (flags & kForced) != 0;
  module.has_frames = (flags & kFrames) != 0;
  in.number(2);
  module.architecture = in.text();
  module.processor = in.text();
  module.features = in.text();
  const std::uint64_t module_size = in.number(8);
  const std::uint64_t code_size = in.number(8);
  in.align();
  module.module = in.take(module_size);
  in.align();
  module.code = in.take(code_size);
  if (in.failed() || !in.at_end()) return refused("its parts do not fit");
  if (std::string why = why_code_cannot_run(module.architecture, module.processor, module.features);
      !why.empty()) {
    return refused(why);
  }
  return module;
}

std::vector<std::uint8_t> CompiledModule::write() const {
  Writer out;
  out.raw(kMagic);
  out.number(kVersion, 4);
  out.raw(Digest{});
  out.raw(compiled_module_key());
  out.number(opt_level, 1);
  out.number((is_forced ? kForced : 0U) | (has_frames ? kFrames : 0U), 1);
  out.number(0, 2);
  out.text(architecture);
  out.text(processor);
  out.text(features);
  out.number(module.size(), 8);
  out.number(code.size(), 8);
  out.align();
  out.raw(module);
  out.align();
  out.raw(code);
  std::vector<std::uint8_t> bytes = std::move(out.bytes());
  const Digest digest = digest_of(std::span(bytes).subspan(kDigested));
  std::copy(digest.begin(), digest.end(), bytes.begin() + kDigestAt);
  return bytes;
}

}  // namespace hb::beamr
