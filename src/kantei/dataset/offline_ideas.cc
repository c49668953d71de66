#include "kantei/dataset/offline_ideas.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include "kantei/base/random.h"
#include "kantei/dataset/object_ontology.h"

namespace kantei::dataset {
namespace {

/// A replacement of another class of the group is less likely than one of the same class.
constexpr double kOtherClass = 0.3;
/// By steps of size; three steps and more do not fill the hole.
constexpr double kSizeWeight[] = {1, 0.45, 0.08};
/// The most that the annotations may favour or discourage a noun: e^±1.5.
constexpr double kMostInformation = 1.5;
/// A noun that stands in the scene already would be a second one of its kind.
constexpr double kPresent = 0.25;
/// Named by the table, never met in the annotations: they cannot say whether it fits.
constexpr double kUnmet = 0.35;
/// People are left in place when there is something else.
constexpr double kPeople = 0.15;

struct Candidate {
  std::string name;
  double weight = 0;
};

std::size_t Draw(const std::vector<double>& weights, Random* random) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  double left = random->Uniform() * sum;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if ((left -= weights[i]) < 0) return i;
  return weights.size() - 1;
}

/// Shares of 3 % to 35 % are easy to fill and easy to see.
double ObjectWeight(const SceneObject& object) {
  const double share = std::isfinite(object.share) ? std::clamp(object.share, 0.0, 1.0) : 0.0;
  const double size = share < 0.03    ? 0.1 + share / 0.03
                      : share <= 0.35 ? 1.1
                                      : std::max(0.1, 1.1 - 2 * (share - 0.35));
  const OntologyNoun* noun = FindNoun(CanonicalNoun(object.name));
  const bool person = noun != nullptr && OntologyClasses()[noun->class_idx].group == "people";
  return size * (person ? kPeople : 1) * (noun == nullptr ? 0.5 : 1);
}

/// Names of the scene but the object's own, each once.
std::vector<std::string> OtherNames(const SceneDescription& scene, const std::string& object) {
  std::set<std::string> names;
  for (const SceneObject& other : scene.objects)
    if (std::string name = CanonicalNoun(other.name); !name.empty() && name != object)
      names.insert(std::move(name));
  return {names.begin(), names.end()};
}

/// e to the mean information that the other objects give about the name, bounded.
double SceneFit(const ObjectStatistics& statistics, const std::string& name,
                const std::vector<std::string>& others) {
  if (others.empty()) return 1;
  double sum = 0;
  for (const std::string& other : others) sum += statistics.MutualInformation(name, other);
  return std::exp(std::clamp(sum / static_cast<double>(others.size()), -kMostInformation, kMostInformation));
}

/// How many of the other objects are found in one of the class's places, as a factor of 0.5 to 1.
double PlaceFit(const OntologyClass& kind, const std::vector<std::string>& others) {
  double known = 0, shared = 0;
  for (const std::string& other : others) {
    const OntologyNoun* noun = FindNoun(other);
    if (noun == nullptr) continue;
    ++known;
    for (const std::string& place : OntologyClasses()[noun->class_idx].places)
      if (std::find(kind.places.begin(), kind.places.end(), place) != kind.places.end()) {
        ++shared;
        break;
      }
  }
  return known == 0 ? 1 : 0.5 + 0.5 * shared / known;
}

/// Siblings of a noun of the table.
std::vector<Candidate> Siblings(const OntologyNoun& object, const ObjectStatistics& statistics,
                                const std::vector<std::string>& others) {
  const auto classes = OntologyClasses();
  const OntologyClass& kind = classes[object.class_idx];
  std::vector<Candidate> candidates;
  for (const OntologyNoun& noun : OntologyNouns()) {
    const OntologyClass& other_kind = classes[noun.class_idx];
    const auto steps = static_cast<std::size_t>(std::abs(noun.size - object.size));
    if (other_kind.group != kind.group || noun.name == object.name || steps >= std::size(kSizeWeight))
      continue;
    double weight = kSizeWeight[steps] * (noun.class_idx == object.class_idx ? 1 : kOtherClass);
    weight *= PlaceFit(other_kind, others);
    if (statistics.scenes() > 0)
      weight *= statistics.Count(noun.name) > 0 ? SceneFit(statistics, noun.name, others) : kUnmet;
    if (std::find(others.begin(), others.end(), noun.name) != others.end()) weight *= kPresent;
    candidates.push_back({noun.name, weight});
  }
  return candidates;
}

/// For an object that the table does not know: what the annotations have in such scenes, else things of the same places.
std::vector<Candidate> ForUnknown(const std::string& object, const ObjectStatistics& statistics,
                                  const std::vector<std::string>& others) {
  std::vector<Candidate> candidates;
  for (const std::string& name : statistics.names()) {
    if (name == object || std::find(others.begin(), others.end(), name) != others.end()) continue;
    const OntologyNoun* noun = FindNoun(name);
    const std::string group =
        noun == nullptr ? std::string() : std::string(OntologyClasses()[noun->class_idx].group);
    if (group == "scenery" || group == "people") continue;
    std::int64_t together = 0;
    for (const std::string& other : others) together += statistics.Together(name, other);
    if (together > 0)
      candidates.push_back({name, static_cast<double>(together) * SceneFit(statistics, name, others)});
  }
  if (!candidates.empty()) return candidates;
  for (const OntologyNoun& noun : OntologyNouns()) {
    const OntologyClass& kind = OntologyClasses()[noun.class_idx];
    // Nothing is known of its size either, so that the middle is taken.
    if (kind.group == "scenery" || kind.group == "people" || noun.size < 3 || noun.size > 5 ||
        noun.name == object)
      continue;
    const double fit = PlaceFit(kind, others);
    candidates.push_back({noun.name, fit * fit * fit});
  }
  return candidates;
}

std::string Reason(const std::string& object, const std::string& replacement,
                   const ObjectStatistics& statistics, const std::vector<std::string>& others) {
  std::string reason;
  const OntologyNoun *was = FindNoun(object), *is = FindNoun(replacement);
  if (was != nullptr && is != nullptr) {
    const OntologyClass &old_kind = OntologyClasses()[was->class_idx],
                        &kind = OntologyClasses()[is->class_idx];
    reason = "\"" + replacement + "\" is of the " +
             (was->class_idx == is->class_idx ? "same class (" + kind.name : "same group (" + kind.group) +
             ") as \"" + object + "\"" + (was->name != object ? ", read as \"" + was->name + "\"," : "") +
             " and " +
             (was->size == is->size  ? "as large"
              : is->size < was->size ? "a little smaller"
                                     : "a little larger");
    if (old_kind.places != kind.places) reason += "; it is found in: ";
    if (old_kind.places != kind.places)
      for (std::size_t i = 0; i < kind.places.size(); ++i) reason += (i > 0 ? ", " : "") + kind.places[i];
  } else {
    reason = "\"" + object + "\" is not in the built-in table; \"" + replacement +
             "\" may stand where the scene's other objects do";
  }
  const std::string* best = nullptr;
  std::int64_t most = 0;
  for (const std::string& other : others)
    if (const std::int64_t together = statistics.Together(replacement, other); together > most) {
      most = together;
      best = &other;
    }
  if (best != nullptr)
    return reason + "; " + std::to_string(most) + " of " + std::to_string(statistics.Count(*best)) +
           " annotated scenes with \"" + *best + "\" have it";
  if (statistics.scenes() > 0 && !others.empty())
    return reason + "; no annotated scene has it beside the other objects";
  return reason;
}

}  // namespace

OfflineReplacementSource::OfflineReplacementSource(std::shared_ptr<const ObjectStatistics> statistics)
    : statistics_(statistics ? std::move(statistics) : std::make_shared<const ObjectStatistics>()) {}

Result<ReplacementIdea> OfflineReplacementSource::Propose(const SceneDescription& scene, std::uint64_t seed,
                                                          const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::vector<double> weights;
  bool named = false;
  for (const SceneObject& object : scene.objects) {
    const bool has_name = !CanonicalNoun(object.name).empty() && !IsPlaceholderName(object.name);
    named = named || has_name;
    weights.push_back(has_name ? ObjectWeight(object) : 0);
  }
  if (!named)
    return Error{ErrorCode::kInvalidArgument,
                 "the scene has no object with a name; there is nothing to replace"};
  Random random(seed);
  ReplacementIdea idea;
  idea.object_idx = Draw(weights, &random);
  const std::string object = CanonicalNoun(scene.objects[idea.object_idx].name);
  const std::vector<std::string> others = OtherNames(scene, object);
  const OntologyNoun* noun = FindNoun(object);
  std::vector<Candidate> candidates =
      noun == nullptr ? std::vector<Candidate>() : Siblings(*noun, *statistics_, others);
  if (candidates.empty()) candidates = ForUnknown(object, *statistics_, others);
  KANTEI_CHECK(!candidates.empty());
  weights.clear();
  for (const Candidate& candidate : candidates) weights.push_back(candidate.weight);
  idea.replacement = candidates[Draw(weights, &random)].name;
  idea.prompt = ReplacementPrompt(scene, idea.object_idx, idea.replacement);
  idea.negative_prompt = object + ", blurry, distorted, deformed, low quality, text, watermark";
  idea.reason = Reason(object, idea.replacement, *statistics_, others);
  idea.source = "offline";
  return idea;
}

}  // namespace kantei::dataset
