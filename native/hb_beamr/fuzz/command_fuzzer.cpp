// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Any requests of some processes to one port, on the emulator made of paper. It aborts where the driver
// breaks a rule of the emulator, and where an answer that was promised does not come.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "input.hpp"
#include "protocol.hpp"
#include "support/emulator.hpp"

namespace hb::beamr::fuzz {
namespace {

using driver::Operation;
using driver::Tag;
using paper::Emulator;

constexpr std::array<const char*, 4> kFixtures{"driver_guest", "driver_start_asks",
                                               "driver_start_crash", "driver_start_loop"};
constexpr std::array<const char*, 16> kNames{
    "add",   "ask",           "asks",          "ask_twice", "wide",  "refer", "echo_all", "ten",
    "sum20", "count_and_ask", "ask_and_count", "counter",   "ratio", "fixed", "spin",     "recurse",
};
constexpr std::size_t kMaxSteps = 200;
/// More than there are.
constexpr std::size_t kOperations = 40;

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(HB_BEAMR_FIXTURE_DIR) + "/" + name + ".wasm", std::ios::binary);
  HB_FUZZ_CHECK(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::string& module_at(std::size_t index) {
  static const std::vector<std::string>* const modules = [] {
    auto* all = new std::vector<std::string>;
    for (const char* name : kFixtures) all->push_back(fixture(name));
    return all;
  }();
  return (*modules)[index];
}

template <typename Integer>
std::string bytes(Integer value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

Tag tag_of(const std::string& answer) {
  HB_FUZZ_CHECK(!answer.empty());
  const auto tag = static_cast<Tag>(answer.front());
  if (tag == Tag::kError) HB_FUZZ_CHECK(answer.size() >= 2);
  return tag;
}

/// The port under test, and who uses it.
class Session {
 public:
  explicit Session(Input input) : input_(input), port_(Emulator::get().open()) {
    HB_FUZZ_CHECK(port_ != nullptr);
    for (paper::ProcessPtr& process : processes_) process = Emulator::get().spawn();
  }

  void run() {
    const std::size_t start = input_.below(8);
    if (start > 0) {
      ask(0, Operation::kLoad, module_at(start < 5 ? 0 : start - 4));
      wait(0);
    }
    if (start > 1) {
      ask(0, Operation::kInstantiate, bytes(std::uint32_t{0}));
      wait(0);
    }
    for (std::size_t steps = 0; steps < kMaxSteps && !input_.at_end(); ++steps) step();
    port_->close();
    for (const paper::ProcessPtr& process : processes_) Emulator::get().kill(process);
  }

 private:
  void step() {
    const std::size_t who = input_.below(processes_.size());
    switch (input_.below(16)) {
      case 0:
        return ask_anything(who);
      case 1:
      case 2:
      case 3:
        return call(who);
      case 4:
      case 5:
      case 6:
        return ask(who, Operation::kAnswer, values());
      case 7:
        return ask(who, Operation::kTrap, input_.text(input_.below(20)));
      case 8:
        return ask(who, Operation::kCallFunction, bytes(std::uint32_t{input_.byte()}) + values());
      case 9:
        return use_memory(who);
      case 10:
        return use_global(who);
      case 11:
        return command(who);
      case 12:
        return wait(who);
      case 13:
        if (input_.one_in(4)) kill(who);
        return;
      case 14:
        return ask(who, input_.one_in(2) ? Operation::kPass : Operation::kCancel, "");
      default:
        if (input_.one_in(16)) port_->close();
        return ask_anything(who);
    }
  }

  void call(std::size_t who) {
    const std::string given = values();
    ask(who, Operation::kCall, bytes(static_cast<std::uint32_t>(given.size())) + given + name());
  }

  /// A value as it travels.
  std::string value() {
    const auto kind = static_cast<std::uint8_t>(input_.below(9));
    std::string text = bytes(kind);
    text += bytes(input_.one_in(4) ? input_.take<std::uint64_t>() : input_.byte());
    if (driver::ValueKind{kind} == driver::ValueKind::kV128)
      text += bytes(input_.take<std::uint64_t>());
    return text;
  }

  std::string values() {
    std::string text;
    for (std::size_t left = input_.below(9); left > 0; --left) text += value();
    return text;
  }

  std::string name() {
    const std::size_t chosen = input_.below(kNames.size() + 1);
    return chosen < kNames.size() ? kNames[chosen] : input_.text(input_.byte());
  }

  std::string offset() {
    return bytes(input_.one_in(4) ? input_.take<std::uint64_t>() : std::uint64_t{input_.byte()});
  }

  void ask_anything(std::size_t who) {
    auto operation = input_.below(kOperations);
    if (operation == 0) operation = input_.take<std::uint32_t>();
    ask(who, Operation{static_cast<std::uint32_t>(operation)}, input_.text(input_.below(64)));
  }

  void use_memory(std::size_t who) {
    switch (input_.below(5)) {
      case 0:
        return ask(who, Operation::kRead, offset() + offset());
      case 1:
        return ask(who, Operation::kWrite, offset() + input_.text(input_.byte()));
      case 2:
        return ask(who, Operation::kGrow, bytes(std::uint64_t{input_.byte()}));
      case 3:
        return ask(who, Operation::kSize, "");
      default:
        return ask(who, Operation{driver::kWriteAt + input_.byte()}, input_.text(input_.byte()));
    }
  }

  void use_global(std::size_t who) {
    if (input_.one_in(2)) return ask(who, Operation::kGlobalGet, name());
    const std::string given = value();
    ask(who, Operation::kGlobalSet, given + name());
  }

  void command(std::size_t who) {
    std::vector<std::string> pieces;
    if (input_.one_in(2)) pieces.push_back("\x0a" + offset());
    for (std::size_t left = input_.below(4); left > 0; --left) {
      pieces.push_back(input_.text(input_.byte()));
    }
    port_->command(*processes_[who], pieces);
  }

  void kill(std::size_t who) {
    Emulator::get().kill(processes_[who]);
    processes_[who] = Emulator::get().spawn();
    pending_[who] = 0;
  }

  void ask(std::size_t who, Operation operation, const std::string& data) {
    const auto answer =
        port_->control(*processes_[who], static_cast<std::uint32_t>(operation), data);
    HB_FUZZ_CHECK(answer.has_value() == port_->is_open());
    if (!answer) return;
    if (operation == Operation::kNoop) {
      HB_FUZZ_CHECK(*answer == std::string(8, '\0'));
    } else if (tag_of(*answer) == Tag::kPending) {
      ++pending_[who];
    }
    if (operation == Operation::kClose) is_silent_ = true;
  }

  /// Every answer that is pending comes, once nothing is endless. A message that a command is answered
  /// with may be taken for one, so this is less than the protocol promises.
  void wait(std::size_t who) {
    const auto cancel = static_cast<std::uint32_t>(Operation::kCancel);
    while (pending_[who] > 0 && !is_silent_) {
      if (!port_->control(*processes_[who], cancel, "")) return;
      const auto message = processes_[who]->receive(*port_);
      if (!message) return;
      if (tag_of(*message) != Tag::kTurn) --pending_[who];
    }
  }

  Input input_;
  paper::PortPtr port_;
  std::array<paper::ProcessPtr, 3> processes_;
  std::array<std::uint32_t, 3> pending_{};  // answers to come
  bool is_silent_ = false;
};

}  // namespace
}  // namespace hb::beamr::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hb::beamr::fuzz;
  static const bool is_loaded = [] {
    const bool has_started = Emulator::get().load();
    std::atexit([] { Emulator::get().unload(); });  // ends its threads
    return has_started;
  }();
  HB_FUZZ_CHECK(is_loaded);
  Session(Input({data, size})).run();
  return 0;
}
