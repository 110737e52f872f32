// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "emulator.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" ErlDrvEntry* driver_init(void);

namespace paper {

/// Whether the driver made this thread.
static thread_local bool is_thread_of_driver = false;

[[noreturn]] static void broken(const char* rule) {
  std::fprintf(stderr, "the driver broke a rule of the emulator: %s\n", rule);
  std::abort();
}

// ---- Processes.

std::optional<std::string> Process::take(ErlDrvTermData port) {
  for (auto message = mailbox_.begin(); message != mailbox_.end(); ++message) {
    if (message->port != port) continue;
    std::string bytes = std::move(message->bytes);
    mailbox_.erase(message);
    return bytes;
  }
  return std::nullopt;
}

std::optional<std::string> Process::receive(Port& port) {
  std::optional<std::string> bytes;
  std::unique_lock lock(mutex_);
  const bool in_time = changed_.wait_for(lock, kDeadline, [&] {
    bytes = take(port.term());
    return bytes.has_value() || !port.is_open();
  });
  if (in_time) return bytes;
  std::fprintf(stderr, "no message came: somebody is stuck\n");
  std::abort();
}

std::optional<std::string> Process::receive_now(Port& port) {
  std::lock_guard lock(mutex_);
  return take(port.term());
}

std::size_t Process::messages() {
  std::lock_guard lock(mutex_);
  return mailbox_.size();
}

void Process::flush() {
  std::lock_guard lock(mutex_);
  mailbox_.clear();
}

// ---- Ports.

Port::~Port() = default;

void Port::lock() {
  mutex_.lock();
  locked_by_ = std::this_thread::get_id();
}

void Port::unlock() {
  locked_by_ = std::thread::id();
  mutex_.unlock();
}

std::optional<std::string> Port::control(Process& caller, std::uint32_t operation,
                                         std::string_view data) {
  std::lock_guard lock(*this);
  if (!is_open_) return std::nullopt;
  // Of exact size and on the heap: a read past the end is seen.
  std::vector<char> request(data.begin(), data.end());
  std::vector<char> small(64);
  char* result = small.data();
  caller_ = caller.pid();
  const ErlDrvSSizeT size = Emulator::get().driver_->control(data_, operation, request.data(),
                                                             request.size(), &result, small.size());
  caller_ = 0;
  if (size < 0) return std::nullopt;
  if (result == small.data()) return std::string(result, static_cast<std::size_t>(size));
  if ((control_flags_ & PORT_CONTROL_FLAG_BINARY) == 0) broken("a binary without the flag for it");
  auto* binary = reinterpret_cast<ErlDrvBinary*>(result);
  // The emulator takes the whole binary, whatever the callback returned.
  std::string answer(binary->orig_bytes, static_cast<std::size_t>(binary->orig_size));
  driver_free_binary(binary);
  return answer;
}

bool Port::command(Process& caller, const std::vector<std::string>& binaries) {
  std::vector<SysIOVec> vector(1);
  std::vector<ErlDrvBinary*> owners(1);
  ErlDrvSizeT size = 0;
  bool can_join = false;
  for (const std::string& bytes : binaries) {
    if (bytes.empty()) continue;
    size += bytes.size();
    ErlDrvBinary* joined = can_join && bytes.size() <= 64 ? owners.back() : nullptr;
    const std::size_t before = joined == nullptr ? 0 : vector.back().iov_len;
    ErlDrvBinary* binary = driver_alloc_binary(before + bytes.size());
    if (joined != nullptr) {
      std::memcpy(binary->orig_bytes, joined->orig_bytes, before);
      driver_free_binary(joined);
      vector.pop_back();
      owners.pop_back();
    }
    std::memcpy(binary->orig_bytes + before, bytes.data(), bytes.size());
    vector.push_back({binary->orig_bytes, before + bytes.size()});
    owners.push_back(binary);
    can_join = bytes.size() <= 64;
  }

  bool was_open = false;
  {
    std::lock_guard lock(*this);
    was_open = is_open_;
    if (was_open) {
      ErlIOVec all{static_cast<int>(vector.size()), size, vector.data(), owners.data()};
      caller_ = caller.pid();
      Emulator::get().driver_->outputv(data_, &all);
      caller_ = 0;
    }
  }
  for (ErlDrvBinary* binary : owners) {
    if (binary != nullptr) driver_free_binary(binary);
  }
  return was_open;
}

void Port::close() {
  Emulator& emulator = Emulator::get();
  std::vector<ProcessPtr> processes;
  {
    std::lock_guard lock(*this);
    if (!is_open_) return;
    is_open_ = false;
    monitors_.clear();
    emulator.driver_->stop(data_);
    std::lock_guard emulator_lock(emulator.mutex_);
    emulator.ports_.erase(term_);
    for (const auto& [pid, process] : emulator.processes_) processes.push_back(process);
  }
  for (const ProcessPtr& process : processes) {
    std::lock_guard lock(process->mutex_);
    process->changed_.notify_all();
  }
}

// ---- The emulator.

Emulator& Emulator::get() {
  static Emulator emulator;
  return emulator;
}

bool Emulator::load(int schedulers) {
  schedulers_ = schedulers;
  driver_ = driver_init();
  return driver_->init() == 0;
}

void Emulator::close_ports() {
  std::vector<PortPtr> ports;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [term, port] : ports_) ports.push_back(port);
  }
  for (const PortPtr& port : ports) port->close();
}

void Emulator::unload() {
  close_ports();
  driver_->finish();
  std::lock_guard lock(mutex_);
  processes_.clear();
}

ProcessPtr Emulator::spawn() {
  std::lock_guard lock(mutex_);
  auto process = std::make_shared<Process>(next_name_++);
  processes_[process->pid()] = process;
  return process;
}

void Emulator::kill(const ProcessPtr& process) {
  std::vector<PortPtr> ports;
  {
    std::lock_guard process_lock(process->mutex_);
    process->is_alive_ = false;
  }
  {
    std::lock_guard lock(mutex_);
    processes_.erase(process->pid());
    for (const auto& [term, port] : ports_) ports.push_back(port);
  }
  for (const PortPtr& port : ports) {
    std::lock_guard lock(*port);
    // The callback may add and remove monitors.
    for (;;) {
      std::uint64_t reference = 0;
      for (const auto& [candidate, pid] : port->monitors_) {
        if (pid == process->pid()) reference = candidate;
      }
      if (reference == 0 || !port->is_open_) break;
      ErlDrvMonitor monitor{};
      std::memcpy(&monitor, &reference, sizeof reference);
      driver_->process_exit(port->data_, &monitor);
      port->monitors_.erase(reference);
    }
  }
}

PortPtr Emulator::open() {
  auto port = std::make_shared<Port>();
  {
    std::lock_guard lock(mutex_);
    port->term_ = next_name_++;
    ports_[port->term_] = port;
  }
  bool has_started = false;
  {
    std::lock_guard lock(*port);
    char command[] = "hb_beamr";
    errno = 0;
    port->data_ = driver_->start(reinterpret_cast<ErlDrvPort>(port.get()), command);
    has_started = port->data_ != ERL_DRV_ERROR_GENERAL && port->data_ != ERL_DRV_ERROR_ERRNO;
    if (port->data_ == ERL_DRV_ERROR_ERRNO && errno == 0) broken("an error without a reason");
    port->is_open_ = has_started;
  }
  if (has_started) return port;
  std::lock_guard lock(mutex_);
  ports_.erase(port->term_);
  return nullptr;
}

void Emulator::hold_reads_from(std::size_t bytes) {
  std::lock_guard lock(gate_mutex_);
  held_size_ = bytes;
}

void Emulator::wait_until_held(int threads) {
  std::unique_lock lock(gate_mutex_);
  if (!gate_changed_.wait_for(lock, kDeadline, [&] { return held_threads_ >= threads; })) {
    std::fprintf(stderr, "nobody came to the gate\n");
    std::abort();
  }
}

void Emulator::let_go() {
  std::lock_guard lock(gate_mutex_);
  held_size_ = SIZE_MAX;
  gate_changed_.notify_all();
}

void Emulator::pass_gate(std::size_t bytes) {
  if (!is_thread_of_driver) return;
  std::unique_lock lock(gate_mutex_);
  if (bytes < held_size_) return;
  ++held_threads_;
  gate_changed_.notify_all();
  gate_changed_.wait(lock, [&] { return bytes < held_size_; });
  --held_threads_;
}

PortPtr Emulator::find_port(ErlDrvTermData term) {
  std::lock_guard lock(mutex_);
  const auto port = ports_.find(term);
  return port == ports_.end() ? nullptr : port->second;
}

ProcessPtr Emulator::find_process(ErlDrvTermData pid) {
  std::lock_guard lock(mutex_);
  const auto process = processes_.find(pid);
  return process == processes_.end() ? nullptr : process->second;
}

// ---- What the driver calls.

/// Reaches into ports for the functions below.
struct DriverApi {
  /// The port, whose lock this thread must hold.
  static Port& locked(ErlDrvPort handle) {
    auto& port = *reinterpret_cast<Port*>(handle);
    if (port.locked_by_ != std::this_thread::get_id()) broken("used without the port lock");
    return port;
  }

  static ErlDrvTermData term(ErlDrvPort handle) { return locked(handle).term_; }

  static ErlDrvTermData caller(ErlDrvPort handle) {
    const ErlDrvTermData caller = locked(handle).caller_;
    if (caller == 0) broken("no caller outside of control and outputv");
    return caller;
  }

  static void set_control_flags(ErlDrvPort handle, int flags) {
    locked(handle).control_flags_ = flags;
  }
  static void charge(ErlDrvPort handle, int percent) {
    if (percent < 1 || percent > 100) broken("a time slice has 1 to 100 %");
    locked(handle).charged_ += percent;
  }

  static int monitor(ErlDrvPort handle, ErlDrvTermData pid, ErlDrvMonitor* out) {
    Port& port = locked(handle);
    Emulator& emulator = Emulator::get();
    const ProcessPtr process = emulator.find_process(pid);
    if (process == nullptr) return 1;
    const std::uint64_t reference = emulator.next_reference_++;
    std::memset(out, 0, sizeof *out);
    std::memcpy(out, &reference, sizeof reference);
    port.monitors_[reference] = pid;
    return 0;
  }

  static int demonitor(ErlDrvPort handle, const ErlDrvMonitor* monitor) {
    return locked(handle).monitors_.erase(reference_of(monitor)) == 1 ? 0 : 1;
  }

  static ErlDrvTermData monitored(ErlDrvPort handle, const ErlDrvMonitor* monitor) {
    const Port& port = locked(handle);
    const auto found = port.monitors_.find(reference_of(monitor));
    return found == port.monitors_.end() ? driver_term_nil : found->second;
  }

  static int send(ErlDrvTermData term, ErlDrvTermData to, const ErlDrvTermData* terms, int size) {
    if (size < 7 || terms[0] != ERL_DRV_ATOM || terms[2] != ERL_DRV_PORT || terms[3] != term ||
        terms[size - 2] != ERL_DRV_TUPLE || terms[size - 1] != 3) {
      broken("a message is {hb_beamr, Port, Answer}");
    }
    std::string bytes;
    if (terms[4] == ERL_DRV_BUF2BINARY && size == 9) {
      bytes.assign(reinterpret_cast<const char*>(terms[5]), terms[6]);
    } else if (terms[4] == ERL_DRV_BINARY && size == 10) {
      const auto* binary = reinterpret_cast<const ErlDrvBinary*>(terms[5]);
      bytes.assign(binary->orig_bytes + terms[7], terms[6]);
    } else {
      broken("an answer is a binary");
    }

    Emulator& emulator = Emulator::get();
    const PortPtr port = emulator.find_port(term);
    if (port == nullptr || !port->is_open_) return -1;
    const ProcessPtr process = emulator.find_process(to);
    if (process == nullptr) return 0;
    std::lock_guard lock(process->mutex_);
    if (!process->is_alive_) return 0;
    process->mailbox_.push_back({term, std::move(bytes)});
    process->changed_.notify_all();
    return 1;
  }

  static ErlDrvBinary* allocate(std::size_t size);
  static void release(ErlDrvBinary* binary);
  static void system_info(ErlDrvSysInfo* info) {
    info->scheduler_threads = Emulator::get().schedulers_;
  }
  static int create_thread(ErlDrvTid* out, void* (*function)(void*), void* argument);
  static int join_thread(ErlDrvTid thread);

 private:
  static std::uint64_t reference_of(const ErlDrvMonitor* monitor) {
    std::uint64_t reference = 0;
    std::memcpy(&reference, monitor, sizeof reference);
    return reference;
  }
};

/// A reference count in front of what the driver sees.
struct Binary {
  std::atomic<std::int64_t> references{1};
  ErlDrvBinary content;

  static Binary& of(ErlDrvBinary* content) {
    return *reinterpret_cast<Binary*>(reinterpret_cast<char*>(content) - offsetof(Binary, content));
  }
};

ErlDrvBinary* DriverApi::allocate(std::size_t size) {
  Emulator& emulator = Emulator::get();
  if (size >= emulator.failing_size_) return nullptr;
  emulator.pass_gate(size);
  void* memory = std::malloc(sizeof(Binary) + size);
  if (memory == nullptr) return nullptr;
  auto* binary = new (memory) Binary;
  binary->content.orig_size = static_cast<ErlDrvSInt>(size);
  ++emulator.live_binaries_;
  return &binary->content;
}

void DriverApi::release(ErlDrvBinary* content) {
  Binary& binary = Binary::of(content);
  if (binary.references.fetch_sub(1) != 1) return;
  binary.~Binary();
  std::free(&binary);
  --Emulator::get().live_binaries_;
}

int DriverApi::create_thread(ErlDrvTid* out, void* (*function)(void*), void* argument) {
  ++Emulator::get().live_threads_;
  *out = reinterpret_cast<ErlDrvTid>(new std::thread([=] {
    is_thread_of_driver = true;
    function(argument);
  }));
  return 0;
}

int DriverApi::join_thread(ErlDrvTid handle) {
  auto* thread = reinterpret_cast<std::thread*>(handle);
  thread->join();
  delete thread;
  --Emulator::get().live_threads_;
  return 0;
}

}  // namespace paper

using paper::DriverApi;

const ErlDrvTermData driver_term_nil = ~ErlDrvTermData{0};

extern "C" {

ErlDrvTermData driver_mk_atom(char* name) { return std::string_view(name) == "hb_beamr" ? 1 : 2; }
ErlDrvTermData driver_mk_port(ErlDrvPort port) { return DriverApi::term(port); }
ErlDrvTermData driver_caller(ErlDrvPort port) { return DriverApi::caller(port); }
void set_port_control_flags(ErlDrvPort port, int flags) {
  DriverApi::set_control_flags(port, flags);
}

int erl_drv_consume_timeslice(ErlDrvPort port, int percent) {
  DriverApi::charge(port, percent);
  return 0;
}

int driver_monitor_process(ErlDrvPort port, ErlDrvTermData process, ErlDrvMonitor* monitor) {
  return DriverApi::monitor(port, process, monitor);
}
int driver_demonitor_process(ErlDrvPort port, const ErlDrvMonitor* monitor) {
  return DriverApi::demonitor(port, monitor);
}
ErlDrvTermData driver_get_monitored_process(ErlDrvPort port, const ErlDrvMonitor* monitor) {
  return DriverApi::monitored(port, monitor);
}

int erl_drv_send_term(ErlDrvTermData port, ErlDrvTermData to, ErlDrvTermData* terms, int size) {
  return DriverApi::send(port, to, terms, size);
}

ErlDrvBinary* driver_alloc_binary(ErlDrvSizeT size) { return DriverApi::allocate(size); }
void driver_free_binary(ErlDrvBinary* binary) { DriverApi::release(binary); }
ErlDrvSInt driver_binary_inc_refc(ErlDrvBinary* binary) {
  return ++paper::Binary::of(binary).references;
}

void driver_system_info(ErlDrvSysInfo* info, size_t) { DriverApi::system_info(info); }

int erl_drv_thread_create(char*, ErlDrvTid* thread, void* (*function)(void*), void* argument,
                          ErlDrvThreadOpts*) {
  return DriverApi::create_thread(thread, function, argument);
}
int erl_drv_thread_join(ErlDrvTid thread, void**) { return DriverApi::join_thread(thread); }

}  // extern "C"
