// One finished picture of a built set: the row "annotation" of the manifest, from which all lists are written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/dataset/coco_rle.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

/// Paths are relative to the set's folder, with '/'. Empty: there is none.
struct BuiltSample {
  std::string
      key;  ///< SOURCE/NAME.DIGEST#NUMBER; 00 is the authentic picture, "text" the counterpart made from words
  std::string picture, mask, original;
  std::string history;  ///< authentic, edited, generated
  std::string kind;     ///< authentic, spliced, regenerated, text-to-picture
  std::string engine, source, split;
  std::uint32_t group = 0;  ///< near duplicates of the source picture share one
  int width = 0, height = 0;
  std::string picture_sha256, mask_sha256;
  std::string pdq;  ///< 64 hexadecimal digits
  int pdq_quality = 0;

  std::string mask_kind, mask_shape, material;
  double mask_share = 0;
  image::Rect box;
  std::string rle;                   ///< COCO's compressed counts of the mask
  std::vector<std::string> objects;  ///< names of what the mask covers; of an authentic picture, of all in it
  std::string caption, replacement, prompt, negative_prompt, reason, idea_source;
  std::string post;  ///< the recipe's name
  Json post_steps = Json::array();

  /// Before post-processing. Empty: infinite, or not measured.
  std::optional<double> psnr_outside, ssim_outside;
  bool identical_outside = false;
  std::optional<double> irs, realism;  ///< Image Realism Score, and its robust variant, 0..1
  /// Of our own detector on the finished picture: bits of doubt, 0..1; the greater of its logits; overlap of its map with the mask.
  std::optional<double> detector_uncertainty, detector_logit, detector_iou;
};

/// The row as the manifest has it, with step and status.
Json BuiltSampleRow(const BuiltSample& sample);
/// kCorrupt names the member that is missing or of the wrong kind.
Result<BuiltSample> ParseSampleRow(const Json& row);

/// All finished pictures of a manifest, in its order.
Result<std::vector<BuiltSample>> ReadBuiltSamples(const std::filesystem::path& set);

}  // namespace kantei::dataset
