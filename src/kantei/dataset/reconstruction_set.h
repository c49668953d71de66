// Adds to a set what autoencoders make of its authentic pictures: aligned examples of "drawn by a network".
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/autoencoder.h"

namespace kantei::dataset {

struct ReconstructionOptions {
  std::filesystem::path set;  ///< a folder with samples.tsv
  std::string engine;         ///< as the table is to name it, e.g. "ae-shuffle"
  int pictures = 0;           ///< at most so many authentic pictures, evenly spread over the table; 0: all
  /// Chance that a picture's reconstruction is also laid into it through a random mask: an edited sample, engine "ENGINE-local".
  double local = 0.5;
  std::string split;  ///< written into the table
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
  Status Validate() const;
};

struct ReconstructionSummary {
  std::int64_t whole = 0, local = 0;  ///< rows added
  std::int64_t kept = 0;              ///< rows that an earlier run had added
};

/// Writes set/generated/SOURCE/… and set/edited/SOURCE/… as PNG and puts their rows behind those of samples.tsv. Pictures that are
/// there already are not made again, so a stopped run goes on. kCancelled when stopped (the table is then as it was).
Result<ReconstructionSummary> AddReconstructions(const generate::Autoencoder& autoencoder,
                                                 const ReconstructionOptions& options,
                                                 const CancellationToken& cancellation);

}  // namespace kantei::dataset
