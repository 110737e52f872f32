// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// The rewriting of modules by itself: what it does with code that the validator would not let through,
// and where rewritten code says it comes from.
#include "rewrite/rewrite.hpp"

#include <gtest/gtest.h>

#include "rewrite/instruction.hpp"
#include "support/module_builder.hpp"

namespace hb::beamr::test {
namespace {

Result<Rewritten> lower(const Bytes& module) {
  Result<ModuleDescription> description = ModuleDescription::read(module);
  EXPECT_TRUE(description);
  return rewrite_module(module, *description, {.are_used = false, .are_forced = true});
}

Bytes module_with(const Bytes& body) {
  ModuleBuilder builder;
  builder.add_function({}, {}, body);
  return builder.bytes();
}

std::size_t offset_of_body(const Bytes& module, const Bytes& body) {
  const auto found = std::search(module.begin(), module.end(), body.begin(), body.end());
  return static_cast<std::size_t>(found - module.begin());
}

TEST(Rewrite, AnInstructionThatItDoesNotKnowIsNamedWithItsOffset) {
  for (const Bytes& body : {Bytes{0x01, 0xFE, 0x03, 0x00}, Bytes{0x01, 0xFB, 0x00},
                            Bytes{0x01, 0x14, 0x00}, Bytes{0x01, 0xC5}}) {
    const Bytes module = module_with(body);
    Result<Rewritten> lowered = lower(module);
    ASSERT_FALSE(lowered);
    EXPECT_EQ(lowered.error().rc, Rc::kLoadFailed);
    char code[8];
    std::snprintf(code, sizeof code, "0x%02X", unsigned{body[1]});
    EXPECT_EQ(lowered.error().text, "the lowering of exceptions does not know the instruction " +
                                        std::string(code) + " (at offset " +
                                        std::to_string(offset_of_body(module, body) + 1) + ")");
  }
}

TEST(Rewrite, CodeThatEndsWithinAnInstructionIsRefused) {
  // The end of the body is taken for an immediate.
  EXPECT_FALSE(lower(module_with({0x41, 0x80})));
  EXPECT_FALSE(lower(module_with({0x43})));
  EXPECT_FALSE(lower(module_with({0x0E, 0x05})));
}

TEST(Rewrite, WhatNeedsNothingIsCopied) {
  const Bytes module = module_with({0x01});
  Result<ModuleDescription> description = ModuleDescription::read(module);
  ASSERT_TRUE(description);
  Result<Rewritten> copied = rewrite_module(module, *description, {});
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->bytes, module);
  EXPECT_EQ(copied->exceptions, nullptr);
  EXPECT_EQ(copied->offsets.original(5), 5U);
}

TEST(Rewrite, CodeMayNotGrowWithoutBound) {
  // A thousand values are put away for each throw of three bytes.
  ModuleBuilder builder;
  builder.add_function(Bytes(1000, 0x7F), {}, {});
  Bytes module = builder.bytes();
  Bytes tag{13, 3, 1, 0, 0};  // of that type
  module.insert(module.end(), tag.begin(), tag.end());
  Bytes body{0};
  for (int i = 0; i < 20000; ++i) body.insert(body.end(), {0x08, 0x00});
  body.push_back(0x0B);
  Bytes code{1};
  const auto put_leb = [](Bytes& to, std::size_t value) {
    for (; value > 0x7F; value >>= 7) to.push_back(static_cast<std::uint8_t>(value | 0x80));
    to.push_back(static_cast<std::uint8_t>(value));
  };
  put_leb(code, body.size());
  code.insert(code.end(), body.begin(), body.end());
  Bytes section{10};
  put_leb(section, code.size());
  section.insert(section.end(), code.begin(), code.end());
  // The later code section counts.
  module.insert(module.end(), section.begin(), section.end());

  Result<Rewritten> lowered = lower(module);
  ASSERT_FALSE(lowered);
  EXPECT_NE(lowered.error().text.find("would take too much code"), std::string::npos)
      << lowered.error().text;
}

TEST(Rewrite, OffsetsLeadBack) {
  OffsetMap map;
  EXPECT_EQ(map.original(7), 7U);
  map.add(10, 100);
  map.add(14, 104);  // goes on as before
  map.add(20, 105);
  map.move(1000);
  EXPECT_EQ(map.original(1009), 0U) << "before all code";
  EXPECT_EQ(map.original(1010), 100U);
  EXPECT_EQ(map.original(1014), 104U);
  EXPECT_EQ(map.original(1019), 105U) << "what was put in counts as what follows";
  EXPECT_EQ(map.original(1021), 106U);
}

TEST(Rewrite, EveryInstructionOfAVectorIsReadToItsEnd) {
  const Bytes code{0xFD, 0x0C, 0,    1,    2,    3,  4,  5,  6,
                   7,    8,    9,    10,   11,   12, 13, 14, 15,  // v128.const
                   0xFD, 0x00, 0x04, 0x10,                        // v128.load
                   0xFD, 0x15, 0x03,                              // i8x16.extract_lane_s
                   0xFD, 0x54, 0x00, 0x08, 0x01,                  // v128.load8_lane
                   0xFD, 0x80, 0x02,                              // a relaxed one
                   0x0B};
  InstructionReader in(code);
  std::vector<std::size_t> ends;
  while (!in.at_end()) {
    const auto instruction = in.next();
    ASSERT_TRUE(instruction);
    ends.push_back(instruction->end);
  }
  EXPECT_EQ(ends, (std::vector<std::size_t>{18, 22, 25, 30, 33, 34}));
}

}  // namespace
}  // namespace hb::beamr::test
