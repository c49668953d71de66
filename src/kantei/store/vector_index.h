// Nearest descriptors by inner product: one interface, exact and graph backends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::store {

/// A known vector near a query.
struct VectorHit {
  std::int64_t vector_id = 0;  ///< given by the caller at Add
  float similarity = 0;        ///< inner product of the unit vectors as stored, about -1..1; more is closer
};

enum class VectorBackend { kFlatFloat16, kFlatInt8, kHnsw };
std::string_view VectorBackendName(VectorBackend backend);  ///< "flat-float16", "flat-int8", "hnsw"
Result<VectorBackend> ParseVectorBackend(std::string_view name);

/// How much of the true answer a search may give up for speed. Flat backends are always exact over what they store.
enum class Recall { kFast, kBalanced, kExact };
Result<Recall> ParseRecall(std::string_view name);

struct VectorIndexOptions {
  VectorBackend backend = VectorBackend::kFlatInt8;
  int dimension = 256;     ///< 8..4096
  int hnsw_links = 16;     ///< M: links a node keeps, 4..64
  int hnsw_effort = 200;   ///< candidates looked at while building
  std::uint64_t seed = 1;  ///< of HNSW levels
  Status Validate() const;
};

/// Vectors are unit length (others are refused with kInvalidArgument, as are NaN and infinite values). An id may be given
/// several times (several descriptors of one picture). Add and Remove are for one writer; Search is thread-safe among searches.
class VectorIndex {
 public:
  static Result<std::unique_ptr<VectorIndex>> Create(const VectorIndexOptions& options);
  /// A file written by Save, memory-mapped where the backend can. `tag` must equal the one saved (kInvalidArgument otherwise:
  /// descriptors of another model). kCorrupt when damaged.
  static Result<std::unique_ptr<VectorIndex>> Open(const std::filesystem::path& path, std::string_view tag);
  virtual ~VectorIndex() = default;

  virtual const VectorIndexOptions& options() const = 0;
  virtual std::int64_t size() const = 0;          ///< vectors that can be found
  virtual std::int64_t memory_bytes() const = 0;  ///< held or mapped

  /// `vectors` is ids.size() x dimension, row-major. `threads` is a hint (0: all cores).
  virtual Status Add(std::span<const std::int64_t> ids, std::span<const float> vectors, int threads = 1) = 0;
  /// Every vector of that id; false when there was none. The space is reused or dropped at the next Save.
  virtual bool Remove(std::int64_t id) = 0;

  /// The k most similar for each query (queries x dimension), best first, ties by lower id; fewer when the index has fewer.
  virtual Result<std::vector<std::vector<VectorHit>>> Search(std::span<const float> queries, int k,
                                                             Recall recall = Recall::kBalanced,
                                                             int threads = 1) const = 0;
  /// Every vector with similarity >= `least`, best first, at most `most` a query. Exact for flat backends; HNSW searches wider
  /// until the bound is passed and may miss some.
  virtual Result<std::vector<std::vector<VectorHit>>> SearchRadius(std::span<const float> queries,
                                                                   float least, int most,
                                                                   int threads = 1) const = 0;

  /// kCorrupt when the codes that are mapped are not those that were saved; Open does not read them all. True of what lives
  /// in memory.
  virtual Status Verify() const = 0;

  /// Atomically (temporary file, fsync, rename).
  virtual Status Save(const std::filesystem::path& path, std::string_view tag) const = 0;
};

}  // namespace kantei::store
