// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "reply.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

/// What control would hand to the emulator.
std::string give(Reply& reply, const char* small) {
  char* result = const_cast<char*>(small);
  const ErlDrvSSizeT size = reply.give(&result);
  if (result == small) return {small, static_cast<std::size_t>(size)};
  auto* binary = reinterpret_cast<ErlDrvBinary*>(result);
  EXPECT_EQ(binary->orig_size, size);
  std::string text(binary->orig_bytes, static_cast<std::size_t>(binary->orig_size));
  driver_free_binary(binary);
  return text;
}

class ReplyTest : public testing::Test {
 protected:
  void TearDown() override {
    paper::Emulator::get().fail_binaries_from(SIZE_MAX);
    EXPECT_EQ(paper::Emulator::get().live_binaries(), 0);
  }

  char small_[Reply::kSmallSize] = {};
  Reply reply_{small_};
};

TEST_F(ReplyTest, SmallAnswersLieInTheBuffer) {
  char* at = reply_.begin(Reply::kSmallSize);
  EXPECT_EQ(at, small_);
  std::memset(at, 'a', Reply::kSmallSize);
  EXPECT_EQ(give(reply_, small_), std::string(Reply::kSmallSize, 'a'));
}

TEST_F(ReplyTest, LargeAnswersLieInABinaryOfTheirSize) {
  char* at = reply_.begin(Reply::kSmallSize + 1);
  ASSERT_NE(at, nullptr);
  std::memset(at, 'b', Reply::kSmallSize + 1);
  EXPECT_EQ(give(reply_, small_), std::string(Reply::kSmallSize + 1, 'b'));
}

TEST_F(ReplyTest, ALaterAnswerReplacesAnEarlierOne) {
  ASSERT_NE(reply_.begin(1000), nullptr);
  reply_.tag(Tag::kQueued);
  EXPECT_EQ(give(reply_, small_), std::string(1, static_cast<char>(Tag::kQueued)));
}

TEST_F(ReplyTest, WithoutMemoryTheAnswerIsAnError) {
  paper::Emulator::get().fail_binaries_from(0);
  EXPECT_EQ(reply_.begin(1000), nullptr);
  EXPECT_ERROR(decode(give(reply_, small_)), ErrorCode::kSystemLimit);
}

TEST_F(ReplyTest, LongErrorsAreWholeOrCutAtACharacter) {
  std::string text(Reply::kSmallSize - 3, 'x');
  text += "\u00e9";
  reply_.error(ErrorCode::kLink, text);
  EXPECT_EQ(decode(give(reply_, small_)).text, text);

  paper::Emulator::get().fail_binaries_from(0);
  reply_.error(ErrorCode::kLink, text);
  EXPECT_EQ(decode(give(reply_, small_)).text, std::string(Reply::kSmallSize - 3, 'x'));
}

}  // namespace

}  // namespace hb::beamr::driver::test
