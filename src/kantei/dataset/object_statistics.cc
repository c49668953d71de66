#include "kantei/dataset/object_statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kantei/dataset/object_ontology.h"

namespace kantei::dataset {
namespace {

constexpr std::size_t kMaxNames = 20'000;
constexpr std::size_t kMaxNamesOfScene = 64;
constexpr double kPriorScenes = 2;

std::uint64_t PairKey(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint64_t>(std::min(a, b)) << 32 | std::max(a, b);
}

}  // namespace

ObjectStatistics ObjectStatistics::Build(std::span<const SceneDescription> scenes) {
  ObjectStatistics made;
  std::unordered_map<std::string, std::uint32_t> as_written;  // few spellings, many objects
  for (const SceneDescription& scene : scenes) {
    std::vector<std::uint32_t> present;
    for (const SceneObject& object : scene.objects) {
      auto known = as_written.find(object.name);
      if (known == as_written.end()) {
        const std::string name = CanonicalNoun(object.name);
        auto place = made.index_.find(name);
        if (place == made.index_.end()) {
          if (name.empty() || made.names_.size() >= kMaxNames) continue;
          place = made.index_.emplace(name, static_cast<std::uint32_t>(made.names_.size())).first;
          made.names_.push_back(name);
          made.counts_.push_back(0);
        }
        known = as_written.emplace(object.name, place->second).first;
      }
      if (present.size() < kMaxNamesOfScene &&
          std::find(present.begin(), present.end(), known->second) == present.end())
        present.push_back(known->second);
    }
    ++made.scenes_;
    for (std::size_t i = 0; i < present.size(); ++i) {
      ++made.counts_[present[i]];
      for (std::size_t j = 0; j < i; ++j) ++made.pairs_[PairKey(present[i], present[j])];
    }
  }
  return made;
}

std::int64_t ObjectStatistics::Count(std::string_view canonical) const {
  const auto place = index_.find(std::string(canonical));
  return place == index_.end() ? 0 : counts_[place->second];
}

std::int64_t ObjectStatistics::Together(std::string_view a, std::string_view b) const {
  const auto first = index_.find(std::string(a)), second = index_.find(std::string(b));
  if (first == index_.end() || second == index_.end()) return 0;
  if (first->second == second->second) return counts_[first->second];
  const auto pair = pairs_.find(PairKey(first->second, second->second));
  return pair == pairs_.end() ? 0 : pair->second;
}

double ObjectStatistics::MutualInformation(std::string_view name, std::string_view other) const {
  const auto count = static_cast<double>(Count(name));
  if (count == 0 || scenes_ == 0) return 0;
  const double share = count / static_cast<double>(scenes_);
  const double given = (static_cast<double>(Together(name, other)) + kPriorScenes * share) /
                       (static_cast<double>(Count(other)) + kPriorScenes);
  return std::log(given / share);
}

}  // namespace kantei::dataset
