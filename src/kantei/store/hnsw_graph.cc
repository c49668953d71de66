#include "kantei/store/hnsw_graph.h"

#include <cmath>
#include <utility>

#include "kantei/base/random.h"
#include "kantei/store/hnsw_scratch.h"

namespace kantei::store {
namespace {

void PrefetchRow(const std::uint8_t* row, std::size_t stride) {
  // Longer rows are fetched by the hardware once their start is read.
  for (std::size_t at = 0; at < std::min<std::size_t>(stride, 512); at += 64) __builtin_prefetch(row + at);
}

}  // namespace

struct HnswGraph::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<HnswScratch>> free;
};

HnswGraph::HnswGraph(const VectorIndexOptions& options, const VectorKernels& kernels)
    : links_(options.hnsw_links),
      effort_(static_cast<std::size_t>(std::max(options.hnsw_effort, options.hnsw_links))),
      seed_(options.seed),
      kernels_(&kernels),
      pool_(std::make_unique<Pool>()) {}
HnswGraph::HnswGraph(HnswGraph&& other) noexcept = default;
HnswGraph& HnswGraph::operator=(HnswGraph&& other) noexcept = default;
HnswGraph::~HnswGraph() = default;

bool HnswGraph::Load(const VectorFileView& view) {
  std::vector<Layer> layers(view.layers.size());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerView& from = view.layers[l];
    Layer& layer = layers[l];
    layer.size = from.links.size() / Slots(l);
    if (!layer.links.Assign(from.links) || !layer.below.Assign(from.below)) return false;
    if (l == 0) continue;
    if (!layer.row.Resize(layer.size)) return false;
    for (std::size_t i = 0; i < layer.size; ++i)
      layer.row[i] = l == 1 ? layer.below[i] : layers[l - 1].row[layer.below[i]];
  }
  layers_ = std::move(layers);
  entry_ = view.entry;
  serial_ = view.serial;
  return true;
}

std::int64_t HnswGraph::MemoryBytes() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_)
    bytes += layer.links.size_bytes() + layer.below.size_bytes() + layer.row.size_bytes();
  return static_cast<std::int64_t>(bytes);
}

std::size_t HnswGraph::LevelOf(std::uint64_t serial) const {
  const double u = 1.0 - Random(seed_).Fork(serial).Uniform();
  const double level = -std::log(u) / std::log(static_cast<double>(links_));
  return std::min(static_cast<std::size_t>(level), kMaxLayers - 1);
}

bool HnswGraph::Grow(std::size_t layer, std::size_t size) {
  Layer& grown = layers_[layer];
  const std::size_t slots = Slots(layer);
  if (!grown.links.Resize(size * slots)) return false;
  if (layer > 0 && (!grown.below.Resize(size) || !grown.row.Resize(size))) return false;
  for (std::size_t i = grown.size * slots; i < size * slots; ++i) grown.links[i] = kNoLink;
  grown.size = size;
  return true;
}

void HnswGraph::Similarities(const VectorRows& rows, std::size_t layer, std::span<const std::uint32_t> nodes,
                             const Int8Query& query, float scale, HnswScratch* scratch) const {
  const std::size_t count = nodes.size();
  scratch->codes.resize(count);
  scratch->dots.resize(count);
  scratch->similarities.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    scratch->codes[i] = rows.codes() + RowOf(layer, nodes[i]) * rows.stride();
  kernels_->int8_gather(scratch->codes.data(), count, rows.stride(), query, scratch->dots.data());
  for (std::size_t i = 0; i < count; ++i) {
    const float row_scale = rows.scales()[RowOf(layer, nodes[i])];
    scratch->similarities[i] = static_cast<float>(scratch->dots[i]) * row_scale * scale;
  }
}

Near HnswGraph::Descend(const VectorRows& rows, std::size_t layer, Near start, const Int8Query& query,
                        float scale, HnswScratch* scratch) const {
  const Layer& here = layers_[layer];
  const std::size_t slots = Slots(layer);
  for (bool moved = true; moved;) {
    moved = false;
    const std::uint32_t* links = here.links.data() + start.node * slots;
    std::size_t count = 0;
    while (count < slots && links[count] != kNoLink) {
      PrefetchRow(rows.codes() + RowOf(layer, links[count]) * rows.stride(), rows.stride());
      ++count;
    }
    Similarities(rows, layer, {links, count}, query, scale, scratch);
    for (std::size_t i = 0; i < count; ++i) {
      if (scratch->similarities[i] > start.similarity) {
        start = {scratch->similarities[i], links[i]};
        moved = true;
      }
    }
  }
  return start;
}

void HnswGraph::Beam(const VectorRows& rows, std::size_t layer, Near start, const Int8Query& query,
                     float scale, std::size_t effort, HnswScratch* scratch) const {
  const Layer& here = layers_[layer];
  const std::size_t slots = Slots(layer), stride = rows.stride();
  auto& pool = scratch->pool;
  auto& nodes = scratch->nodes;
  pool.clear();
  pool.reserve(effort + 1);
  scratch->visited.Clear();
  scratch->visited.Insert(start.node);
  pool.push_back({start.similarity, start.node & 0x7FFFFFFFu, 0});
  for (std::size_t next = 0; next < pool.size();) {
    if (pool[next].expanded) {
      ++next;
      continue;
    }
    pool[next].expanded = 1;
    const std::uint32_t* links = here.links.data() + std::size_t{pool[next].node} * slots;
    nodes.clear();
    for (std::size_t i = 0; i < slots && links[i] != kNoLink; ++i) {
      if (!scratch->visited.Insert(links[i])) continue;
      nodes.push_back(links[i]);
      const std::uint32_t row = RowOf(layer, links[i]);
      __builtin_prefetch(rows.scales() + row);
      PrefetchRow(rows.codes() + row * stride, stride);
    }
    if (nodes.empty()) continue;
    Similarities(rows, layer, nodes, query, scale, scratch);
    std::size_t nearest = pool.size();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const float similarity = scratch->similarities[i];
      if (pool.size() == effort) {
        if (!(similarity > pool.back().similarity)) continue;
        pool.pop_back();
      }
      const auto at = std::upper_bound(
          pool.begin(), pool.end(), similarity,
          [](float value, const HnswScratch::Entry& entry) { return value > entry.similarity; });
      nearest = std::min(nearest, static_cast<std::size_t>(at - pool.begin()));
      pool.insert(at, {similarity, nodes[i] & 0x7FFFFFFFu, 0});
      __builtin_prefetch(here.links.data() + std::size_t{nodes[i]} * slots);
    }
    next = std::min(next, nearest);
  }
}

void HnswGraph::Search(const VectorRows& rows, const Int8Query& query, float query_scale, std::size_t effort,
                       std::vector<Near>* found) const {
  found->clear();
  if (layers_.empty()) return;
  std::unique_ptr<HnswScratch> scratch = TakeScratch();
  const std::size_t top = layers_.size() - 1;
  Similarities(rows, top, {&entry_, 1}, query, query_scale, scratch.get());
  Near at{scratch->similarities[0], entry_};
  for (std::size_t l = top; l > 0; --l) {
    at = Descend(rows, l, at, query, query_scale, scratch.get());
    at.node = layers_[l].below[at.node];
  }
  Beam(rows, 0, at, query, query_scale, std::max<std::size_t>(effort, 1), scratch.get());
  for (const auto& entry : scratch->pool) found->push_back({entry.similarity, entry.node});
  GiveScratch(std::move(scratch));
}

std::vector<LayerView> HnswGraph::Layers() const {
  std::vector<LayerView> views;
  for (const Layer& layer : layers_) views.push_back({layer.below.span(), layer.links.span()});
  return views;
}

void HnswGraph::FillHeader(VectorHeader* header) const {
  header->serial = serial_;
  header->entry = entry_;
  header->layers = static_cast<std::uint32_t>(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l)
    header->layer_sizes[l] = static_cast<std::uint32_t>(layers_[l].size);
}

std::unique_ptr<HnswScratch> HnswGraph::TakeScratch() const {
  const std::lock_guard lock(pool_->mutex);
  if (pool_->free.empty()) return std::make_unique<HnswScratch>();
  std::unique_ptr<HnswScratch> scratch = std::move(pool_->free.back());
  pool_->free.pop_back();
  return scratch;
}

void HnswGraph::GiveScratch(std::unique_ptr<HnswScratch> scratch) const {
  const std::lock_guard lock(pool_->mutex);
  pool_->free.push_back(std::move(scratch));
}

}  // namespace kantei::store
