#include "kantei/dataset/saor.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "kantei/dataset/object_ontology.h"
#include "kantei/dataset/offline_ideas.h"

namespace kantei::dataset {
namespace {

constexpr std::size_t kMaxObjects = 40;  ///< told to the model, the largest first
constexpr std::size_t kMaxCaption = 600;

constexpr const char* kSystem =
    "You plan edits of photographs for a data set that tests detectors of manipulated pictures. For each "
    "scene you choose one object and "
    "a different thing to put in its place. The replacement must suit the scene, be of similar size and "
    "shape, and look natural there. "
    "You answer in JSON only.";

struct ListedObject {
  std::string name;
  double share = 0;         ///< of all with this name
  std::size_t largest = 0;  ///< index of the largest one
};

std::vector<ListedObject> ListObjects(const SceneDescription& scene) {
  std::vector<ListedObject> listed;
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    const std::string name = CanonicalNoun(scene.objects[i].name);
    if (name.empty() || name.size() > 60) continue;
    const auto same =
        std::find_if(listed.begin(), listed.end(), [&](const auto& other) { return other.name == name; });
    if (same == listed.end()) {
      listed.push_back({name, scene.objects[i].share, i});
      continue;
    }
    same->share += scene.objects[i].share;
    if (scene.objects[i].share > scene.objects[same->largest].share) same->largest = i;
  }
  std::stable_sort(listed.begin(), listed.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  listed.resize(std::min(listed.size(), kMaxObjects));
  return listed;
}

ChatQuestion MakeQuestion(const SceneDescription& scene, const std::vector<ListedObject>& listed,
                          std::uint64_t seed) {
  ChatQuestion question;
  question.system = kSystem;
  question.user =
      "Scene: " + (scene.caption.empty() ? "(no description)" : scene.caption.substr(0, kMaxCaption)) +
      "\nObjects:\n";
  Json names = Json::array();
  for (const ListedObject& object : listed) {
    char share[32];
    std::snprintf(share, sizeof share, "%.1f", 100 * std::clamp(object.share, 0.0, 1.0));
    question.user += "- " + object.name + " (" + share + " % of the picture)\n";
    names.push_back(object.name);
  }
  question.user +=
      "Choose one of these objects. Name a replacement: a noun, in English, that is not already in the "
      "scene. "
      "Write a prompt for an inpainting model of at most " +
      std::to_string(kMaxPromptWords) +
      " words that contains the name of the replacement and tells how it fits into the scene (place, light, "
      "style). "
      "Write a negative prompt of a few words, and one sentence of reason.\nFor another scene, \"A man reads "
      "on a bench\", "
      "an answer could be: " +
      DumpJson(Json{{"object", "bench"},
                    {"replacement", "deck chair"},
                    {"prompt", "a striped deck chair under a man who reads in a park, soft morning light"},
                    {"negative_prompt", "bench, blurry, deformed"},
                    {"reason", "People also read in deck chairs in a park, and one fills the same space."}});
  question.name = "replacement";
  const auto text = [](std::size_t least, std::size_t most) {
    return Json{{"type", "string"}, {"minLength", least}, {"maxLength", most}};
  };
  question.schema = {{"type", "object"},
                     {"properties",
                      {{"object", {{"type", "string"}, {"enum", names}}},
                       {"replacement", text(1, 60)},
                       {"prompt", text(3, 400)},
                       {"negative_prompt", text(0, 300)},
                       {"reason", text(1, 600)}}},
                     {"required", {"object", "replacement", "prompt", "negative_prompt", "reason"}},
                     {"additionalProperties", false}};
  question.seed = seed;
  return question;
}

bool HasControls(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// What the schema cannot say.
Status CheckIdea(const Json& answer) {
  const auto unfit = [](const std::string& what) { return Error{ErrorCode::kCorrupt, what}; };
  for (const auto& [name, value] : answer.items())
    if (HasControls(value.get_ref<const std::string&>()))
      return unfit(name + " holds a line break or another control character");
  const std::string object = CanonicalNoun(answer.at("object").get<std::string>());
  const std::string replacement = CanonicalNoun(answer.at("replacement").get<std::string>());
  if (replacement.empty()) return unfit("replacement is empty");
  if (replacement == object) return unfit("replacement is the object itself; name another thing");
  const auto& prompt = answer.at("prompt").get_ref<const std::string&>();
  if (CountWords(prompt) > kMaxPromptWords)
    return unfit("prompt has more than " + std::to_string(kMaxPromptWords) + " words");
  // The last word is the noun itself: "a red cat" may stand in the prompt as "the cat".
  const std::string words = CanonicalNoun(prompt);
  if (words.find(replacement.substr(replacement.rfind(' ') + 1)) == words.npos)
    return unfit("prompt does not name the replacement");
  return {};
}

}  // namespace

LanguageModelReplacementSource::LanguageModelReplacementSource(std::shared_ptr<ChatEndpoint> endpoint,
                                                               std::shared_ptr<ReplacementSource> fallback)
    : endpoint_(std::move(endpoint)), fallback_(std::move(fallback)) {
  KANTEI_CHECK(endpoint_ != nullptr && fallback_ != nullptr);
}

Result<ReplacementIdea> LanguageModelReplacementSource::Propose(const SceneDescription& scene,
                                                                std::uint64_t seed,
                                                                const CancellationToken& cancellation) {
  const std::vector<ListedObject> listed = ListObjects(scene);
  std::string failure = "no object has a name of at most 60 bytes";
  if (!listed.empty()) {
    const auto answer = endpoint_->Ask(MakeQuestion(scene, listed, seed), CheckIdea, cancellation);
    if (answer.ok()) {
      const std::string object = answer->at("object");
      const auto chosen =
          std::find_if(listed.begin(), listed.end(), [&](const auto& one) { return one.name == object; });
      KANTEI_CHECK(chosen != listed.end());  // the schema's enum
      return ReplacementIdea{chosen->largest,      answer->at("replacement"),
                             answer->at("prompt"), answer->at("negative_prompt"),
                             answer->at("reason"), "model " + endpoint_->model()};
    }
    if (answer.error().code == ErrorCode::kCancelled) return answer.error();
    failure = answer.error().message;
  }
  KANTEI_TRY(ReplacementIdea idea, fallback_->Propose(scene, seed, cancellation));
  idea.source = idea.source + " after endpoint failure: " + failure;
  return idea;
}

}  // namespace kantei::dataset
