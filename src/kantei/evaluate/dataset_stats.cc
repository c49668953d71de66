#include "kantei/evaluate/dataset_stats.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "kantei/dataset/build_manifest.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/evaluate/dataset_stats_parts.h"

namespace kantei::evaluate {

using dataset::BuiltSample;

Result<DatasetStats> ReadDatasetStats(const std::filesystem::path& set) {
  DatasetStats stats;
  stats.set = set;
  KANTEI_RETURN_IF_ERROR(dataset::ReadManifest(set / dataset::kManifestFile, [&](const Json& row) -> Status {
    const std::string status = row.at("status").get<std::string>();
    if (status == "ok") {
      if (row.at("step") != "annotation") return {};
      KANTEI_TRY(BuiltSample sample, dataset::ParseSampleRow(row));
      stats.samples.push_back(std::move(sample));
      return {};
    }
    const auto text = [&](const char* key) {
      return row.contains(key) && row.at(key).is_string() ? row.at(key).get<std::string>() : std::string();
    };
    const std::string engine = text("engine");
    // Numbers in a reason would make each its own.
    std::string reason = text("reason");
    if (const std::size_t number = reason.find(", below the plan's "); number != std::string::npos)
      reason = reason.substr(0, reason.find(" is ")) + " is below the plan's limit";
    ++(status == "refused" ? stats.refused
                           : stats.fruitless)[engine.empty() ? reason : engine + ": " + reason];
    return {};
  }));
  return stats;
}

Counted CountBy(const std::vector<BuiltSample>& samples,
                const std::function<std::string(const BuiltSample&)>& name) {
  Counted counts;
  for (const BuiltSample& sample : samples)
    if (const std::string key = name(sample); !key.empty()) ++counts[key];
  return counts;
}

std::vector<Measured> AllMeasured() {
  using S = const BuiltSample&;
  return {
      {"mask_share", "share of the area",
       [](S s) { return s.mask.empty() ? std::nullopt : std::optional(s.mask_share); }},
      {"psnr_outside", "PSNR outside the mask, dB (regenerated)", [](S s) { return s.psnr_outside; }},
      {"ssim_outside", "SSIM outside the mask (regenerated)",
       [](S s) { return s.kind == "regenerated" ? s.ssim_outside : std::nullopt; }},
      {"irs", "Image Realism Score", [](S s) { return s.irs; }},
      {"realism", "robust realism score", [](S s) { return s.realism; }},
      {"detector_uncertainty", "detector_uncertainty, bits", [](S s) { return s.detector_uncertainty; }},
      {"detector_iou", "overlap of the detector's map with the mask", [](S s) { return s.detector_iou; }}};
}

std::vector<double> ValuesOf(const std::vector<BuiltSample>& samples, const Measured& measured,
                             const std::function<bool(const BuiltSample&)>& takes) {
  std::vector<double> values;
  for (const BuiltSample& sample : samples)
    if (takes(sample))
      if (const auto value = measured.of(sample)) values.push_back(*value);
  std::sort(values.begin(), values.end());
  return values;
}

std::string MadeBy(const BuiltSample& sample) {
  return sample.history == "authentic" ? "authentic" : sample.engine + " " + sample.kind;
}

double Quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

Json DatasetStatsJson(const DatasetStats& stats) {
  const auto counts = [&](const std::function<std::string(const BuiltSample&)>& name) {
    Json json = Json::object();
    for (const auto& [key, count] : CountBy(stats.samples, name)) json[key] = count;
    return json;
  };
  Json objects = Json::object(), measured = Json::object();
  Counted by_object;
  for (const BuiltSample& sample : stats.samples)
    if (!sample.mask.empty())
      for (const std::string& object : std::set<std::string>(sample.objects.begin(), sample.objects.end()))
        ++by_object[object];
  for (const auto& [object, count] : by_object) objects[object] = count;
  const Counted made = CountBy(stats.samples, MadeBy);
  for (const Measured& measure : AllMeasured()) {
    Json by_engine = Json::object();
    for (const auto& counted : made) {
      const std::string& name = counted.first;
      const auto values =
          ValuesOf(stats.samples, measure, [&](const BuiltSample& s) { return MadeBy(s) == name; });
      if (values.empty()) continue;
      by_engine[name] = Json{{"pictures", values.size()},
                             {"least", values.front()},
                             {"lower_quartile", Quantile(values, 0.25)},
                             {"median", Quantile(values, 0.5)},
                             {"upper_quartile", Quantile(values, 0.75)},
                             {"most", values.back()}};
    }
    if (!by_engine.empty()) measured[measure.name] = std::move(by_engine);
  }
  return Json{{"pictures", stats.samples.size()},
              {"history", counts([](const BuiltSample& s) { return s.history; })},
              {"kind", counts([](const BuiltSample& s) { return s.kind; })},
              {"engine", counts([](const BuiltSample& s) { return s.engine; })},
              {"split", counts([](const BuiltSample& s) { return s.split; })},
              {"source", counts([](const BuiltSample& s) { return s.source; })},
              {"mask_kind", counts([](const BuiltSample& s) { return s.mask_kind; })},
              {"object", objects},
              {"post_processing", counts([](const BuiltSample& s) { return s.post; })},
              {"refused", stats.refused},
              {"fruitless", stats.fruitless},
              {"measured", measured}};
}

}  // namespace kantei::evaluate
