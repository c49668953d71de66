#include "kantei/dataset/built_sample.h"

#include <algorithm>
#include <type_traits>

#include "kantei/dataset/build_manifest.h"

namespace kantei::dataset {
namespace {

/// Calls `field(name, member)` for all members that are plain values, so that writing and reading cannot part ways.
template <typename Sample, typename Field>
void EachField(Sample& s, const Field& field) {
  field("picture", s.key);
  field("file", s.picture);
  field("mask", s.mask);
  field("original", s.original);
  field("history", s.history);
  field("kind", s.kind);
  field("engine", s.engine);
  field("source", s.source);
  field("split", s.split);
  field("group", s.group);
  field("width", s.width);
  field("height", s.height);
  field("file_sha256", s.picture_sha256);
  field("mask_sha256", s.mask_sha256);
  field("pdq", s.pdq);
  field("pdq_quality", s.pdq_quality);
  field("mask_kind", s.mask_kind);
  field("mask_shape", s.mask_shape);
  field("material", s.material);
  field("mask_share", s.mask_share);
  field("box_x", s.box.x);
  field("box_y", s.box.y);
  field("box_width", s.box.width);
  field("box_height", s.box.height);
  field("rle", s.rle);
  field("objects", s.objects);
  field("caption", s.caption);
  field("replacement", s.replacement);
  field("prompt", s.prompt);
  field("negative_prompt", s.negative_prompt);
  field("reason", s.reason);
  field("idea_source", s.idea_source);
  field("post", s.post);
  field("psnr_outside", s.psnr_outside);
  field("ssim_outside", s.ssim_outside);
  field("identical_outside", s.identical_outside);
  field("irs", s.irs);
  field("realism", s.realism);
  field("detector_uncertainty", s.detector_uncertainty);
  field("detector_logit", s.detector_logit);
  field("detector_iou", s.detector_iou);
}

bool Take(const Json& json, std::string* value) {
  if (json.is_string()) *value = json.get<std::string>();
  return json.is_string();
}
bool Take(const Json& json, bool* value) {
  if (json.is_boolean()) *value = json.get<bool>();
  return json.is_boolean();
}
bool Take(const Json& json, int* value) {
  if (!json.is_number_integer() || json < 0 || json > 1'000'000) return false;
  *value = json.get<int>();
  return true;
}
bool Take(const Json& json, std::uint32_t* value) {
  if (!json.is_number_unsigned() || json > 0xFFFFFFFFu) return false;
  *value = json.get<std::uint32_t>();
  return true;
}
bool Take(const Json& json, double* value) {
  if (json.is_number()) *value = json.get<double>();
  return json.is_number();
}
bool Take(const Json& json, std::optional<double>* value) {
  value->reset();
  if (json.is_null()) return true;
  double number = 0;
  if (!Take(json, &number)) return false;
  *value = number;
  return true;
}
bool Take(const Json& json, std::vector<std::string>* value) {
  value->clear();
  if (!json.is_array()) return false;
  for (const Json& item : json)
    if (!Take(item, &value->emplace_back())) return false;
  return true;
}

/// A relative path that stays in its folder.
bool IsInside(const std::string& path) {
  const std::filesystem::path parts(path);
  return !parts.is_absolute() &&
         std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part == ".."; });
}

}  // namespace

Json BuiltSampleRow(const BuiltSample& sample) {
  Json row{{"picture", sample.key}, {"step", "annotation"}, {"status", "ok"}};
  EachField(sample, [&](const char* name, const auto& member) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, std::optional<double>>) {
      row[name] = member ? Json(*member) : Json(nullptr);
    } else {
      row[name] = member;
    }
  });
  row["post_steps"] = sample.post_steps;
  return row;
}

Result<BuiltSample> ParseSampleRow(const Json& row) {
  BuiltSample sample;
  std::string problem;
  EachField(sample, [&](const char* name, auto& member) {
    if (problem.empty() && (!row.contains(name) || !Take(row.at(name), &member))) problem = name;
  });
  if (problem.empty() && row.contains("post_steps")) sample.post_steps = row.at("post_steps");
  for (const std::string* path : {&sample.picture, &sample.mask, &sample.original})
    if (problem.empty() && !IsInside(*path)) problem = "path";
  if (problem.empty() && (sample.picture.empty() || sample.width < 1 || sample.height < 1)) problem = "file";
  if (!problem.empty())
    return Error{ErrorCode::kCorrupt,
                 "a row \"annotation\" of a manifest has no fitting \"" + problem + "\""};
  return sample;
}

Result<std::vector<BuiltSample>> ReadBuiltSamples(const std::filesystem::path& set) {
  std::vector<BuiltSample> samples;
  KANTEI_RETURN_IF_ERROR(ReadManifest(set / kManifestFile, [&](const Json& row) -> Status {
    if (row.at("step") != "annotation" || row.at("status") != "ok") return {};
    KANTEI_TRY(BuiltSample sample, ParseSampleRow(row));
    samples.push_back(std::move(sample));
    return {};
  }));
  return samples;
}

}  // namespace kantei::dataset
