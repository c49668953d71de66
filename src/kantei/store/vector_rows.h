// Rows of codes with their ids: those of a mapped file, then those added since. Private to store/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/store/vector_codes.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_memory.h"

namespace kantei::store {

class VectorRows {
 public:
  VectorRows(VectorCode code, int dimension);
  /// `view` is of `file`, which is kept mapped.
  VectorRows(MappedFile file, const VectorFileView& view);

  VectorCode code() const { return code_; }
  int dimension() const { return dimension_; }
  std::size_t stride() const { return stride_; }
  std::size_t size() const { return base_.ids.size() + ids_.size(); }  ///< with the removed ones
  std::size_t live() const { return size() - dead_count_; }
  bool IsDead(std::size_t row) const {
    return row / 64 < dead_.size() && (dead_[row / 64] >> (row % 64) & 1) != 0;
  }
  std::int64_t Id(std::size_t row) const {
    return row < base_.ids.size() ? base_.ids[row] : ids_[row - base_.ids.size()];
  }
  std::int64_t MemoryBytes() const;

  /// The two stretches of rows; either may be empty.
  std::array<SavedRows, 2> Runs() const;
  std::span<const std::uint64_t> dead() const { return dead_; }

  /// Checks, quantises and appends all, or none. Nothing else may use the rows meanwhile.
  Status Append(std::span<const std::int64_t> ids, std::span<const float> vectors, int threads);
  /// Marks every row of the id; false when there was none.
  bool Remove(std::int64_t id);

  /// Takes the rows of a file into memory and gives the file back; false when there is no memory.
  [[nodiscard]] bool Unmap();
  /// Without a map: where the rows lie, for reading them at random.
  const std::uint8_t* codes() const { return reinterpret_cast<const std::uint8_t*>(codes_.data()); }
  const float* scales() const { return scales_.data(); }
  /// Without a map: forgets the rows from the size-th on, which nobody has removed or looked for.
  void Truncate(std::size_t size);
  /// Without a map: moves the live rows together and forgets the others.
  void DropDead();

 private:
  std::vector<std::uint32_t> RowsOf(std::int64_t id);

  VectorCode code_;
  int dimension_;
  std::size_t stride_;
  MappedFile file_;
  SavedRows base_;
  GrowArray<std::int64_t> ids_;
  GrowArray<float> scales_;
  GrowArray<std::byte> codes_;
  std::vector<std::uint64_t> dead_;  ///< a bit a row, as far as there are removed ones
  std::size_t dead_count_ = 0;
  // The rows ordered by id, made at the first Remove; rows behind the first `ordered_` are looked through one by one.
  std::vector<std::uint32_t> order_;
  std::size_t ordered_ = 0;
};

}  // namespace kantei::store
