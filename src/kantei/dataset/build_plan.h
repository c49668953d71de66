// What `kantei dataset build` is to do, as the user writes it: plan.json (docs/formats.md).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

/// What of a picture is changed.
enum class BuildMaskKind { kInstance, kMultiInstance, kMultiClass, kBackground, kRandomShape };
inline constexpr std::array kBuildMaskKinds{BuildMaskKind::kInstance, BuildMaskKind::kMultiInstance,
                                            BuildMaskKind::kMultiClass, BuildMaskKind::kBackground,
                                            BuildMaskKind::kRandomShape};
/// "instance", "multi-instance", "multi-class", "background", "random-shape".
std::string_view BuildMaskKindName(BuildMaskKind kind);

/// Order of BuildPlan::ratios. The last is out of domain: sources, engines and objects that were held out.
inline constexpr std::array<std::string_view, 4> kBuildSplits{"train", "val", "test-in", "test-out"};

struct PlanMasks {
  std::array<double, 5> weights{4, 1, 1, 1, 3};  ///< of the kinds, in their order; 0: never
  double least_share = 0.01, most_share = 0.4;   ///< of the picture's area
  /// True: a size is drawn evenly in the logarithm and the object nearest to it taken; false: any object within the limits.
  bool even_law = true;
  int closing = 3;          ///< radius of a morphological closing in pixels, 0..64
  int grow = 2;             ///< pixels by which it is grown, 0..64
  double grow_percent = 0;  ///< grown further by a disc of radius 1 until the area is so much larger, 0..200
};

struct PlanEngine {
  std::string name;
  double weight = 1;         ///< how often it is drawn, 0..1000
  int count = 0;             ///< results of this engine for each picture besides those that are drawn, 0..20
  double most_share = 0.4;   ///< larger holes are not given to it
  double regenerated = -1;   ///< share of the results whose whole picture is decoded anew; -1: the plan's
  bool held_out = false;     ///< used in test-out only
  bool mixed = false;        ///< copy-paste: texture of the ground shows through
  std::string model;         ///< diffusion, autoencoder: weights; empty: those that are shipped
  int steps = 20, side = 0;  ///< diffusion: steps; longer side at which it works, 0: the model's own
  double guidance = 4, strength = 1;
};

struct PlanPostStep {
  enum class Kind { kJpeg, kWebp, kResize, kLanczosX2 };
  Kind kind = Kind::kJpeg;
  double low = 0, high = 0;  ///< quality, or factor
};
struct PlanRecipe {
  std::string name;
  double weight = 1;
  std::vector<PlanPostStep> steps;  ///< empty: nothing, a PNG; else a codec may stand at the end only
};

struct PlanPictures {
  int max_side = 2048, least_side = 96;
  bool shrink_larger = true;  ///< else larger ones are refused
  int variants = 2;           ///< results drawn for each picture, 0..100
  int attempts = 4;           ///< masks that are tried before one is given up, 1..100
};

struct PlanTextToPicture {
  double share = 0;   ///< of the pictures get a counterpart made from words alone
  std::string model;  ///< empty: the shipped one
  int steps = 20, side = 0;
  double guidance = 4;
};

struct PlanQuality {
  /// Below these a regenerated picture is refused (what is spliced is bit-identical outside the mask). 0: no limit.
  double least_psnr = 0, least_ssim = 0;
  double least_changed = 0.4;     ///< of the mask's pixels must differ by more than 2 levels
  double most_flat = 0.5;         ///< of them may equal their neighbours
  std::string realism = "photo";  ///< reference of the realism score; empty: not measured
  double least_realism = 0;       ///< of the robust score, 0..1
  std::string detector;           ///< weights, "shipped", or empty: none
  double least_uncertainty = 0;   ///< of the detector, bits, 0..1: what it finds easy is refused
};

struct PlanSplits {
  std::array<double, 4> ratios{0.7, 0.1, 0.1, 0.1};
  std::vector<std::string> held_out_sources, held_out_objects;
  int near_duplicate = 31;  ///< bits of PDQ at most between pictures that must share a split, 0..128
};

struct BuildPlan {
  std::string name = "set", licence = "unknown";
  std::uint64_t seed = 1;
  PlanPictures pictures;
  PlanMasks masks;
  std::vector<PlanEngine> engines;
  double regenerated = 0.25;  ///< share of the results
  bool regenerated_as_edited =
      true;               ///< else their history is "generated", and the mask is in the manifest only
  std::string redecoder;  ///< autoencoder or diffusion model; empty: the shipped model's
  PlanTextToPicture text_to_picture;
  std::vector<PlanRecipe> post;
  PlanQuality quality;
  PlanSplits splits;
  std::vector<std::string> annotations;  ///< of kAnnotationFormats
};
inline constexpr std::array<std::string_view, 5> kAnnotationFormats{"coco", "imdl", "tp-gt", "animedl2m",
                                                                    "csv"};

/// Engines that a plan may name: the classical ones, "copy-paste", "diffusion", "autoencoder".
std::vector<std::string> BuildEngineNames();

/// The plan that --print-plan writes, with an explanation before each member (keys that begin with '#').
std::string_view DefaultPlanText();

/// Members that are missing have the values above, and lists those of the default plan; members that begin with '#' are passed over.
/// kInvalidArgument names the member, what it is and what was expected; also for members that are not known.
Result<BuildPlan> ParseBuildPlan(std::string_view json, std::string_view name);
Result<BuildPlan> ReadBuildPlan(const std::filesystem::path& file);
/// All members in one order: equal plans give equal text.
Json BuildPlanJson(const BuildPlan& plan);

}  // namespace kantei::dataset
