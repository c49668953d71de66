// Seeded disguises of a picture, as people make them: the one editing engine of training and evaluation.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

/// How much of the picture an edit takes away (parameter ranges: docs/edits.md).
enum class EditLevel { kEasy, kMedium, kHard };
std::string_view EditLevelName(EditLevel level);  ///< "easy", "medium", "hard"
Result<EditLevel> ParseEditLevel(std::string_view name);

/// What an edit changes; a chain takes at most one edit of each family unless asked otherwise.
enum class EditFamily { kGeometry, kColour, kDetail, kCoding, kOverlay, kEmbedding };
std::string_view EditFamilyName(EditFamily family);

struct EditInfo {
  std::string_view name;  ///< e.g. "crop", "underlay", "meme-frame"
  EditFamily family;
  bool needs_others = false;     ///< uses an unrelated picture (as background, overlay or collage neighbour)
  std::string_view description;  ///< one line
  std::string_view
      parameter;  ///< what the ranges say, e.g. "share of the area that stays"; empty when there is none
  std::array<std::array<double, 2>, 3> ranges{};  ///< lowest and highest value at easy, medium and hard
};

/// All edits, in a fixed order that never changes within a version.
std::span<const EditInfo> AllEdits();
/// nullptr when there is none of that name.
const EditInfo* FindEdit(std::string_view name);

/// Applies one edit to an RGB picture (any size >= 16 px a side). `others`: unrelated RGB pictures, at least 3 when the edit
/// needs them. The same picture, level, others and state of `random` give the same pixels on every machine.
image::Image ApplyEdit(const EditInfo& edit, const image::Image& picture, EditLevel level,
                       std::span<const image::Image* const> others, Random& random);

struct EditedPicture {
  image::Image picture;
  std::vector<std::string> edits;  ///< names in the order of application
};

/// A chain as a disguiser makes it: easy 1, medium 1-2, hard 2-4 edits of different families, in a sensible order (geometry,
/// colour and detail, overlays, embedding, coding last).
EditedPicture ApplyRandomEdits(const image::Image& picture, EditLevel level,
                               std::span<const image::Image* const> others, Random& random);

/// Options of a training view (2111.08004 section on augmentation; SSCD 2202.10261 "advanced").
struct TrainingViewOptions {
  int side = 128;          ///< the view is side x side (squashed)
  double strength = 1.0;   ///< 0: crop and flip only; 1: as BoT; scales every probability below
  double min_scale = 0.2;  ///< smallest area share of the random resized crop
  /// Share of the views that are chains of ApplyRandomEdits (easy, medium or hard by thirds of the strength) instead of
  /// 2111.08004's; 0..1.
  double chains = 0;
};
/// One training view: a random resized crop first (so that the rest works on few pixels), then a random chain drawn from the
/// same edits with the probabilities of 2111.08004, then squashed to side x side. `others` as above (at least 3). Built for
/// speed: about 3 ms a view at 128 px from a 256 px source on one core.
image::Image MakeTrainingView(const image::Image& picture, const TrainingViewOptions& options,
                              std::span<const image::Image* const> others, Random& random);

/// The picture nearly as a library holds it: at least 0.7 of its area (2112.04323's moderate crop), sometimes coded again,
/// squashed to side x side. The other end of a pair with a hard view.
image::Image MakeAnchorView(const image::Image& picture, int side, Random& random);

}  // namespace kantei::dataset
