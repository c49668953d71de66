// The exact backends: codes in a row, all of them looked at. Private to store/.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "kantei/base/files.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_index.h"
#include "kantei/store/vector_rows.h"

namespace kantei::store {

class FlatIndex final : public VectorIndex {
 public:
  explicit FlatIndex(const VectorIndexOptions& options);
  /// `view` is of `file`; `name` is for messages.
  FlatIndex(MappedFile file, const VectorFileView& view, std::string name);

  const VectorIndexOptions& options() const override { return options_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(rows_.live()); }
  std::int64_t memory_bytes() const override { return rows_.MemoryBytes(); }
  Status Add(std::span<const std::int64_t> ids, std::span<const float> vectors, int threads) override {
    return rows_.Append(ids, vectors, threads);
  }
  bool Remove(std::int64_t id) override { return rows_.Remove(id); }
  Result<std::vector<std::vector<VectorHit>>> Search(std::span<const float> queries, int k, Recall recall,
                                                     int threads) const override;
  Result<std::vector<std::vector<VectorHit>>> SearchRadius(std::span<const float> queries, float least,
                                                           int most, int threads) const override;
  Status Verify() const override;
  Status Save(const std::filesystem::path& path, std::string_view tag) const override;

 private:
  VectorIndexOptions options_;
  VectorRows rows_;
  VectorFileView mapped_;  ///< what Verify compares; without rows when nothing is mapped
  std::string name_;
};

/// The header of a file of `rows` with these options; the counts of a graph are left at none.
VectorHeader HeaderOf(const VectorIndexOptions& options, const VectorRows& rows);
/// kInvalidArgument when k, or most, is below 1.
Status CheckCount(int count, std::string_view what);

}  // namespace kantei::store
