#include "kantei/copy/descriptor_profile.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <sstream>

#include "kantei/base/files.h"
#include "kantei/base/float16.h"
#include "kantei/base/json.h"
#include "kantei/base/logistic_fit.h"
#include "kantei/copy/descriptor_math.h"
#include "kantei/nn/safetensors.h"

namespace kantei::copy {
namespace {

constexpr std::array kNormalisations = {Normalisation::kNone, Normalisation::kStretching,
                                        Normalisation::kAdditive, Normalisation::kNegatives};
constexpr std::int64_t kMaxRows = 10'000'000;

}  // namespace

double ScoreCalibration::Probability(double score) const {
  return 1.0 / (1.0 + std::exp(-(slope * score + intercept)));
}

std::filesystem::path ProfilePath(const std::filesystem::path& weights) {
  std::filesystem::path profile = weights;
  return profile.replace_extension(".profile.safetensors");
}

Result<DescriptorProfile> LoadDescriptorProfile(const std::filesystem::path& path) {
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  const std::string name = DisplayPath(path);
  const auto fact = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::kCorrupt, name + ": " + what};
  };
  KANTEI_TRY(const Json facts, ParseJson(fact("kantei.profile"), name));
  DescriptorProfile profile;
  try {
    profile.weights_sha256 = facts.at("weights_sha256").get<std::string>();
    profile.scales = facts.at("scales").get<std::vector<int>>();
    profile.background_source = facts.at("background_source").get<std::string>();
    KANTEI_TRY(profile.normalisation, ParseNormalisation(facts.at("normalisation").get<std::string>()));
    for (const auto& [key, value] : facts.at("calibrations").items()) {
      KANTEI_TRY(const Normalisation normalisation, ParseNormalisation(key));
      ScoreCalibration& calibration = profile.calibrations[normalisation];
      calibration.slope = value.at("slope").get<double>();
      calibration.intercept = value.at("intercept").get<double>();
      calibration.threshold = value.at("threshold").get<double>();
      calibration.source = value.at("source").get<std::string>();
      // Profiles of before have none.
      if (value.contains("view_offsets"))
        calibration.view_offsets = value.at("view_offsets").get<ViewOffsets>();
      if (!std::all_of(calibration.view_offsets.begin(), calibration.view_offsets.end(),
                       [](float offset) { return std::isfinite(offset); }))
        return corrupt("the view offsets of " + key + " are not finite");
      if (!(calibration.slope > 0) || !std::isfinite(calibration.slope) ||
          !std::isfinite(calibration.intercept) || !std::isfinite(calibration.threshold))
        return corrupt("the calibration of " + key + " has no rising, finite curve");
    }
  } catch (const Json::exception&) {
    return corrupt("the metadata \"kantei.profile\" lack a field or have one of another type");
  }
  for (const int scale : profile.scales)
    if (scale < 16 || scale > 2048) return corrupt("scales must be 16 to 2048 pixels");
  const std::array<std::int64_t, 2> shape{-1, -1};
  KANTEI_TRY(const nn::TensorView view, file.Get("background", nn::DType::kF16, shape));
  if (view.shape[0] > kMaxRows || view.shape[1] < 8 || view.shape[1] > 65536)
    return corrupt("the background has " + std::to_string(view.shape[0]) + " x " +
                   std::to_string(view.shape[1]) + " values");
  profile.dimension = static_cast<int>(view.shape[1]);
  profile.background.resize(view.bytes.size() / 2);
  for (std::size_t i = 0; i < profile.background.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, view.bytes.data() + 2 * i, 2);
    profile.background[i] = FromFloat16(half);
  }
  for (std::size_t row = 0; row < static_cast<std::size_t>(view.shape[0]); ++row) {
    if (!NormaliseRow(std::span(profile.background)
                          .subspan(row * static_cast<std::size_t>(profile.dimension),
                                   static_cast<std::size_t>(profile.dimension))))
      return corrupt("row " + std::to_string(row) + " of the background is no descriptor");
  }
  return profile;
}

Status SaveDescriptorProfile(const std::filesystem::path& path, const DescriptorProfile& profile) {
  Json facts{{"weights_sha256", profile.weights_sha256},
             {"scales", profile.scales},
             {"background_source", profile.background_source},
             {"normalisation", NormalisationName(profile.normalisation)},
             {"calibrations", Json::object()}};
  for (const Normalisation normalisation : kNormalisations) {
    const auto found = profile.calibrations.find(normalisation);
    if (found == profile.calibrations.end()) continue;
    facts["calibrations"][std::string(NormalisationName(normalisation))] = {
        {"slope", found->second.slope},
        {"intercept", found->second.intercept},
        {"threshold", found->second.threshold},
        {"source", found->second.source},
        {"view_offsets", found->second.view_offsets}};
  }
  std::vector<std::uint16_t> halves(profile.background.size());
  std::transform(profile.background.begin(), profile.background.end(), halves.begin(), ToFloat16);
  const nn::TensorToWrite tensor{
      "background",
      nn::DType::kF16,
      {static_cast<std::int64_t>(halves.size()) / std::max(1, profile.dimension), profile.dimension},
      std::as_bytes(std::span(halves))};
  return nn::WriteSafetensors(path, {&tensor, 1}, {{"kantei.profile", DumpJson(facts)}});
}

Result<ScoreCalibration> FitCalibration(const std::vector<LabelledScore>& scores) {
  std::vector<kantei::LabelledScore> labelled;
  labelled.reserve(scores.size());
  for (const LabelledScore& s : scores) labelled.push_back({s.score, s.copy});
  KANTEI_TRY(const LogisticCurve curve, FitPlatt(labelled, {"copies", "strangers"}));
  ScoreCalibration calibration;
  calibration.slope = curve.slope;
  calibration.intercept = curve.intercept;
  return calibration;
}

std::optional<double> ThresholdAtPrecision(std::vector<LabelledScore> scores, double precision) {
  std::sort(scores.begin(), scores.end(), [](const LabelledScore& a, const LabelledScore& b) {
    return a.score != b.score ? a.score > b.score : a.copy < b.copy;
  });
  std::optional<double> threshold;
  double copies = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    copies += scores[i].copy;
    const bool last_of_equals = i + 1 == scores.size() || scores[i + 1].score < scores[i].score;
    if (last_of_equals && scores[i].copy && copies >= precision * static_cast<double>(i + 1))
      threshold = scores[i].score;
  }
  return threshold;
}

}  // namespace kantei::copy
