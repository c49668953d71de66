// Pictures of a benchmark that show the same though their files differ too much for a hash: by local features.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

/// For each picture the positions of the references that show the same picture or a part of it: strong evidence of the local
/// verification (docs/copy-detection.md), no network. Takes about 0.1 s a reference and 0.2 s a picture; what is done is kept in
/// `work`, so that a stopped call goes on.
Result<std::vector<std::vector<std::uint32_t>>> FindSamePictures(
    const std::vector<std::filesystem::path>& pictures, const std::vector<std::filesystem::path>& references,
    const std::filesystem::path& work, int threads, const CancellationToken& cancellation);

}  // namespace kantei::dataset
