// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Guests that take their time.

#include <chrono>

#include "support/client.hpp"
#include "ticker.hpp"

namespace hb::beamr::driver::test {

namespace {

using WorkerTest = DriverTest;

/// Longer than the budget of a call, under sanitizers too.
const Values kLong{integer(3'000'000)};
const Value kLongResult = i32(3'000'000);

/// Asks until the call has left the scheduler: on a busy machine the thread that watches may be late.
template <typename Ask>
void until_pending(Ask ask) {
  while (!ask().is(Tag::kPending)) {
  }
}

TEST_F(WorkerTest, ALongCallMovesToAWorkerAndIsAnsweredByMessage) {
  const Client client = instance();
  until_pending([&] { return client.start("count", kLong); });
  EXPECT_COMPLETED(client.receive(), kLongResult);
  EXPECT_GE(client.counter("migrations"), 1U);
  EXPECT_GE(client.port()->charged(), 10);
  EXPECT_EQ(client.process().messages(), 0U);
}

TEST_F(WorkerTest, AnImportOfAMigratedCallComesByMessageAndItsAnswerRunsInline) {
  const Client client = instance();
  until_pending([&] {
    const Answer answer = client.start("count_and_ask", kLong);
    if (answer.is(Tag::kImport)) client.answer({integer(5)});
    return answer;
  });
  const Answer question = client.receive();
  ASSERT_TRUE(question.is(Tag::kImport));
  EXPECT_EQ(question.values, Values{kLongResult});
  EXPECT_COMPLETED(client.answer({integer(5)}), i32(5));
}

TEST_F(WorkerTest, ACallMayMigrateAfterItsImport) {
  const Client client = instance();
  until_pending([&] {
    EXPECT_TAG(client.try_call("ask_and_count", {integer(0)}), Tag::kImport);
    return client.ask(Operation::kAnswer, encode(kLong));
  });
  EXPECT_COMPLETED(client.receive(), kLongResult);
}

TEST_F(WorkerTest, ANestedCallMayMigrate) {
  const Client client = instance();
  ASSERT_TRUE(client.try_call("ask", {integer(0)}).is(Tag::kImport));
  until_pending([&] { return client.start("count", kLong); });
  EXPECT_COMPLETED(client.receive(), kLongResult);
  EXPECT_COMPLETED(client.answer({integer(5)}), i32(5));
}

TEST_F(WorkerTest, ATrapOnAWorkerIsAnErrorByMessage) {
  const Client client = instance();
  ASSERT_TRUE(client.try_call("ask_and_spin").is(Tag::kImport));
  EXPECT_TAG(client.ask(Operation::kAnswer, encode({integer(1)})), Tag::kPending);
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  const Answer end = client.receive();
  EXPECT_ERROR(end, ErrorCode::kCancelled);
  EXPECT_EQ(end.text, "Exception: terminated");
  EXPECT_COMPLETED(client.call("add", {integer(1), integer(2)}), i32(3));
}

TEST_F(WorkerTest, EndlessGuestsStopNobody) {
  std::vector<Client> endless;
  for (int i = 0; i < 8; ++i) {
    endless.push_back(instance());
    EXPECT_TAG(endless.back().start("spin"), Tag::kPending);
  }
  const Client client = instance();
  for (int i = 0; i < 3; ++i) EXPECT_COMPLETED(client.call("count", kLong), kLongResult);
  EXPECT_COMPLETED(client.call("empty"));
  // Loading has its turn among them too.
  EXPECT_TAG(open().run(Operation::kLoad, padded(plain_fixture("driver_guest"), 50'000)), Tag::kOk);
  EXPECT_GE(client.counter("requeues"), 1U);
  EXPECT_GE(client.counter("queue_length"), 1U);
  for (const Client& guest : endless) EXPECT_TAG(guest.ask(Operation::kCancel), Tag::kOk);
  for (const Client& guest : endless) EXPECT_ERROR(guest.receive(), ErrorCode::kCancelled);
}

TEST_F(WorkerTest, ManyGuestsFinishWhileTheyShareTheWorkers) {
  std::vector<std::pair<Client, Answer>> calls;
  for (int i = 0; i < 30; ++i) {
    const Client client = instance();
    calls.emplace_back(client, client.start("count", {integer(500'000 + i)}));
  }
  for (int i = 0; i < 30; ++i) {
    const auto& [client, answer] = calls[static_cast<std::size_t>(i)];
    EXPECT_COMPLETED(client.settle(answer), i32(500'000 + i));
  }
}

TEST_F(WorkerTest, MoreWorkersComeWhileAllAreBusyWithWholeWork) {
  constexpr std::uint64_t kSize = 2 << 20;
  paper::Emulator& emulator = paper::Emulator::get();
  std::vector<Client> readers;
  for (int i = 0; i < 6; ++i) readers.push_back(instance("driver_large_memory"));
  emulator.hold_reads_from(kSize);
  for (const Client& reader : readers) {
    EXPECT_TAG(reader.ask(Operation::kRead, u64(0) + u64(kSize)), Tag::kPending);
  }
  emulator.wait_until_held(4);
  EXPECT_EQ(readers[0].counter("workers"), 4U);
  EXPECT_EQ(readers[0].counter("queue_length"), 2U);
  emulator.let_go();
  for (const Client& reader : readers) EXPECT_EQ(reader.receive().text.size(), kSize);
}

TEST_F(WorkerTest, NoWorkerComesForGuestsThatCanYield) {
  std::vector<Client> guests;
  for (int i = 0; i < 6; ++i) {
    guests.push_back(instance());
    EXPECT_TAG(guests.back().start("spin"), Tag::kPending);
  }
  EXPECT_EQ(guests[0].counter("workers"), 2U);
}

TEST_F(WorkerTest, TheTickerParksWhenThereIsNothingToWatchAndWakes) {
  const Client client = instance();
  const std::uint64_t parks = client.counter("parks");
  wait_for_counter(client, "parks", parks + 1);
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
  wait_for_counter(client, "parks", parks + 2);
}

TEST_F(WorkerTest, AnEndlessGuestAloneLetsTheTickerPark) {
  const Client client = instance();
  EXPECT_TAG(client.start("spin"), Tag::kPending);
  const std::uint64_t parks = client.counter("parks");
  wait_for_counter(client, "parks", parks + 1);
  EXPECT_EQ(client.counter("requeues"), 0U);
  EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
  EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
}

TEST_F(WorkerTest, AnInlineRunEndsSoonAfterItsBudget) {
  const Client client = instance();
  auto shortest = std::chrono::nanoseconds::max();
  for (int i = 0; i < 20; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TAG(client.start("spin"), Tag::kPending);
    shortest =
        std::min<std::chrono::nanoseconds>(shortest, std::chrono::steady_clock::now() - begin);
    EXPECT_TAG(client.ask(Operation::kCancel), Tag::kOk);
    EXPECT_ERROR(client.receive(), ErrorCode::kCancelled);
  }
  // The best of several, because the machine may be busy.
  EXPECT_LT(shortest, std::chrono::milliseconds(5));
  EXPECT_GE(shortest, Ticker::kInlineBudget / 2);
}

}  // namespace

}  // namespace hb::beamr::driver::test
