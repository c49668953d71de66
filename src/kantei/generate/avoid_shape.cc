#include "kantei/generate/avoid_shape.h"

#include <array>
#include <utility>

namespace kantei::generate {
namespace {

constexpr std::array<std::pair<AvoidMode, std::string_view>, 5> kModes = {
    std::pair(AvoidMode::kAlteredMask, "altered-mask"), std::pair(AvoidMode::kInvertedMask, "inverted-mask"),
    std::pair(AvoidMode::kNegativeControl, "negative-control"),
    std::pair(AvoidMode::kReseededRegion, "reseeded-region"), std::pair(AvoidMode::kReject, "reject")};

}  // namespace

std::string_view AvoidModeName(AvoidMode mode) {
  for (const auto& [each, name] : kModes)
    if (each == mode) return name;
  return "";
}

const std::vector<std::string>& AvoidModeNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [mode, name] : kModes) all.emplace_back(name);
    return all;
  }();
  return names;
}

Result<AvoidMode> ParseAvoidMode(std::string_view name) {
  std::string known;
  for (const auto& [mode, each] : kModes) {
    if (each == name) return mode;
    known += (known.empty() ? "" : ", ") + std::string(each);
  }
  return Error{ErrorCode::kInvalidArgument,
               "there is no way of avoiding a shape named " + std::string(name) + "; there are " + known};
}

Status AvoidOptions::Validate(const SampleOptions& sampling) const {
  KANTEI_RETURN_IF_ERROR(sampling.Validate());
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (!(strength >= 0 && strength <= 10)) return bad("the strength of avoiding a shape must be 0 to 10");
  if (tries < 1 || tries > 1000) return bad("tries to avoid a shape must be 1 to 1000");
  if (!(most_mask_iou >= 0 && most_mask_iou <= 1)) return bad("the limit of the masks' IoU must be 0 to 1");
  if (!(most_similarity >= -1 && most_similarity <= 1))
    return bad("the limit of the pictures' similarity must be -1 to 1");
  if (!sampling.init.empty())
    return bad("avoiding a shape is for pictures made from words alone; leave out the picture to start from");
  if (!sampling.control.empty())
    return bad("a control picture fixes the shape that is to be avoided; leave out one of both");
  if (!sampling.mitigations.empty())
    return bad("avoiding a shape looks where the prompt's own words are looked at; leave out mitigations");
  return {};
}

}  // namespace kantei::generate
