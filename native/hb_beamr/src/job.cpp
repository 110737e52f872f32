// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "job.hpp"

#include <chrono>
#include <new>

#include "operations.hpp"

namespace hb::beamr::driver {

namespace {

/// Does one kind of job each; false if the guest yielded.
class Performer {
 public:
  Performer(Instance& instance, Slot& slot, Reply& reply) noexcept
      : instance_(instance), slot_(slot), reply_(reply) {}

  bool operator()(ResumeJob&) { return run(hb_beamr_capi_lib_resume); }

  bool operator()(LoadJob& job) {
    load_module(instance_, job.module.join(), false, reply_);
    return true;
  }

  bool operator()(InstantiateJob&) { return run(start_instance); }

  bool operator()(ReadJob& job) {
    read_memory(instance_, job.offset, job.size, reply_);
    return true;
  }

  bool operator()(WriteJob& job) {
    write_memory(instance_, job.offset, job.bytes, reply_);
    return true;
  }

  bool operator()(OfferJob& job) {
    offer_import(instance_, Reader(job.offer.join()), reply_);
    return true;
  }

  bool operator()(TableGrowJob& job) {
    grow_table(instance_, job.table, job.delta, job.value, reply_);
    return true;
  }

  bool operator()(AnswerJob& job) {
    if (!instance_.take_delivery(reply_)) return true;
    AnswerStep step(instance_, instance_.waiting(), job.operation, job.data, reply_);
    if (!step) return true;
    instance_.answered();
    return run(step);
  }

  bool operator()(UnwindJob&) {
    instance_.unwind();
    reply_.tag(Tag::kOk);
    return true;
  }

  bool operator()(RetireJob&) {
    reply_.tag(Tag::kOk);
    return true;
  }

 private:
  template <typename Step>
  bool run(Step&& step) {
    const auto begin = std::chrono::steady_clock::now();
    const hb_beamr_capi_lib_rc_t rc = instance_.run(slot_, step);
    const auto time = std::chrono::steady_clock::now() - begin;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    instance_.count(Counter::kWorkerMicros, slot_, static_cast<std::uint64_t>(micros));
    if (rc == HB_BEAMR_CAPI_LIB_YIELDED) return false;
    instance_.conclude(rc, slot_, reply_);
    return true;
  }

  Instance& instance_;
  Slot& slot_;
  Reply& reply_;
};

}  // namespace

bool is_whole(const Job& job) noexcept {
  return !std::holds_alternative<ResumeJob>(job) && !std::holds_alternative<AnswerJob>(job);
}

bool is_copy(const Job& job) noexcept {
  return std::holds_alternative<ReadJob>(job) || std::holds_alternative<WriteJob>(job);
}

bool perform(Job& job, Instance& instance, Slot& slot, Reply& reply) noexcept {
  try {
    return std::visit(Performer(instance, slot, reply), job);
  } catch (const std::bad_alloc&) {
    reply.error(ErrorCode::kSystemLimit, "no memory");
  } catch (...) {
    reply.error(ErrorCode::kInternal, "unexpected exception");
  }
  return true;
}

}  // namespace hb::beamr::driver
