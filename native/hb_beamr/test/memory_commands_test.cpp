// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include <limits>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

constexpr std::uint64_t kPage = 65'536;
constexpr std::uint64_t kLarge = std::uint64_t{1024} * kPage;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

using MemoryCommands = DriverTest;

std::string read_request(std::uint64_t offset, std::uint64_t size) {
  return u64(offset) + u64(size);
}

TEST_F(MemoryCommands, BytesAreReadAndWritten) {
  const Client client = instance();
  EXPECT_EQ(client.run(Operation::kRead, read_request(0, 5)).text, "hello");
  EXPECT_TAG(client.run(Operation::kWrite, u64(1) + "uhu"), Tag::kOk);
  EXPECT_EQ(client.run(Operation::kRead, read_request(0, 5)).text, "huhuo");
  EXPECT_EQ(client.run(Operation::kRead, read_request(0, 1000)).text.size(), 1000U);
}

TEST_F(MemoryCommands, AnAddressMayBePartOfTheOperation) {
  const Client client = instance();
  const std::optional<std::string> answer = client.ask_raw(kWriteAt + 100, "here");
  ASSERT_TRUE(answer.has_value());
  EXPECT_TAG(decode(*answer), Tag::kOk);
  EXPECT_EQ(client.run(Operation::kRead, read_request(100, 4)).text, "here");
  EXPECT_ERROR(decode(*client.ask_raw(kWriteAt + kPage - 3, "here")), ErrorCode::kOutOfBounds);
  EXPECT_ERROR(decode(*client.ask_raw(UINT32_MAX, "here")), ErrorCode::kOutOfBounds);
}

TEST_F(MemoryCommands, NothingIsReadOrWrittenPastTheEnd) {
  const Client client = instance();
  EXPECT_ERROR(client.run(Operation::kRead, read_request(kPage - 4, 5)), ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(UINT64_MAX, 2)), ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(2, UINT64_MAX)), ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(UINT64_MAX, UINT64_MAX)),
               ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.run(Operation::kWrite, u64(kPage - 4) + "12345"), ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.run(Operation::kWrite, u64(UINT64_MAX) + "12345"), ErrorCode::kOutOfBounds);
  EXPECT_EQ(client.run(Operation::kRead, read_request(kPage - 4, 4)).text, std::string(4, '\0'));
}

TEST_F(MemoryCommands, NoBytesAreAllowedUpToTheEnd) {
  const Client client = instance();
  EXPECT_TAG(client.run(Operation::kRead, read_request(kPage, 0)), Tag::kOk);
  EXPECT_TAG(client.run(Operation::kWrite, u64(kPage)), Tag::kOk);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(kPage + 1, 0)), ErrorCode::kOutOfBounds);
  EXPECT_ERROR(client.run(Operation::kWrite, u64(kPage + 1)), ErrorCode::kOutOfBounds);
}

TEST_F(MemoryCommands, LargeReadsAreMadeOnAWorker) {
  const Client client = instance("driver_large_memory");
  EXPECT_TAG(client.run(Operation::kWrite, u64(kLarge - 3) + "end"), Tag::kOk);
  EXPECT_TAG(client.ask(Operation::kRead, read_request(kLarge - 8 * kMiB, 8 * kMiB)),
             Tag::kPending);
  const Answer read = client.receive();
  ASSERT_EQ(read.text.size(), 8 * kMiB);
  EXPECT_TRUE(read.text.ends_with("end"));
  EXPECT_ERROR(client.run(Operation::kRead, read_request(1, kLarge)), ErrorCode::kOutOfBounds);
  EXPECT_EQ(client.ask(Operation::kRead, read_request(0, kMiB)).text.size(), kMiB);
}

TEST_F(MemoryCommands, CopiesAreChargedToTheCaller) {
  const Client client = instance("driver_large_memory");
  const int before = client.port()->charged();
  client.run(Operation::kWrite, u64(0) + std::string(kMiB, 'x'));
  EXPECT_GE(client.port()->charged(), before + 10);
}

TEST_F(MemoryCommands, WithoutMemoryForTheAnswerAReadFails) {
  const Client client = instance("driver_large_memory");
  paper::Emulator::get().fail_binaries_from(1000);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(0, 2000)), ErrorCode::kSystemLimit);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(0, 2 * kMiB)), ErrorCode::kSystemLimit);
  EXPECT_TAG(client.run(Operation::kRead, read_request(0, 500)), Tag::kOk);
}

TEST_F(MemoryCommands, WritesAsCommandsAreAnsweredByMessage) {
  const Client client = instance("driver_large_memory");
  const std::string data(3 * kMiB, 'w');
  const std::string header = static_cast<char>(Operation::kWrite) + u64(100);
  ASSERT_TRUE(client.port()->command(client.process(), {header, data}));
  EXPECT_TAG(client.receive(), Tag::kOk);
  EXPECT_EQ(client.run(Operation::kRead, read_request(99, 5)).text, std::string("\0wwww", 5));

  // In pieces, also inside the header.
  ASSERT_TRUE(
      client.port()->command(client.process(), {header.substr(0, 1), header.substr(1), "small",
                                                std::string(1000, 'a'), std::string(1000, 'b')}));
  EXPECT_TAG(client.receive(), Tag::kOk);
  EXPECT_EQ(client.run(Operation::kRead, read_request(100, 6)).text, "smalla");
  EXPECT_EQ(client.run(Operation::kRead, read_request(1104, 3)).text, "abb");

  ASSERT_TRUE(client.port()->command(
      client.process(), {static_cast<char>(Operation::kWrite) + u64(kLarge - 1), data}));
  EXPECT_ERROR(client.receive(), ErrorCode::kOutOfBounds);
  EXPECT_EQ(client.process().messages(), 0U);
}

TEST_F(MemoryCommands, SizeAndGrowth) {
  const Client client = instance();
  EXPECT_EQ(client.run(Operation::kSize).text, u64(kPage) + u64(1));
  EXPECT_EQ(client.run(Operation::kGrow, u64(2)).text, u64(1));
  EXPECT_EQ(client.run(Operation::kSize).text, u64(3 * kPage) + u64(3));
  EXPECT_ERROR(client.run(Operation::kGrow, u64(62)), ErrorCode::kNoMemory);
  EXPECT_ERROR(client.run(Operation::kGrow, u64(UINT64_MAX)), ErrorCode::kNoMemory);
  EXPECT_EQ(client.run(Operation::kGrow, u64(0)).text, u64(3));
  EXPECT_EQ(client.run(Operation::kRead, read_request(3 * kPage - 1, 1)).text,
            std::string(1, '\0'));
}

TEST_F(MemoryCommands, WithoutAMemoryTheSizeIsZero) {
  const Client client = instance("driver_bare");
  EXPECT_EQ(client.run(Operation::kSize).text, u64(0) + u64(0));
  EXPECT_ERROR(client.run(Operation::kGrow, u64(1)), ErrorCode::kNoMemory);
  EXPECT_ERROR(client.run(Operation::kRead, read_request(0, 1)), ErrorCode::kNoMemory);
  EXPECT_ERROR(client.run(Operation::kWrite, u64(0) + "x"), ErrorCode::kNoMemory);
}

TEST_F(MemoryCommands, GlobalsAreReadAndWritten) {
  const Client client = instance();
  EXPECT_EQ(client.run(Operation::kGlobalGet, "counter").text, i32(5).encoded());
  EXPECT_TAG(client.run(Operation::kGlobalSet, integer(-6).encoded() + "counter"), Tag::kOk);
  EXPECT_EQ(client.run(Operation::kGlobalGet, "counter").text, i32(-6).encoded());
  EXPECT_TAG(client.run(Operation::kGlobalSet, integer(2).encoded() + "ratio"), Tag::kOk);
  EXPECT_EQ(client.run(Operation::kGlobalGet, "ratio").text, f32(2).encoded());
  EXPECT_EQ(client.run(Operation::kGlobalGet, "fixed").text, i64(7).encoded());
}

TEST_F(MemoryCommands, BadGlobalsAreRefused) {
  const Client client = instance();
  const Answer unknown = client.run(Operation::kGlobalGet, "nope");
  EXPECT_ERROR(unknown, ErrorCode::kUnknownGlobal);
  EXPECT_EQ(unknown.text, "nope");
  EXPECT_ERROR(client.run(Operation::kGlobalGet, "add"), ErrorCode::kUnknownGlobal);
  EXPECT_ERROR(client.run(Operation::kGlobalSet, integer(0).encoded() + "nope"),
               ErrorCode::kUnknownGlobal);
  EXPECT_ERROR(client.run(Operation::kGlobalSet, integer(0).encoded() + "fixed"),
               ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.run(Operation::kGlobalSet, real(0).encoded() + "counter"),
               ErrorCode::kInvalidArgs);
  EXPECT_ERROR(client.run(Operation::kGlobalSet, natural(UINT64_MAX).encoded() + "counter"),
               ErrorCode::kInvalidArgs);
}

TEST_F(MemoryCommands, WhileAnImportWaitsEverybodyMayLook) {
  const Client client = instance();
  const Client other = client.other();
  ASSERT_TRUE(client.call("ask", {integer(0)}).is(Tag::kImport));
  EXPECT_EQ(other.ask(Operation::kRead, read_request(0, 5)).text, "hello");
  EXPECT_TAG(other.ask(Operation::kWrite, u64(0) + "HELLO"), Tag::kOk);
  EXPECT_EQ(client.ask(Operation::kRead, read_request(0, 5)).text, "HELLO");
  EXPECT_EQ(client.ask(Operation::kGrow, u64(1)).text, u64(1));
  EXPECT_TAG(client.ask(Operation::kGlobalSet, integer(1).encoded() + "counter"), Tag::kOk);
  EXPECT_TAG(other.ask(Operation::kGrow, u64(1)), Tag::kQueued);
  EXPECT_COMPLETED(client.answer({integer(1)}), i32(1));
  EXPECT_TAG(other.receive(), Tag::kTurn);
  EXPECT_EQ(other.ask(Operation::kGrow, u64(1)).text, u64(2));
}

TEST_F(MemoryCommands, BeforeThereIsAnInstanceNothingCanBeRead) {
  for (const Client& client : {open(), load(fixture("driver_guest"))}) {
    EXPECT_ERROR(client.run(Operation::kRead, read_request(0, 1)), ErrorCode::kInvalidState);
    EXPECT_ERROR(client.run(Operation::kWrite, u64(0) + "x"), ErrorCode::kInvalidState);
    EXPECT_ERROR(client.run(Operation::kSize), ErrorCode::kInvalidState);
    EXPECT_ERROR(client.run(Operation::kGrow, u64(0)), ErrorCode::kInvalidState);
    EXPECT_ERROR(client.run(Operation::kGlobalGet, "counter"), ErrorCode::kInvalidState);
    EXPECT_ERROR(client.run(Operation::kGlobalSet, integer(0).encoded() + "counter"),
                 ErrorCode::kInvalidState);
  }
}

}  // namespace

}  // namespace hb::beamr::driver::test
