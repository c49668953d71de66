// Which source picture belongs to which split, so that nothing leaks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"

namespace kantei::dataset {

struct SourcePicture {
  std::filesystem::path file;
  std::string source;                ///< the folder's name
  std::string digest;                ///< SHA-256 of the file
  std::uint32_t group = 0;           ///< near duplicates share one: the lowest position in the list
  std::vector<std::string> objects;  ///< names of what is annotated
  std::string problem;               ///< not empty: it cannot be used
  std::size_t split = 0;             ///< in kBuildSplits
  /// It stands in test-out for its source or an object, not by lot: engines that are not held out are used on it too.
  bool foreign = false;
};

/// Sets split and foreign. A group with a picture of a held-out source, or that shows a held-out object, goes to test-out as a whole;
/// the others are dealt out by the plan's ratios, source by source, in an order that depends on digests and seed alone.
void AssignSplits(const BuildPlan& plan, std::vector<SourcePicture>* pictures);

/// Positions in BuildPlan::engines that may be used on it.
std::vector<std::size_t> EnginesFor(const BuildPlan& plan, const SourcePicture& picture);

}  // namespace kantei::dataset
