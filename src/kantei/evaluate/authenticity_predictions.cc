#include "kantei/evaluate/authenticity_predictions.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kantei/authenticity/softness.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/evaluate/picture_features.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using dataset::AuthenticitySample;
using dataset::History;

constexpr std::size_t kPart = 16;  // samples of one part on disk
constexpr std::size_t kMaxProblems = 100;
constexpr std::string_view kVersion =
    "authenticity 2";  // changes with what is kept of a picture, or with how it is treated

struct Judged {
  SamplePrediction prediction;
  std::string problem;
  bool lasting = true;  ///< false: the problem may be gone the next time, so the part is not kept
};

Json PixelJson(const std::optional<PixelScores>& scores) {
  if (!scores) return nullptr;
  return Json::array({scores->f1, scores->iou, scores->auc ? Json(*scores->auc) : Json(nullptr)});
}

std::optional<PixelScores> PixelsOf(const Json& json) {
  if (json.is_null()) return std::nullopt;
  PixelScores scores{json.at(0).get<double>(), json.at(1).get<double>(), std::nullopt};
  if (!json.at(2).is_null()) scores.auc = json.at(2).get<double>();
  return scores;
}

Json JudgedJson(const Judged& judged) {
  if (!judged.prediction.present) return {{"problem", judged.problem}};
  const SamplePrediction& p = judged.prediction;
  Json json{{"logits", Json::array({p.ai_made_logit, p.edited_logit})},
            {"changed", p.changed_share},
            {"softness", p.softness},
            {"origin", PixelJson(p.origin)},
            {"reverse", PixelJson(p.reverse)},
            {"trufor", nullptr}};
  if (p.trufor) json["trufor"] = Json::array({p.trufor->f1, p.trufor->best_f1});
  return json;
}

Judged JudgedOf(const Json& json) {
  Judged judged;
  if (json.contains("problem")) {
    judged.problem = json.at("problem").get<std::string>();
    return judged;
  }
  SamplePrediction& p = judged.prediction;
  p.present = true;
  p.ai_made_logit = json.at("logits").at(0).get<double>();
  p.edited_logit = json.at("logits").at(1).get<double>();
  p.changed_share = json.at("changed").get<double>();
  p.softness = json.at("softness").get<double>();
  p.origin = PixelsOf(json.at("origin"));
  p.reverse = PixelsOf(json.at("reverse"));
  if (const Json& trufor = json.at("trufor"); !trufor.is_null())
    p.trufor = TruForPixelScores{trufor.at(0).get<double>(), trufor.at(1).get<double>()};
  return judged;
}

std::optional<std::vector<Judged>> LoadPart(const fs::path& path, const std::string& key, std::size_t count) {
  const auto text = ReadTextFile(path, 1 << 20);
  if (!text.ok()) return std::nullopt;
  const auto json = ParseJson(*text, DisplayPath(path));
  if (!json.ok()) return std::nullopt;
  try {
    if (json->at("key") != key || json->at("samples").size() != count) return std::nullopt;
    std::vector<Judged> part;
    for (const Json& sample : json->at("samples")) part.push_back(JudgedOf(sample));
    return part;
  } catch (const Json::exception&) {
    return std::nullopt;  // damaged or of another form: made anew
  }
}

Status SavePart(const fs::path& path, const std::string& key, const std::vector<Judged>& part) {
  Json samples = Json::array();
  for (const Judged& judged : part) samples.push_back(JudgedJson(judged));
  return WriteFileAtomic(path, DumpJson({{"key", key}, {"samples", std::move(samples)}}));
}

std::string PartKey(std::span<const AuthenticitySample> samples,
                    const authenticity::ManipulationDetector& detector, const PictureCondition& condition,
                    const PredictionContext& context) {
  std::string what = std::string(kVersion) + '\n' + detector.id() + ' ' + std::string(detector.precision()) +
                     '\n' + condition.Name() + (context.equalise ? " equalised " : " plain ") +
                     std::to_string(context.seed) + '\n';
  std::vector<fs::path> files;
  for (const AuthenticitySample& sample : samples) {
    what += std::string(dataset::HistoryName(sample.history)) + ' ' +
            std::to_string(SampleSeed(sample, context.seed)) + '\n';
    files.push_back(sample.picture);
    files.push_back(sample.mask);
  }
  return FilesKey(files, what);
}

Judged Failed(const AuthenticitySample& sample, const Error& error) {
  Judged judged;
  judged.problem = error.message.find(DisplayPath(sample.picture.filename())) == std::string::npos
                       ? DisplayPath(sample.picture) + ": " + error.message
                       : error.message;
  judged.lasting = error.code != ErrorCode::kUnavailable && error.code != ErrorCode::kTooLarge &&
                   error.code != ErrorCode::kInternal && error.code != ErrorCode::kCancelled;
  return judged;
}

Judged Judge(const AuthenticitySample& sample, const authenticity::ManipulationDetector& detector,
             const PictureCondition& condition, const PredictionContext& context) {
  const auto loaded = LoadSample(sample, condition, context.equalise, SampleSeed(sample, context.seed));
  if (!loaded.ok()) return Failed(sample, loaded.error());
  const auto findings = detector.Analyse(loaded->picture, context.cancellation);
  if (!findings.ok()) return Failed(sample, findings.error());
  const image::Plane& map = findings->map;
  if (map.width != loaded->picture.width() || map.height != loaded->picture.height() ||
      !std::isfinite(findings->ai_made_logit) || !std::isfinite(findings->edited_logit))
    return Failed(sample, {ErrorCode::kInternal,
                           "the detector answered with a map of another size or a logit that is no number"});
  Judged judged;
  SamplePrediction& p = judged.prediction;
  p.present = true;
  p.ai_made_logit = findings->ai_made_logit;
  p.edited_logit = findings->edited_logit;
  p.changed_share = ChangedShare(map);
  p.softness = authenticity::Softness(loaded->picture);
  if (sample.history == History::kEdited && !loaded->mask.empty()) {
    p.origin = ScorePixels(map, loaded->mask);
    p.reverse = ScorePixels(map, loaded->mask, MapReading::kReverse);
    p.trufor = ScorePixelsTruFor(map, loaded->mask);
  } else if (sample.history == History::kGenerated) {
    image::Image all(map.width, map.height, 1);
    std::fill(all.pixels().begin(), all.pixels().end(), std::uint8_t{255});
    p.origin = ScorePixels(map, all);
    p.reverse = ScorePixels(map, all, MapReading::kReverse);
  }
  return judged;
}

}  // namespace

std::uint64_t SampleSeed(const AuthenticitySample& sample, std::uint64_t seed) {
  const fs::path& pair = sample.original.empty() ? sample.picture : sample.original;
  const std::string digest = Sha256Hex(std::to_string(seed) + '\n' + pair.parent_path().filename().native() +
                                       '/' + pair.filename().native());
  return std::stoull(digest.substr(0, 16), nullptr, 16);
}

Result<MaskedPicture> LoadSample(const AuthenticitySample& sample, const PictureCondition& condition,
                                 bool equalise, std::uint64_t seed) {
  image::DecodeOptions decode;
  decode.limits.max_seconds = dataset::kDecodeSeconds;
  KANTEI_TRY(image::DecodedImage picture, image::DecodeImageFile(sample.picture, decode));
  MaskedPicture masked{std::move(picture.pixels), {}};
  if (std::min(masked.picture.width(), masked.picture.height()) < kLeastSide)
    return Error{ErrorCode::kInvalidArgument, DisplayPath(sample.picture) + " is smaller than " +
                                                  std::to_string(kLeastSide) +
                                                  " pixels; detectors take no less"};
  if (!sample.mask.empty()) {
    KANTEI_TRY(const image::DecodedImage mask, image::DecodeImageFile(sample.mask, decode));
    masked.mask = image::ToGrey(mask.pixels);
    if (masked.mask.width() != masked.picture.width() || masked.mask.height() != masked.picture.height())
      return Error{ErrorCode::kCorrupt, DisplayPath(sample.mask) + " is " +
                                            std::to_string(masked.mask.width()) + " x " +
                                            std::to_string(masked.mask.height()) + " pixels, its picture " +
                                            std::to_string(masked.picture.width()) + " x " +
                                            std::to_string(masked.picture.height()) + "; they must be equal"};
    for (std::uint8_t& value : masked.mask.pixels()) value = value >= 128 ? 255 : 0;
  }
  if (equalise) {
    KANTEI_TRY(masked, Equalised(masked, seed));
  }
  // Another stream than the one that equalising drew from.
  return ApplyCondition(masked, condition, seed ^ 0x9E3779B97F4A7C15ull);
}

Result<std::vector<SamplePrediction>> PredictSamples(std::span<const AuthenticitySample> samples,
                                                     const authenticity::ManipulationDetector& detector,
                                                     const PictureCondition& condition,
                                                     PredictionContext* context) {
  const bool keep = !context->cache.empty();
  std::error_code failure;
  if (keep) fs::create_directories(context->cache, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(context->cache) + " cannot be made: " + failure.message()};
  const std::string label = std::string(context->equalise ? "equalised" : "plain") +
                            (condition.kind == PictureCondition::Kind::kNone ? "" : " " + condition.Name());
  Progress progress(label, samples.size(), "pictures");
  std::vector<SamplePrediction> predictions;
  predictions.reserve(samples.size());
  // So many parts at a time that all threads have work.
  const std::size_t round = kPart * static_cast<std::size_t>(std::max(1, context->threads));
  for (std::size_t begin = 0; begin < samples.size(); begin += round) {
    struct Part {
      std::span<const AuthenticitySample> samples;
      std::string key;
      fs::path path;
      std::vector<Judged> judged;
      bool known = false;
    };
    std::vector<Part> parts;
    std::vector<std::pair<std::size_t, std::size_t>> work;  // part, sample in it
    for (std::size_t at = begin; at < std::min(begin + round, samples.size()); at += kPart) {
      Part part;
      part.samples = samples.subspan(at, std::min(kPart, samples.size() - at));
      if (keep) {
        part.key = PartKey(part.samples, detector, condition, *context);
        part.path = context->cache / (part.key.substr(0, 32) + ".json");
        if (auto loaded = LoadPart(part.path, part.key, part.samples.size())) {
          part.judged = std::move(*loaded);
          part.known = true;
          progress.Advance(part.samples.size());
        }
      }
      if (!part.known) {
        part.judged.resize(part.samples.size());
        for (std::size_t i = 0; i < part.samples.size(); ++i) work.emplace_back(parts.size(), i);
      }
      parts.push_back(std::move(part));
    }
    ParallelFor(work.size(), context->threads, context->cancellation, [&](std::size_t i) {
      Part& part = parts[work[i].first];
      part.judged[work[i].second] = Judge(part.samples[work[i].second], detector, condition, *context);
      progress.Advance();
    });
    KANTEI_RETURN_IF_ERROR(context->cancellation.Check());
    for (Part& part : parts) {
      const bool lasting =
          std::all_of(part.judged.begin(), part.judged.end(), [](const Judged& j) { return j.lasting; });
      if (keep && !part.known && lasting) KANTEI_RETURN_IF_ERROR(SavePart(part.path, part.key, part.judged));
      for (std::size_t i = 0; i < part.judged.size(); ++i) {
        Judged& judged = part.judged[i];
        if (!judged.prediction.present && context->unreadable.insert(part.samples[i].picture).second &&
            context->problems.size() < kMaxProblems)
          context->problems.push_back(judged.problem);
        predictions.push_back(std::move(judged.prediction));
      }
    }
  }
  return predictions;
}

}  // namespace kantei::evaluate
