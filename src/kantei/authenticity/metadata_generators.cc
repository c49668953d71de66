// Texts that image generators leave, and texts that name one. Formats as the programs' current versions write
// them.
#include <algorithm>
#include <array>
#include <string>

#include "kantei/authenticity/metadata_internal.h"
#include "kantei/base/json.h"

namespace kantei::authenticity::origin {
namespace {

constexpr int kMaxJsonTexts = 24;

struct FieldName {
  std::string_view key, field;
};
// What the programs call one thing.
constexpr auto kFieldNames = std::to_array<FieldName>({{"prompt", "prompt"},
                                                       {"Prompt", "prompt"},
                                                       {"positive_prompt", "prompt"},
                                                       {"c", "prompt"},
                                                       {"negative_prompt", "negative_prompt"},
                                                       {"Negative Prompt", "negative_prompt"},
                                                       {"negativeprompt", "negative_prompt"},
                                                       {"uc", "negative_prompt"},
                                                       {"seed", "seed"},
                                                       {"Seed", "seed"},
                                                       {"steps", "steps"},
                                                       {"Steps", "steps"},
                                                       {"num_inference_steps", "steps"},
                                                       {"cfg_scale", "cfg_scale"},
                                                       {"cfgscale", "cfg_scale"},
                                                       {"scale", "cfg_scale"},
                                                       {"guidance_scale", "cfg_scale"},
                                                       {"Guidance Scale", "cfg_scale"},
                                                       {"sampler", "sampler"},
                                                       {"sampler_name", "sampler"},
                                                       {"Sampler", "sampler"},
                                                       {"scheduler", "scheduler"},
                                                       {"noise_schedule", "scheduler"},
                                                       {"model", "model"},
                                                       {"base_model", "model"},
                                                       {"model_weights", "model"},
                                                       {"use_stable_diffusion_model", "model"},
                                                       {"Stable Diffusion model", "model"},
                                                       {"model_hash", "model_hash"},
                                                       {"base_model_hash", "model_hash"},
                                                       {"width", "width"},
                                                       {"Width", "width"},
                                                       {"height", "height"},
                                                       {"Height", "height"},
                                                       {"size", "size"},
                                                       {"resolution", "size"},
                                                       {"version", "version"},
                                                       {"app_version", "version"},
                                                       {"request_type", "mode"}});

// A JSON object with all these members was written by this program; the settings are in its member `inner`,
// if given.
struct Shape {
  std::string_view generator;
  std::array<const char*, 3> members;
  const char* inner;
};
constexpr auto kShapes =
    std::to_array<Shape>({{"SwarmUI", {"sui_image_params"}, "sui_image_params"},
                          {"InvokeAI", {"app_id", "image"}, "image"},
                          {"InvokeAI", {"app_version", "generation_mode"}, nullptr},
                          {"InvokeAI", {"positive_prompt", "rand_device"}, nullptr},
                          {"Draw Things", {"c", "uc", "sampler"}, nullptr},
                          {"NovelAI", {"uc", "scale", "sampler"}, nullptr},
                          {"Fooocus", {"base_model", "performance"}, nullptr},
                          {"Fooocus", {"base_model", "prompt", "metadata_scheme"}, nullptr},
                          {"Fooocus", {"base_model_hash", "prompt"}, nullptr},
                          {"Easy Diffusion", {"use_stable_diffusion_model"}, nullptr},
                          {"Easy Diffusion", {"Stable Diffusion model", "Prompt"}, nullptr}});

// Names to look for, in lower case. `tools_only`: a common word, which counts only where a program signs.
struct Mention {
  std::string_view word, generator;
  bool tools_only = false;
};
constexpr auto kMentions = std::to_array<Mention>({{"automatic1111", "Stable Diffusion WebUI"},
                                                   {"stable diffusion", "Stable Diffusion"},
                                                   {"stablediffusion", "Stable Diffusion"},
                                                   {"comfyui", "ComfyUI"},
                                                   {"novelai", "NovelAI"},
                                                   {"invokeai", "InvokeAI"},
                                                   {"fooocus", "Fooocus"},
                                                   {"draw things", "Draw Things", true},
                                                   {"easy diffusion", "Easy Diffusion"},
                                                   {"swarmui", "SwarmUI"},
                                                   {"midjourney", "Midjourney"},
                                                   {"dall-e", "DALL-E"},
                                                   {"dall\xC2\xB7"
                                                    "e",
                                                    "DALL-E"},
                                                   {"dalle", "DALL-E", true},
                                                   {"chatgpt", "ChatGPT"},
                                                   {"gpt-4o", "ChatGPT", true},
                                                   {"gpt-image", "ChatGPT", true},
                                                   {"openai", "OpenAI", true},
                                                   {"adobe firefly", "Adobe Firefly"},
                                                   {"adobe_firefly", "Adobe Firefly"},
                                                   {"made with google ai", "Google AI"},
                                                   {"edited with google ai", "Google AI"},
                                                   {"google generative ai", "Google AI"},
                                                   {"bing image creator", "Bing Image Creator"},
                                                   {"microsoft_responsible_ai", "Microsoft image generator"},
                                                   {"imagined with ai", "Meta AI"},
                                                   {"leonardo.ai", "Leonardo.Ai"},
                                                   {"ideogram", "Ideogram", true},
                                                   {"dreamstudio", "DreamStudio", true},
                                                   {"nightcafe", "NightCafe", true},
                                                   {"craiyon", "Craiyon"},
                                                   {"black forest labs", "FLUX"},
                                                   {"flux.1", "FLUX"},
                                                   {"pixai", "PixAI", true}});

// Where programs sign, and where people and programs describe. By the last part of the key.
constexpr auto kToolKeys = std::to_array<std::string_view>(
    {"Software", "ProcessingSoftware", "Make", "xmp:CreatorTool", "stEvt:softwareAgent", "Credit",
     "photoshop:Credit", "tiff:Software", "OriginatingProgram"});
constexpr auto kDescriptionKeys = std::to_array<std::string_view>(
    {"ImageDescription", "UserComment", "XPComment", "Description", "Title", "Comment", "dc:description",
     "dc:title", "Source", "", "Caption-Abstract", "exif:UserComment"});

template <typename List>
bool Contains(const List& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string_view FieldOf(std::string_view key) {
  const auto found =
      std::find_if(kFieldNames.begin(), kFieldNames.end(), [&](const FieldName& f) { return f.key == key; });
  return found == kFieldNames.end() ? std::string_view() : found->field;
}

std::string ValueText(const Json& value) {
  if (value.is_string()) return ReadableText(value.get_ref<const std::string&>());
  if (value.is_number() || value.is_boolean()) return DumpJson(value);
  if (value.is_array() && !value.empty())
    return ValueText(value.front());  // InvokeAI 2: a list of weighted prompts
  if (value.is_object()) {            // InvokeAI 3 and later: the model's identity
    for (const char* key : {"prompt", "model_name", "name", "key"}) {
      if (const auto found = value.find(key); found != value.end() && found->is_string())
        return ValueText(*found);
    }
  }
  return {};
}

void AddJsonFields(const Json& object, GeneratorTag* tag) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.items()) {
    const std::string_view field = FieldOf(key);
    if (!field.empty()) AddField(field, ValueText(value), tag);
  }
}

bool IsUuid(std::string_view text) {
  if (text.size() < 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// "a fox --ar 3:2 --v 6.1 Job ID: 01234567-89ab-..."
bool ReadMidjourney(std::string_view text, GeneratorTag* tag) {
  constexpr std::string_view kJob = "Job ID: ";
  const std::size_t at = text.rfind(kJob);
  if (at == std::string_view::npos || !IsUuid(text.substr(at + kJob.size()))) return false;
  tag->generator = "Midjourney";
  AddField("prompt", text.substr(0, at), tag);
  AddField("job_id", text.substr(at + kJob.size(), 36), tag);
  for (const std::string_view flag : {" --v ", " --niji "}) {
    const std::size_t version = text.find(flag);
    if (version == std::string_view::npos) continue;
    const std::string_view rest = text.substr(version + flag.size());
    AddField("version", rest.substr(0, rest.find(' ')), tag);
  }
  return true;
}

// InvokeAI 1 and 2: "the prompt [the negative]" -s 50 -S 1234 -W 512 -H 512 -C 7.5 -A k_lms
bool ReadDream(std::string_view text, GeneratorTag* tag) {
  const std::size_t open = text.find('"'), close = text.rfind('"');
  if (open != 0 || close == 0 || close == std::string_view::npos) return false;
  tag->generator = "InvokeAI";
  std::string_view prompt = text.substr(1, close - 1);
  const std::size_t bracket = prompt.rfind('[');
  if (bracket != std::string_view::npos && prompt.ends_with(']')) {
    AddField("negative_prompt", prompt.substr(bracket + 1, prompt.size() - bracket - 2), tag);
    prompt = prompt.substr(0, bracket);
  }
  AddField("prompt", prompt, tag);
  constexpr auto kFlags = std::to_array<FieldName>({{" -s ", "steps"},
                                                    {" -S ", "seed"},
                                                    {" -W ", "width"},
                                                    {" -H ", "height"},
                                                    {" -C ", "cfg_scale"},
                                                    {" -A ", "sampler"}});
  const std::string_view flags = text.substr(close + 1);
  for (const FieldName& flag : kFlags) {
    const std::size_t at = flags.find(flag.key);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = flags.substr(at + flag.key.size());
    AddField(flag.field, rest.substr(0, rest.find(' ')), tag);
  }
  return true;
}

class Finder {
 public:
  explicit Finder(const std::vector<TextItem>& texts) : texts_(texts) {}

  std::vector<GeneratorTag> Find(const C2paSummary* c2pa) {
    for (const TextItem& item : texts_) ReadItem(item);
    ReadNovelAiKeys();
    ReadSeparateKeys();
    RenameFooocus();
    for (const TextItem& item : texts_) ReadMentions(item);
    if (c2pa != nullptr) {
      constexpr std::string_view kWhere = "C2PA (signature not checked)";
      MentionsIn(c2pa->claim_generator, true, kWhere);
      for (const std::string& agent : c2pa->software_agents) MentionsIn(agent, true, kWhere);
    }
    return std::move(tags_);
  }

 private:
  static std::string Place(const TextItem& item) {
    return item.key.empty() ? item.location : item.location + " " + CutText(item.key, 80);
  }

  // One tag for each generator; a later find adds its place and what was not known.
  void Keep(GeneratorTag tag) {
    for (GeneratorTag& known : tags_) {
      if (known.generator != tag.generator) continue;
      if (known.location.find(tag.location) == std::string::npos && known.location.size() < 400)
        known.location += ", " + tag.location;
      for (const NamedValue& field : tag.fields) AddField(field.name, field.value, &known);
      return;
    }
    tags_.push_back(std::move(tag));
  }

  void ReadItem(const TextItem& item) {
    GeneratorTag tag;
    tag.location = Place(item);
    std::string_view text = TrimSpace(item.text);
    // ComfyUI in WebP and JPEG: EXIF Make holds "workflow:{...}", Model "prompt:{...}".
    for (const std::string_view prefix : {"prompt:", "workflow:", "Prompt:", "Workflow:"}) {
      if (text.starts_with(prefix) && TrimSpace(text.substr(prefix.size())).starts_with('{'))
        text = TrimSpace(text.substr(prefix.size()));
    }
    if (text.starts_with('{') ? ReadJsonText(item.key, text, &tag) : ReadWebUiParameters(text, &tag)) {
      Keep(std::move(tag));
    } else if (item.key == "Dream" && ReadDream(text, &tag)) {
      Keep(std::move(tag));
    } else if (text.find("Job ID: ") != std::string_view::npos && ReadMidjourney(text, &tag)) {
      Keep(std::move(tag));
    } else if (item.key == "invokeai_metadata" || item.key == "sd-metadata" || item.key == "invokeai_graph" ||
               item.key == "invokeai_workflow") {
      tag.generator = "InvokeAI";
      Keep(std::move(tag));
    } else if (item.key == "kantei:ClaimSha256") {
      tag.generator = "Kantei";
      AddField("claim_sha256", text, &tag);
      Keep(std::move(tag));
    }
  }

  bool ReadJsonText(const std::string& key, std::string_view text, GeneratorTag* tag) {
    if (++json_texts_ > kMaxJsonTexts) return false;
    if (key == "invokeai_graph" || key == "invokeai_workflow") return false;
    std::string clean;
    if (!PrepareJson(text, &clean)) return false;
    const Result<Json> json = ParseJson(clean, "a text of the file");
    if (!json.ok() || !json->is_object()) return false;
    if (ReadShapes(*json, tag)) return true;
    if (json->contains("nodes") && json->contains("links") &&
        (*json)["nodes"].is_array()) {  // the editor's graph: no settings by name
      tag->generator = "ComfyUI";
      return true;
    }
    return ReadComfyGraph(text, tag);
  }

  bool ReadShapes(const Json& json, GeneratorTag* tag) {
    for (const Shape& shape : kShapes) {
      const bool all = std::all_of(shape.members.begin(), shape.members.end(), [&](const char* member) {
        return member == nullptr || json.contains(member);
      });
      if (!all) continue;
      tag->generator = shape.generator;
      if (shape.inner != nullptr) AddJsonFields(json[shape.inner], tag);
      AddJsonFields(json, tag);
      return true;
    }
    // NovelAI in WebP: its PNG texts as members of one object.
    const auto software = json.find("Software");
    const auto comment = json.find("Comment");
    if (software == json.end() || comment == json.end() || ValueText(*software) != "NovelAI") return false;
    tag->generator = "NovelAI";
    std::string clean;
    const std::string inner = ValueText(*comment);
    if (PrepareJson(inner, &clean)) {
      if (const Result<Json> settings = ParseJson(clean, "a text of the file"); settings.ok())
        AddJsonFields(*settings, tag);
    }
    for (const auto& [from, to] : {std::pair("Description", "prompt"), std::pair("Source", "model")}) {
      if (const auto found = json.find(from); found != json.end()) AddField(to, ValueText(*found), tag);
    }
    return true;
  }

  const TextItem* PngText(std::string_view key) const {
    for (const TextItem& item : texts_) {
      if (item.key == key && item.location.starts_with("PNG")) return &item;
    }
    return nullptr;
  }

  void ReadNovelAiKeys() {
    const TextItem* software = PngText("Software");
    if (software == nullptr || TrimSpace(software->text) != "NovelAI") return;
    GeneratorTag tag;
    tag.generator = "NovelAI";
    tag.location = Place(*software);
    if (const TextItem* description = PngText("Description")) AddField("prompt", description->text, &tag);
    if (const TextItem* source = PngText("Source")) AddField("model", source->text, &tag);
    Keep(std::move(tag));
  }

  // One PNG text for each setting: Easy Diffusion, or a program that is not known here.
  void ReadSeparateKeys() {
    const bool easy =
        PngText("use_stable_diffusion_model") != nullptr || PngText("Stable Diffusion model") != nullptr;
    GeneratorTag tag;
    tag.generator = easy ? "Easy Diffusion" : "unknown";
    for (const TextItem& item : texts_) {
      const std::string_view field = FieldOf(item.key);
      if (field.empty() || item.key == "c" || !item.location.starts_with("PNG") ||
          TrimSpace(item.text).starts_with('{'))
        continue;
      if (tag.location.empty()) tag.location = item.location;
      AddField(field, item.text, &tag);
    }
    const auto has = [&](std::string_view name) {
      return std::any_of(tag.fields.begin(), tag.fields.end(),
                         [&](const NamedValue& f) { return f.name == name; });
    };
    if (easy || (has("prompt") && (has("seed") || has("steps") || has("negative_prompt"))))
      Keep(std::move(tag));
  }

  // Fooocus can write the WebUI's text and says so beside it.
  void RenameFooocus() {
    if (PngText("fooocus_scheme") == nullptr) return;
    for (GeneratorTag& tag : tags_) {
      if (tag.generator == "Stable Diffusion WebUI") tag.generator = "Fooocus";
    }
  }

  void ReadMentions(const TextItem& item) {
    const std::string_view key = std::string_view(item.key).substr(item.key.rfind('/') + 1);
    if (Contains(kToolKeys, key)) {
      MentionsIn(item.text, true, Place(item));
    } else if (Contains(kDescriptionKeys, key)) {
      MentionsIn(item.text, false, Place(item) + " (mention)");
    }
  }

  void MentionsIn(std::string_view text, bool tool, std::string_view place) {
    const std::string lower = LowerAscii(text.substr(0, 65536));
    for (const Mention& mention : kMentions) {
      if ((!tool && mention.tools_only) || !MentionsWord(lower, mention.word)) continue;
      // "Stable Diffusion" inside the texts of one of its front ends adds nothing.
      const std::string_view base = place.substr(0, place.find(" (mention)"));
      const bool known = std::any_of(tags_.begin(), tags_.end(), [&](const GeneratorTag& tag) {
        return !tag.fields.empty() && tag.location.find(base) != std::string::npos;
      });
      if (known) continue;
      Keep({std::string(mention.generator), std::string(place), {}});
    }
  }

  const std::vector<TextItem>& texts_;
  std::vector<GeneratorTag> tags_;
  int json_texts_ = 0;
};

}  // namespace

std::vector<GeneratorTag> FindGenerators(const std::vector<TextItem>& texts, const C2paSummary* c2pa) {
  return Finder(texts).Find(c2pa);
}

}  // namespace kantei::authenticity::origin
