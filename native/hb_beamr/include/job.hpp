// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// What a worker can do for a port.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "instance.hpp"
#include "payload.hpp"
#include "protocol.hpp"

namespace hb::beamr::driver {

/// Goes on with a guest that yielded.
struct ResumeJob {};
struct LoadJob {
  Payload module;
};
struct InstantiateJob {};
struct ReadJob {
  std::uint64_t offset;
  std::uint64_t size;
};
struct WriteJob {
  std::uint64_t offset;
  Payload bytes;
};
struct OfferJob {
  Payload offer;
};
struct TableGrowJob {
  std::uint32_t table;
  std::uint64_t delta;
  wasm_val_t value;
};
/// An ANSWER, TRAP or THROW that came while the instance was busy with a copy.
struct AnswerJob {
  Operation operation;
  std::string data;
};
/// Ends the calls of a dead process.
struct UnwindJob {};
/// Frees a closed port, by taking the last reference to it.
struct RetireJob {};

using Job = std::variant<ResumeJob, LoadJob, InstantiateJob, ReadJob, WriteJob, OfferJob,
                         TableGrowJob, AnswerJob, UnwindJob, RetireJob>;

/// Whether the job cannot be asked to yield.
bool is_whole(const Job& job) noexcept;
/// Whether the job copies memory: it may be of another process than the one that has the turn.
bool is_copy(const Job& job) noexcept;

/// Does the job. False if the guest yielded: the instance goes back into a queue with a ResumeJob.
/// Else `reply` is the answer.
bool perform(Job& job, Instance& instance, Slot& slot, Reply& reply) noexcept;

}  // namespace hb::beamr::driver
