// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "text.hpp"

#include <gtest/gtest.h>

#include "utf8.hpp"

namespace hb::beamr {
namespace {

TEST(Quoted, KeepsText) { EXPECT_EQ(quoted("caf\xC3\xA9"), "'caf\xC3\xA9'"); }

TEST(Quoted, EscapesControlCharacters) {
  EXPECT_EQ(quoted(std::string_view("a\0b\n", 4)), "'a\\x00b\\x0A'");
}

TEST(Quoted, EscapesAllHighBytesOfWhatIsNotText) {
  EXPECT_EQ(quoted("\xC3\xA9\xFF"), "'\\xC3\\xA9\\xFF'");
}

TEST(Quoted, CutsBetweenCharacters) {
  // 199 letters, then a character of three bytes across the limit of 200.
  const std::string name = std::string(199, 'a') + "\xE2\x82\xAC and more";
  const std::string text = hb::beamr::quoted(name);
  EXPECT_EQ(text, "'" + std::string(199, 'a') + "...'");
  EXPECT_TRUE(is_utf8(text));
}

TEST(Utf8, AcceptsEveryLengthOfSequence) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xC2\x80\xE0\xA0\x80\xED\x9F\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  for (const char* bytes :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC2", "\xE2\x82", "\xF0\x90\x80", "\xC2 "}) {
    EXPECT_FALSE(is_utf8(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace hb::beamr
