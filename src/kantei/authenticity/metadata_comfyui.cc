// ComfyUI's "prompt": the executed graph, node id -> {class_type, inputs}; an input is a value or a link
// [node id, slot].
#include <array>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "kantei/authenticity/metadata_internal.h"
#include "kantei/base/json.h"

namespace kantei::authenticity::origin {
namespace {

struct Wanted {
  const char* field;
  std::array<const char*, 5> inputs;  // first found on the way up from the sampler counts
};
constexpr std::array<Wanted, 8> kWanted = {
    {{"seed", {"seed", "noise_seed"}},
     {"steps", {"steps"}},
     {"cfg_scale", {"cfg", "guidance"}},
     {"sampler", {"sampler_name"}},
     {"scheduler", {"scheduler"}},
     {"denoising_strength", {"denoise"}},
     {"model", {"ckpt_name", "unet_name", "model_name", "base_ckpt_name"}},
     {"lora", {"lora_name"}}}};
constexpr std::array<const char*, 9> kTextInputs = {
    "text", "text_g", "t5xxl", "clip_l", "prompt", "string", "wildcard_text", "value", "text_positive"};

class Graph {
 public:
  explicit Graph(const Json& json) {
    for (const auto& [id, node] : json.items()) {
      if (node.is_object() && node.contains("class_type") && node["class_type"].is_string())
        nodes_.emplace(id, &node);
    }
  }
  bool empty() const { return nodes_.empty(); }

  const Json* Sampler() const {
    // Among several the one with the least id, so that the answer does not depend on the order of the hash
    // table.
    const Json* best = nullptr;
    std::string best_id;
    for (const auto& [id, node] : nodes_) {
      const std::string& type = (*node)["class_type"].get_ref<const std::string&>();
      const bool is_sampler = type.find("KSampler") != std::string::npos && type != "KSamplerSelect";
      if (!is_sampler && type.find("SamplerCustom") == std::string::npos) continue;
      if (best == nullptr || id.size() < best_id.size() || (id.size() == best_id.size() && id < best_id)) {
        best = node;
        best_id = id;
      }
    }
    return best;
  }
  const Json* AnyWith(const char* input) const {
    const Json* best = nullptr;
    std::string best_id;
    for (const auto& [id, node] : nodes_) {
      if (Input(*node, input) != nullptr && (best == nullptr || id < best_id)) {
        best = node;
        best_id = id;
      }
    }
    return best;
  }

  static const Json* Input(const Json& node, const char* name) {
    const auto inputs = node.find("inputs");
    if (inputs == node.end() || !inputs->is_object()) return nullptr;
    const auto value = inputs->find(name);
    return value == inputs->end() ? nullptr : &*value;
  }
  const Json* Linked(const Json& value) const {
    if (!value.is_array() || value.size() != 2 || !value[0].is_string()) return nullptr;
    const auto found = nodes_.find(value[0].get_ref<const std::string&>());
    return found == nodes_.end() ? nullptr : found->second;
  }

  // The nearest value of one of `inputs` at `start` or above it, breadth first.
  template <typename Inputs>
  std::string FindUp(const Json* start, const Inputs& inputs, bool text_only) const {
    std::deque<const Json*> queue{start};
    std::unordered_set<const Json*> seen{start};
    while (!queue.empty()) {
      const Json& node = *queue.front();
      queue.pop_front();
      for (const char* name : inputs) {
        const Json* value = name == nullptr ? nullptr : Input(node, name);
        if (value == nullptr) continue;
        if (value->is_string()) {
          const std::string text(TrimSpace(ReadableText(value->get_ref<const std::string&>())));
          if (!text.empty()) return text;
        } else if (value->is_number() && !text_only) {
          return DumpJson(*value);
        }
      }
      const auto all = node.find("inputs");
      if (all == node.end() || !all->is_object()) continue;
      for (const auto& [name, value] : all->items()) {
        const Json* above = Linked(value);
        if (above != nullptr && seen.insert(above).second) queue.push_back(above);
      }
    }
    return {};
  }

 private:
  std::unordered_map<std::string, const Json*> nodes_;
};

void ReadPrompt(const Graph& graph, const Json& sampler, const char* input, const char* field,
                GeneratorTag* tag) {
  const Json* source = Graph::Input(sampler, input);
  if (source == nullptr) {  // SamplerCustomAdvanced: the guider holds the conditioning
    const Json* guider = Graph::Input(sampler, "guider");
    const Json* node = guider == nullptr ? nullptr : graph.Linked(*guider);
    if (node == nullptr) return;
    source = Graph::Input(*node, input);
    if (source == nullptr && std::string_view(input) == "positive")
      source = Graph::Input(*node, "conditioning");
  }
  const Json* from = source == nullptr ? nullptr : graph.Linked(*source);
  if (from != nullptr) AddField(field, graph.FindUp(from, kTextInputs, true), tag);
}

}  // namespace

bool ReadComfyGraph(std::string_view text, GeneratorTag* tag) {
  std::string clean;
  if (!TrimSpace(text).starts_with('{') || !PrepareJson(text, &clean)) return false;
  const Result<Json> json = ParseJson(clean, "the ComfyUI graph");
  if (!json.ok() || !json->is_object()) return false;
  const Graph graph(*json);
  if (graph.empty()) return false;
  tag->generator = "ComfyUI";
  const Json* sampler = graph.Sampler();
  if (sampler == nullptr) sampler = graph.AnyWith("seed");
  if (sampler == nullptr) sampler = graph.AnyWith("noise_seed");
  if (sampler == nullptr) sampler = graph.AnyWith("ckpt_name");
  if (sampler == nullptr) return true;
  ReadPrompt(graph, *sampler, "positive", "prompt", tag);
  ReadPrompt(graph, *sampler, "negative", "negative_prompt", tag);
  for (const Wanted& wanted : kWanted)
    AddField(wanted.field, graph.FindUp(sampler, wanted.inputs, false), tag);
  return true;
}

}  // namespace kantei::authenticity::origin
