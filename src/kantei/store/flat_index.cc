#include "kantei/store/flat_index.h"

#include <cmath>
#include <utility>

#include "kantei/store/flat_scan.h"

namespace kantei::store {

FlatIndex::FlatIndex(const VectorIndexOptions& options)
    : options_(options), rows_(CodeOf(options.backend), options.dimension) {}

FlatIndex::FlatIndex(MappedFile file, const VectorFileView& view, std::string name)
    : options_(view.options), rows_(std::move(file), view), mapped_(view), name_(std::move(name)) {}

Result<std::vector<std::vector<VectorHit>>> FlatIndex::Search(std::span<const float> queries, int k,
                                                              Recall /*recall*/, int threads) const {
  constexpr float kNoFloor = -2.0f;
  KANTEI_RETURN_IF_ERROR(CheckCount(k, "k"));
  KANTEI_RETURN_IF_ERROR(CheckQueries(queries, options_.dimension));
  return ScanRows(rows_, queries, static_cast<std::size_t>(k), kNoFloor, threads, KernelsOf());
}

Result<std::vector<std::vector<VectorHit>>> FlatIndex::SearchRadius(std::span<const float> queries,
                                                                    float least, int most,
                                                                    int threads) const {
  KANTEI_RETURN_IF_ERROR(CheckCount(most, "the number of hits"));
  if (std::isnan(least)) return Error{ErrorCode::kInvalidArgument, "the least similarity is no number"};
  KANTEI_RETURN_IF_ERROR(CheckQueries(queries, options_.dimension));
  return ScanRows(rows_, queries, static_cast<std::size_t>(most), least, threads, KernelsOf());
}

Status FlatIndex::Verify() const {
  if (mapped_.ids.empty()) return {};
  return CheckVectorCodes(mapped_, name_);
}

Status FlatIndex::Save(const std::filesystem::path& path, std::string_view tag) const {
  return WriteVectorFile(path, HeaderOf(options_, rows_), tag, rows_.Runs(), rows_.dead(), {});
}

VectorHeader HeaderOf(const VectorIndexOptions& options, const VectorRows& rows) {
  VectorHeader header;
  header.backend = static_cast<std::uint32_t>(options.backend);
  header.dimension = static_cast<std::uint32_t>(options.dimension);
  header.rows = rows.live();
  header.seed = options.seed;
  header.hnsw_links = static_cast<std::uint32_t>(options.hnsw_links);
  header.hnsw_effort = static_cast<std::uint32_t>(options.hnsw_effort);
  return header;
}

Status CheckCount(int count, std::string_view what) {
  if (count >= 1) return {};
  return Error{ErrorCode::kInvalidArgument,
               std::string(what) + " is " + std::to_string(count) + ", at least 1 is expected"};
}

}  // namespace kantei::store
