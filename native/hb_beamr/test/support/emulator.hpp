// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// An emulator made of paper: as much of the Erlang emulator as the driver uses, in one process with
// the tests, so that the sanitizers see everything.
//
// What the real one promises is promised here, and what it forbids is checked: callbacks run under
// their port's lock; functions that need that lock abort without it; a monitor fires once; a closed port
// and a dead process receive nothing. What it leaves open is made as unfriendly as possible.
#pragma once

#include <erl_driver.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace paper {

/// Longer than any correct test takes, also under sanitizers on a busy machine.
inline constexpr std::chrono::seconds kDeadline{60};

class Port;

/// A process: a mailbox with a name. Any thread may play it, one at a time.
class Process {
 public:
  explicit Process(ErlDrvTermData pid) : pid_(pid) {}

  ErlDrvTermData pid() const { return pid_; }
  bool is_alive() const { return is_alive_; }

  /// The next message from `port`; nothing if it closes first. Ends the test run at the deadline.
  std::optional<std::string> receive(Port& port);
  /// A message that is already there.
  std::optional<std::string> receive_now(Port& port);
  std::size_t messages();
  void flush();

 private:
  friend class Emulator;
  friend class Port;
  friend struct DriverApi;
  struct Message {
    ErlDrvTermData port;
    std::string bytes;
  };

  std::optional<std::string> take(ErlDrvTermData port);

  const ErlDrvTermData pid_;
  std::atomic<bool> is_alive_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Message> mailbox_;
};

using ProcessPtr = std::shared_ptr<Process>;

/// An open port of the driver.
class Port {
 public:
  ~Port();

  ErlDrvTermData term() const { return term_; }
  bool is_open() const { return is_open_; }

  /// erlang:port_control/3. Nothing if the port is closed or the driver refuses (badarg).
  std::optional<std::string> control(Process& caller, std::uint32_t operation,
                                     std::string_view data);
  /// erlang:port_command/2 with a list of binaries; those of more than 64 bytes are passed as
  /// references, the others are copied together, as the real one does. False if the port is closed.
  bool command(Process& caller, const std::vector<std::string>& binaries);
  /// Any number of times.
  void close();

  /// Percents of a time slice that the driver charged so far.
  int charged() const { return charged_; }

  /// The port lock.
  void lock();
  void unlock();

 private:
  friend class Emulator;
  friend struct DriverApi;

  ErlDrvTermData term_ = 0;
  std::mutex mutex_;
  std::atomic<std::thread::id> locked_by_{};
  std::atomic<bool> is_open_{false};
  std::atomic<int> charged_{0};
  // Under the lock.
  ErlDrvData data_{};
  ErlDrvTermData caller_ = 0;
  int control_flags_ = 0;
  std::map<std::uint64_t, ErlDrvTermData> monitors_;  // reference to process
};

using PortPtr = std::shared_ptr<Port>;

class Emulator {
 public:
  static Emulator& get();

  /// Loads the driver; false if it does not start.
  bool load(int schedulers = 2);
  void close_ports();
  /// Closes all ports and unloads the driver.
  void unload();

  ProcessPtr spawn();
  /// Ends a process: monitors fire, on this thread.
  void kill(const ProcessPtr& process);
  /// nullptr if the driver does not start one.
  PortPtr open();

  std::int64_t live_binaries() const { return live_binaries_; }
  std::int64_t live_threads() const { return live_threads_; }
  /// Allocations of binaries of at least so many bytes fail from now on.
  void fail_binaries_from(std::size_t bytes) { failing_size_ = bytes; }

  /// Stops the driver's own threads where they allocate a binary of at least so many bytes, in the
  /// middle of a large read, until let_go().
  void hold_reads_from(std::size_t bytes);
  void wait_until_held(int threads);
  void let_go();

 private:
  friend class Port;
  friend class Process;
  friend struct DriverApi;

  PortPtr find_port(ErlDrvTermData term);
  ProcessPtr find_process(ErlDrvTermData pid);

  ErlDrvEntry* driver_ = nullptr;
  int schedulers_ = 2;
  std::mutex mutex_;
  std::uint64_t next_name_ = 1;
  std::map<ErlDrvTermData, PortPtr> ports_;
  std::map<ErlDrvTermData, ProcessPtr> processes_;
  std::atomic<std::uint64_t> next_reference_{1};
  std::atomic<std::int64_t> live_binaries_{0};
  std::atomic<std::int64_t> live_threads_{0};
  std::atomic<std::size_t> failing_size_{SIZE_MAX};

  void pass_gate(std::size_t bytes);
  std::mutex gate_mutex_;
  std::condition_variable gate_changed_;
  std::size_t held_size_ = SIZE_MAX;
  int held_threads_ = 0;
};

}  // namespace paper
