// An inverted file over visual words with binary signatures (Hamming embedding) and weak geometry, for local
// features.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/result.h"

namespace kantei::store {

/// One local feature as the index keeps it (16 bytes).
struct Posting {
  std::uint32_t word = 0;      ///< visual word, < number of words
  std::uint8_t angle = 0;      ///< dominant orientation, 256ths of a turn
  std::uint8_t log_scale = 0;  ///< log2(scale) × 16, clamped
  std::uint16_t reserved = 0;
  std::uint64_t signature = 0;  ///< 64-bit Hamming-embedding signature within the word
};
static_assert(sizeof(Posting) == 16);

struct InvertedHit {
  std::int64_t picture_id = 0;
  float score = 0;          ///< similarity: more is closer; comparable within one query only
  std::uint32_t votes = 0;  ///< matched features that agree in rotation and scale
};

struct InvertedQueryOptions {
  int signature_radius = 22;  ///< 0..64: postings further than this are not matches
  int max_hits = 50;
};

/// Build once from rows in order of picture id, then query; segments of later pictures are added in memory
/// and merged at the next Save. Removed pictures are masked. Thread-safe for concurrent Query.
class InvertedIndex {
 public:
  explicit InvertedIndex(std::uint32_t words);  ///< size of the vocabulary, 1 .. 2^24
  ~InvertedIndex();
  InvertedIndex(InvertedIndex&&) noexcept;
  InvertedIndex& operator=(InvertedIndex&&) noexcept;

  /// picture_id must be greater than every one added before.
  Status Add(std::int64_t picture_id, std::span<const Posting> postings);
  void MarkRemoved(std::int64_t picture_id);  ///< nothing happens when there is none
  std::int64_t last_picture_id() const;       ///< highest ever added, also if removed since; 0 when none
  /// Of the pictures that are not removed.
  std::uint64_t posting_count() const;
  std::uint64_t picture_count() const;

  /// Scores: sum over matched postings of idf(word)² × weight(signature distance), burstiness damped,
  /// normalised by the square root of the picture's posting count (100 at least, so that a picture of few
  /// features cannot win by chance); then only the votes in the best cells of the (rotation, scale) histogram
  /// count (weak geometric consistency, Jegou et al. 2008). `mirrored` matches against mirrored pictures: the
  /// caller passes postings of the mirrored query, so the index needs no flag. Best first.
  std::vector<InvertedHit> Query(std::span<const Posting> query, const InvertedQueryOptions& options) const;

  /// Versioned file with a checksum of its header and a caller's tag (checkpoint, at most 4096 bytes); laid
  /// out to be memory-mapped, replaced atomically (also the one this index was loaded from), without what was
  /// removed.
  Status Save(const std::filesystem::path& path, const std::string& tag) const;
  /// kCorrupt, kUnsupported; *tag gets what Save was given.
  static Result<InvertedIndex> Load(const std::filesystem::path& path, std::string* tag);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kantei::store
