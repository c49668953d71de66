// Trains the visual vocabulary of the local-feature index by k-means over RootSIFT descriptors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::train {

struct VocabularyTrainingOptions {
  int coarse = 128;  ///< first-level cells, 2..1024
  int fine = 128;    ///< words per first-level cell, 2..1024
  int max_descriptors = 4'000'000;
  int per_picture = 400;  ///< descriptors taken of one picture
  int iterations = 12;    ///< Lloyd iterations on each level
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
  Status Validate() const;
};

/// Reads the pictures, learns the vocabulary (words, projection, medians) and writes it as safetensors with its metadata.
Status TrainVocabulary(const std::vector<std::filesystem::path>& pictures,
                       const VocabularyTrainingOptions& options, const std::filesystem::path& out,
                       const CancellationToken& cancellation);

}  // namespace kantei::train
