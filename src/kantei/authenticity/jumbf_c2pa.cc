// What a C2PA manifest store states: claim, actions, digital source types. Hashes and signatures are not
// checked.
#include <algorithm>
#include <string>

#include "kantei/authenticity/jumbf_box.h"
#include "kantei/authenticity/metadata_internal.h"
#include "kantei/base/json.h"

namespace kantei::authenticity::origin {
namespace {

constexpr std::size_t kMaxAssertionBytes = 1 << 20;
constexpr std::size_t kMaxValues = 64;
constexpr int kMaxParents = 16;  // manifests followed from child to parent

class StoreReader {
 public:
  explicit StoreReader(C2paSummary* summary) : summary_(summary) {}

  void Read(const JumbfBox& store) {
    std::vector<const JumbfBox*> manifests;
    for (const JumbfBox& child : store.children) {
      // Standard, update and time-stamp manifests; c2cm is a compressed one.
      if (child.kind == "c2ma" || child.kind == "c2um" || child.kind == "c2tm") manifests.push_back(&child);
      if (child.kind == "c2cm") {
        manifests.push_back(&child);
        Problem("a manifest is compressed and was not read");
      }
    }
    summary_->manifests = static_cast<int>(manifests.size());
    if (manifests.empty()) {
      Problem("the store holds no manifest");
      return;
    }
    // C2PA 2.1, 11.1.4.2: the last manifest of the store is the active one.
    const JumbfBox* manifest = manifests.back();
    summary_->active_manifest = manifest->label;
    ReadClaim(*manifest);
    std::vector<const JumbfBox*> seen;
    for (int step = 0; manifest != nullptr && step < kMaxParents; ++step) {
      if (std::find(seen.begin(), seen.end(), manifest) != seen.end()) break;
      seen.push_back(manifest);
      parent_.clear();
      ReadAssertions(*manifest, /*active=*/step == 0);
      // A picture that was only opened and saved again states no source type of its own; that of its parent
      // holds on.
      if (!summary_->digital_source_types.empty() || parent_.empty()) break;
      const auto found = std::find_if(manifests.begin(), manifests.end(),
                                      [&](const JumbfBox* m) { return m->label == parent_; });
      manifest = found == manifests.end() ? nullptr : *found;
    }
  }

 private:
  void Problem(const std::string& sentence) {
    if (summary_->problem.size() > 1000 || summary_->problem.find(sentence) != std::string::npos) return;
    summary_->problem += (summary_->problem.empty() ? "" : "; ") + sentence;
  }

  static void AddUnique(std::string_view value, std::vector<std::string>* values) {
    const std::string text = CutText(TrimSpace(ReadableText(value)), 256);
    if (!text.empty() && values->size() < kMaxValues &&
        std::find(values->begin(), values->end(), text) == values->end()) {
      values->push_back(text);
    }
  }

  static std::string Text(const Json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return {};
    return CutText(TrimSpace(ReadableText(found->get_ref<const std::string&>())), 1024);
  }
  static const Json* Member(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
  }
  // "name version" of a generator-info map, or the string itself.
  static std::string AgentName(const Json& agent) {
    if (agent.is_string()) return agent.get_ref<const std::string&>();
    const std::string name = Text(agent, "name"), version = Text(agent, "version");
    return version.empty() ? name : name + " " + version;
  }

  // The CBOR or JSON of a box; a null value when there is none or it is damaged.
  Json ReadValue(const JumbfBox& box) {
    const JumbfContent* cbor = box.Content("cbor");
    const JumbfContent* json = box.Content("json");
    const JumbfContent* content = cbor != nullptr ? cbor : json;
    if (content == nullptr) return nullptr;
    const std::string name =
        "the C2PA box " + (box.label.empty() ? std::string("without a label") : box.label);
    if (content->bytes.size() > kMaxAssertionBytes) {
      Problem(name + " is above the limit of " + std::to_string(kMaxAssertionBytes) + " bytes");
      return nullptr;
    }
    if (cbor == nullptr) {
      std::string clean;
      if (!PrepareJson(AsText(content->bytes), &clean)) {
        Problem(name + " has too many members");
        return nullptr;
      }
      Result<Json> value = ParseJson(clean, name);
      if (!value.ok()) Problem(value.error().message);
      return value.ok() ? *std::move(value) : Json();
    }
    Result<Json> value = ParseCbor(AsText(content->bytes), name);
    if (!value.ok()) Problem(value.error().message);
    return value.ok() ? *std::move(value) : Json();
  }

  void ReadClaim(const JumbfBox& manifest) {
    const JumbfBox* box = manifest.Child("c2pa.claim");
    if (box == nullptr) {
      Problem("the active manifest holds no claim");
      return;
    }
    const Json claim = ReadValue(*box);
    if (!claim.is_object()) {
      Problem("the claim could not be read");
      return;
    }
    summary_->claim_generator = Text(claim, "claim_generator");
    if (const Json* info = Member(claim, "claim_generator_info");
        info != nullptr && summary_->claim_generator.empty()) {
      const Json& first = info->is_array() && !info->empty() ? info->front() : *info;
      summary_->claim_generator = CutText(TrimSpace(ReadableText(AgentName(first))), 1024);
    }
    summary_->title = Text(claim, "dc:title");
    summary_->format = Text(claim, "dc:format");
    if (Member(claim, "signature") == nullptr) Problem("the claim names no signature");
  }

  void ReadAssertions(const JumbfBox& manifest, bool active) {
    const JumbfBox* store = manifest.Child("c2pa.assertions");
    if (store == nullptr) {
      Problem("a manifest holds no assertion store");
      return;
    }
    for (const JumbfBox& box : store->children) {
      const std::string_view label = box.label;
      if (label.starts_with("c2pa.actions")) {
        ReadActions(ReadValue(box), active);
      } else if (label.starts_with("c2pa.ingredient")) {
        ReadIngredient(ReadValue(box));
      } else if (label.starts_with("stds.") || label.starts_with("c2pa.metadata") ||
                 label.starts_with("cawg.metadata")) {
        // IPTC photo metadata and schema.org CreativeWork, as JSON-LD.
        const Json value = ReadValue(box);
        for (const char* key : {"Iptc4xmpExt:DigitalSourceType", "digitalSourceType"}) {
          AddUnique(LastPathElement(Text(value, key)), &summary_->digital_source_types);
        }
      } else if (label.starts_with("com.adobe.generative-ai")) {
        AddUnique(Text(ReadValue(box), "description"), &summary_->software_agents);
      }
    }
  }

  void ReadActions(const Json& value, bool active) {
    const Json* actions = Member(value, "actions");
    if (actions == nullptr || !actions->is_array()) {
      Problem("an actions assertion lists no actions");
      return;
    }
    for (const Json& action : *actions) {
      if (active) AddUnique(Text(action, "action"), &summary_->actions);
      if (const Json* agent = Member(action, "softwareAgent"))
        AddUnique(AgentName(*agent), &summary_->software_agents);
      AddUnique(LastPathElement(Text(action, "digitalSourceType")), &summary_->digital_source_types);
    }
    if (const Json* agents = Member(value, "softwareAgents");
        agents != nullptr && agents->is_array()) {  // actions v2
      for (const Json& agent : *agents) AddUnique(AgentName(agent), &summary_->software_agents);
    }
  }

  void ReadIngredient(const Json& value) {
    if (Text(value, "relationship") != "parentOf") return;
    for (const char* key : {"activeManifest", "c2pa_manifest"}) {
      const Json* link = Member(value, key);
      // "self#jumbf=/c2pa/LABEL"
      if (link != nullptr) parent_ = LastPathElement(Text(*link, "url"));
      if (!parent_.empty()) return;
    }
  }

  C2paSummary* summary_;
  std::string parent_;
};

}  // namespace

std::optional<C2paSummary> ReadC2pa(ByteSpan jumbf) {
  std::string problem;
  const std::vector<JumbfBox> boxes = ReadJumbf(jumbf, &problem);
  for (const JumbfBox& box : boxes) {
    if (box.kind != "c2pa" && box.label != "c2pa") continue;
    C2paSummary summary;
    summary.problem = problem;
    StoreReader(&summary).Read(box);
    return summary;
  }
  if (AsText(jumbf).find("c2pa") == std::string_view::npos) return std::nullopt;  // JUMBF of another kind
  C2paSummary summary;
  summary.problem = problem.empty() ? "the store could not be recognised" : problem;
  return summary;
}

}  // namespace kantei::authenticity::origin
