// Hashes and descriptors of many files, kept on disk so that a rerun is quick and a stopped run goes on.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/copy/query_views.h"
#include "kantei/evaluate/copy_protocol.h"

namespace kantei::evaluate {

struct FeatureContext {
  std::filesystem::path
      cache;  ///< folder, made if need be; parts in it belong to files by path, length and time of change; empty: nothing is kept
  int threads = 1;
  CancellationToken cancellation;
  std::set<std::filesystem::path> unreadable;  ///< files that could not be read, added to
  std::vector<std::string> problems;           ///< what was wrong with them; at most 100
  std::int64_t undescribed = 0;                ///< pictures without a descriptor: unreadable or next to blank
};

/// In the order of the files; a file that cannot be read is not `present`. Errors: kCancelled, kUnavailable (disk).
Result<std::vector<PictureHash>> HashPictures(std::span<const std::filesystem::path> files,
                                              FeatureContext* context);

/// One row a file, rows of zeros where there is no descriptor.
Result<std::vector<float>> DescribePictures(std::span<const std::filesystem::path> files,
                                            const copy::DescriptorModel& model, FeatureContext* context);

/// Several rows a file: one for each view of it (query_views.h), the whole first.
Result<QueryRows> DescribeViews(std::span<const std::filesystem::path> files,
                                const copy::DescriptorModel& model, const copy::QueryViewOptions& views,
                                FeatureContext* context);

/// SHA-256 over paths, lengths and times of change, and `what`.
std::string FilesKey(std::span<const std::filesystem::path> files, const std::string& what);

}  // namespace kantei::evaluate
