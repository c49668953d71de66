// Which pictures a participant of a survey sees, in which order. Private to server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"

namespace kantei::server {

struct SurveyTrial {
  bool pair = false;
  std::filesystem::path left, right;  ///< the picture itself and nothing (single); both sides (pair)
  std::string answer;                 ///< the right one: "real", "edited", "left" or "right"
  std::string picture;  ///< the shown one (single) or the edited one (pair), relative to the set
  std::string engine, source;
  bool edited = false;
};

/// Plans of one survey: every participant's is made from the seed and the participant's number, so that it can be made again.
class SurveyPlan {
 public:
  /// Edited and generated pictures with an original (pairs) or any (single), and authentic ones (rows, and originals). kNotFound when
  /// one kind is missing.
  static Result<SurveyPlan> Make(const std::vector<dataset::AuthenticitySample>& samples,
                                 const std::filesystem::path& set, bool pairs, std::uint64_t seed);

  /// At most `count` trials: half of the single pictures are real, half of the pairs have the edited picture left, engines take turns.
  /// No scene is seen twice while there are others. Participants with consecutive numbers get consecutive stretches of the material, so
  /// that all of it is shown about equally often.
  std::vector<SurveyTrial> Trials(std::uint64_t participant, std::size_t count) const;

 private:
  struct Item {
    std::filesystem::path picture, original;
    std::string name, engine, source;
  };
  std::vector<SurveyTrial> Singles(std::vector<const Item*> edited, std::uint64_t participant,
                                   std::size_t count) const;
  static std::vector<SurveyTrial> Pairs(const std::vector<const Item*>& edited, std::uint64_t seed);
  std::vector<const Item*> TakeEdited(std::uint64_t participant, std::size_t count) const;

  bool pairs_ = false;
  std::uint64_t seed_ = 0;
  std::vector<std::vector<Item>> engines_;  ///< edited, by engine, in an order drawn once
  std::vector<Item> real_;
};

}  // namespace kantei::server
