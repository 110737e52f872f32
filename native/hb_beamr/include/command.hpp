// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Requests of Erlang processes.
#pragma once

#include <cstdint>
#include <string_view>

#include "bytes.hpp"
#include "port.hpp"
#include "reply.hpp"
#include "slot.hpp"

namespace hb::beamr::driver {

/// One request, under the port lock.
struct Request {
  Port& port;
  Pid caller;
  Slot& slot;
  Reader data;
  Reply& reply;
};

/// Answers erlang:port_control/3.
void execute(Request& request, std::uint32_t operation);
/// Answers erlang:port_command/2, by a message.
void execute_command(Port& port, Pid caller, const ErlIOVec& vector) noexcept;

// The operations by topic: each answers one.

/// Whether LOAD is allowed now.
bool can_load(Port& port) noexcept;
void load(Request& request);
void instantiate(Request& request);
void call(Request& request);
void call_function(Request& request);
void call_table(Request& request);
void answer(Request& request, Operation operation);

void read(Request& request);
void write(Request& request);
void write_at(Request& request, std::uint64_t offset);
void size(Request& request);
void grow(Request& request);
void global_get(Request& request);
void global_set(Request& request);

void describe(Request& request);
void describe_function(Request& request);
void try_describe_function(Request& request);
void describe_trap(Request& request);
void describe_tag(Request& request);
void describe_target(Request& request);

/// Whether OFFER is allowed now.
bool can_offer(Port& port) noexcept;
void offer(Request& request);
void set_options(Request& request);

void table_get(Request& request);
void table_set(Request& request);
void table_size(Request& request);
void table_grow(Request& request);

void deliver(Request& request);
void time_out(Request& request);
void pass(Request& request);

void set_limits(Request& request);
void configure(Request& request);
/// INFO.
void report_instance(Request& request);
/// COUNTERS.
void report_node(Reply& reply) noexcept;

/// Takes the turn, for call and the like; false, and answered, if it cannot be had now.
[[nodiscard]] bool take_turn(Request& request);
/// The turn, for an operation that leaves no call active.
class ShortTurn {
 public:
  explicit ShortTurn(Request& request) : request_(request), has_it_(take_turn(request)) {}
  ~ShortTurn() {
    if (has_it_) request_.port.end_operation(request_.caller);
  }
  ShortTurn(const ShortTurn&) = delete;
  ShortTurn& operator=(const ShortTurn&) = delete;

  explicit operator bool() const noexcept { return has_it_; }

 private:
  Request& request_;
  bool has_it_;
};

/// The node has as many instances as it may have.
void refuse_instance(Reply& reply) noexcept;
/// The request's data is not what the operation wants.
void refuse_malformed(Request& request) noexcept;
/// QUEUED.
void answer_queued(Request& request) noexcept;
/// PENDING, after Port::post().
void answer_pending(Request& request) noexcept;
/// Let the emulator know of time spent: about 10 % of a time slice for each 100 us.
void charge_copy(Request& request, std::size_t bytes) noexcept;
void charge_ticks(Port& port, std::uint32_t ticks) noexcept;

}  // namespace hb::beamr::driver
