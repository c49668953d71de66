// Makes the profile of a descriptor network: background, calibration and threshold from named pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/copy/descriptor_search.h"
#include "kantei/dataset/copy_folder.h"

namespace kantei::evaluate {

struct CopyCalibrationOptions {
  std::vector<int> scales;  ///< input sides that are averaged; empty: the network's own
  int background = 2000;    ///< pictures taken for the background at most, spread evenly over those given
  copy::DescriptorSearchOptions search;
  int threads = 0;  ///< 0: all cores
};

struct CopyCalibrationFigures {
  std::string normalisation;
  std::int64_t queries_with_source = 0, queries_without = 0;
  double recall_at_threshold = 0;  ///< share of the true pairs with a score of at least the threshold
  double expected_error = 0;  ///< expected calibration error over ten bins, on the same queries (optimistic)
};

struct CopyCalibration {
  copy::DescriptorProfile profile;
  std::vector<CopyCalibrationFigures> figures;  ///< one a normalisation
};

/// Describes `background_files` (pictures that are in no benchmark) and every query of the benchmark under every normalisation,
/// as `kantei inspect` would search. The probability is fitted on the best hit of each query, so it holds where as many queries
/// have a source as in the benchmark; the threshold is that of 90 % precision over all pairs.
Result<CopyCalibration> CalibrateDescriptor(std::shared_ptr<const copy::DescriptorModel> model,
                                            const std::vector<std::filesystem::path>& background_files,
                                            const dataset::CopyBenchmark& benchmark,
                                            const CopyCalibrationOptions& options,
                                            const CancellationToken& cancellation);

}  // namespace kantei::evaluate
