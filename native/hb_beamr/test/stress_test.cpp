// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Everything at once, for the sanitizers: several threads open, call, answer, kill and close at random.

#include <array>
#include <mutex>
#include <random>
#include <thread>

#include "support/client.hpp"

namespace hb::beamr::driver::test {

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 120;
#else
constexpr int kRounds = 400;
#endif
constexpr int kThreads = 4;

/// Ports that all threads use, and close under each other's feet.
class SharedPorts {
 public:
  void add(paper::PortPtr port) {
    const std::lock_guard lock(mutex_);
    ports_.push_back(std::move(port));
    if (ports_.size() > 8) ports_.erase(ports_.begin());
  }

  paper::PortPtr any(std::mt19937& random) {
    const std::lock_guard lock(mutex_);
    return ports_.empty() ? nullptr : ports_[random() % ports_.size()];
  }

 private:
  std::mutex mutex_;
  std::vector<paper::PortPtr> ports_;
};

/// One thread's processes and what they do. Nothing here may block for good: a wait ends with a message
/// or with the port.
class Player {
 public:
  Player(std::uint32_t seed, SharedPorts& shared) : random_(seed), shared_(shared) {}

  void play() {
    for (int round = 0; round < kRounds; ++round) {
      if (process_ == nullptr || !process_->is_alive()) process_ = paper::Emulator::get().spawn();
      paper::PortPtr port = random_() % 3 == 0 ? shared_.any(random_) : nullptr;
      const bool is_own = port == nullptr;
      if (is_own) port = make();
      if (port == nullptr) continue;
      if (is_own && random_() % 3 == 0) shared_.add(port);
      const Client client(process_, port);
      converse(client);
      finish(client, is_own);
    }
  }

 private:
  std::uint32_t one_of(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  paper::PortPtr make() {
    static const std::string modules[] = {
        fixture("driver_guest"), padded(plain_fixture("driver_guest"), 20'000),
        fixture("driver_start_asks"), fixture("driver_start_loop"), fixture("driver_large_memory")};
    paper::PortPtr port = paper::Emulator::get().open();
    const Client client(process_, port);
    const std::string& module = modules[one_of(4) == 0 ? 1 + one_of(4) : 0];
    if (one_of(8) == 0) {
      port->command(*process_, {"\x01", module});
    } else {
      step(client, Operation::kLoad, module);
    }
    if (one_of(10) != 0) wait(client);
    step(client, Operation::kInstantiate, u32(one_of(4) == 0 ? 16'384 : 0));
    return port;
  }

  void converse(const Client& client) {
    static const std::array<const char*, 9> functions{
        "empty", "add", "ask", "ask_twice", "asks", "count_and_ask", "count", "spin", "crash"};
    const std::uint32_t turns = 1 + one_of(12);
    for (std::uint32_t i = 0; i < turns; ++i) {
      switch (one_of(18)) {
        case 0:
          step(client, Operation::kRead, u64(one_of(70'000)) + u64(one_of(70'000)));
          break;
        case 1:
          step(client, Operation::kWrite, u64(one_of(70'000)) + std::string(one_of(300), 'x'));
          break;
        case 2:
          step(client, Operation::kRead, u64(0) + u64(2 << 20));
          break;
        case 3:
          client.port()->command(*process_,
                                 {"\x0a" + u64(one_of(70'000)), std::string(one_of(3000), 'y')});
          pending_ = true;
          break;
        case 4:
          step(client, Operation::kCancel, "");
          break;
        case 5:
          step(client, Operation::kPass, "");
          break;
        case 6:
        case 7:
        case 8:
          step(client, Operation::kAnswer, encode({integer(one_of(1000))}));
          break;
        case 9:
          step(client, Operation::kTrap, "stress");
          break;
        case 10:
          step(client, static_cast<Operation>(1 + one_of(20)), u64(one_of(3)));
          break;
        case 11:
          step(client, Operation::kTimeout, "");
          step(client, Operation::kInfo, "");
          break;
        case 12:
          // Of whichever import waits, perhaps another process's.
          step(client, Operation::kDeliver,
               u64(1 + one_of(6)) + "\x07" + encode({integer(one_of(1000))}));
          break;
        default: {
          const std::string function = functions[one_of(functions.size())];
          Values arguments;
          if (function == "add") arguments = {integer(1), integer(2)};
          if (function.starts_with("ask")) arguments = {integer(1 + one_of(20))};
          if (function.starts_with("count")) arguments = {integer(one_of(300'000))};
          step(client, Operation::kCall, call_request(function, arguments));
        }
      }
      if (one_of(3) != 0) wait(client);
    }
  }

  /// One request; remembers whether a message will follow.
  void step(const Client& client, Operation operation, const std::string& data) {
    const auto answer = client.ask_raw(static_cast<std::uint32_t>(operation), data);
    if (!answer.has_value() || operation == Operation::kNoop) return;
    const Tag tag = decode(*answer).tag;
    if (tag == Tag::kPending || tag == Tag::kQueued) pending_ = true;
    if (tag == Tag::kImport) holding_ = true;
  }

  /// Waits for one message if one is due; an endless guest is cancelled first, by whomever.
  void wait(const Client& client) {
    if (!pending_) return;
    pending_ = false;
    if (one_of(2) == 0) client.ask_raw(static_cast<std::uint32_t>(Operation::kCancel), "");
    if (one_of(2) == 0) return;  // does not wait at all
    for (int patience = 0; patience < 1000; ++patience) {
      if (client.process().receive_now(*client.port()).has_value() || !client.port()->is_open())
        return;
      std::this_thread::yield();
    }
  }

  void finish(const Client& client, bool is_own) {
    pending_ = false;
    switch (one_of(is_own ? 3 : 6)) {
      case 0:
        client.kill();
        break;
      case 1:
        client.close();
        break;
      default:
        client.ask_raw(static_cast<std::uint32_t>(Operation::kCancel), "");
        client.ask_raw(static_cast<std::uint32_t>(Operation::kPass), "");
    }
    if (one_of(4) == 0) client.process().flush();
  }

  std::mt19937 random_;
  SharedPorts& shared_;
  paper::ProcessPtr process_;
  bool pending_ = false;
  bool holding_ = false;
};

class Stress : public DriverTest {
 protected:
  void run(std::uint32_t seed) {
    SharedPorts shared;
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&shared, seed, i] { Player(seed + i, shared).play(); });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(Stress, RandomProcessesLeaveNothingBehind) {
  run(1);
  paper::Emulator::get().close_ports();
  wait_for_instances(0);
}

TEST_F(Stress, UnloadingRightAfterwardsIsClean) { run(1000); }

/// A turn that is lost would make somebody wait until the deadline.
TEST_F(Stress, EverybodyGetsItsTurn) {
  const Client owner = instance();
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&owner, i] {
      std::mt19937 random(i);
      for (int round = 0; round < kRounds / 3; ++round) {
        const Client client = owner.other();
        switch (random() % 5) {
          case 0:
            EXPECT_COMPLETED(client.call("add", {integer(1), integer(2)}), i32(3));
            break;
          case 1: {
            EXPECT_TAG(client.call("ask", {integer(7)}), Tag::kImport);
            EXPECT_COMPLETED(client.answer({integer(8)}), i32(8));
            break;
          }
          case 2:
            EXPECT_COMPLETED(client.call("count", {integer(100'000)}), i32(100'000));
            break;
          case 3:
            client.start("ask", {integer(7)});
            break;
          default:
            EXPECT_TAG(client.run(Operation::kSize), Tag::kOk);
            client.start("count", {integer(500'000)});
            break;
        }
        client.kill();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_COMPLETED(owner.call("empty"));
}

}  // namespace

}  // namespace hb::beamr::driver::test
