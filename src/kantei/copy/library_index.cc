#include "kantei/copy/library_index.h"

#include <algorithm>
#include <cstring>

#include "kantei/base/log.h"
#include "kantei/base/sha256.h"
#include "kantei/store/hamming_index.h"

namespace kantei::copy {
namespace fs = std::filesystem;
namespace {

// File of hashes: this header, then count codes of 32 bytes, then count ids of 8 bytes, all little-endian.
struct HashHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t uuid_size;
  char uuid[64];
  std::int64_t last_picture_id;
  std::int64_t removals;
  std::uint64_t count;
  char digest[64];  // SHA-256 of codes and ids, hexadecimal
};
static_assert(sizeof(HashHeader) == 168);
constexpr char kMagic[8] = {'K', 'T', 'P', 'D', 'Q', 'I', 'X', '\0'};
constexpr std::uint32_t kVersion = 1;

// A library grows in small steps between refreshes: that many unsaved rows are cheaper to read again than to save.
constexpr std::int64_t kSaveAfterRows = 256;

std::string LocalTag(const store::Checkpoint& checkpoint, const std::string& vocabulary_id) {
  return checkpoint.catalog_uuid + " " + std::to_string(checkpoint.last_picture_id) + " " +
         std::to_string(checkpoint.removals) + " " + vocabulary_id;
}

}  // namespace

Status LibraryIndex::LoadHashes(const fs::path& path, const std::string& expected_uuid) {
  KANTEI_TRY(hash_file_, MappedFile::Open(path));
  const std::span<const std::byte> bytes = hash_file_.bytes();
  HashHeader header{};
  const Error stale{ErrorCode::kCorrupt,
                    "the index of hashes does not belong to this catalogue or is damaged"};
  if (bytes.size() < sizeof header) return stale;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion ||
      header.uuid_size > sizeof header.uuid)
    return stale;
  const std::uint64_t room = bytes.size() - sizeof header;
  if (header.count != room / 40 || room % 40 != 0 ||
      std::string_view(header.uuid, header.uuid_size) != expected_uuid)
    return stale;
  const auto* codes = reinterpret_cast<const Code256*>(bytes.data() + sizeof header);
  const auto* ids =
      reinterpret_cast<const std::int64_t*>(bytes.data() + sizeof header + header.count * sizeof(Code256));
  mapped_codes_ = {codes, header.count};
  mapped_ids_ = {ids, header.count};
  checkpoint_ = {expected_uuid, header.last_picture_id, header.removals};
  if (!std::is_sorted(mapped_ids_.begin(), mapped_ids_.end())) return stale;
  return {};
}

Status LibraryIndex::SaveHashes(const fs::path& path) const {
  HashHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.uuid_size =
      static_cast<std::uint32_t>(std::min(checkpoint_.catalog_uuid.size(), sizeof header.uuid));
  std::memcpy(header.uuid, checkpoint_.catalog_uuid.data(), header.uuid_size);
  header.last_picture_id = checkpoint_.last_picture_id;
  header.removals = checkpoint_.removals;
  Bytes body;
  std::vector<std::int64_t> kept;
  const auto append = [&](std::span<const Code256> codes, std::span<const std::int64_t> ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (removed_.contains(ids[i])) continue;
      const auto* raw = reinterpret_cast<const std::byte*>(&codes[i]);
      body.insert(body.end(), raw, raw + sizeof(Code256));
      kept.push_back(ids[i]);
    }
  };
  body.reserve((mapped_ids_.size() + ids_.size()) * 40 + sizeof header);
  body.resize(sizeof header);
  append(mapped_codes_, mapped_ids_);
  append(codes_, ids_);
  const auto* raw = reinterpret_cast<const std::byte*>(kept.data());
  body.insert(body.end(), raw, raw + kept.size() * sizeof(std::int64_t));
  header.count = kept.size();
  const std::string digest = Sha256Hex(std::span(body).subspan(sizeof header));
  std::memcpy(header.digest, digest.data(), sizeof header.digest);
  std::memcpy(body.data(), &header, sizeof header);
  return WriteFileAtomic(path, body);
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
  bool usable = index->LoadHashes(hash_path, now.catalog_uuid).ok() &&
                index->checkpoint_.last_picture_id <= now.last_picture_id &&
                index->checkpoint_.removals <= now.removals;
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
  collect(mapped_codes_, mapped_ids_);
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
