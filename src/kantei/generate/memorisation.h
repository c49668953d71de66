// Are the words bound to a picture that the model has memorised? The length of the guidance at the first step tells before anything
// is generated (Wen et al., ICLR 2024, 2407.21720).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/generate/diffusion_model.h"

namespace kantei::generate {

inline constexpr int kMostMemorisationSteps = 50;

struct MemorisationOptions {
  int seeds = 4;  ///< starting noises, 1..64
  int steps = 1;  ///< first steps of fifty, 1..50; each costs two passes through the network
  Status Validate() const;
  friend bool operator==(const MemorisationOptions&, const MemorisationOptions&) = default;
};

struct PromptMemorisation {
  std::vector<double>
      norms;        ///< by seed: mean over the steps of the l2 length of (noise with the words - without)
  double mean = 0;  ///< of these
};

/// The words alone are looked at, always in the same way (as in the paper: DDIM of 50 steps, guidance 7.5, no negative prompt, seeds from
/// 0 on, the model's own size), so that numbers of one model can be compared. kCancelled, and what SamplePictures says.
Result<PromptMemorisation> CheckPrompt(const DiffusionModel& model, const std::string& prompt,
                                       const MemorisationOptions& options,
                                       const CancellationToken& cancellation);

/// What is usual for a model: the same measure of prompts that are taken for harmless.
struct MemorisationProfile {
  std::string model_sha256;  ///< ModelHash
  std::string source;        ///< of which prompts, for people
  MemorisationOptions measured;
  int prompts = 0;
  double mean = 0, deviation = 0;  ///< of the prompts' means
  std::vector<double> quantiles;   ///< 101: at 0 %, 1 % ... 100 % of the prompts
  double false_alarm_rate = 0;     ///< share of the prompts that are above the threshold, at most
  double threshold = 0;

  /// Share of the prompts that are below the norm, 0..1.
  double ShareBelow(double norm) const;
  bool Suspects(double norm) const { return norm > threshold; }
};

/// kInvalidArgument when there are fewer than 20 prompts, or too few for the rate (one in `rate`), or one is not finite.
Result<MemorisationProfile> FitMemorisation(std::vector<double> means, double false_alarm_rate);
/// MODEL.memorisation.json beside the model: inside it would change the model's hash.
std::filesystem::path MemorisationProfilePath(const std::filesystem::path& model);
Status SaveMemorisationProfile(const std::filesystem::path& path, const MemorisationProfile& profile);
/// kCorrupt says what is wrong in it.
Result<MemorisationProfile> LoadMemorisationProfile(const std::filesystem::path& path);

}  // namespace kantei::generate
