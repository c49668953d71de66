#include "kantei/store/hnsw_index.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "kantei/base/parallel.h"
#include "kantei/store/flat_index.h"
#include "kantei/store/flat_scan.h"

namespace kantei::store {
namespace {

constexpr float kNoFloor = -2.0f;
// bench/vector_index_trial.cc, 150,000 clustered vectors, half of the queries copies: recall@1 of 0.96 and 0.99.
constexpr std::size_t kFastEffort = 32;
constexpr std::size_t kBalancedEffort = 96;
constexpr std::size_t kWidestEffort = 8192;  ///< beyond this, looking at every row is as fast

std::size_t EffortOf(Recall recall, std::size_t k) {
  return recall == Recall::kFast ? std::max(kFastEffort, k) : std::max(kBalancedEffort, 2 * k);
}

}  // namespace

HnswIndex::HnswIndex(const VectorIndexOptions& options)
    : HnswIndex(options, VectorRows(VectorCode::kInt8, options.dimension)) {}

HnswIndex::HnswIndex(const VectorIndexOptions& options, VectorRows rows)
    : options_(options), rows_(std::move(rows)), graph_(options, KernelsOf()) {}

Result<std::unique_ptr<VectorIndex>> HnswIndex::Load(MappedFile file, const VectorFileView& view,
                                                     std::string_view name) {
  KANTEI_RETURN_IF_ERROR(CheckVectorCodes(view, name));
  const VectorIndexOptions options = view.options;
  HnswGraph graph(options, KernelsOf());
  bool enough = graph.Load(view);
  VectorRows rows(std::move(file), view);
  enough = enough && rows.Unmap();
  if (!enough) {
    return Error{ErrorCode::kTooLarge,
                 "there is no memory for " + std::string(name) + "; use a flat index or a machine with more"};
  }
  std::unique_ptr<HnswIndex> index(new HnswIndex(options, std::move(rows)));
  index->graph_ = std::move(graph);
  return std::unique_ptr<VectorIndex>(std::move(index));
}

Status HnswIndex::Add(std::span<const std::int64_t> ids, std::span<const float> vectors, int threads) {
  if (2 * rows_.live() < rows_.size()) {
    KANTEI_TRY(graph_, graph_.WithoutDead(rows_, ThreadCount(threads)));
    rows_.DropDead();
  }
  const std::size_t before = rows_.size();
  KANTEI_RETURN_IF_ERROR(rows_.Append(ids, vectors, threads));
  Status inserted = graph_.Insert(rows_, ThreadCount(threads));
  if (!inserted.ok()) rows_.Truncate(before);
  return inserted;
}

std::vector<VectorHit> HnswIndex::Nearest(const Int8Query& query, float scale, std::size_t effort,
                                          std::size_t limit, float floor, bool* complete) const {
  std::vector<Near> found;
  graph_.Search(rows_, query, scale, effort, &found);
  std::vector<VectorHit> hits;
  for (const Near& near : found)
    if (near.similarity >= floor && !rows_.IsDead(near.node))
      hits.push_back({rows_.Id(near.node), near.similarity});
  *complete = hits.size() >= std::min(limit, rows_.live()) ||
              (found.size() == effort && found.back().similarity < floor);
  std::sort(hits.begin(), hits.end(), Closer);
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

Result<std::vector<std::vector<VectorHit>>> HnswIndex::SearchGraph(std::span<const float> queries,
                                                                   std::size_t limit, std::size_t effort,
                                                                   float floor, int threads) const {
  const auto width = static_cast<std::size_t>(options_.dimension);
  std::vector<std::vector<VectorHit>> hits(queries.size() / width);
  limit = std::min(limit, rows_.live());
  if (limit == 0 || hits.empty()) return hits;
  PreparedQueries prepared;
  if (!prepared.Prepare(queries, options_.dimension, VectorCode::kInt8))
    return Error{ErrorCode::kTooLarge, "there is no memory for the queries; ask fewer at a time"};
  // Dead rows take places among the nearest.
  const std::size_t widened = effort * std::min<std::size_t>(8, rows_.size() / rows_.live());
  const std::size_t widest = std::min(kWidestEffort, rows_.size() / 4);
  std::vector<unsigned char> to_scan(hits.size(), 0);
  const std::size_t workers = std::min(static_cast<std::size_t>(ThreadCount(threads)), hits.size() / 4 + 1);
  ParallelFor(hits.size(), static_cast<int>(workers), {}, [&](std::size_t q) {
    bool complete = false;
    for (std::size_t wide = std::max(widened, effort); !complete && wide <= std::max(widest, effort);
         wide *= 4)
      hits[q] = Nearest(prepared.int8()[q], prepared.scale(q), wide, limit, floor, &complete);
    to_scan[q] = complete ? 0 : 1;
  });
  for (std::size_t q = 0; q < hits.size(); ++q) {
    if (to_scan[q] == 0) continue;
    KANTEI_TRY(auto scanned,
               ScanRows(rows_, queries.subspan(q * width, width), limit, floor, threads, KernelsOf()));
    hits[q] = std::move(scanned.front());
  }
  return hits;
}

Result<std::vector<std::vector<VectorHit>>> HnswIndex::Search(std::span<const float> queries, int k,
                                                              Recall recall, int threads) const {
  KANTEI_RETURN_IF_ERROR(CheckCount(k, "k"));
  KANTEI_RETURN_IF_ERROR(CheckQueries(queries, options_.dimension));
  const auto limit = static_cast<std::size_t>(k);
  if (recall == Recall::kExact) return ScanRows(rows_, queries, limit, kNoFloor, threads, KernelsOf());
  return SearchGraph(queries, limit, EffortOf(recall, limit), kNoFloor, threads);
}

Result<std::vector<std::vector<VectorHit>>> HnswIndex::SearchRadius(std::span<const float> queries,
                                                                    float least, int most,
                                                                    int threads) const {
  KANTEI_RETURN_IF_ERROR(CheckCount(most, "the number of hits"));
  if (std::isnan(least)) return Error{ErrorCode::kInvalidArgument, "the least similarity is no number"};
  KANTEI_RETURN_IF_ERROR(CheckQueries(queries, options_.dimension));
  return SearchGraph(queries, static_cast<std::size_t>(most), kBalancedEffort, least, threads);
}

Status HnswIndex::Save(const std::filesystem::path& path, std::string_view tag) const {
  VectorHeader header = HeaderOf(options_, rows_);
  if (rows_.live() == rows_.size()) {
    graph_.FillHeader(&header);
    return WriteVectorFile(path, header, tag, rows_.Runs(), rows_.dead(), graph_.Layers());
  }
  KANTEI_TRY(const HnswGraph graph, graph_.WithoutDead(rows_, ThreadCount(0)));
  graph.FillHeader(&header);
  return WriteVectorFile(path, header, tag, rows_.Runs(), rows_.dead(), graph.Layers());
}

}  // namespace kantei::store
