#include "kantei/generate/soft_realism.h"

#include <cmath>

namespace kantei::generate {
namespace {

constexpr std::string_view kFormat = "kantei.soft-realism/1";

Result<std::array<double, kSoftMeasures>> ReadFive(const Json& json, const char* member,
                                                   const std::string& name) {
  const auto found = json.find(member);
  std::array<double, kSoftMeasures> values{};
  bool sound = found != json.end() && found->is_array() && found->size() == kSoftMeasures;
  for (std::size_t i = 0; sound && i < kSoftMeasures; ++i) {
    sound = (*found)[i].is_number();
    if (sound) values[i] = (*found)[i].get<double>();
    sound = sound && std::isfinite(values[i]);
  }
  if (!sound) return Error{ErrorCode::kCorrupt, name + ": \"" + member + "\" must be five finite numbers"};
  return values;
}

}  // namespace

Json SoftRealismJson(const SoftRealismReference& reference) {
  return {{"format", kFormat},
          {"side", reference.side},
          {"pictures", reference.pictures},
          {"mean", reference.mean},
          {"deviation", reference.deviation}};
}

Result<SoftRealismReference> ParseSoftRealism(const Json& json, const std::string& name) {
  if (!json.is_object() || !json.contains("format") || json["format"] != kFormat)
    return Error{ErrorCode::kCorrupt, name + " is no realism reference of kantei train diffusion"};
  SoftRealismReference reference;
  const auto whole = [&](const char* member, int* value) {
    const auto found = json.find(member);
    if (found == json.end() || !found->is_number_integer()) return false;
    *value = found->get<int>();
    return *value >= 1 && *value <= 100'000'000;
  };
  if (!whole("side", &reference.side) || !whole("pictures", &reference.pictures))
    return Error{ErrorCode::kCorrupt, name + ": \"side\" and \"pictures\" must be positive whole numbers"};
  KANTEI_TRY(reference.mean, ReadFive(json, "mean", name));
  KANTEI_TRY(reference.deviation, ReadFive(json, "deviation", name));
  for (const double deviation : reference.deviation)
    if (!(deviation > 0)) return Error{ErrorCode::kCorrupt, name + ": a deviation is not above 0"};
  return reference;
}

}  // namespace kantei::generate
