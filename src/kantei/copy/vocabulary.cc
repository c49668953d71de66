#include "kantei/copy/vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <numbers>

#include "kantei/base/cpu.h"
#include "kantei/base/sha256.h"
#include "kantei/nn/safetensors.h"

namespace kantei::copy {
namespace {

constexpr int kMaxColumns = 1024;
constexpr std::string_view kFormat = "kantei.local-vocabulary/1";

// scores[c] = half_norms[c] - sum_d transposed[d][c] * x[d]
KANTEI_MULTIARCH void ColumnScores(const float* __restrict__ transposed, const float* __restrict__ half_norms,
                                   int columns, const float* __restrict__ x, float* __restrict__ scores) {
  for (int c = 0; c < columns; ++c) scores[c] = half_norms[c];
  for (int d = 0; d < kDescriptorSize; d += 4) {
    const float x0 = x[d], x1 = x[d + 1], x2 = x[d + 2], x3 = x[d + 3];
    const float* __restrict__ w0 =
        transposed + static_cast<std::size_t>(d) * static_cast<std::size_t>(columns);
    const float* __restrict__ w1 = w0 + columns;
    const float* __restrict__ w2 = w1 + columns;
    const float* __restrict__ w3 = w2 + columns;
    for (int c = 0; c < columns; ++c) scores[c] -= w0[c] * x0 + w1[c] * x1 + w2[c] * x2 + w3[c] * x3;
  }
}

std::vector<float> Transpose(const std::uint8_t* rows, int count) {
  std::vector<float> transposed(static_cast<std::size_t>(count) * kDescriptorSize);
  for (int r = 0; r < count; ++r) {
    for (int d = 0; d < kDescriptorSize; ++d) {
      transposed[static_cast<std::size_t>(d) * static_cast<std::size_t>(count) +
                 static_cast<std::size_t>(r)] =
          static_cast<float>(
              rows[static_cast<std::size_t>(r) * kDescriptorSize + static_cast<std::size_t>(d)]);
    }
  }
  return transposed;
}

std::vector<float> HalfNorms(const std::uint8_t* rows, int count) {
  std::vector<float> norms(static_cast<std::size_t>(count));
  for (int r = 0; r < count; ++r) {
    float sum = 0;
    for (int d = 0; d < kDescriptorSize; ++d) {
      const float value = rows[static_cast<std::size_t>(r) * kDescriptorSize + static_cast<std::size_t>(d)];
      sum += value * value;
    }
    norms[static_cast<std::size_t>(r)] = sum / 2;
  }
  return norms;
}

std::uint8_t QuantiseAngle(float angle) {
  return static_cast<std::uint8_t>(static_cast<int>(std::lround(angle * 128.0f / std::numbers::pi_v<float>)) &
                                   255);
}

// Scales span about 1/512 to 1/4 of the longer side: 9 octaves × 16 steps fit a byte.
std::uint8_t QuantiseScale(float scale, float longer_side) {
  const float octaves = std::log2(std::max(scale / longer_side, 1e-6f)) + 12.0f;
  return static_cast<std::uint8_t>(std::clamp(std::lround(octaves * 16.0f), 0L, 255L));
}

}  // namespace

void NearestColumns(const float* transposed, const float* half_norms, int columns, const float* x, int count,
                    int* best) {
  alignas(64) std::array<float, kMaxColumns> scores;
  ColumnScores(transposed, half_norms, columns, x, scores.data());
  for (int k = 0; k < count; ++k) {
    const auto smallest = std::min_element(scores.begin(), scores.begin() + columns);
    best[k] = static_cast<int>(smallest - scores.begin());
    *smallest = INFINITY;
  }
}

Vocabulary::Vocabulary(VocabularyTables tables)
    : coarse_(tables.coarse), fine_(tables.fine), medians_(std::move(tables.medians)) {
  KANTEI_CHECK(coarse_ >= 1 && coarse_ <= kMaxColumns && fine_ >= 1 && fine_ <= kMaxColumns);
  Sha256 digest;
  digest.Update(std::as_bytes(std::span(tables.coarse_words)));
  digest.Update(std::as_bytes(std::span(tables.words)));
  digest.Update(std::as_bytes(std::span(tables.projection)));
  digest.Update(std::as_bytes(std::span(medians_)));
  id_ = digest.FinishHex().substr(0, 16);

  coarse_transposed_ = Transpose(tables.coarse_words.data(), coarse_);
  coarse_half_norms_ = HalfNorms(tables.coarse_words.data(), coarse_);
  const std::size_t cell = static_cast<std::size_t>(fine_) * kDescriptorSize;
  words_transposed_.reserve(cell * static_cast<std::size_t>(coarse_));
  for (int c = 0; c < coarse_; ++c) {
    const std::vector<float> transposed =
        Transpose(tables.words.data() + static_cast<std::size_t>(c) * cell, fine_);
    words_transposed_.insert(words_transposed_.end(), transposed.begin(), transposed.end());
  }
  half_norms_ = HalfNorms(tables.words.data(), coarse_ * fine_);
  projection_transposed_.resize(static_cast<std::size_t>(kDescriptorSize) * kSignatureBits);
  for (std::size_t bit = 0; bit < kSignatureBits; ++bit) {
    for (std::size_t d = 0; d < kDescriptorSize; ++d) {
      projection_transposed_[d * kSignatureBits + bit] = tables.projection[bit * kDescriptorSize + d];
    }
  }
}

std::vector<store::Posting> Vocabulary::Quantise(const LocalFeatures& features) const {
  return QuantiseQuery(features, 1);
}

std::vector<store::Posting> Vocabulary::QuantiseQuery(const LocalFeatures& features, int assignments) const {
  KANTEI_CHECK(assignments >= 1 && assignments <= 4);
  const float longer_side = static_cast<float>(std::max({features.width, features.height, 1}));
  const int cells = std::min(assignments, coarse_);
  std::vector<store::Posting> postings;
  postings.reserve(features.size() * static_cast<std::size_t>(assignments));
  static const std::array<float, kSignatureBits> zeros{};
  alignas(64) std::array<float, kDescriptorSize> x;
  alignas(64) std::array<float, kMaxColumns> scores;
  alignas(64) std::array<float, kSignatureBits> projected;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::uint8_t* descriptor = features.descriptor(i);
    for (std::size_t d = 0; d < kDescriptorSize; ++d) x[d] = descriptor[d];
    ColumnScores(projection_transposed_.data(), zeros.data(), kSignatureBits, x.data(), projected.data());

    std::array<int, 4> cell_of{};
    NearestColumns(coarse_transposed_.data(), coarse_half_norms_.data(), coarse_, x.data(), cells,
                   cell_of.data());
    // The nearest words over the nearest cells, best first.
    std::array<std::pair<float, std::uint32_t>, 4> nearest;
    nearest.fill({INFINITY, 0});
    for (int k = 0; k < cells; ++k) {
      const auto first =
          static_cast<std::size_t>(cell_of[static_cast<std::size_t>(k)]) * static_cast<std::size_t>(fine_);
      ColumnScores(words_transposed_.data() + first * kDescriptorSize, half_norms_.data() + first, fine_,
                   x.data(), scores.data());
      for (int w = 0; w < fine_; ++w) {
        std::pair<float, std::uint32_t> candidate{
            scores[static_cast<std::size_t>(w)],
            static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(w)};
        if (candidate.first >= nearest[static_cast<std::size_t>(assignments) - 1].first) continue;
        for (std::size_t slot = 0; slot < static_cast<std::size_t>(assignments); ++slot) {
          if (candidate.first < nearest[slot].first) std::swap(candidate, nearest[slot]);
        }
      }
    }
    for (int k = 0; k < assignments; ++k) {
      const auto& [score, word] = nearest[static_cast<std::size_t>(k)];
      if (score == INFINITY) break;
      store::Posting posting;
      posting.word = word;
      posting.angle = QuantiseAngle(features.keypoints[i].angle);
      posting.log_scale = QuantiseScale(features.keypoints[i].scale, longer_side);
      const float* medians = medians_.data() + static_cast<std::size_t>(word) * kSignatureBits;
      for (std::size_t bit = 0; bit < kSignatureBits; ++bit) {
        // ColumnScores gives the negated projection.
        posting.signature |= static_cast<std::uint64_t>(-projected[bit] > medians[bit]) << bit;
      }
      postings.push_back(posting);
    }
  }
  return postings;
}

Result<Vocabulary> Vocabulary::Load(const std::filesystem::path& path) {
  KANTEI_TRY(nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  const auto format = file.metadata().find("format");
  if (format == file.metadata().end() || format->second != kFormat) {
    return Error{ErrorCode::kUnsupported,
                 DisplayPath(path) + " is no local vocabulary of format " + std::string(kFormat)};
  }
  using nn::DType;
  const std::array<std::int64_t, 2> coarse_shape{-1, kDescriptorSize};
  KANTEI_TRY(nn::TensorView coarse, file.Get("coarse_words", DType::kU8, coarse_shape));
  const std::array<std::int64_t, 3> word_shape{coarse.shape[0], -1, kDescriptorSize};
  KANTEI_TRY(nn::TensorView words, file.Get("words", DType::kU8, word_shape));
  const std::array<std::int64_t, 2> projection_shape{kSignatureBits, kDescriptorSize};
  KANTEI_TRY(nn::TensorView projection, file.Get("projection", DType::kF32, projection_shape));
  const std::array<std::int64_t, 3> median_shape{coarse.shape[0], words.shape[1], kSignatureBits};
  KANTEI_TRY(nn::TensorView medians, file.Get("medians", DType::kI16, median_shape));
  if (coarse.shape[0] < 1 || coarse.shape[0] > kMaxColumns || words.shape[1] < 1 ||
      words.shape[1] > kMaxColumns) {
    return Error{ErrorCode::kCorrupt,
                 DisplayPath(path) + " has a level of less than 1 or more than 1024 words"};
  }
  VocabularyTables tables;
  tables.coarse = static_cast<int>(coarse.shape[0]);
  tables.fine = static_cast<int>(words.shape[1]);
  const auto copy_to = [](const nn::TensorView& view, auto& vector) {
    vector.resize(view.bytes.size() / sizeof(vector[0]));
    if (!view.bytes.empty()) std::memcpy(vector.data(), view.bytes.data(), view.bytes.size());
  };
  copy_to(coarse, tables.coarse_words);
  copy_to(words, tables.words);
  copy_to(projection, tables.projection);
  std::vector<std::int16_t> quantised;
  copy_to(medians, quantised);
  tables.medians.resize(quantised.size());
  std::transform(quantised.begin(), quantised.end(), tables.medians.begin(),
                 [](std::int16_t q) { return static_cast<float>(q) / 16.0f; });
  return Vocabulary(std::move(tables));
}

Result<std::shared_ptr<const Vocabulary>> Vocabulary::Shipped() {
  static std::mutex mutex;
  static std::shared_ptr<const Vocabulary> loaded;
  const std::lock_guard lock(mutex);
  if (!loaded) {
    KANTEI_TRY(const std::filesystem::path path, FindModel("local-vocabulary.safetensors"));
    KANTEI_TRY(Vocabulary vocabulary, Load(path));
    loaded = std::make_shared<const Vocabulary>(std::move(vocabulary));
  }
  return loaded;
}

Status SaveVocabulary(const std::filesystem::path& path, const VocabularyTables& tables,
                      const std::vector<std::pair<std::string, std::string>>& facts) {
  std::vector<std::int16_t> medians(tables.medians.size());
  std::transform(tables.medians.begin(), tables.medians.end(), medians.begin(), [](float m) {
    return static_cast<std::int16_t>(std::clamp(std::lround(m * 16.0f), -32768L, 32767L));
  });
  std::map<std::string, std::string> metadata(facts.begin(), facts.end());
  metadata["format"] = kFormat;
  const std::int64_t coarse = tables.coarse, fine = tables.fine;
  const std::vector<nn::TensorToWrite> tensors = {
      {"coarse_words",
       nn::DType::kU8,
       {coarse, kDescriptorSize},
       std::as_bytes(std::span(tables.coarse_words))},
      {"words", nn::DType::kU8, {coarse, fine, kDescriptorSize}, std::as_bytes(std::span(tables.words))},
      {"projection",
       nn::DType::kF32,
       {kSignatureBits, kDescriptorSize},
       std::as_bytes(std::span(tables.projection))},
      {"medians", nn::DType::kI16, {coarse, fine, kSignatureBits}, std::as_bytes(std::span(medians))},
  };
  return nn::WriteSafetensors(path, tensors, metadata);
}

namespace {
constexpr std::uint32_t kPostingsMagic = 0x31534F50;  // "POS1"
constexpr std::size_t kPostingBytes = 14;
}  // namespace

Bytes SerializePostings(const std::vector<store::Posting>& postings) {
  Bytes bytes(8 + postings.size() * kPostingBytes);
  const auto count = static_cast<std::uint32_t>(postings.size());
  std::memcpy(bytes.data(), &kPostingsMagic, 4);
  std::memcpy(bytes.data() + 4, &count, 4);
  std::byte* out = bytes.data() + 8;
  for (const store::Posting& posting : postings) {
    std::memcpy(out, &posting.word, 4);
    out[4] = static_cast<std::byte>(posting.angle);
    out[5] = static_cast<std::byte>(posting.log_scale);
    std::memcpy(out + 6, &posting.signature, 8);
    out += kPostingBytes;
  }
  return bytes;
}

Result<std::vector<store::Posting>> ParsePostings(std::span<const std::byte> bytes, std::uint32_t words) {
  const Error corrupt{ErrorCode::kCorrupt,
                      "the stored postings of a picture are damaged; remove it and add it again"};
  std::uint32_t magic = 0, count = 0;
  if (bytes.size() < 8) return corrupt;
  std::memcpy(&magic, bytes.data(), 4);
  std::memcpy(&count, bytes.data() + 4, 4);
  if (magic != kPostingsMagic || (bytes.size() - 8) / kPostingBytes != count ||
      (bytes.size() - 8) % kPostingBytes != 0)
    return corrupt;
  std::vector<store::Posting> postings(count);
  const std::byte* in = bytes.data() + 8;
  for (store::Posting& posting : postings) {
    std::memcpy(&posting.word, in, 4);
    posting.angle = static_cast<std::uint8_t>(in[4]);
    posting.log_scale = static_cast<std::uint8_t>(in[5]);
    std::memcpy(&posting.signature, in + 6, 8);
    if (posting.word >= words) return corrupt;
    in += kPostingBytes;
  }
  return postings;
}

}  // namespace kantei::copy
