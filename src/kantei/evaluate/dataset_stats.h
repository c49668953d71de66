// What is in a set that `kantei dataset build` made: numbers, and a page to look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/dataset/built_sample.h"

namespace kantei::evaluate {

struct DatasetStats {
  std::filesystem::path set;
  std::vector<dataset::BuiltSample> samples;
  /// Pictures by reason: what the plan refused, and of what nothing came, with the engine.
  std::map<std::string, std::int64_t> refused, fruitless;
};

/// Of the set's manifest. kNotFound when there is none, kCorrupt.
Result<DatasetStats> ReadDatasetStats(const std::filesystem::path& set);

/// Counts by history, kind, engine, split, source, mask kind, object and recipe; quartiles of what was measured, by engine and kind.
Json DatasetStatsJson(const DatasetStats& stats);

/// One self-contained page: counts, the law of mask areas, histograms of what was measured, and a sheet of samples (authentic, mask,
/// result), some of each engine and kind.
std::string DatasetStatsHtml(const DatasetStats& stats);

}  // namespace kantei::evaluate
