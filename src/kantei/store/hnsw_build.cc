#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "kantei/base/parallel.h"
#include "kantei/store/hnsw_graph.h"
#include "kantei/store/hnsw_scratch.h"

namespace kantei::store {
namespace {

// Large enough to keep many cores busy, small enough that looking at all batch-mates costs little beside the search.
constexpr std::size_t kBatchRows = 512;
constexpr std::size_t kTargetsPerTask = 64;
constexpr float kRounding = 1e-6f;  ///< of one product whose scales come in another order
/// From here on two vectors are the same. Of the same ones a list needs one: a crowd of equal vectors would have links to
/// each other only.
constexpr float kSame = 0.99999f;

/// More similar first. Equal ones in an order that is another for every centre: with one order for all, everybody would
/// link to the same few of many equal vectors, and the others could not be found.
class NearOrder {
 public:
  explicit NearOrder(std::uint32_t centre) : salt_(centre * 0x9E3779B9u) {}
  bool operator()(const Near& a, const Near& b) const {
    return a.similarity != b.similarity ? a.similarity > b.similarity : Mix(a.node) < Mix(b.node);
  }

 private:
  std::uint32_t Mix(std::uint32_t node) const {
    std::uint32_t x = (node ^ salt_) * 0x85EBCA6Bu;
    x = (x ^ x >> 15) * 0xC2B2AE35u;
    return x ^ x >> 13;
  }
  std::uint32_t salt_;
};

struct Edge {
  std::uint32_t target = 0, source = 0;
  float similarity = 0;
};

}  // namespace

struct HnswGraph::Batch {
  std::size_t first = 0, count = 0;
  std::size_t old_layers = 0;  ///< those that may be searched
  std::uint32_t old_entry = 0;
  std::vector<std::size_t> levels;
  std::vector<std::vector<std::uint32_t>> nodes;       ///< [layer][i], kNoLink above the level of i
  std::vector<std::vector<std::vector<Near>>> chosen;  ///< [i][layer]
};

Status HnswGraph::Insert(const VectorRows& rows, int threads) {
  const std::size_t first = size(), end = rows.size();
  // All memory first, so that a graph is never left half done.
  std::array<std::size_t, kMaxLayers> sizes{};
  for (std::size_t l = 0; l < layers_.size(); ++l) sizes[l] = layers_[l].size;
  std::size_t layer_count = layers_.size();
  for (std::size_t row = first; row < end; ++row) {
    const std::size_t level = LevelOf(serial_ + (row - first));
    for (std::size_t l = 0; l <= level; ++l) ++sizes[l];
    layer_count = std::max(layer_count, level + 1);
  }
  std::vector<Layer> more(layer_count - layers_.size());
  for (std::size_t l = 0; l < layer_count; ++l) {
    Layer& layer = l < layers_.size() ? layers_[l] : more[l - layers_.size()];
    const auto reserve = [&](GrowArray<std::uint32_t>* array, std::size_t wished) {
      const std::size_t before = array->size();
      return array->Resize(wished) && array->Resize(before);
    };
    if (!reserve(&layer.links, sizes[l] * Slots(l)) ||
        (l > 0 && (!reserve(&layer.below, sizes[l]) || !reserve(&layer.row, sizes[l])))) {
      return Error{ErrorCode::kTooLarge, "there is no memory for a graph of " + std::to_string(end) +
                                             " vectors; use a flat index or a machine with more"};
    }
  }
  // A new layer is used as soon as a batch has a node for it.
  std::size_t next_layer = 0;
  for (std::size_t row = first; row < end; row += kBatchRows) {
    const std::size_t count = std::min(kBatchRows, end - row);
    std::size_t top = 0;
    for (std::size_t i = 0; i < count; ++i) top = std::max(top, LevelOf(serial_ + i));
    while (layers_.size() <= top) layers_.push_back(std::move(more[next_layer++]));
    KANTEI_RETURN_IF_ERROR(InsertBatch(rows, row, count, threads));
  }
  return {};
}

Status HnswGraph::InsertBatch(const VectorRows& rows, std::size_t first, std::size_t count, int threads) {
  Batch batch;
  batch.first = first;
  batch.count = count;
  while (batch.old_layers < layers_.size() && layers_[batch.old_layers].size > 0) ++batch.old_layers;
  batch.old_entry = entry_;
  batch.nodes.assign(layers_.size(), std::vector<std::uint32_t>(count, kNoLink));
  for (std::size_t i = 0; i < count; ++i) {
    batch.levels.push_back(LevelOf(serial_ + i));
    for (std::size_t l = 0; l <= batch.levels[i]; ++l) {
      const std::size_t node = layers_[l].size;
      if (!Grow(l, node + 1)) return Error{ErrorCode::kTooLarge, "there is no memory for the graph"};
      batch.nodes[l][i] = static_cast<std::uint32_t>(node);
      if (l == 0) continue;
      layers_[l].below[node] = batch.nodes[l - 1][i];
      layers_[l].row[node] = batch.nodes[0][i];
    }
  }
  batch.chosen.resize(count);
  ParallelFor(count, std::min(threads, static_cast<int>(count / 4 + 1)), {}, [&](std::size_t i) {
    std::unique_ptr<HnswScratch> scratch = TakeScratch();
    Choose(rows, &batch, i, scratch.get());
    GiveScratch(std::move(scratch));
  });
  LinkBack(rows, &batch, threads);
  serial_ += count;
  if (layers_.size() > batch.old_layers) entry_ = 0;
  return {};
}

void HnswGraph::Choose(const VectorRows& rows, Batch* batch, std::size_t i, HnswScratch* scratch) {
  const std::size_t stride = rows.stride(), row = batch->first + i, level = batch->levels[i];
  (void)scratch->query.Resize(stride);
  const Int8Query query = QueryOfRow(rows.codes() + row * stride, stride, scratch->query.data());
  const float scale = rows.scales()[row];
  std::vector<std::int32_t> mate_dots(batch->count);
  kernels_->int8_rows(rows.codes() + batch->first * stride, batch->count, stride, query, mate_dots.data());

  batch->chosen[i].resize(level + 1);
  Near at{0, batch->old_entry};
  if (batch->old_layers > 0) {
    Similarities(rows, batch->old_layers - 1, {&at.node, 1}, query, scale, scratch);
    at.similarity = scratch->similarities[0];
  }
  for (std::size_t l = std::max(level + 1, batch->old_layers); l-- > 0;) {
    if (l > level) {
      at = Descend(rows, l, at, query, scale, scratch);
      at.node = layers_[l].below[at.node];
      continue;
    }
    auto& candidates = scratch->candidates;
    candidates.clear();
    if (l < batch->old_layers) {
      Beam(rows, l, at, query, scale, effort_, scratch);
      for (const auto& entry : scratch->pool) candidates.push_back({entry.similarity, entry.node});
      at = candidates.front();
      if (l > 0) at.node = layers_[l].below[at.node];
    }
    const float least = candidates.size() >= effort_ ? candidates.back().similarity : -2.0f;
    for (std::size_t j = 0; j < batch->count; ++j) {
      const std::uint32_t node = batch->nodes[l][j];
      if (j == i || node == kNoLink) continue;
      const float similarity = static_cast<float>(mate_dots[j]) * rows.scales()[batch->first + j] * scale;
      if (similarity >= least) candidates.push_back({similarity, node});
    }
    const std::uint32_t self = batch->nodes[l][i];
    std::sort(candidates.begin(), candidates.end(), NearOrder(self));
    if (candidates.size() > effort_) candidates.resize(effort_);
    Diversify(rows, l, &candidates, static_cast<std::size_t>(links_), scratch);
    std::uint32_t* links = layers_[l].links.data() + self * Slots(l);
    for (std::size_t k = 0; k < candidates.size(); ++k) links[k] = candidates[k].node;
    batch->chosen[i][l] = candidates;
  }
}

void HnswGraph::LinkBack(const VectorRows& rows, Batch* batch, int threads) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    std::vector<Edge> edges;
    for (std::size_t i = 0; i < batch->count; ++i) {
      if (l > batch->levels[i]) continue;
      for (const Near& near : batch->chosen[i][l])
        edges.push_back({near.node, batch->nodes[l][i], near.similarity});
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
      return a.target != b.target ? a.target < b.target : a.source < b.source;
    });
    std::vector<std::size_t> starts;
    for (std::size_t e = 0; e < edges.size(); ++e)
      if (e == 0 || edges[e].target != edges[e - 1].target) starts.push_back(e);
    starts.push_back(edges.size());

    const std::size_t targets = starts.size() - 1, slots = Slots(l);
    const auto link_targets = [&](std::size_t task) {
      std::unique_ptr<HnswScratch> scratch = TakeScratch();
      auto& candidates = scratch->candidates;
      (void)scratch->query.Resize(rows.stride());
      const std::size_t end = std::min(targets, (task + 1) * kTargetsPerTask);
      for (std::size_t t = task * kTargetsPerTask; t < end; ++t) {
        const std::uint32_t target = edges[starts[t]].target;
        std::uint32_t* links = layers_[l].links.data() + target * slots;
        const std::size_t had = static_cast<std::size_t>(std::find(links, links + slots, kNoLink) - links);
        candidates.clear();
        for (std::size_t e = starts[t]; e < starts[t + 1]; ++e) {
          if (std::find(links, links + had, edges[e].source) == links + had)
            candidates.push_back({edges[e].similarity, edges[e].source});
        }
        if (had + candidates.size() <= slots) {
          for (std::size_t k = 0; k < candidates.size(); ++k) links[had + k] = candidates[k].node;
          continue;
        }
        const std::size_t row = RowOf(l, target);
        const Int8Query query =
            QueryOfRow(rows.codes() + row * rows.stride(), rows.stride(), scratch->query.data());
        Similarities(rows, l, {links, had}, query, rows.scales()[row], scratch.get());
        for (std::size_t k = 0; k < had; ++k) candidates.push_back({scratch->similarities[k], links[k]});
        std::sort(candidates.begin(), candidates.end(), NearOrder(target));
        Diversify(rows, l, &candidates, slots, scratch.get());
        for (std::size_t k = 0; k < slots; ++k)
          links[k] = k < candidates.size() ? candidates[k].node : kNoLink;
      }
      GiveScratch(std::move(scratch));
    };
    ParallelFor((targets + kTargetsPerTask - 1) / kTargetsPerTask, threads, {}, link_targets);
  }
}

void HnswGraph::Diversify(const VectorRows& rows, std::size_t layer, std::vector<Near>* candidates,
                          std::size_t most, HnswScratch* scratch) const {
  if (candidates->size() <= std::min(most, static_cast<std::size_t>(links_))) return;
  const std::size_t stride = rows.stride();
  (void)scratch->centre.Resize(stride);
  auto& kept = scratch->kept;
  auto& left = scratch->left;
  auto& taken = scratch->taken;
  kept.clear();
  left.clear();
  taken.clear();
  for (const Near& candidate : *candidates) {
    if (kept.size() == most) break;
    const std::size_t row = RowOf(layer, candidate.node);
    const Int8Query query = QueryOfRow(rows.codes() + row * stride, stride, scratch->centre.data());
    bool nearest = true;
    // In pieces: most candidates are dropped by one of the first that were kept.
    for (std::size_t from = 0; nearest && from < taken.size(); from += 16) {
      const std::size_t count = std::min<std::size_t>(16, taken.size() - from);
      Similarities(rows, layer, {taken.data() + from, count}, query, rows.scales()[row], scratch);
      for (std::size_t k = 0; k < count; ++k) {
        const float to_taken = scratch->similarities[k];
        nearest = nearest && to_taken <= candidate.similarity + kRounding && to_taken < kSame;
      }
    }
    if (nearest) {
      kept.push_back(candidate);
      taken.push_back(candidate.node);
    } else {
      left.push_back(candidate);
    }
  }
  // A list of few links makes its node hard to find; the room above `links_` is for later ones.
  const std::size_t wished = std::min(most, static_cast<std::size_t>(links_));
  for (std::size_t k = 0; k < left.size() && kept.size() < wished; ++k) kept.push_back(left[k]);
  candidates->swap(kept);
}

}  // namespace kantei::store
