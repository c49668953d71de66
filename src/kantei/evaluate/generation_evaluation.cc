#include "kantei/evaluate/generation_evaluation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/copy/descriptor_math.h"
#include "kantei/evaluate/picture_features.h"
#include "kantei/image/decode.h"
#include "kantei/image/ssim.h"
#include "kantei/image/transform.h"
#include "kantei/nn/frechet_distance.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using authenticity::RealismMeasures;

constexpr std::size_t kLeastReal = 100;
constexpr int kSsimSide = 128, kHashCopy = 31;
constexpr std::uint64_t kMaxRecord = 1 << 20;

/// Letters in lower case, everything else as one blank: "Grand_Piano-2" and "grand piano" are the same words.
std::string Words(const std::string& text) {
  std::string words;
  for (const char c : text) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (letter)
      words += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!words.empty() && words.back() != ' ')
      words += ' ';
  }
  while (!words.empty() && words.back() == ' ') words.pop_back();
  return words;
}

/// What a record beside a picture tells.
struct Told {
  std::string prompt;
  std::optional<double> passes;
};

/// Of pictures through the UNet: what the claim of a pair counted, else one a step, two with guidance; for every attempt of a guard.
std::optional<double> PassesOf(const Json& claim) {
  const auto number = [](const Json& json, const char* pointer) -> std::optional<double> {
    const Json::json_pointer at(pointer);
    if (!json.contains(at) || !json[at].is_number()) return std::nullopt;
    return json[at].get<double>();
  };
  std::optional<double> passes = number(claim, "/avoid_shape/network_passes/all");
  if (!passes) {
    const auto steps = number(claim, "/steps"), guidance = number(claim, "/guidance");
    if (!steps || !guidance) return std::nullopt;
    passes = *steps * (*guidance > 1 ? 2 : 1);
    if (claim.contains("mitigations") && claim["mitigations"].is_array())
      for (const Json& use : claim["mitigations"])
        if (use.is_object() && use.contains("name") && use["name"] == "best-of-noise")
          *passes += 2 * number(use, "/amount").value_or(0);
  }
  const Json::json_pointer attempts("/guard/attempts");
  if (claim.contains(attempts) && claim[attempts].is_array())
    *passes *= static_cast<double>(claim[attempts].size());
  return passes;
}

Told ReadRecord(const fs::path& picture) {
  Told told;
  fs::path beside = picture;
  beside += ".json";
  const auto text = ReadTextFile(beside, kMaxRecord);
  if (!text.ok()) return told;
  const auto record = ParseJson(*text, DisplayPath(beside));
  if (!record.ok() || !record->is_object() || !record->contains("claim") || !(*record)["claim"].is_object())
    return told;
  const Json& claim = (*record)["claim"];
  if (claim.contains("prompt") && claim["prompt"].is_string()) told.prompt = claim["prompt"];
  told.passes = PassesOf(claim);
  return told;
}

struct Features {
  std::vector<fs::path> files;  ///< those that have a descriptor
  std::vector<float> rows;
  std::vector<PictureHash> hashes;
};

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

class Evaluator {
 public:
  Evaluator(const copy::DescriptorModel& model, const GenerationEvaluationOptions& options,
            const CancellationToken& cancellation)
      : model_(model), options_(options), width_(static_cast<std::size_t>(model.dimension())) {
    context_.cache = options.cache;
    context_.threads = ThreadCount(options.threads);
    context_.cancellation = cancellation;
  }

  Result<GenerationEvaluation> Run(const std::vector<GeneratedSet>& sets) {
    KANTEI_TRY(known_, Describe(options_.known));
    if (known_.files.empty())
      return Error{ErrorCode::kInvalidArgument, "none of the known pictures can be described"};
    KANTEI_TRY(reference_, authenticity::FindRealismReference(options_.realism_reference));
    MakeClasses();
    KANTEI_TRY(const Features real, Describe(options_.real));
    if (real.files.size() < kLeastReal)
      return Error{ErrorCode::kInvalidArgument,
                   "the line between copied and not needs at least 100 real pictures that can be described; "
                   "there are " +
                       std::to_string(real.files.size())};
    std::vector<Features> described{real};
    for (const GeneratedSet& set : sets) {
      KANTEI_TRY(Features features, Describe(set.files));
      if (features.files.size() < 2)
        return Error{ErrorCode::kInvalidArgument, "the set " + set.name + " has fewer than two pictures"};
      described.push_back(std::move(features));
    }
    result_.compared = static_cast<std::int64_t>(real.files.size());
    for (const Features& features : described)
      result_.compared = std::min(result_.compared, static_cast<std::int64_t>(features.files.size()));
    result_.known = static_cast<std::int64_t>(known_.files.size());
    result_.classes = static_cast<std::int64_t>(centroids_.size());
    result_.model = model_.info().name;
    result_.model_sha256 = model_.info().sha256;
    for (std::size_t s = 0; s < described.size(); ++s) {
      KANTEI_TRY(GenerationFigures figures,
                 Measure(s == 0 ? "real" : sets[s - 1].name, described[s], s == 0));
      KANTEI_TRY(figures.feature_distance, Distance(described[s], real, s == 0));
      result_.systems.push_back(std::move(figures));
    }
    result_.problems = context_.problems;
    return std::move(result_);
  }

 private:
  Result<Features> Describe(const std::vector<fs::path>& files) {
    KANTEI_TRY(const std::vector<float> rows, DescribePictures(files, model_, &context_));
    KANTEI_TRY(const std::vector<PictureHash> hashes, HashPictures(files, &context_));
    const std::vector<std::uint8_t> present = copy::RowsPresent(rows, model_.dimension());
    Features features;
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (present[i] == 0) continue;
      features.files.push_back(files[i]);
      features.hashes.push_back(hashes[i]);
      features.rows.insert(features.rows.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * width_),
                           rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * width_));
    }
    return features;
  }

  static std::string ClassOf(const fs::path& file) { return Words(file.parent_path().filename().string()); }

  void MakeClasses() {
    for (std::size_t i = 0; i < known_.files.size(); ++i) {
      std::vector<float>& sum = centroids_[ClassOf(known_.files[i])];
      sum.resize(width_);
      for (std::size_t d = 0; d < width_; ++d) sum[d] += known_.rows[i * width_ + d];
    }
    for (auto& [name, sum] : centroids_) copy::NormaliseRow(sum);
  }

  const std::string& NearestClass(const float* row) const {
    const std::string* best = &centroids_.begin()->first;
    float most = -2;
    for (const auto& [name, centre] : centroids_) {
      float product = 0;
      for (std::size_t d = 0; d < width_; ++d) product += row[d] * centre[d];
      if (product > most) most = product, best = &name;
    }
    return *best;
  }

  Result<GenerationFigures> Measure(const std::string& name, const Features& features, bool is_real) {
    GenerationFigures figures;
    figures.name = name;
    const std::size_t count = features.files.size();
    figures.pictures = static_cast<std::int64_t>(count);
    const auto neighbours = copy::NearestRows(features.rows, known_.rows, model_.dimension(), 1,
                                              context_.threads, context_.cancellation);
    KANTEI_RETURN_IF_ERROR(context_.cancellation.Check());
    std::vector<NearestKnown> nearest(count);
    std::vector<RealismMeasures> measures(count);
    std::vector<double> robust(count);
    std::vector<Told> told(count);
    const auto look = [&](std::size_t i) -> Status {
      const fs::path& known = known_.files[neighbours[i][0].row];
      nearest[i] = {features.files[i], known, "", static_cast<double>(neighbours[i][0].similarity), 0,
                    std::nullopt,      256};
      if (!is_real) told[i] = ReadRecord(features.files[i]);
      nearest[i].prompt = told[i].prompt;
      KANTEI_TRY(const image::DecodedImage own, image::DecodeImageFile(features.files[i], {}));
      KANTEI_TRY(const image::DecodedImage other, image::DecodeImageFile(known, {}));
      const image::Image own_small = image::Resize(own.pixels, kSsimSide, kSsimSide),
                         other_small = image::Resize(other.pixels, kSsimSide, kSsimSide);
      KANTEI_TRY(nearest[i].ssim, image::Ssim(own_small, other_small));
      if (options_.lpips != nullptr) {
        KANTEI_TRY(nearest[i].lpips, options_.lpips->Distance(own_small, other_small));
      }
      measures[i] = authenticity::MeasureRealism(own.pixels);
      robust[i] = authenticity::ScoreRealism(measures[i], reference_).robust;
      for (const PictureHash& hash : known_.hashes)
        if (hash.present && features.hashes[i].present)
          for (const Code256& code : features.hashes[i].codes)
            nearest[i].hash_distance =
                std::min(nearest[i].hash_distance, HammingDistance(code, hash.codes[0]));
      return {};
    };
    std::vector<Status> looked(count);
    ParallelFor(count, context_.threads, context_.cancellation, [&](std::size_t i) { looked[i] = look(i); });
    KANTEI_RETURN_IF_ERROR(context_.cancellation.Check());
    for (const Status& status : looked) KANTEI_RETURN_IF_ERROR(status);
    std::vector<double> similarities;
    for (const NearestKnown& one : nearest) similarities.push_back(one.similarity);
    std::ranges::sort(similarities, std::greater());
    if (is_real) {
      const auto allowed =
          static_cast<std::size_t>(std::floor(options_.false_alarms * static_cast<double>(count)));
      result_.line = similarities[std::min(allowed, count - 1)];
    }
    const std::size_t top = std::max<std::size_t>(1, count / 20);
    for (std::size_t i = 0; i < count; ++i) {
      figures.copied += nearest[i].similarity > result_.line;
      figures.hash_copied += nearest[i].hash_distance <= kHashCopy;
      figures.mean_similarity += nearest[i].similarity / static_cast<double>(count);
      figures.mean_ssim += nearest[i].ssim / static_cast<double>(count);
      if (nearest[i].lpips)
        figures.mean_lpips = figures.mean_lpips.value_or(0) + *nearest[i].lpips / static_cast<double>(count);
      figures.robust_realism += robust[i] / static_cast<double>(count);
      if (i < top) figures.top_similarity += similarities[i] / static_cast<double>(top);
    }
    figures.copied_95 = ClopperPearson(figures.copied, figures.pictures);
    for (std::size_t m = 0; m < measures[0].size(); ++m) {
      std::vector<double> values;
      for (const RealismMeasures& measured : measures) values.push_back(measured[m]);
      const double median = Median(values);
      if (is_real) real_medians_[m] = median;
      figures.measure_ratio[m] = real_medians_[m] > 0 ? median / real_medians_[m] : 0;
    }
    Agreement(features, told, is_real, &figures);
    std::ranges::stable_sort(nearest, std::greater(), &NearestKnown::similarity);
    figures.nearest = std::move(nearest);
    return figures;
  }

  void Agreement(const Features& features, const std::vector<Told>& told, bool is_real,
                 GenerationFigures* figures) const {
    std::int64_t asked = 0, met = 0, counted = 0;
    double passes = 0;
    for (std::size_t i = 0; i < features.files.size(); ++i) {
      if (told[i].passes) ++counted, passes += *told[i].passes;
      const std::string wanted = is_real ? ClassOf(features.files[i]) : Words(told[i].prompt);
      if (!centroids_.contains(wanted)) continue;
      ++asked;
      met += NearestClass(features.rows.data() + i * width_) == wanted;
    }
    if (asked > 0 && centroids_.size() > 1)
      figures->agreement = static_cast<double>(met) / static_cast<double>(asked);
    if (counted > 0) figures->passes = passes / static_cast<double>(counted);
  }

  /// Of the first `compared` pictures of both. The real ones are compared among themselves, one half with the other.
  Result<double> Distance(const Features& features, const Features& real, bool is_real) const {
    const std::size_t rows = static_cast<std::size_t>(result_.compared) * width_;
    const std::span<const float> all(real.rows);
    if (!is_real)
      return nn::FrechetDistance(std::span(features.rows).first(rows), Spread(real), model_.dimension());
    std::vector<float> even, odd;
    for (std::size_t i = 0; i < real.files.size(); ++i) {
      std::vector<float>& half = i % 2 == 0 ? even : odd;
      const auto row = all.subspan(i * width_, width_);
      half.insert(half.end(), row.begin(), row.end());
    }
    return nn::FrechetDistance(even, odd, model_.dimension());
  }

  /// As many real pictures as are compared, evenly among all: files are in the order of their folders.
  std::vector<float> Spread(const Features& real) const {
    const auto wanted = static_cast<std::size_t>(result_.compared);
    std::vector<float> rows;
    for (std::size_t i = 0; i < wanted; ++i) {
      const std::size_t at = i * real.files.size() / wanted;
      rows.insert(rows.end(), real.rows.begin() + static_cast<std::ptrdiff_t>(at * width_),
                  real.rows.begin() + static_cast<std::ptrdiff_t>((at + 1) * width_));
    }
    return rows;
  }

  const copy::DescriptorModel& model_;
  const GenerationEvaluationOptions& options_;
  const std::size_t width_;
  FeatureContext context_;
  Features known_;
  authenticity::RealismReference reference_;
  std::map<std::string, std::vector<float>> centroids_;
  RealismMeasures real_medians_{};
  GenerationEvaluation result_;
};

}  // namespace

Status GenerationEvaluationOptions::Validate() const {
  if (known.empty()) return Error{ErrorCode::kInvalidArgument, "no known pictures were given"};
  if (!(false_alarms > 0 && false_alarms < 0.5))
    return Error{ErrorCode::kInvalidArgument, "false_alarms must be above 0 and below 0.5"};
  return {};
}

Result<GenerationEvaluation> EvaluateGeneration(const std::vector<GeneratedSet>& sets,
                                                const copy::DescriptorModel& model,
                                                const GenerationEvaluationOptions& options,
                                                const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  std::set<std::string> names{"real"};
  for (const GeneratedSet& set : sets)
    if (!names.insert(set.name).second)
      return Error{ErrorCode::kInvalidArgument, "two sets are called " + set.name};
  return Evaluator(model, options, cancellation).Run(sets);
}

}  // namespace kantei::evaluate
