#include "kantei/copy/library_index.h"

#include <algorithm>

#include "kantei/base/log.h"
#include "kantei/store/hamming_index.h"

namespace kantei::copy {
namespace fs = std::filesystem;
namespace {

// A library grows in small steps between refreshes: that many unsaved rows are cheaper to read again than to save.
constexpr std::int64_t kSaveAfterRows = 256;

std::string LocalTag(const store::Checkpoint& checkpoint, const std::string& vocabulary_id) {
  return checkpoint.catalog_uuid + " " + std::to_string(checkpoint.last_picture_id) + " " +
         std::to_string(checkpoint.removals) + " " + vocabulary_id;
}

}  // namespace

Status LibraryIndex::SaveHashes(const fs::path& path) const {
  std::vector<Code256> codes;
  std::vector<std::int64_t> ids;
  const auto append = [&](std::span<const Code256> more_codes, std::span<const std::int64_t> more_ids) {
    for (std::size_t i = 0; i < more_ids.size(); ++i) {
      if (removed_.contains(more_ids[i])) continue;
      codes.push_back(more_codes[i]);
      ids.push_back(more_ids[i]);
    }
  };
  append(hash_file_.codes(), hash_file_.picture_ids());
  append(codes_, ids_);
  return store::SaveHashFile(path, codes, ids, checkpoint_);
}

Result<std::unique_ptr<LibraryIndex>> LibraryIndex::Open(store::Catalog* catalog,
                                                         const Vocabulary& vocabulary, bool save,
                                                         const CancellationToken& cancellation) {
  std::unique_ptr<LibraryIndex> index(new LibraryIndex(vocabulary.words()));
  KANTEI_TRY(const store::Checkpoint now, catalog->CurrentCheckpoint());
  KANTEI_TRY(index->pictures_, catalog->Count({}));
  const fs::path directory = catalog->directory() / "index";
  const fs::path hash_path = directory / "pdq.idx", local_path = directory / "local.idx";

  // Both files are written together; when either does not fit, both are made anew.
  bool usable = false;
  if (auto hashes = store::HashFile::Open(hash_path); hashes.ok()) {
    index->checkpoint_ = hashes->checkpoint();
    usable = index->checkpoint_.catalog_uuid == now.catalog_uuid &&
             index->checkpoint_.last_picture_id <= now.last_picture_id &&
             index->checkpoint_.removals <= now.removals;
    index->hash_file_ = std::move(*hashes);
  }
  if (usable) {
    std::string tag;
    auto local = store::InvertedIndex::Load(local_path, &tag);
    usable = local.ok() && tag == LocalTag(index->checkpoint_, vocabulary.id());
    if (usable) index->local_ = std::move(*local);
  }
  if (!usable) {
    index.reset(new LibraryIndex(vocabulary.words()));
    KANTEI_TRY(index->pictures_, catalog->Count({}));
    index->checkpoint_ = {now.catalog_uuid, 0, now.removals};
  }

  // Removals that happened since the files were written.
  if (index->checkpoint_.removals < now.removals) {
    KANTEI_TRY(const std::vector<std::int64_t> removed, catalog->RemovedSince(index->checkpoint_.removals));
    for (const std::int64_t id : removed) {
      index->removed_.insert(id);
      index->local_.MarkRemoved(id);
    }
  }

  std::int64_t rows = 0;
  std::optional<Error> failure;
  KANTEI_RETURN_IF_ERROR(
      catalog->ScanForIndex(index->checkpoint_.last_picture_id, true, [&](store::Catalog::IndexRow&& row) {
        if (row.pdq_quality > 0) {
          index->codes_.push_back(row.pdq);
          index->ids_.push_back(row.picture_id);
        }
        if (!row.postings.empty()) {
          auto postings = ParsePostings(row.postings, vocabulary.words());
          if (!postings.ok()) {
            LogWarning("picture " + std::to_string(row.picture_id) + ": " + postings.error().message);
          } else if (auto added = index->local_.Add(row.picture_id, *postings); !added.ok()) {
            failure = added.error();
            return false;
          }
        }
        ++rows;
        return !cancellation.cancelled();
      }));
  if (failure) return *failure;
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  const bool changed = rows > 0 || !usable || index->checkpoint_.removals < now.removals;
  index->checkpoint_ = now;

  if (save && changed && (!usable || rows >= kSaveAfterRows || !index->removed_.empty())) {
    std::error_code error;
    fs::create_directories(directory, error);
    Status saved = index->SaveHashes(hash_path);
    if (saved.ok()) saved = index->local_.Save(local_path, LocalTag(now, vocabulary.id()));
    if (!saved.ok()) LogDebug("the index could not be saved: " + saved.error().message);
  }
  return index;
}

std::vector<PdqHit> LibraryIndex::SearchPdq(std::span<const Code256> queries, int radius) const {
  std::vector<PdqHit> hits;
  const auto collect = [&](std::span<const Code256> codes, std::span<const std::int64_t> ids) {
    if (codes.empty()) return;
    for (const store::HammingHit& hit : store::HammingScan(codes, queries, radius)) {
      const std::int64_t id = ids[hit.position];
      if (!removed_.contains(id)) hits.push_back({id, hit.distance, hit.query});
    }
  };
  collect(hash_file_.codes(), hash_file_.picture_ids());
  collect(codes_, ids_);
  std::sort(hits.begin(), hits.end(), [](const PdqHit& a, const PdqHit& b) {
    return a.distance != b.distance       ? a.distance < b.distance
           : a.picture_id != b.picture_id ? a.picture_id < b.picture_id
                                          : a.query < b.query;
  });
  return hits;
}

std::vector<store::InvertedHit> LibraryIndex::SearchLocal(std::span<const store::Posting> query,
                                                          const store::InvertedQueryOptions& options) const {
  return local_.Query(query, options);
}

}  // namespace kantei::copy
