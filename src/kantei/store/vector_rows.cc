#include "kantei/store/vector_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "kantei/base/parallel.h"

namespace kantei::store {
namespace {

constexpr std::size_t kRowsPerTask = 1024;
constexpr std::size_t kMostUnordered = 65536;

Error NoMemory(std::size_t rows) {
  return {ErrorCode::kTooLarge, "there is no memory for " + std::to_string(rows) +
                                    " more vectors; save the index and split it, or use a machine with more"};
}

}  // namespace

VectorRows::VectorRows(VectorCode code, int dimension)
    : code_(code), dimension_(dimension), stride_(RowStride(code, dimension)) {}

VectorRows::VectorRows(MappedFile file, const VectorFileView& view)
    : VectorRows(view.code, view.options.dimension) {
  file_ = std::move(file);
  base_ = {view.ids, view.scales, view.codes.data(), 0};
}

std::int64_t VectorRows::MemoryBytes() const {
  return static_cast<std::int64_t>(file_.bytes().size() + ids_.size_bytes() + scales_.size_bytes() +
                                   codes_.size_bytes() + dead_.size() * sizeof(std::uint64_t) +
                                   order_.size() * sizeof(std::uint32_t));
}

std::array<SavedRows, 2> VectorRows::Runs() const {
  return {base_, SavedRows{ids_.span(), scales_.span(), codes_.data(), base_.ids.size()}};
}

Status VectorRows::Append(std::span<const std::int64_t> ids, std::span<const float> vectors, int threads) {
  const auto width = static_cast<std::size_t>(dimension_);
  const std::size_t count = ids.size();
  if (vectors.size() / width != count || vectors.size() % width != 0) {
    return Error{ErrorCode::kInvalidArgument, std::to_string(count) + " ids of vectors of " +
                                                  std::to_string(dimension_) + " numbers want " +
                                                  std::to_string(count) + " x " + std::to_string(dimension_) +
                                                  " numbers, not " + std::to_string(vectors.size())};
  }
  if (count > kMaxVectorRows - size()) {
    return Error{ErrorCode::kTooLarge,
                 "an index holds at most " + std::to_string(kMaxVectorRows) + " vectors; use several"};
  }
  KANTEI_RETURN_IF_ERROR(CheckUnitVectors(vectors, dimension_, "vector"));
  const std::size_t first = ids_.size();
  const bool scaled = code_ == VectorCode::kInt8;
  if (!codes_.Resize((first + count) * stride_) || (scaled && !scales_.Resize(first + count)) ||
      !ids_.Resize(first + count)) {
    (void)codes_.Resize(first * stride_);
    if (scaled) (void)scales_.Resize(first);
    return NoMemory(count);
  }
  if (count > 0) std::memcpy(ids_.data() + first, ids.data(), ids.size_bytes());
  const VectorKernels& kernels = KernelsOf();
  const auto quantise = [&](std::size_t task) {
    const std::size_t end = std::min(count, (task + 1) * kRowsPerTask);
    for (std::size_t i = task * kRowsPerTask; i < end; ++i) {
      const std::span<const float> vector = vectors.subspan(i * width, width);
      std::byte* row = codes_.data() + (first + i) * stride_;
      if (scaled) {
        QuantizeInt8(vector, stride_, reinterpret_cast<std::uint8_t*>(row), &scales_[first + i]);
      } else {
        QuantizeHalf(vector, stride_, kernels, reinterpret_cast<std::uint16_t*>(row));
      }
    }
  };
  ParallelFor((count + kRowsPerTask - 1) / kRowsPerTask, ThreadCount(threads), {}, quantise);
  return {};
}

std::vector<std::uint32_t> VectorRows::RowsOf(std::int64_t id) {
  if (size() - ordered_ > kMostUnordered) {
    const std::size_t before = order_.size();
    order_.resize(size());
    std::iota(order_.begin() + static_cast<std::ptrdiff_t>(before), order_.end(),
              static_cast<std::uint32_t>(before));
    const auto by_id = [&](std::uint32_t a, std::uint32_t b) { return Id(a) < Id(b); };
    const auto middle = order_.begin() + static_cast<std::ptrdiff_t>(before);
    if (!std::is_sorted(middle, order_.end(), by_id)) std::sort(middle, order_.end(), by_id);
    if (before > 0 && by_id(*middle, *(middle - 1)))
      std::inplace_merge(order_.begin(), middle, order_.end(), by_id);
    ordered_ = size();
  }
  std::vector<std::uint32_t> rows;
  auto at = std::lower_bound(order_.begin(), order_.end(), id,
                             [&](std::uint32_t row, std::int64_t value) { return Id(row) < value; });
  for (; at != order_.end() && Id(*at) == id; ++at) rows.push_back(*at);
  for (std::size_t row = ordered_; row < size(); ++row)
    if (Id(row) == id) rows.push_back(static_cast<std::uint32_t>(row));
  return rows;
}

bool VectorRows::Remove(std::int64_t id) {
  bool any = false;
  for (const std::uint32_t row : RowsOf(id)) {
    if (IsDead(row)) continue;
    any = true;
    if (row / 64 >= dead_.size()) dead_.resize(row / 64 + 1, 0);
    dead_[row / 64] |= std::uint64_t{1} << (row % 64);
    ++dead_count_;
  }
  return any;
}

bool VectorRows::Unmap() {
  const std::size_t count = base_.ids.size();
  GrowArray<std::byte> codes;
  if (!ids_.Assign(base_.ids) || !scales_.Assign(base_.scales) || !codes.Resize(count * stride_))
    return false;
  if (count > 0) std::memcpy(codes.data(), base_.codes, count * stride_);
  codes_ = std::move(codes);
  base_ = {};
  file_ = {};
  return true;
}

void VectorRows::Truncate(std::size_t size) {
  (void)ids_.Resize(size);
  if (scales_.size() > 0) (void)scales_.Resize(size);
  (void)codes_.Resize(size * stride_);
}

void VectorRows::DropDead() {
  std::size_t to = 0;
  for (std::size_t row = 0; row < ids_.size(); ++row) {
    if (IsDead(row)) continue;
    if (to != row) {
      ids_[to] = ids_[row];
      if (scales_.size() > 0) scales_[to] = scales_[row];
      std::memcpy(codes_.data() + to * stride_, codes_.data() + row * stride_, stride_);
    }
    ++to;
  }
  (void)ids_.Resize(to);
  if (scales_.size() > 0) (void)scales_.Resize(to);
  (void)codes_.Resize(to * stride_);
  dead_.clear();
  dead_count_ = 0;
  order_.clear();
  ordered_ = 0;
}

}  // namespace kantei::store
