// Which objects stand together: counts over annotated scenes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kantei/dataset/replacement.h"

namespace kantei::dataset {

/// Counts scenes, not instances: three cups in one kitchen are one scene with a cup. Names are compared after CanonicalNoun. Immutable
/// after Build, so that threads may share it.
class ObjectStatistics {
 public:
  ObjectStatistics() = default;
  /// At most 20,000 names and 64 names a scene are counted; what comes later is left out.
  static ObjectStatistics Build(std::span<const SceneDescription> scenes);

  std::int64_t scenes() const { return scenes_; }
  std::int64_t Count(std::string_view canonical) const;
  /// Scenes that have both.
  std::int64_t Together(std::string_view a, std::string_view b) const;
  /// All names, in the order in which they were met.
  std::span<const std::string> names() const { return names_; }

  /// Log of how much more often `name` is met in scenes with `other` than in all scenes: pointwise mutual information (Church and Hanks
  /// 1990), in nats. P(name | other) is smoothed towards P(name) with the weight of two scenes, so that a single chance meeting says
  /// little and an unknown name gets 0.
  double MutualInformation(std::string_view name, std::string_view other) const;

 private:
  std::int64_t scenes_ = 0;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<std::int64_t> counts_;
  std::unordered_map<std::uint64_t, std::int64_t> pairs_;  ///< smaller index × 2³² + larger one
};

}  // namespace kantei::dataset
