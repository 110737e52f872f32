// Copyright 2026 The hb_beamr authors
// SPDX-License-Identifier: Apache-2.0

#include "module_cache.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace hb::beamr {
namespace {

/// Looks at 64 places of 8 bytes: enough to tell modules apart, since equal ones are compared in full.
/// The mixing is FNV-1a's (http://www.isthe.com/chongo/tech/comp/fnv/), by words.
std::uint64_t hash_of(std::span<const std::uint8_t> bytes) noexcept {
  constexpr std::uint64_t kPrime = 0x100000001B3;
  constexpr std::size_t kSamples = 64;
  std::uint64_t hash = 0xCBF29CE484222325 ^ bytes.size();
  const std::size_t step = std::max<std::size_t>(8, bytes.size() / kSamples);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 29;
  }
  return hash;
}

bool equal(const ModuleSource& a, const ModuleSource& b) noexcept {
  return a.force_lowering == b.force_lowering && a.bytes.size() == b.bytes.size() &&
         std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

template <typename Known>
void remove_expired(Known& known) {
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace

ModulePtr ModuleCache::find(const ModuleSource& source) {
  return find_in(&ModuleCache::known_, source, &Module::source);
}

ModulePtr ModuleCache::find_compiled(const ModuleSource& source) {
  return find_in(&ModuleCache::compiled_, source, &Module::plain_source);
}

ModulePtr ModuleCache::find_in(Known ModuleCache::*known, const ModuleSource& source,
                               ModuleSource (Module::*source_of)() const noexcept) {
  const std::uint64_t hash = hash_of(source.bytes);
  std::vector<ModulePtr> candidates;
  {
    MutexLock lock(mutex_);
    const auto [first, last] = (this->*known).equal_range(hash);
    for (auto it = first; it != last; ++it) {
      if (ModulePtr module = it->second.lock()) candidates.push_back(std::move(module));
    }
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const ModulePtr& a, const ModulePtr& b) { return a->opt_level() > b->opt_level(); });
  // The comparison of a large module takes a while: not under the lock.
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const ModulePtr& m) {
    return equal(((*m).*source_of)(), source);
  });
  if (found == candidates.end()) return nullptr;
  MutexLock lock(mutex_);
  keep(*found);
  return *found;
}

ModulePtr ModuleCache::add(ModulePtr module) {
  if (ModulePtr other = find(module->source())) return other;
  const std::uint64_t hash = hash_of(module->source().bytes);
  std::list<ModulePtr> evicted;  // freed after the lock
  MutexLock lock(mutex_);
  remove_expired(known_);
  known_.emplace(hash, module);
  keep(module);
  while (kept_.size() > kMaxKeptModules || (kept_bytes_ > kMaxKeptBytes && kept_.size() > 1)) {
    kept_bytes_ -= kept_.back()->size();
    evicted.splice(evicted.begin(), kept_, std::prev(kept_.end()));
  }
  return module;
}

void ModuleCache::share(const ModulePtr& module) {
  const std::uint64_t hash = hash_of(module->plain_source().bytes);
  MutexLock lock(mutex_);
  const auto [first, last] = compiled_.equal_range(hash);
  const bool is_shared =
      std::any_of(first, last, [&](const auto& entry) { return entry.second.lock() == module; });
  if (is_shared) return;
  remove_expired(compiled_);
  compiled_.emplace(hash, module);
}

void ModuleCache::clear() {
  std::list<ModulePtr> evicted;
  MutexLock lock(mutex_);
  evicted.swap(kept_);
  kept_bytes_ = 0;
}

void ModuleCache::keep(const ModulePtr& module) {
  if (!kept_.empty() && kept_.front() == module) return;
  const auto found = std::find(kept_.begin(), kept_.end(), module);
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return;
  }
  kept_.push_front(module);
  kept_bytes_ += module->size();
}

}  // namespace hb::beamr
