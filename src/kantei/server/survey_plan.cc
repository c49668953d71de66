#include "kantei/server/survey_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/random.h"

namespace kantei::server {
namespace {

template <typename T>
void Shuffle(std::vector<T>* items, Random* random) {
  for (std::size_t i = items->size(); i > 1; --i) std::swap((*items)[i - 1], (*items)[random->Below(i)]);
}

}  // namespace

Result<SurveyPlan> SurveyPlan::Make(const std::vector<dataset::AuthenticitySample>& samples,
                                    const std::filesystem::path& set, bool pairs, std::uint64_t seed) {
  SurveyPlan plan;
  plan.pairs_ = pairs;
  plan.seed_ = seed;
  std::map<std::string, std::vector<Item>> engines;
  std::map<std::string, Item> real;  // by name: rows and originals are often the same files
  const auto name = [&](const std::filesystem::path& file) {
    return file.lexically_relative(set).generic_string();
  };
  for (const dataset::AuthenticitySample& sample : samples) {
    if (sample.history == dataset::History::kAuthentic) {
      real.insert_or_assign(name(sample.picture), Item{sample.picture, sample.picture, name(sample.picture),
                                                       sample.engine, sample.source});
      continue;
    }
    if (!sample.original.empty())
      real.emplace(name(sample.original),
                   Item{sample.original, sample.original, name(sample.original), "authentic", sample.source});
    if (!pairs || !sample.original.empty())
      engines[sample.engine].push_back(
          {sample.picture, sample.original, name(sample.picture), sample.engine, sample.source});
  }
  if (engines.empty())
    return Error{ErrorCode::kNotFound,
                 DisplayPath(set) + " has no edited picture" +
                     (pairs ? " with its original; pairs cannot be shown" : "; there is nothing to find")};
  if (!pairs && real.empty())
    return Error{ErrorCode::kNotFound,
                 DisplayPath(set) + " has no authentic picture; single pictures need both kinds"};
  const Random random(seed);
  for (auto& [engine, items] : engines) {
    Random order = random.Fork(plan.engines_.size() + 1);
    Shuffle(&items, &order);
    plan.engines_.push_back(std::move(items));
  }
  for (auto& [file, item] : real) plan.real_.push_back(std::move(item));
  Random order = random.Fork(0);
  Shuffle(&plan.real_, &order);
  return plan;
}

std::vector<const SurveyPlan::Item*> SurveyPlan::TakeEdited(std::uint64_t participant,
                                                            std::size_t count) const {
  const std::size_t each = (count + engines_.size() - 1) / engines_.size();
  std::vector<std::size_t> taken(engines_.size(), 0);
  std::vector<const Item*> out;
  std::set<std::filesystem::path> scenes;
  // When all scenes are used up, scenes may come again, other pictures of them.
  for (const bool again : {false, true}) {
    std::set<const Item*> used(out.begin(), out.end());
    std::fill(taken.begin(), taken.end(), 0);
    for (bool any = true; any && out.size() < count;) {
      any = false;
      for (std::size_t n = 0; n < engines_.size() && out.size() < count; ++n) {
        // Who comes first gets the odd one.
        const std::size_t e = (n + static_cast<std::size_t>(participant)) % engines_.size();
        const std::vector<Item>& items = engines_[e];
        for (; taken[e] < items.size(); ++taken[e]) {
          const Item& item = items[(static_cast<std::size_t>(participant) * each + taken[e]) % items.size()];
          if (used.contains(&item) || (!again && !item.original.empty() && scenes.contains(item.original)))
            continue;
          out.push_back(&item);
          used.insert(&item);
          scenes.insert(item.original);
          ++taken[e];
          any = true;
          break;
        }
      }
    }
  }
  return out;
}

std::vector<SurveyTrial> SurveyPlan::Singles(std::vector<const Item*> edited, std::uint64_t participant,
                                             std::size_t count) const {
  std::set<std::filesystem::path> scenes;
  for (const Item* item : edited) scenes.insert(item->original);
  std::vector<const Item*> real;
  const std::size_t wanted = std::min(count - count / 2, real_.size());
  for (const bool again : {false, true})
    for (std::size_t i = 0; i < real_.size() && real.size() < wanted; ++i) {
      const Item& item = real_[(static_cast<std::size_t>(participant) * wanted + i) % real_.size()];
      if (scenes.contains(item.picture) == again) real.push_back(&item);
    }
  const std::size_t most = std::min(real.size(), edited.size() + count % 2);
  real.resize(most);
  edited.resize(std::min(edited.size(), most));
  std::vector<SurveyTrial> trials;
  for (const Item* item : real)
    trials.push_back({false, item->picture, {}, "real", item->name, item->engine, item->source, false});
  for (const Item* item : edited)
    trials.push_back({false, item->picture, {}, "edited", item->name, item->engine, item->source, true});
  return trials;
}

std::vector<SurveyTrial> SurveyPlan::Pairs(const std::vector<const Item*>& edited, std::uint64_t seed) {
  std::vector<bool> left(edited.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i < left.size() / 2;
  Random random(seed);
  for (std::size_t i = left.size(); i > 1; --i) {
    const std::size_t other = random.Below(i);
    const bool kept = left[i - 1];
    left[i - 1] = left[other];
    left[other] = kept;
  }
  std::vector<SurveyTrial> trials;
  for (std::size_t i = 0; i < edited.size(); ++i) {
    const Item& item = *edited[i];
    trials.push_back({true, left[i] ? item.picture : item.original, left[i] ? item.original : item.picture,
                      left[i] ? "left" : "right", item.name, item.engine, item.source, true});
  }
  return trials;
}

std::vector<SurveyTrial> SurveyPlan::Trials(std::uint64_t participant, std::size_t count) const {
  Random random = Random(seed_).Fork(0x5375727665790000ull + participant);
  const std::uint64_t sides = random.Next();
  std::vector<const Item*> edited = TakeEdited(participant, pairs_ ? count : count / 2);
  std::vector<SurveyTrial> trials =
      pairs_ ? Pairs(edited, sides) : Singles(std::move(edited), participant, count);
  Shuffle(&trials, &random);
  return trials;
}

}  // namespace kantei::server
