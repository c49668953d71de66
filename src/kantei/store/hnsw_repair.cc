#include <algorithm>
#include <string>
#include <utility>

#include "kantei/base/parallel.h"
#include "kantei/store/hnsw_graph.h"
#include "kantei/store/hnsw_scratch.h"

namespace kantei::store {
namespace {

constexpr std::size_t kNodesPerTask = 256;
// Of a node whose neighbours are dead, that many are looked at for living ones behind them, and that many are weighed.
constexpr std::size_t kMostDead = 64;
constexpr std::size_t kMostCandidates = 256;

}  // namespace

Result<HnswGraph> HnswGraph::WithoutDead(const VectorRows& rows, int threads) const {
  VectorIndexOptions options;
  options.hnsw_links = links_;
  options.hnsw_effort = static_cast<int>(effort_);
  options.seed = seed_;
  HnswGraph graph(options, *kernels_);
  graph.serial_ = serial_;
  const auto no_memory = [] {
    return Error{ErrorCode::kTooLarge, "there is no memory to leave the removed vectors out of the graph"};
  };

  std::vector<std::uint32_t> renumbered_below;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& from = layers_[l];
    const std::size_t slots = Slots(l);
    const auto dead = [&](std::uint32_t node) { return rows.IsDead(RowOf(l, node)); };
    std::vector<std::uint32_t> renumbered(from.size, kNoLink);
    std::uint32_t kept = 0;
    for (std::uint32_t node = 0; node < from.size; ++node)
      if (!dead(node)) renumbered[node] = kept++;
    if (kept == 0) break;
    graph.layers_.emplace_back();
    if (!graph.Grow(l, kept)) return no_memory();
    Layer& to = graph.layers_.back();

    const auto relink = [&](std::size_t task) {
      std::unique_ptr<HnswScratch> scratch = TakeScratch();
      auto& candidates = scratch->candidates;
      auto& nodes = scratch->nodes;  // living ones
      (void)scratch->query.Resize(rows.stride());
      const std::size_t end = std::min(from.size, (task + 1) * kNodesPerTask);
      for (auto node = static_cast<std::uint32_t>(task * kNodesPerTask); node < end; ++node) {
        if (renumbered[node] == kNoLink) continue;
        std::uint32_t* links = to.links.data() + renumbered[node] * slots;
        nodes.clear();
        scratch->visited.Clear();
        scratch->visited.Insert(node);
        std::vector<std::uint32_t> behind{node};
        for (std::size_t b = 0; b < behind.size() && b <= kMostDead && nodes.size() < kMostCandidates; ++b) {
          const std::uint32_t* old = from.links.data() + behind[b] * slots;
          for (std::size_t k = 0; k < slots && old[k] != kNoLink; ++k) {
            if (scratch->visited.Insert(old[k])) (dead(old[k]) ? behind : nodes).push_back(old[k]);
          }
        }
        std::size_t count = nodes.size();
        if (behind.size() > 1) {
          const std::size_t row = RowOf(l, node);
          const Int8Query query =
              QueryOfRow(rows.codes() + row * rows.stride(), rows.stride(), scratch->query.data());
          Similarities(rows, l, nodes, query, rows.scales()[row], scratch.get());
          candidates.clear();
          for (std::size_t k = 0; k < count; ++k) candidates.push_back({scratch->similarities[k], nodes[k]});
          std::sort(candidates.begin(), candidates.end(), [](const Near& a, const Near& b) {
            return a.similarity != b.similarity ? a.similarity > b.similarity : a.node < b.node;
          });
          Diversify(rows, l, &candidates, slots, scratch.get());
          count = candidates.size();
          for (std::size_t k = 0; k < count; ++k) nodes[k] = candidates[k].node;
        }
        for (std::size_t k = 0; k < count; ++k) links[k] = renumbered[nodes[k]];
      }
      GiveScratch(std::move(scratch));
    };
    ParallelFor((from.size + kNodesPerTask - 1) / kNodesPerTask, threads, {}, relink);

    if (l > 0) {
      for (std::uint32_t node = 0; node < from.size; ++node) {
        if (renumbered[node] == kNoLink) continue;
        const std::uint32_t below = renumbered_below[from.below[node]];
        to.below[renumbered[node]] = below;
        to.row[renumbered[node]] = l == 1 ? below : graph.layers_[l - 1].row[below];
      }
    }
    renumbered_below = std::move(renumbered);
  }
  return graph;
}

}  // namespace kantei::store
