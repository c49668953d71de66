// Finds edits and applies them, one or a chain.
#include "kantei/dataset/edits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_table.h"

namespace kantei::dataset {
namespace {

constexpr int kSmallestSide = 16;

using enum EditFamily;

const std::vector<EditInfo>& Infos() {
  static const std::vector<EditInfo> infos = [] {
    std::vector<EditInfo> all;
    for (const EditEntry& entry : EditTable()) all.push_back(entry.info);
    return all;
  }();
  return infos;
}

/// How often a chain takes an edit of each family, in the order of EditFamily.
constexpr std::array<double, 6> kFamilyWeights{0.25, 0.15, 0.15, 0.05, 0.2, 0.2};
/// The order in which a disguiser works.
constexpr std::array kOrder{kGeometry, kColour, kDetail, kOverlay, kEmbedding, kCoding};

EditFamily DrawFamily(std::array<double, 6>* weights, Random& random) {
  double sum = 0;
  for (const double weight : *weights) sum += weight;
  double at = random.Uniform() * sum;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights->size(); ++i) {
    if ((*weights)[i] == 0) continue;
    last = i;
    at -= (*weights)[i];
    if (at < 0) break;
  }
  (*weights)[last] = 0;
  return static_cast<EditFamily>(last);
}

const EditInfo& DrawEdit(EditFamily family, bool with_others, Random& random) {
  std::vector<const EditInfo*> fitting;
  for (const EditInfo& info : Infos()) {
    if (info.family == family && (with_others || !info.needs_others)) fitting.push_back(&info);
  }
  return *fitting[random.Below(fitting.size())];
}

}  // namespace

std::string_view EditLevelName(EditLevel level) {
  constexpr std::array<std::string_view, 3> kNames{"easy", "medium", "hard"};
  return kNames[static_cast<std::size_t>(level)];
}

Result<EditLevel> ParseEditLevel(std::string_view name) {
  for (const EditLevel level : {EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard}) {
    if (name == EditLevelName(level)) return level;
  }
  return Error{ErrorCode::kInvalidArgument,
               "no level is called '" + std::string(name) + "'; choose easy, medium or hard"};
}

std::string_view EditFamilyName(EditFamily family) {
  constexpr std::array<std::string_view, 6> kNames{"geometry", "colour",  "detail",
                                                   "coding",   "overlay", "embedding"};
  return kNames[static_cast<std::size_t>(family)];
}

std::span<const EditInfo> AllEdits() {
  return Infos();
}

const EditInfo* FindEdit(std::string_view name) {
  const auto found =
      std::find_if(Infos().begin(), Infos().end(), [&](const EditInfo& info) { return info.name == name; });
  return found == Infos().end() ? nullptr : &*found;
}

Image ApplyEdit(const EditInfo& edit, const Image& picture, EditLevel level, Others others, Random& random) {
  KANTEI_CHECK(!picture.empty());
  KANTEI_CHECK(!edit.needs_others || others.size() >= 3);
  if (picture.channels() != 3) return ApplyEdit(edit, image::ToRgb(picture), level, others, random);
  const auto entry = std::find_if(EditTable().begin(), EditTable().end(),
                                  [&](const EditEntry& e) { return e.info.name == edit.name; });
  KANTEI_CHECK(entry != EditTable().end());
  const auto index = static_cast<std::size_t>(level);
  const auto& range = entry->info.ranges[index];
  const double value = entry->info.parameter.empty() ? 0 : random.Uniform(range[0], range[1]);
  Image out = entry->apply({picture, value, static_cast<int>(index), others, random});
  const int longest = std::max(kSmallestSide, std::max(picture.width(), picture.height()) * 3 / 2);
  return Bounded(std::move(out), kSmallestSide, longest);
}

EditedPicture ApplyRandomEdits(const Image& picture, EditLevel level, Others others, Random& random) {
  const int count = level == EditLevel::kEasy     ? 1
                    : level == EditLevel::kMedium ? Between(random, 1, 2)
                                                  : Between(random, 2, 4);
  std::array<double, 6> weights = kFamilyWeights;
  std::array<const EditInfo*, 6> chosen{};
  const bool with_others = others.size() >= 3;
  EditFamily main = kGeometry;
  for (int i = 0; i < count; ++i) {
    const EditFamily family = DrawFamily(&weights, random);
    if (i == 0) main = family;
    chosen[static_cast<std::size_t>(family)] = &DrawEdit(family, with_others, random);
  }
  EditedPicture result{picture, {}};
  for (const EditFamily family : kOrder) {
    const EditInfo* edit = chosen[static_cast<std::size_t>(family)];
    if (edit == nullptr) continue;
    // The first that was drawn is made at the level itself, the others one below: all of them hard leave nothing to see.
    const bool full = family == main || level == EditLevel::kEasy;
    const auto own = full ? level : static_cast<EditLevel>(static_cast<int>(level) - 1);
    result.picture = ApplyEdit(*edit, result.picture, own, others, random);
    result.edits.emplace_back(edit->name);
  }
  return result;
}

}  // namespace kantei::dataset
