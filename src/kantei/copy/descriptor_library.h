// The descriptors of a library as a searchable index, rebuilt from the catalogue and kept beside it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/progress.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/copy/descriptor_search.h"
#include "kantei/store/catalog.h"
#include "kantei/store/vector_index.h"

namespace kantei::copy {

/// The network that a library's descriptors are made with.
struct LibraryNetwork {
  std::string id, name;  ///< DescriptorModel::id and its name for people
};
/// Nothing for libraries that were made without descriptors.
Result<std::optional<LibraryNetwork>> NetworkOf(store::Catalog* catalog);
/// kUnsupported, with what to do, when the library is tied to another network.
Status CheckNetwork(store::Catalog* catalog, const DescriptorModel& model);
Status SetNetwork(store::Catalog* catalog, const DescriptorModel& model);

/// The kind of index that a library asks for; flat-int8 unless it says otherwise.
Result<store::VectorBackend> BackendOf(store::Catalog* catalog);
Status SetBackend(store::Catalog* catalog, store::VectorBackend backend);

/// Opened from `<library>/index/descriptors.idx`; made anew, and saved when `save`, when that does not fit the catalogue.
/// Immutable after Open; thread-safe.
class DescriptorLibrary {
 public:
  static Result<std::unique_ptr<DescriptorLibrary>> Open(store::Catalog* catalog,
                                                         std::shared_ptr<const DescriptorModel> model,
                                                         const DescriptorSearchOptions& options, bool save,
                                                         const CancellationToken& cancellation);
  Result<DescriptorAnswer> Find(const image::Image& query) const { return search_->Find(query, *index_); }
  const DescriptorSearch& search() const { return *search_; }
  std::int64_t descriptors() const { return index_->size(); }
  /// Pictures with a preview that this network has not described: kantei library reindex does it.
  std::int64_t missing() const { return missing_; }

 private:
  DescriptorLibrary() = default;
  std::unique_ptr<DescriptorSearch> search_;
  std::unique_ptr<store::VectorIndex> index_;
  std::int64_t missing_ = 0;
};

struct ReindexOptions {
  int threads = 0;                              ///< 0: all cores
  int batch = 64;                               ///< pictures per durable commit
  std::optional<store::VectorBackend> backend;  ///< none: as it is
};
struct ReindexSummary {
  std::int64_t described = 0,
               without = 0;  ///< `without`: pictures that have no descriptor (nearly of one colour)
  bool cancelled = false;
};
/// Ties the library to the network and describes every picture that it has not described yet, from the stored previews. Goes on
/// where an interrupted call stopped.
Result<ReindexSummary> ReindexLibrary(store::Catalog* catalog, const DescriptorModel& model,
                                      const ReindexOptions& options, const CancellationToken& cancellation,
                                      Progress* progress);

}  // namespace kantei::copy
