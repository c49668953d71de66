#include "kantei/evaluate/copy_protocol.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>

#include "kantei/base/parallel.h"
#include "kantei/copy/descriptor_math.h"
#include "kantei/store/hamming_index.h"

namespace kantei::evaluate {
namespace {

constexpr std::size_t kReferenceChunk = 8192;  // a block's products stay within the caches
constexpr std::size_t kBlockRows = 96;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

bool Better(const ScoredPair& a, const ScoredPair& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.query != b.query ? a.query < b.query : a.reference < b.reference;
}

void KeepBest(std::vector<ScoredPair>* pairs, std::size_t most) {
  if (pairs->size() <= most) return;
  std::nth_element(pairs->begin(), pairs->begin() + static_cast<std::ptrdiff_t>(most), pairs->end(), Better);
  pairs->resize(most);
}

/// Keeps the best pairs of many threads. A pair below the threshold cannot be among them any more.
class GlobalBest {
 public:
  explicit GlobalBest(std::size_t most) : most_(most) {}

  float threshold() const { return threshold_.load(std::memory_order_relaxed); }
  void Add(const std::vector<ScoredPair>& pairs) {
    const std::lock_guard lock(mutex_);
    pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
    if (pairs_.size() < 2 * most_) return;
    KeepBest(&pairs_, most_);
    double worst = pairs_.front().score;
    for (const ScoredPair& pair : pairs_) worst = std::min(worst, pair.score);
    threshold_.store(static_cast<float>(worst), std::memory_order_relaxed);
  }
  std::vector<ScoredPair> Finish() {
    KeepBest(&pairs_, most_);
    std::sort(pairs_.begin(), pairs_.end(), Better);
    return std::move(pairs_);
  }

 private:
  std::mutex mutex_;
  std::size_t most_;
  std::atomic<float> threshold_{kNothing};
  std::vector<ScoredPair> pairs_;
};

struct Block {
  std::size_t first = 0, last = 0;  ///< queries
};
/// Whole queries with about kBlockRows rows together.
std::vector<Block> QueryBlocks(const QueryRows& queries) {
  std::vector<Block> blocks;
  for (std::size_t q = 0; q < queries.queries();) {
    Block block{q, q + 1};
    while (block.last < queries.queries() &&
           queries.first[block.last + 1] - queries.first[block.first] <= kBlockRows)
      ++block.last;
    blocks.push_back(block);
    q = block.last;
  }
  return blocks;
}

}  // namespace

Status CandidateOptions::Validate() const {
  if (global < 1 || global > 50'000'000)
    return Error{ErrorCode::kInvalidArgument, "the number of candidate pairs must be 1 to 50 million"};
  if (per_query < 0) return Error{ErrorCode::kInvalidArgument, "candidates per query must be 0 or more"};
  return {};
}

Result<std::vector<ScoredPair>> RankDescriptors(QueryRows queries, std::vector<float> references,
                                                const copy::ScoreNormaliser& normaliser,
                                                const copy::ViewOffsets& offsets,
                                                const CandidateOptions& options,
                                                const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_CHECK(queries.dimension == normaliser.dimension() && queries.first.size() >= 1);
  const auto d = static_cast<std::size_t>(queries.dimension);
  KANTEI_CHECK(queries.values.size() == queries.first.back() * d && references.size() % d == 0);
  const auto rows_present = copy::RowsPresent(queries.values, queries.dimension);
  const auto references_present = copy::RowsPresent(references, queries.dimension);
  std::vector<copy::ScoreLaw> laws = normaliser.Laws(queries.values, options.threads, cancellation);
  KANTEI_CHECK(queries.kinds.empty() || queries.kinds.size() == laws.size());
  for (std::size_t row = 0; row < queries.kinds.size(); ++row)
    laws[row].offset += offsets[static_cast<std::size_t>(queries.kinds[row])];
  normaliser.Adjust(queries.values, options.threads, cancellation);
  normaliser.Adjust(references, options.threads, cancellation);
  KANTEI_RETURN_IF_ERROR(cancellation.Check());

  const std::size_t reference_count = references.size() / d;
  const auto per_query = static_cast<std::size_t>(options.per_query);
  GlobalBest best(static_cast<std::size_t>(options.global));
  std::vector<std::vector<ScoredPair>> of_query(per_query > 0 ? queries.queries() : 0);
  const std::vector<Block> blocks = QueryBlocks(queries);
  ParallelFor(blocks.size(), options.threads, cancellation, [&](std::size_t b) {
    const Block& block = blocks[b];
    const std::size_t first_row = queries.first[block.first], rows = queries.first[block.last] - first_row;
    std::vector<float> products(rows * std::min(kReferenceChunk, reference_count)), scores;
    std::vector<ScoredPair> found;
    for (std::size_t from = 0; from < reference_count; from += kReferenceChunk) {
      const std::size_t count = std::min(kReferenceChunk, reference_count - from);
      copy::InnerProducts(std::span(queries.values).subspan(first_row * d, rows * d),
                          std::span(references).subspan(from * d, count * d), queries.dimension,
                          products.data());
      for (std::size_t q = block.first; q < block.last; ++q) {
        scores.assign(count, kNothing);
        for (std::size_t row = queries.first[q]; row < queries.first[q + 1]; ++row) {
          if (rows_present[row] == 0) continue;
          const float* cosines = products.data() + (row - first_row) * count;
          const copy::ScoreLaw law = laws[row];
          for (std::size_t r = 0; r < count; ++r) scores[r] = std::max(scores[r], law.Score(cosines[r]));
        }
        const auto query = static_cast<std::uint32_t>(q);
        const float least = per_query > 0 ? kNothing : best.threshold();
        auto& kept = per_query > 0 ? of_query[q] : found;
        for (std::size_t r = 0; r < count; ++r) {
          if (scores[r] < least || scores[r] == kNothing || references_present[from + r] == 0) continue;
          kept.push_back({scores[r], query, static_cast<std::uint32_t>(from + r)});
        }
        if (per_query > 0) KeepBest(&kept, per_query);
      }
      if (per_query == 0) {
        best.Add(found);
        found.clear();
      }
    }
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (per_query == 0) return best.Finish();
  std::vector<ScoredPair> pairs;
  for (const auto& kept : of_query) pairs.insert(pairs.end(), kept.begin(), kept.end());
  std::sort(pairs.begin(), pairs.end(), Better);
  return pairs;
}

Result<std::vector<ScoredPair>> RankHashes(std::span<const PictureHash> queries,
                                           std::span<const PictureHash> references, int radius, int variants,
                                           const CandidateOptions& options,
                                           const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_CHECK(radius >= 0 && radius <= 256 && (variants == 1 || variants == 8));
  std::vector<Code256> known;
  std::vector<std::uint32_t> known_reference;
  for (std::size_t r = 0; r < references.size(); ++r) {
    if (!references[r].present) continue;
    known.push_back(references[r].codes[0]);
    known_reference.push_back(static_cast<std::uint32_t>(r));
  }
  constexpr std::size_t kBlock = 32;
  const auto v = static_cast<std::size_t>(variants);
  // Distances are whole numbers: how many pairs there are at each tells how far the radius must shrink.
  std::mutex mutex;
  std::array<std::int64_t, 257> at_distance{};
  std::atomic<int> current{radius};
  std::vector<ScoredPair> pairs;
  // The largest radius up to `most` within which there are few enough pairs; -1 when even equal hashes are too many.
  const auto reach = [&](int most) {
    std::int64_t sum = 0;
    for (int distance = 0; distance <= most; ++distance) {
      sum += at_distance[static_cast<std::size_t>(distance)];
      if (options.per_query == 0 && sum > options.global) return distance - 1;
    }
    return most;
  };
  ParallelFor((queries.size() + kBlock - 1) / kBlock, options.threads, cancellation, [&](std::size_t block) {
    std::vector<Code256> codes;
    std::vector<std::uint32_t> owner;
    for (std::size_t q = block * kBlock; q < std::min(queries.size(), (block + 1) * kBlock); ++q) {
      if (!queries[q].present) continue;
      codes.insert(codes.end(), queries[q].codes.begin(),
                   queries[q].codes.begin() + static_cast<std::ptrdiff_t>(v));
      owner.insert(owner.end(), v, static_cast<std::uint32_t>(q));
    }
    if (codes.empty() || known.empty()) return;
    std::vector<ScoredPair> found;
    for (const store::HammingHit& hit : store::HammingScan(known, codes, current.load()))
      found.push_back({-static_cast<double>(hit.distance), owner[hit.query], known_reference[hit.position]});
    // Of the variants of one query the nearest counts.
    std::sort(found.begin(), found.end(), [](const ScoredPair& a, const ScoredPair& b) {
      if (a.query != b.query) return a.query < b.query;
      return a.reference != b.reference ? a.reference < b.reference : a.score > b.score;
    });
    found.erase(std::unique(found.begin(), found.end(),
                            [](const ScoredPair& a, const ScoredPair& b) {
                              return a.query == b.query && a.reference == b.reference;
                            }),
                found.end());
    if (options.per_query > 0) {
      std::sort(found.begin(), found.end(), [](const ScoredPair& a, const ScoredPair& b) {
        return a.query != b.query ? a.query < b.query : Better(a, b);
      });
      std::vector<ScoredPair> kept;
      int of_this = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        of_this = i > 0 && found[i].query == found[i - 1].query ? of_this + 1 : 0;
        if (of_this < options.per_query) kept.push_back(found[i]);
      }
      found = std::move(kept);
    }
    const std::lock_guard lock(mutex);
    for (const ScoredPair& pair : found) ++at_distance[static_cast<std::size_t>(-pair.score)];
    pairs.insert(pairs.end(), found.begin(), found.end());
    const int now = reach(radius);
    if (now < current.load()) {
      current.store(std::max(now, 0));
      std::erase_if(pairs, [&](const ScoredPair& pair) { return -pair.score > now; });
    }
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::erase_if(pairs, [last = reach(radius)](const ScoredPair& pair) { return -pair.score > last; });
  std::sort(pairs.begin(), pairs.end(), Better);
  return pairs;
}

}  // namespace kantei::evaluate
