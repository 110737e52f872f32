// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// hb_beamr.so as the emulator sees it: the entry and its callbacks.
//
// Every callback runs under the lock of its port and none waits for another thread. Nothing is thrown
// out of a callback: that would end the emulator.
//
// The driver is not locked into memory (driver_lock_driver): finish() ends all threads, so the code
// can be unloaded and replaced. The emulator does not call it at a halt, where stop() has told every guest
// to end and the process exits under the workers.

#include <algorithm>
#include <cerrno>
#include <new>

#include "command.hpp"
#include "node.hpp"
#include "port.hpp"

namespace hb::beamr::driver {

namespace {

Port& port_of(ErlDrvData data) noexcept { return *reinterpret_cast<Port*>(data); }

using Hold = Holds::Measured;

int init() noexcept {
  make_atoms();
  return start_node() ? 0 : -1;
}

void finish() noexcept { stop_node(); }

ErlDrvData start(ErlDrvPort handle, char* /*command*/) noexcept {
  Port* port = nullptr;
  try {
    port = Port::open(handle);
  } catch (...) {
    port = nullptr;
  }
  if (port == nullptr) {
    errno = ENOMEM;
    return ERL_DRV_ERROR_ERRNO;
  }
  set_port_control_flags(handle, PORT_CONTROL_FLAG_BINARY);
  return reinterpret_cast<ErlDrvData>(port);
}

void stop(ErlDrvData data) noexcept {
  const Hold hold(node().holds, Holds::kStop);
  port_of(data).close();
}

ErlDrvSSizeT control(ErlDrvData data, unsigned int operation, char* bytes, ErlDrvSizeT size,
                     char** result, ErlDrvSizeT result_size) noexcept {
  if (result_size < Reply::kSmallSize) return -1;
  const Hold hold(node().holds, std::min(operation, kWriteAt));
  Port& port = port_of(data);
  Reply reply(*result);
  Slot* slot = Slots::mine();
  if (slot == nullptr) [[unlikely]] {
    reply.error(ErrorCode::kSystemLimit, "too many threads");
    return reply.give(result);
  }
  try {
    Request request{port, Pid{driver_caller(port.handle())}, *slot, Reader({bytes, size}), reply};
    execute(request, operation);
  } catch (const std::bad_alloc&) {
    reply.error(ErrorCode::kSystemLimit, "no memory");
  } catch (...) {
    reply.error(ErrorCode::kInternal, "unexpected exception");
  }
  return reply.give(result);
}

void outputv(ErlDrvData data, ErlIOVec* vector) noexcept {
  const Hold hold(node().holds, Holds::kOutput);
  Port& port = port_of(data);
  execute_command(port, Pid{driver_caller(port.handle())}, *vector);
}

void process_exit(ErlDrvData data, ErlDrvMonitor* monitor) noexcept {
  const Hold hold(node().holds, Holds::kProcessExit);
  port_of(data).process_exited(*monitor);
}

char driver_name[] = "hb_beamr";

ErlDrvEntry make_entry() noexcept {
  ErlDrvEntry entry{};
  entry.init = init;
  entry.start = start;
  entry.stop = stop;
  entry.driver_name = driver_name;
  entry.finish = finish;
  entry.control = control;
  entry.outputv = outputv;
  entry.extended_marker = static_cast<int>(ERL_DRV_EXTENDED_MARKER);
  entry.major_version = ERL_DRV_EXTENDED_MAJOR_VERSION;
  entry.minor_version = ERL_DRV_EXTENDED_MINOR_VERSION;
  entry.driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING;
  entry.process_exit = process_exit;
  return entry;
}

ErlDrvEntry entry;

}  // namespace

}  // namespace hb::beamr::driver

extern "C" {
DRIVER_INIT(hb_beamr) {
  hb::beamr::driver::entry = hb::beamr::driver::make_entry();
  return &hb::beamr::driver::entry;
}
}
