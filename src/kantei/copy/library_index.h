// The searchable side of a library: PDQ codes and the inverted file, rebuilt from the catalogue and kept beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/code256.h"
#include "kantei/base/result.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/store/catalog.h"
#include "kantei/store/hash_file.h"
#include "kantei/store/inverted_index.h"

namespace kantei::copy {

/// A known picture whose hash is near one of the queries.
struct PdqHit {
  std::int64_t picture_id = 0;
  int distance = 0;  ///< 0..256
  int query = 0;     ///< index into the queries
};

/// Opened from `<library>/index/`; what is missing there or older than the catalogue's checkpoint is read from the
/// catalogue. Immutable after Open; thread-safe.
class LibraryIndex {
 public:
  /// `save` writes the files anew when they were not current. A directory that cannot be written is no error.
  static Result<std::unique_ptr<LibraryIndex>> Open(store::Catalog* catalog, const Vocabulary& vocabulary,
                                                    bool save, const CancellationToken& cancellation);

  std::vector<PdqHit> SearchPdq(std::span<const Code256> queries, int radius) const;
  std::vector<store::InvertedHit> SearchLocal(std::span<const store::Posting> query,
                                              const store::InvertedQueryOptions& options) const;
  std::int64_t pictures() const { return pictures_; }

 private:
  explicit LibraryIndex(std::uint32_t words) : local_(words) {}
  Status SaveHashes(const std::filesystem::path& path) const;

  store::Checkpoint checkpoint_;
  store::HashFile hash_file_;
  std::vector<Code256> codes_;  // later than those of the file
  std::vector<std::int64_t> ids_;
  std::unordered_set<std::int64_t> removed_;
  store::InvertedIndex local_;
  std::int64_t pictures_ = 0;
};

}  // namespace kantei::copy
