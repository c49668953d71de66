// The exact search: every row with every query, the rows read from memory once for many queries. Private to store/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/store/vector_index.h"
#include "kantei/store/vector_kernels.h"
#include "kantei/store/vector_rows.h"

namespace kantei::store {

/// More similar first, ties by lower id: the order of results.
inline bool Closer(const VectorHit& a, const VectorHit& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.vector_id < b.vector_id;
}

/// The best `limit` hits of at least `floor` among those offered.
class TopHits {
 public:
  TopHits(std::size_t limit, float floor) : limit_(limit), threshold_(floor) {}
  /// What is less similar cannot get in.
  float threshold() const { return threshold_; }
  void Offer(std::int64_t id, float similarity);
  /// The hits, best first; none are left inside.
  std::vector<VectorHit> Take();

 private:
  std::size_t limit_;
  float threshold_;
  std::vector<VectorHit> heap_;  ///< the worst in front
};

/// Checks the shape and the values of queries. kInvalidArgument.
Status CheckQueries(std::span<const float> queries, int dimension);

/// For each query the best `limit` live rows with similarity >= floor. The queries have passed CheckQueries. The answer does
/// not depend on the number of threads.
Result<std::vector<std::vector<VectorHit>>> ScanRows(const VectorRows& rows, std::span<const float> queries,
                                                     std::size_t limit, float floor, int threads,
                                                     const VectorKernels& kernels);

}  // namespace kantei::store
