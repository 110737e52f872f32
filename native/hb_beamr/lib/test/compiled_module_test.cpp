// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Compiled modules: which are taken, which are refused and how. That they run like others is what all other
// tests say, which run a second time with compiled fixtures.
#include "compiled_module.hpp"

#include <algorithm>
#include <filesystem>

#include "processor.hpp"
#include "support/lib_test.hpp"
#include "validator.h"

namespace hb::beamr::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kDigestAt = 8;
constexpr std::size_t kKeyAt = 40;

class Compiled : public ContextTest {
 protected:
  void SetUp() override {
    const std::string path = std::string(HB_BEAMR_FIXTURE_DIR) + "/basics.aot";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "there is no compiler of modules";
    ContextTest::SetUp();
    bytes_ = fixture_file("basics", "aot");
  }

  /// What loading answers, in a context of its own.
  std::string refusal(const Bytes& bytes) {
    const ContextPtr other(hb_beamr_capi_lib_create_context());
    const auto rc = hb_beamr_capi_lib_load_wasm_module(other.get(), bytes.data(),
                                                       static_cast<std::uint32_t>(bytes.size()));
    if (rc == HB_BEAMR_CAPI_LIB_SUCCESS) return "loaded";
    EXPECT_EQ(rc, HB_BEAMR_CAPI_LIB_ERROR_WAMR_LOAD_FAILED);
    return hb_beamr_capi_lib_get_last_error(other.get());
  }

  CompiledModule parts() {
    Result<CompiledModule> read = CompiledModule::read(bytes_);
    EXPECT_TRUE(read);
    return *read;
  }

  static Bytes with_right_digest(Bytes bytes) {
    hb_validator_sha256(bytes.data() + kKeyAt, bytes.size() - kKeyAt, bytes.data() + kDigestAt);
    return bytes;
  }

  /// What loading answers in a context of its own, and with which level the code runs.
  struct Loaded {
    hb_beamr_capi_lib_rc_t rc;
    std::int32_t level;
    bool operator==(const Loaded&) const = default;
  };
  static constexpr Loaded kInterpreted{HB_BEAMR_CAPI_LIB_SUCCESS, HB_BEAMR_CAPI_LIB_INTERPRETED};
  static constexpr Loaded kNotCompiled{HB_BEAMR_CAPI_LIB_ERROR_NOT_COMPILED,
                                       HB_BEAMR_CAPI_LIB_INTERPRETED};
  static Loaded compiled(std::int32_t level) { return {HB_BEAMR_CAPI_LIB_SUCCESS, level}; }

  static Loaded load(
      const Bytes& bytes,
      hb_beamr_capi_lib_compiled_use_t use = HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN,
      bool is_shared = false) {
    const ContextPtr other(hb_beamr_capi_lib_create_context());
    EXPECT_EQ(hb_beamr_capi_lib_code_level(other.get()), HB_BEAMR_CAPI_LIB_INTERPRETED);
    EXPECT_EQ(hb_beamr_capi_lib_use_compiled(other.get(), use), HB_BEAMR_CAPI_LIB_SUCCESS);
    EXPECT_EQ(hb_beamr_capi_lib_share_compiled(other.get(), is_shared), HB_BEAMR_CAPI_LIB_SUCCESS);
    const auto rc = hb_beamr_capi_lib_load_wasm_module(other.get(), bytes.data(),
                                                       static_cast<std::uint32_t>(bytes.size()));
    return {rc, hb_beamr_capi_lib_code_level(other.get())};
  }
  static Loaded preferring(const Bytes& bytes) {
    return load(bytes, HB_BEAMR_CAPI_LIB_COMPILED_PREFERRED);
  }
  static Loaded requiring(const Bytes& bytes) {
    return load(bytes, HB_BEAMR_CAPI_LIB_COMPILED_REQUIRED);
  }
  static Loaded sharing(const Bytes& bytes) {
    return load(bytes, HB_BEAMR_CAPI_LIB_COMPILED_ONLY_AS_GIVEN, true);
  }

  Bytes bytes_;
};

TEST_F(Compiled, AFlippedBitAnywhereIsRefused) {
  for (std::size_t at = 0; at < bytes_.size(); at += at < 256 ? 1 : 61) {
    Bytes damaged = bytes_;
    damaged[at] ^= 0x10;
    const std::string words = refusal(damaged);
    if (at < 4) {
      EXPECT_NE(words.find("not a WebAssembly module"), std::string::npos) << at << ": " << words;
    } else if (at < kDigestAt) {
      EXPECT_NE(words.find("its format is version"), std::string::npos) << at << ": " << words;
    } else {
      EXPECT_EQ(words, "the compiled module is refused: it is damaged, its digest is another one")
          << at;
    }
  }
}

TEST_F(Compiled, WhatIsTooShortOrTooLongIsRefused) {
  for (std::size_t size = 4; size < bytes_.size(); size += size < 256 ? 1 : 61) {
    const Bytes truncated(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(refusal(truncated).find("the compiled module is refused: it "), std::string::npos);
    if (size < kKeyAt + 32) continue;
    // Its maker may also have had only these bytes.
    const std::string words = refusal(with_right_digest(truncated));
    EXPECT_EQ(words, "the compiled module is refused: its parts do not fit") << size;
  }
  Bytes longer = bytes_;
  longer.push_back(0);
  EXPECT_EQ(refusal(with_right_digest(longer)),
            "the compiled module is refused: its parts do not fit");
}

TEST_F(Compiled, CodeOfAnotherBuildIsRefused) {
  Bytes other = bytes_;
  other[kKeyAt] ^= 1;
  EXPECT_EQ(refusal(with_right_digest(other)),
            "the compiled module is refused: it was compiled by another build of hb_beamr");
}

TEST_F(Compiled, CodeForAnotherProcessorIsRefused) {
  CompiledModule module = parts();
  module.architecture = "vax";
  EXPECT_EQ(refusal(module.write()),
            "the compiled module is refused: it is for vax, this machine is " +
                std::string(processor_architecture()));
  module = parts();
  module.processor = "x86-64-v9";
  EXPECT_EQ(refusal(module.write()),
            "the compiled module is refused: it needs a processor x86-64-v9, this one is " +
                std::string(default_processor()));
  module = parts();
  module.features = "+time-travel";
  EXPECT_EQ(refusal(module.write()),
            "the compiled module is refused: it needs a processor with time-travel");
  module.features = "-time-travel";
  EXPECT_EQ(refusal(module.write()), "loaded");
  module.features = "avx2";
  EXPECT_EQ(refusal(module.write()),
            "the compiled module is refused: its list of features cannot be read");
}

TEST_F(Compiled, TheModuleInItIsValidatedLikeAnyOther) {
  CompiledModule module = parts();
  const Bytes garbage{'n', 'o', ' ', 'm', 'o', 'd', 'u', 'l', 'e'};
  module.module = garbage;
  EXPECT_EQ(refusal(module.write()).find("invalid module: "), 0U);
  module.module = {};
  EXPECT_EQ(refusal(module.write()), "the module is empty (0 bytes)");
}

TEST_F(Compiled, WithoutCodeItIsRefused) {
  CompiledModule module = parts();
  module.code = {};
  EXPECT_NE(refusal(module.write()).find("the engine refuses the module"), std::string::npos);
}

TEST_F(Compiled, IsTakenInPlaceOfTheModuleByWhoPrefersItIfItIsShared) {
  const Bytes plain = fixture_file("basics", "wasm");
  EXPECT_EQ(preferring(plain), kInterpreted);
  EXPECT_EQ(load(bytes_), compiled(1));
  EXPECT_EQ(preferring(plain), kInterpreted);
  // Known already.
  EXPECT_EQ(sharing(bytes_), compiled(1));
  EXPECT_EQ(sharing(bytes_), compiled(1));
  EXPECT_EQ(load(plain), kInterpreted);
  EXPECT_EQ(preferring(plain), compiled(1));
  // The best of several. The level is only a word here; the code is the same.
  CompiledModule better = parts();
  better.opt_level = 3;
  EXPECT_EQ(sharing(better.write()), compiled(3));
  better.opt_level = 2;
  EXPECT_EQ(sharing(better.write()), compiled(2));
  EXPECT_EQ(preferring(plain), compiled(3));
  EXPECT_EQ(load(bytes_), compiled(1));
  // Not of another module.
  EXPECT_EQ(preferring(fixture_file("names", "wasm")), kInterpreted);
}

TEST_F(Compiled, WhoRequiresItGetsNothingElse) {
  const Bytes plain = fixture_file("basics", "wasm");
  EXPECT_EQ(requiring(plain), kNotCompiled);
  // Nobody has looked at it.
  EXPECT_EQ(requiring({1, 2, 3}), kNotCompiled);
  EXPECT_EQ(load(plain), kInterpreted);
  EXPECT_EQ(requiring(plain), kNotCompiled);
  EXPECT_EQ(requiring(bytes_), compiled(1));
  EXPECT_EQ(requiring(plain), kNotCompiled);
  EXPECT_EQ(sharing(bytes_), compiled(1));
  EXPECT_EQ(requiring(plain), compiled(1));
}

TEST_F(Compiled, IsChosenBeforeAModuleIsLoaded) {
  EXPECT_EQ(hb_beamr_capi_lib_use_compiled(ctx(), static_cast<hb_beamr_capi_lib_compiled_use_t>(3)),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_ARGS);
  ASSERT_EQ(hb_beamr_capi_lib_load_wasm_module(ctx(), bytes_.data(),
                                               static_cast<std::uint32_t>(bytes_.size())),
            HB_BEAMR_CAPI_LIB_SUCCESS);
  EXPECT_EQ(hb_beamr_capi_lib_use_compiled(ctx(), HB_BEAMR_CAPI_LIB_COMPILED_PREFERRED),
            HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
  EXPECT_EQ(hb_beamr_capi_lib_share_compiled(ctx(), true), HB_BEAMR_CAPI_LIB_ERROR_INVALID_STATE);
}

TEST(Processor, ListsOfFeaturesAreRead) {
  std::string seen;
  const auto note = [&](char sign, std::string_view name) {
    seen += sign;
    seen += name;
    seen += ';';
    return true;
  };
  EXPECT_TRUE(for_each_feature("+a,-bc", note));
  EXPECT_EQ(seen, "+a;-bc;");
  EXPECT_TRUE(for_each_feature("", note));
  for (const char* wrong : {"a", "+", "+a,", ",+a", "+a,b", "+a,,-b"}) {
    EXPECT_FALSE(for_each_feature(wrong, note)) << wrong;
  }
}

TEST(Processor, TheDefaultRunsHere) {
  EXPECT_TRUE(is_known_processor(processor_architecture(), default_processor()));
  EXPECT_EQ(why_code_cannot_run(processor_architecture(), default_processor(), ""), "");
}

}  // namespace
}  // namespace hb::beamr::test
