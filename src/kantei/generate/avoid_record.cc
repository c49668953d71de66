#include "kantei/generate/avoid_record.h"

#include <cmath>

namespace kantei::generate {
namespace {

/// What a run is asked for, as far as its mode looks at it.
Json WishOf(const AvoidOptions& avoid, const AvoidTools& tools) {
  Json wish{{"mode", AvoidModeName(avoid.mode)}};
  if (avoid.mode == AvoidMode::kReject)
    wish["tries"] = avoid.tries;
  else
    wish["strength"] = avoid.strength;
  wish["most_mask_iou"] = avoid.most_mask_iou;
  wish["most_similarity"] = avoid.most_similarity;
  wish["similarity_by"] = tools.similarity.name.empty() ? "ssim" : tools.similarity.name;
  // Null is left out of the record.
  wish["lpips_by"] = tools.lpips.name.empty() ? Json() : Json(tools.lpips.name);
  wish["segmenter"] = tools.subject.name.empty() ? Json() : Json(tools.subject.name);
  wish["subject"] = tools.subject.subject.empty() ? Json() : Json(tools.subject.subject);
  return wish;
}

/// Four digits: networks' last ones differ between machines.
double Rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

Json Told(const SubjectMask& mask) {
  Json told{{"found_by", MaskSourceName(mask.source)}};
  if (mask.source == MaskSource::kSegmentation)
    told["class"] = mask.class_name, told["class_by"] = mask.class_by;
  told["area"] = Rounded(mask.area);
  told["separation"] = Rounded(mask.separation);
  told["pixels_sha256"] = PixelHash(mask.pixels);
  return told;
}

}  // namespace

Json AvoidedClaim(const GenerationContext& context, const SampleOptions& options, const AvoidOptions& avoid,
                  const AvoidTools& tools, const AvoidedPicture& pair) {
  Json claim = GenerationClaim(context, options, pair.second, pair.notes);
  Json told;
  const Json wish = WishOf(avoid, tools);
  for (const auto& [name, value] : wish.items())
    if (!value.is_null()) told[name] = value;
  told["seeds"] = {{"first", pair.first.seed}, {"second", pair.second_seed}};
  told["first_pixels_sha256"] = PixelHash(pair.first.pixels);
  told["words"] = pair.words;
  told["mask"] = Told(pair.first_mask);
  told["mask_after"] = Told(pair.second_mask);
  if (!pair.alteration.empty()) told["alteration"] = pair.alteration;
  told["steered"] = pair.steered;
  told["controlnet"] = pair.control;
  told["between"] = {{"ssim", Rounded(pair.ssim)}};
  if (pair.mask_iou) told["between"]["mask_iou"] = Rounded(*pair.mask_iou);
  if (pair.similarity) told["between"]["similarity"] = Rounded(*pair.similarity);
  if (pair.lpips) told["between"]["lpips"] = Rounded(*pair.lpips);
  told["limits_met"] = pair.limits_met;
  told["tried"] = pair.tried;
  told["network_passes"] = {{"first", pair.first_passes}, {"all", pair.passes}};
  claim["avoid_shape"] = std::move(told);
  return claim;
}

bool IsAvoidedRecordOf(const Json& record, const GenerationContext& context, const SampleOptions& options,
                       const AvoidOptions& avoid, const AvoidTools& tools, std::uint64_t seed) {
  if (!record.is_object() || !record.contains("claim") || !record["claim"].is_object() ||
      !record["claim"].contains("avoid_shape") || !record["claim"]["avoid_shape"].is_object())
    return false;
  const Json& told = record["claim"]["avoid_shape"];
  const Json wish = WishOf(avoid, tools);
  for (const auto& [name, value] : wish.items())
    if (told.value(name, Json()) != value) return false;
  Json rest = record;
  rest["claim"].erase("avoid_shape");
  return IsRecordOf(rest, context, options, seed);
}

}  // namespace kantei::generate
