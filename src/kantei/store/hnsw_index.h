// The graph backend: int8 rows in memory with a graph over them. Private to store/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/store/hnsw_graph.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_index.h"
#include "kantei/store/vector_rows.h"

namespace kantei::store {

class HnswIndex final : public VectorIndex {
 public:
  explicit HnswIndex(const VectorIndexOptions& options);
  /// Copies what it needs out of the map. kTooLarge when there is no memory.
  static Result<std::unique_ptr<VectorIndex>> Load(MappedFile file, const VectorFileView& view,
                                                   std::string_view name);

  const VectorIndexOptions& options() const override { return options_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(rows_.live()); }
  std::int64_t memory_bytes() const override { return rows_.MemoryBytes() + graph_.MemoryBytes(); }
  Status Add(std::span<const std::int64_t> ids, std::span<const float> vectors, int threads) override;
  bool Remove(std::int64_t id) override { return rows_.Remove(id); }
  Result<std::vector<std::vector<VectorHit>>> Search(std::span<const float> queries, int k, Recall recall,
                                                     int threads) const override;
  Result<std::vector<std::vector<VectorHit>>> SearchRadius(std::span<const float> queries, float least,
                                                           int most, int threads) const override;
  Status Verify() const override { return {}; }  ///< Load did
  Status Save(const std::filesystem::path& path, std::string_view tag) const override;

 private:
  HnswIndex(const VectorIndexOptions& options, VectorRows rows);
  /// Hits of one query with similarity >= floor among the `effort` nearest that the graph finds; *complete when no more can
  /// be had by a wider search.
  std::vector<VectorHit> Nearest(const Int8Query& query, float scale, std::size_t effort, std::size_t limit,
                                 float floor, bool* complete) const;
  Result<std::vector<std::vector<VectorHit>>> SearchGraph(std::span<const float> queries, std::size_t limit,
                                                          std::size_t effort, float floor, int threads) const;

  VectorIndexOptions options_;
  VectorRows rows_;
  HnswGraph graph_;
};

}  // namespace kantei::store
