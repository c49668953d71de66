#include "kantei/train/vocabulary_trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <numeric>

#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/random.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/image/decode.h"

namespace kantei::train {
namespace {

constexpr std::size_t kDims = copy::kDescriptorSize;
constexpr std::size_t kBits = copy::kSignatureBits;
using Descriptor = std::array<std::uint8_t, kDims>;

struct Centroids {
  int count = 0;
  std::vector<float> rows;  // count × 128
  std::vector<float> transposed, half_norms;

  void Prepare() {
    transposed.resize(rows.size());
    half_norms.assign(static_cast<std::size_t>(count), 0);
    const auto columns = static_cast<std::size_t>(count);
    for (std::size_t c = 0; c < columns; ++c) {
      for (std::size_t d = 0; d < kDims; ++d) {
        const float value = rows[c * kDims + d];
        transposed[d * columns + c] = value;
        half_norms[c] += value * value / 2;
      }
    }
  }
  int Nearest(const Descriptor& descriptor) const {
    std::array<float, kDims> x;
    std::copy(descriptor.begin(), descriptor.end(), x.begin());
    int best = 0;
    copy::NearestColumns(transposed.data(), half_norms.data(), count, x.data(), 1, &best);
    return best;
  }
};

// Lloyd's k-means from `count` distinct random members; an empty cluster takes a random member anew. Integer sums make the
// result independent of the number of threads.
Centroids KMeans(const std::vector<Descriptor>& data, const std::vector<std::uint32_t>& members, int count,
                 int iterations, Random random, int threads, const CancellationToken& cancellation) {
  Centroids centroids;
  centroids.count = count;
  centroids.rows.resize(static_cast<std::size_t>(count) * kDims);
  std::vector<std::uint32_t> order = members;
  for (std::size_t c = 0; c < static_cast<std::size_t>(count); ++c) {
    if (!order.empty()) {
      const std::size_t pick =
          c < order.size() ? c + random.Below(order.size() - c) : random.Below(order.size());
      if (c < order.size()) std::swap(order[c], order[pick]);
      const Descriptor& chosen = data[order[std::min(c, order.size() - 1)]];
      std::copy(chosen.begin(), chosen.end(),
                centroids.rows.begin() + static_cast<std::ptrdiff_t>(c * kDims));
    }
  }
  for (int iteration = 0; iteration < iterations && !cancellation.cancelled() && !members.empty();
       ++iteration) {
    centroids.Prepare();
    constexpr std::size_t kChunk = 4096;
    const std::size_t chunks = (members.size() + kChunk - 1) / kChunk;
    std::vector<std::int64_t> sums(centroids.rows.size());
    std::vector<std::int64_t> counts(static_cast<std::size_t>(count));
    std::mutex mutex;
    ParallelFor(chunks, threads, cancellation, [&](std::size_t chunk) {
      std::vector<std::uint32_t> local(centroids.rows.size());
      std::vector<std::uint32_t> local_counts(static_cast<std::size_t>(count));
      for (std::size_t i = chunk * kChunk; i < std::min(members.size(), (chunk + 1) * kChunk); ++i) {
        const Descriptor& descriptor = data[members[i]];
        const auto cluster = static_cast<std::size_t>(centroids.Nearest(descriptor));
        ++local_counts[cluster];
        for (std::size_t d = 0; d < kDims; ++d) local[cluster * kDims + d] += descriptor[d];
      }
      const std::lock_guard lock(mutex);
      for (std::size_t i = 0; i < local.size(); ++i) sums[i] += local[i];
      for (std::size_t i = 0; i < local_counts.size(); ++i) counts[i] += local_counts[i];
    });
    for (std::size_t c = 0; c < static_cast<std::size_t>(count); ++c) {
      for (std::size_t d = 0; d < kDims; ++d) {
        if (counts[c] == 0) {
          const Descriptor& chosen = data[members[Random(random.Next()).Below(members.size())]];
          std::copy(chosen.begin(), chosen.end(),
                    centroids.rows.begin() + static_cast<std::ptrdiff_t>(c * kDims));
          break;
        }
        centroids.rows[c * kDims + d] =
            static_cast<float>(sums[c * kDims + d]) / static_cast<float>(counts[c]);
      }
    }
  }
  for (float& value : centroids.rows) value = std::round(value);  // what the file will hold
  centroids.Prepare();
  return centroids;
}

// 64 orthonormal rows: Gram-Schmidt on seeded Gaussian vectors, centred so that a constant offset of all bins vanishes.
std::vector<float> OrthonormalProjection(Random random) {
  std::vector<double> rows(kBits * kDims);
  for (std::size_t r = 0; r < kBits; ++r) {
    double* row = rows.data() + r * kDims;
    double mean = 0;
    for (std::size_t d = 0; d < kDims; ++d) mean += (row[d] = random.Normal()) / static_cast<double>(kDims);
    for (std::size_t d = 0; d < kDims; ++d) row[d] -= mean;
    for (std::size_t k = 0; k < r; ++k) {
      const double* other = rows.data() + k * kDims;
      const double dot = std::inner_product(row, row + kDims, other, 0.0);
      for (std::size_t d = 0; d < kDims; ++d) row[d] -= dot * other[d];
    }
    const double norm = std::sqrt(std::inner_product(row, row + kDims, row, 0.0));
    for (std::size_t d = 0; d < kDims; ++d) row[d] /= norm;
  }
  return {rows.begin(), rows.end()};
}

void AppendBytes(const Centroids& centroids, std::vector<std::uint8_t>* out) {
  for (float value : centroids.rows)
    out->push_back(static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f)));
}

// Medians of the projections of each word's descriptors; words with few members borrow their cell's.
void AppendMedians(const std::vector<Descriptor>& data, const std::vector<std::uint32_t>& members,
                   const Centroids& words, const std::vector<float>& projection, std::vector<float>* out) {
  constexpr std::size_t kEnough = 16;
  const auto count = static_cast<std::size_t>(words.count);
  std::vector<std::vector<std::uint32_t>> by_word(count);
  for (std::uint32_t member : members)
    by_word[static_cast<std::size_t>(words.Nearest(data[member]))].push_back(member);
  const auto medians_of = [&](const std::vector<std::uint32_t>& group, float* medians) {
    std::vector<float> values(group.size());
    for (std::size_t bit = 0; bit < kBits; ++bit) {
      for (std::size_t i = 0; i < group.size(); ++i) {
        float dot = 0;
        for (std::size_t d = 0; d < kDims; ++d)
          dot += projection[bit * kDims + d] * static_cast<float>(data[group[i]][d]);
        values[i] = dot;
      }
      const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      medians[bit] = values.empty() ? 0.0f : *middle;
    }
  };
  std::array<float, kBits> cell_medians{};
  medians_of(
      members.size() > 4000 ? std::vector<std::uint32_t>(members.begin(), members.begin() + 4000) : members,
      cell_medians.data());
  for (std::size_t w = 0; w < count; ++w) {
    std::array<float, kBits> medians = cell_medians;
    if (by_word[w].size() >= kEnough) medians_of(by_word[w], medians.data());
    out->insert(out->end(), medians.begin(), medians.end());
  }
}

Result<std::vector<Descriptor>> CollectDescriptors(const std::vector<std::filesystem::path>& pictures,
                                                   const VocabularyTrainingOptions& options, int threads,
                                                   const CancellationToken& cancellation) {
  Progress progress("reading", pictures.size(), "pictures");
  std::vector<Descriptor> data;
  std::size_t bad = 0;
  OrderedPipeline<std::vector<Descriptor>>(
      pictures.size(), threads, cancellation,
      [&](std::size_t i) {
        std::vector<Descriptor> taken;
        image::DecodeOptions decode;
        decode.max_longer_side = 960;
        auto decoded = image::DecodeImageFile(pictures[i], decode);
        if (!decoded.ok()) {
          progress.Say(decoded.error().message);
          return taken;
        }
        const copy::LocalFeatures features = copy::ExtractLocalFeatures(decoded->pixels);
        std::vector<std::uint32_t> order(features.size());
        std::iota(order.begin(), order.end(), 0u);
        Random random = Random(options.seed).Fork(i);
        for (std::size_t k = 0; k < std::min(order.size(), static_cast<std::size_t>(options.per_picture));
             ++k) {
          std::swap(order[k], order[k + random.Below(order.size() - k)]);
          Descriptor descriptor;
          std::memcpy(descriptor.data(), features.descriptor(order[k]), kDims);
          taken.push_back(descriptor);
        }
        return taken;
      },
      [&](std::size_t, std::vector<Descriptor>&& taken) {
        progress.Advance();
        bad += taken.empty() ? 1 : 0;
        data.insert(data.end(), taken.begin(), taken.end());
        return data.size() < static_cast<std::size_t>(options.max_descriptors);
      });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  const auto words = static_cast<std::size_t>(options.coarse) * static_cast<std::size_t>(options.fine);
  if (data.size() < words * 4) {
    return Error{ErrorCode::kInvalidArgument, "the pictures gave " + std::to_string(data.size()) +
                                                  " descriptors; " + std::to_string(words) +
                                                  " words need at least " + std::to_string(words * 4) +
                                                  ": name more pictures or ask for fewer words"};
  }
  return data;
}

}  // namespace

Status VocabularyTrainingOptions::Validate() const {
  const auto bad = [](const char* field) {
    return Error{ErrorCode::kInvalidArgument, std::string(field) + " is out of its range"};
  };
  if (coarse < 2 || coarse > 1024) return bad("coarse");
  if (fine < 2 || fine > 1024) return bad("fine");
  if (max_descriptors < 1) return bad("max_descriptors");
  if (per_picture < 1) return bad("per_picture");
  if (iterations < 1) return bad("iterations");
  return {};
}

Status TrainVocabulary(const std::vector<std::filesystem::path>& pictures,
                       const VocabularyTrainingOptions& options, const std::filesystem::path& out,
                       const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const int threads = ThreadCount(options.threads);
  KANTEI_TRY(const std::vector<Descriptor> data,
             CollectDescriptors(pictures, options, threads, cancellation));
  const Random random(options.seed);

  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  const Centroids coarse =
      KMeans(data, all, options.coarse, options.iterations, random.Fork(1'000'001), threads, cancellation);
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::vector<std::uint16_t> cell_of(data.size());
  ParallelFor(data.size(), threads, cancellation,
              [&](std::size_t i) { cell_of[i] = static_cast<std::uint16_t>(coarse.Nearest(data[i])); });
  std::vector<std::vector<std::uint32_t>> cells(static_cast<std::size_t>(options.coarse));
  for (std::uint32_t i = 0; i < data.size(); ++i) cells[cell_of[i]].push_back(i);

  copy::VocabularyTables tables;
  tables.coarse = options.coarse;
  tables.fine = options.fine;
  tables.projection = OrthonormalProjection(random.Fork(1'000'002));
  AppendBytes(coarse, &tables.coarse_words);
  struct Cell {
    Centroids words;
    std::vector<float> medians;
  };
  Progress progress("words", cells.size(), "cells");
  OrderedPipeline<Cell>(
      cells.size(), threads, cancellation,
      [&](std::size_t c) {
        Cell cell;
        cell.words =
            KMeans(data, cells[c], options.fine, options.iterations, random.Fork(c), 1, cancellation);
        AppendMedians(data, cells[c], cell.words, tables.projection, &cell.medians);
        return cell;
      },
      [&](std::size_t, Cell&& cell) {
        AppendBytes(cell.words, &tables.words);
        tables.medians.insert(tables.medians.end(), cell.medians.begin(), cell.medians.end());
        progress.Advance();
        return true;
      });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  return copy::SaveVocabulary(out, tables,
                              {{"pictures", std::to_string(pictures.size())},
                               {"descriptors", std::to_string(data.size())},
                               {"seed", std::to_string(options.seed)},
                               {"iterations", std::to_string(options.iterations)}});
}

}  // namespace kantei::train
