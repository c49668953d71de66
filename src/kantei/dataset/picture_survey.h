// What a benchmark must know of every candidate picture before it is chosen: digest, hash, size, and which are the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/code256.h"
#include "kantei/base/progress.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

struct SurveyedPicture {
  std::filesystem::path file;
  std::string sha256;
  Code256 pdq;          ///< of the picture
  Code256 mirrored;     ///< of the picture with left and right exchanged
  int pdq_quality = 0;  ///< 0..100
  int width = 0, height = 0;
  std::string problem;  ///< not empty: it cannot be used
};

/// Reads every file (in order, `threads` at once). Results are kept in `work` in parts of 256 pictures, so that a second call
/// with the same files (path, length, time of change) goes on where the first was stopped. kCancelled when stopped.
Result<std::vector<SurveyedPicture>> SurveyPictures(const std::vector<std::filesystem::path>& files,
                                                    const std::filesystem::path& work, int threads,
                                                    const CancellationToken& cancellation,
                                                    Progress* progress);

/// For each picture the lowest position among those that are the same: equal SHA-256, or a PDQ distance of at most `distance`
/// (also mirrored), directly or over others in between.
std::vector<std::uint32_t> SamePictureGroups(const std::vector<SurveyedPicture>& pictures, int distance,
                                             int threads, const CancellationToken& cancellation);

}  // namespace kantei::dataset
