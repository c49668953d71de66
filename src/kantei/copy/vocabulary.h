// The visual vocabulary: RootSIFT descriptors to words and binary signatures (Hamming embedding, Jegou et al. 2008).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/copy/local_features.h"
#include "kantei/store/inverted_index.h"

namespace kantei::copy {

/// Bits of a signature.
inline constexpr int kSignatureBits = 64;

/// The learned tables, in plain form: what the trainer makes and the file holds.
struct VocabularyTables {
  int coarse = 0;                          ///< first-level cells
  int fine = 0;                            ///< words per cell
  std::vector<std::uint8_t> coarse_words;  ///< coarse × 128, RootSIFT bytes
  std::vector<std::uint8_t> words;         ///< coarse × fine × 128
  std::vector<float> projection;           ///< 64 × 128, orthonormal rows
  std::vector<float> medians;  ///< (coarse × fine) × 64: medians of projected descriptors of each word
};

/// Immutable after loading; thread-safe.
class Vocabulary {
 public:
  static Result<Vocabulary> Load(const std::filesystem::path& path);
  /// The vocabulary that ships with the program (models/local-vocabulary.safetensors), loaded once.
  static Result<std::shared_ptr<const Vocabulary>> Shipped();
  explicit Vocabulary(VocabularyTables tables);

  std::uint32_t words() const { return static_cast<std::uint32_t>(coarse_ * fine_); }
  /// Names the tables (a digest of their content): postings of different vocabularies must not meet.
  const std::string& id() const { return id_; }

  /// One posting a feature. log_scale is taken relative to the longer side, so that it does not depend on the picture's size.
  std::vector<store::Posting> Quantise(const LocalFeatures& features) const;
  /// For queries: each feature under its `assignments` nearest words (1..4).
  std::vector<store::Posting> QuantiseQuery(const LocalFeatures& features, int assignments) const;

 private:
  int coarse_ = 0, fine_ = 0;
  std::string id_;
  // Transposed for the nearest-word loops: [dimension][word of the cell], and half the squared norms.
  std::vector<float> coarse_transposed_, coarse_half_norms_;
  std::vector<float> words_transposed_, half_norms_;
  std::vector<float> projection_transposed_;  // [dimension][bit]
  std::vector<float> medians_;
};

Status SaveVocabulary(const std::filesystem::path& path, const VocabularyTables& tables,
                      const std::vector<std::pair<std::string, std::string>>& facts);

/// Index of the column with the smallest ½|w|² − w·x for each of `count` nearest columns, best first (count <= 4).
/// `transposed` is 128 × columns.
void NearestColumns(const float* transposed, const float* half_norms, int columns, const float* x, int count,
                    int* best);

/// Byte form of postings as the catalogue keeps them (14 bytes each, versioned header).
Bytes SerializePostings(const std::vector<store::Posting>& postings);
Result<std::vector<store::Posting>> ParsePostings(std::span<const std::byte> bytes, std::uint32_t words);

}  // namespace kantei::copy
