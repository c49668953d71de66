#include "kantei/store/flat_scan.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <string>
#include <utility>

#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"
#include "kantei/store/vector_codes.h"

namespace kantei::store {
namespace {

// One query: blocks whose dots and similarities stay in the first-level cache. Many: blocks whose dots with all queries of
// a pass stay in the second-level cache.
constexpr std::size_t kMostBlockRows = 256;
constexpr std::size_t kBatchBlockRows = 128;
constexpr std::size_t kFewQueries = 8;  ///< from here on they share the rows
constexpr std::size_t kQueriesPerPass = 512;
constexpr std::size_t kTaskBytes = 1 << 20;  ///< rows that one thread takes at a time
// Rounding takes a similarity a little beyond 1; damaged codes of float16 may take it anywhere.
constexpr float kMostSimilar = 1.5f;

KANTEI_MULTIARCH void ToSimilarities(const std::int32_t* __restrict__ dots, const float* __restrict__ scales,
                                     float query_scale, std::size_t count, float* __restrict__ similarities) {
  for (std::size_t i = 0; i < count; ++i)
    similarities[i] = static_cast<float>(dots[i]) * scales[i] * query_scale;
}

/// Bit i: some of the similarities 32 i .. 32 i + 31 reaches the threshold.
KANTEI_MULTIARCH std::uint32_t ReachedGroups(const float* __restrict__ similarities, std::size_t groups,
                                             float threshold) {
  std::uint32_t reached = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < 32; ++i) any |= similarities[32 * g + i] >= threshold ? 1u : 0u;
    reached |= any << g;
  }
  return reached;
}

/// What one thread needs besides its results.
struct Buffers {
  GrowArray<std::int32_t> dots;
  GrowArray<std::uint8_t> packed;
  alignas(64) float similarities[kTileQueries * kMostBlockRows];
};

class Scan {
 public:
  Scan(const VectorRows& rows, const PreparedQueries& queries, const VectorKernels& kernels)
      : rows_(rows), queries_(queries), kernels_(kernels) {}

  [[nodiscard]] bool Prepare(Buffers* buffers) const {
    return buffers->dots.Resize(std::max(kMostBlockRows, queries_.size() * kBatchBlockRows)) &&
           buffers->packed.Resize(kPackedRows * rows_.stride());
  }

  /// Rows [begin, end) of the run with all queries.
  void Run(const SavedRows& run, std::size_t begin, std::size_t end, Buffers* buffers,
           std::span<TopHits> tops) const {
    const std::size_t most = tops.size() < kFewQueries ? kMostBlockRows : kBatchBlockRows;
    for (std::size_t at = begin; at < end; at += most) {
      const std::size_t count = std::min(most, end - at);
      if (rows_.code() == VectorCode::kInt8) {
        RunInt8(run, at, count, buffers, tops);
      } else {
        RunHalf(run, at, count, buffers, tops);
      }
    }
  }

 private:
  void RunInt8(const SavedRows& run, std::size_t at, std::size_t count, Buffers* buffers,
               std::span<TopHits> tops) const {
    const auto* codes = reinterpret_cast<const std::uint8_t*>(run.codes + at * rows_.stride());
    std::int32_t* dots = buffers->dots.data();
    const bool batch = tops.size() >= kFewQueries;
    if (batch)
      kernels_.int8_batch(codes, count, rows_.stride(), queries_.int8(), tops.size(), dots,
                          buffers->packed.data());
    for (std::size_t q = 0; q < tops.size(); ++q) {
      if (!batch) kernels_.int8_rows(codes, count, rows_.stride(), queries_.int8()[q], dots);
      ToSimilarities(batch ? dots + q * count : dots, run.scales.data() + at, queries_.scale(q), count,
                     buffers->similarities);
      Select(run, at, count, buffers->similarities, &tops[q]);
    }
  }

  void RunHalf(const SavedRows& run, std::size_t at, std::size_t count, Buffers* buffers,
               std::span<TopHits> tops) const {
    const auto* codes = reinterpret_cast<const std::uint16_t*>(run.codes + at * rows_.stride());
    const std::size_t stride = rows_.stride() / sizeof *codes;
    float* similarities = buffers->similarities;
    std::size_t q = 0;
    for (; q + kTileQueries <= tops.size(); q += kTileQueries) {
      kernels_.half_tile(codes, count, stride, queries_.half() + q, similarities);
      for (std::size_t i = 0; i < kTileQueries; ++i)
        Select(run, at, count, similarities + i * count, &tops[q + i]);
    }
    for (; q < tops.size(); ++q) {
      kernels_.half_rows(codes, count, stride, queries_.half()[q], similarities);
      Select(run, at, count, similarities, &tops[q]);
    }
  }

  void Select(const SavedRows& run, std::size_t at, std::size_t count, const float* similarities,
              TopHits* top) const {
    const auto offer = [&](std::size_t i) {
      if (similarities[i] >= top->threshold() && similarities[i] <= kMostSimilar &&
          !rows_.IsDead(run.first + at + i)) {
        top->Offer(run.ids[at + i], similarities[i]);
      }
    };
    const std::size_t groups = count / 32;
    static_assert(kMostBlockRows / 32 <= 32);
    for (std::uint32_t reached = ReachedGroups(similarities, groups, top->threshold()); reached != 0;
         reached &= reached - 1) {
      const auto group = static_cast<std::size_t>(std::countr_zero(reached));
      for (std::size_t i = 32 * group; i < 32 * group + 32; ++i) offer(i);
    }
    for (std::size_t i = 32 * groups; i < count; ++i) offer(i);
  }

  const VectorRows& rows_;
  const PreparedQueries& queries_;
  const VectorKernels& kernels_;
};

}  // namespace

void TopHits::Offer(std::int64_t id, float similarity) {
  const VectorHit hit{id, similarity};
  if (heap_.size() == limit_) {
    if (limit_ == 0 || !Closer(hit, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), Closer);
    heap_.back() = hit;
  } else {
    heap_.push_back(hit);
  }
  std::push_heap(heap_.begin(), heap_.end(), Closer);
  if (heap_.size() == limit_) threshold_ = heap_.front().similarity;
}

std::vector<VectorHit> TopHits::Take() {
  std::sort_heap(heap_.begin(), heap_.end(), Closer);
  return std::exchange(heap_, {});
}

Status CheckQueries(std::span<const float> queries, int dimension) {
  if (queries.size() % static_cast<std::size_t>(dimension) != 0) {
    return Error{ErrorCode::kInvalidArgument, std::to_string(queries.size()) +
                                                  " numbers are not whole queries of dimension " +
                                                  std::to_string(dimension)};
  }
  return CheckUnitVectors(queries, dimension, "query");
}

Result<std::vector<std::vector<VectorHit>>> ScanRows(const VectorRows& rows, std::span<const float> queries,
                                                     std::size_t limit, float floor, int threads,
                                                     const VectorKernels& kernels) {
  const auto width = static_cast<std::size_t>(rows.dimension());
  const std::size_t query_count = queries.size() / width;
  std::vector<std::vector<VectorHit>> hits(query_count);
  limit = std::min(limit, rows.live());
  if (limit == 0) return hits;

  const std::size_t data_bytes = rows.size() * rows.stride();
  const std::size_t worth = 1 + data_bytes * std::min<std::size_t>(query_count, 64) / (4 * kTaskBytes);
  const std::size_t workers = std::min(static_cast<std::size_t>(ThreadCount(threads)), worth);
  for (std::size_t first = 0; first < query_count; first += kQueriesPerPass) {
    const std::size_t count = std::min(kQueriesPerPass, query_count - first);
    PreparedQueries prepared;
    if (!prepared.Prepare(queries.subspan(first * width, count * width), rows.dimension(), rows.code()))
      return Error{ErrorCode::kTooLarge, "there is no memory for the queries; ask fewer at a time"};
    const Scan scan(rows, prepared, kernels);
    const std::size_t task_rows =
        std::max<std::size_t>(1, kTaskBytes / rows.stride() / kMostBlockRows) * kMostBlockRows;
    struct Task {
      const SavedRows* run;
      std::size_t begin, end;
    };
    const auto runs = rows.Runs();
    std::vector<Task> tasks;
    for (const SavedRows& run : runs) {
      for (std::size_t begin = 0; begin < run.ids.size(); begin += task_rows)
        tasks.push_back({&run, begin, std::min(begin + task_rows, run.ids.size())});
    }
    std::vector<std::vector<TopHits>> tops(workers, std::vector<TopHits>(count, TopHits(limit, floor)));
    std::vector<Buffers> buffers(workers);
    for (Buffers& own : buffers)
      if (!scan.Prepare(&own))
        return Error{ErrorCode::kTooLarge, "there is no memory for the queries; ask fewer at a time"};
    std::atomic<std::size_t> next{0};
    ParallelFor(workers, static_cast<int>(workers), {}, [&](std::size_t worker) {
      for (std::size_t t = next++; t < tasks.size(); t = next++)
        scan.Run(*tasks[t].run, tasks[t].begin, tasks[t].end, &buffers[worker], tops[worker]);
    });
    for (std::size_t q = 0; q < count; ++q) {
      hits[first + q] = tops[0][q].Take();
      for (std::size_t worker = 1; worker < workers; ++worker) {
        std::vector<VectorHit>& all = hits[first + q];
        const auto middle = static_cast<std::ptrdiff_t>(all.size());
        const std::vector<VectorHit> more = tops[worker][q].Take();
        all.insert(all.end(), more.begin(), more.end());
        std::inplace_merge(all.begin(), all.begin() + middle, all.end(), Closer);
        if (all.size() > limit) all.resize(limit);
      }
    }
  }
  return hits;
}

}  // namespace kantei::store
