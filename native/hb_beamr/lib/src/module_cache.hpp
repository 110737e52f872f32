// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

// Finds the prepared module of equal bytes.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>

#include "module.hpp"
#include "thread.hpp"

namespace hb::beamr {

/// Knows every module that lives, and keeps the most recently used ones alive without an instance.
/// Threads: any.
class ModuleCache {
 public:
  /// nullptr: no such module. Costs a comparison of all bytes when there is one. Frees no module, which
  /// could take long.
  ModulePtr find(const ModuleSource& source);
  /// The best compiled form of a module that was shared, nullptr: there is none.
  ModulePtr find_compiled(const ModuleSource& source);
  /// Adds a module, or answers the equal one that another thread added first. Lets go of those that are
  /// too many.
  ModulePtr add(ModulePtr module);
  /// From now on find_compiled() finds this compiled module.
  void share(const ModulePtr& module);
  /// Lets go of all modules without an instance.
  void clear();

 private:
  /// What is kept without an instance, at most.
  static constexpr std::size_t kMaxKeptModules = 64;
  static constexpr std::size_t kMaxKeptBytes = std::size_t{64} << 20;

  using Known = std::unordered_multimap<std::uint64_t, std::weak_ptr<const Module>>;

  ModulePtr find_in(Known ModuleCache::*known, const ModuleSource& source,
                    ModuleSource (Module::*source_of)() const noexcept) HB_EXCLUDES(mutex_);
  void keep(const ModulePtr& module) HB_REQUIRES(mutex_);

  Mutex mutex_;
  Known known_ HB_GUARDED_BY(mutex_);                // by what they were made from
  Known compiled_ HB_GUARDED_BY(mutex_);             // shared ones, by the module that was compiled
  std::list<ModulePtr> kept_ HB_GUARDED_BY(mutex_);  // most recently used first
  std::size_t kept_bytes_ HB_GUARDED_BY(mutex_) = 0;
};

}  // namespace hb::beamr
