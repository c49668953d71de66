// What one search of an HNSW graph works with. Private to store/.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kantei/store/hnsw_graph.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_memory.h"

namespace kantei::store {

/// Nodes already met: a hash table that stays in the cache, where a flag for every node of a large graph would not.
class VisitedNodes {
 public:
  void Clear() {
    if (slots_.empty()) slots_.resize(kFirstSlots);
    // A search that met many nodes leaves a large table; the next one starts with what it is likely to need.
    const std::size_t wished =
        std::max<std::size_t>(kFirstSlots, std::size_t{1} << (64 - Leading(2 * count_)));
    if (wished < slots_.size()) slots_.resize(wished);
    std::fill(slots_.begin(), slots_.end(), kNoLink);
    mask_ = slots_.size() - 1;
    count_ = 0;
  }
  /// False when it was there.
  bool Insert(std::uint32_t node) {
    if (2 * count_ >= slots_.size()) Grow();
    return Put(node);
  }

 private:
  static constexpr std::size_t kFirstSlots = 4096;
  static int Leading(std::size_t value) { return value == 0 ? 64 : __builtin_clzll(value); }
  bool Put(std::uint32_t node) {
    std::size_t at = (node * 0x9E3779B97F4A7C15ull >> 32) & mask_;
    for (; slots_[at] != kNoLink; at = (at + 1) & mask_)
      if (slots_[at] == node) return false;
    slots_[at] = node;
    ++count_;
    return true;
  }
  void Grow() {
    std::vector<std::uint32_t> old(2 * slots_.size(), kNoLink);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    count_ = 0;
    for (const std::uint32_t node : old)
      if (node != kNoLink) Put(node);
  }

  std::vector<std::uint32_t> slots_;
  std::size_t mask_ = 0, count_ = 0;
};

class HnswScratch {
 public:
  struct Entry {
    float similarity;
    std::uint32_t node : 31;
    std::uint32_t expanded : 1;
  };

  VisitedNodes visited;
  std::vector<Entry> pool;                 ///< best first
  std::vector<std::uint32_t> nodes;        ///< whose similarities are wanted
  std::vector<const std::uint8_t*> codes;  ///< of those
  std::vector<std::int32_t> dots;
  std::vector<float> similarities;
  GrowArray<std::int8_t> query;   ///< of the vector that is inserted
  GrowArray<std::int8_t> centre;  ///< of a candidate that is compared with others
  std::vector<Near> candidates, kept, left;
  std::vector<std::uint32_t> taken;
};

}  // namespace kantei::store
