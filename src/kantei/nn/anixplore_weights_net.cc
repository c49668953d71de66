#include "kantei/nn/anixplore_weights_net.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kantei/nn/weights_check.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {
namespace {

// Where a tensor of ours is in a file.
struct Place {
  std::string name;
  std::vector<std::int64_t> shape;
  int half = -1;
};
using PlaceOf = std::function<Place(const std::string& ours, const torch::Tensor& tensor)>;
using Ignored = std::function<bool(const std::string& name)>;

bool IsCounter(std::string_view name) {
  return name.ends_with("num_batches_tracked");
}

// The part of `ours` that a file's value goes to: the first channels when the file has fewer.
torch::Tensor Destination(const torch::Tensor& ours, const torch::Tensor& value) {
  if (ours.dim() == 4 && value.dim() == 4 && value.size(1) < ours.size(1))
    return ours.narrow(1, 0, value.size(1));
  return ours;
}

Status LoadPlaced(const SafetensorsFile& file, std::string_view file_name, torch::nn::Module& module,
                  const PlaceOf& place_of, const Ignored& ignored) {
  NamedTensors wanted = StateOf(module);
  std::map<std::string, Place> places;
  std::map<std::string, ExpectedTensor> expected;
  for (const auto& [name, tensor] : wanted) {
    Place place = place_of(name, tensor);
    expected[place.name] = {place.name, place.shape, false};
    places[name] = std::move(place);
  }
  std::set<std::string> left;
  for (const auto& [name, view] : file.tensors()) {
    if (!expected.contains(name) && (IsCounter(name) || ignored(name))) left.insert(name);
  }
  std::vector<ExpectedTensor> list;
  for (const auto& [name, tensor] : expected) list.push_back(tensor);
  KANTEI_RETURN_IF_ERROR(CheckTensors(file, file_name, list, "", left));
  try {
    torch::NoGradGuard no_grad;
    NamedTensors values;
    for (const auto& [name, place] : places) {
      KANTEI_TRY(torch::Tensor value, ReadTensor(file.tensors().at(place.name), place.name, file_name));
      if (!torch::isFloatingType(value.scalar_type()) ||
          (name.ends_with("running_var") && value.lt(0).any().item<bool>())) {
        return Error{ErrorCode::kCorrupt,
                     std::string(file_name) + ": tensor " + place.name +
                         " has whole numbers or negative variances; the weights are damaged"};
      }
      if (place.half >= 0) value = value.chunk(2, 0).at(static_cast<std::size_t>(place.half));
      values[name] = std::move(value);
    }
    for (auto& [name, value] : values) {
      const torch::Tensor to = Destination(wanted.at(name).detach(), value);
      to.copy_(value.reshape(to.sizes()));
    }
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kInternal,
                 std::string(file_name) + ": LibTorch could not take the weights: " + failure.what()};
  }
  return {};
}

bool BeginsWithAny(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view b) { return name.starts_with(b); });
}

// `name` begins with the group `prefix` and a number of at least `least`, e.g. "features.6.1.weight".
bool NumberedFrom(std::string_view name, std::string_view prefix, int least) {
  if (!name.starts_with(prefix)) return false;
  const std::string rest(name.substr(prefix.size(), 4));
  return !rest.empty() && rest[0] >= '0' && rest[0] <= '9' && std::atoi(rest.c_str()) >= least;
}

std::vector<std::int64_t> RgbShape(const torch::Tensor& tensor) {
  auto shape = tensor.sizes().vec();
  shape.at(1) = std::min<std::int64_t>(shape.at(1), 3);
  return shape;
}

// "head rest" -> {"head", "rest"} at the first dot.
std::pair<std::string_view, std::string_view> Cut(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {name, {}};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

using Renames = std::vector<std::pair<std::string_view, std::string_view>>;

// The first entry whose left side `name` begins with, replaced by its right side.
std::string Renamed(std::string_view name, const Renames& renames) {
  for (const auto& [from, to] : renames) {
    if (name.starts_with(from)) return std::string(to) + std::string(name.substr(from.size()));
  }
  return std::string(name);
}

std::string ReleasedTexture(std::string_view rest) {  // behind "convnext.features."
  const auto [place_text, below] = Cut(rest);
  const int place = std::atoi(std::string(place_text).c_str());
  if (place == 0) return "convnext.stem." + std::string(below);
  const std::string stage = "convnext.stages." + std::to_string((place - 1) / 2) + ".";
  if (place % 2 == 0)
    return "convnext.stages." + std::to_string(place / 2) + ".downsample." + std::string(below);
  const auto [block, part] = Cut(below);
  static const Renames kParts = {{"layer_scale", "gamma"},
                                 {"block.0.", "conv_dw."},
                                 {"block.2.", "norm."},
                                 {"block.3.", "mlp.fc1."},
                                 {"block.5.", "mlp.fc2."}};
  return stage + "blocks." + std::string(block) + "." + Renamed(part, kParts);
}

ReleasedName ReleasedMeaning(std::string_view rest) {  // behind "mit.encoder."
  const auto [kind, behind] = Cut(rest);
  const auto [stage_text, below] = Cut(behind);
  const std::string stage = std::to_string(std::atoi(std::string(stage_text).c_str()) + 1);
  if (kind == "layer_norm") return {"segformer.norm" + stage + "." + std::string(below)};
  if (kind == "patch_embeddings")
    return {"segformer.patch_embed" + stage + "." + Renamed(below, {{"layer_norm.", "norm."}})};
  const auto [block, part] = Cut(below);
  static const Renames kParts = {{"layer_norm_1.", "norm1."},
                                 {"layer_norm_2.", "norm2."},
                                 {"attention.self.query.", "attn.q."},
                                 {"attention.self.key.", "attn.kv."},
                                 {"attention.self.value.", "attn.kv."},
                                 {"attention.self.sr.", "attn.sr."},
                                 {"attention.self.layer_norm.", "attn.norm."},
                                 {"attention.output.dense.", "attn.proj."},
                                 {"mlp.dense1.", "mlp.fc1."},
                                 {"mlp.dense2.", "mlp.fc2."}};
  const int half = part.starts_with("attention.self.key.")     ? 0
                   : part.starts_with("attention.self.value.") ? 1
                                                               : -1;
  return {"segformer.block" + stage + "." + std::string(block) + "." + Renamed(part, kParts), half};
}

}  // namespace

ReleasedName ReleasedNameOf(std::string_view ours) {
  constexpr std::string_view kTexture = "convnext.features.", kMeaning = "mit.encoder.";
  if (ours.starts_with(kTexture)) return {ReleasedTexture(ours.substr(kTexture.size()))};
  if (ours.starts_with(kMeaning)) return ReleasedMeaning(ours.substr(kMeaning.size()));
  static const Renames kOthers = {{"fusion.", "fusion_layers."},
                                  {"pyramid.", "featurePyramid_net."},
                                  {"mask_head.", "predict_head."},
                                  {"label_head.", "cls_head.2."}};
  return {Renamed(ours, kOthers)};
}

Status LoadConvNext(const SafetensorsFile& file, std::string_view file_name, ConvNext& module) {
  const int stages = module->options().stages;
  return LoadPlaced(
      file, file_name, *module,
      [](const std::string& ours, const torch::Tensor& tensor) {
        return Place{ours, ours == "features.0.0.weight" ? RgbShape(tensor) : tensor.sizes().vec()};
      },
      [&](const std::string& name) {
        return name.starts_with("classifier.") || name == "features.0.0.bias" ||
               NumberedFrom(name, "features.", 2 * stages);
      });
}

Status LoadMit(const SafetensorsFile& file, std::string_view file_name, Mit& module) {
  const int stages = module->options().stages;
  const bool inside = std::any_of(file.tensors().begin(), file.tensors().end(),
                                  [](const auto& item) { return item.first.starts_with("segformer."); });
  const std::string prefix = inside ? "segformer." : "";
  return LoadPlaced(
      file, file_name, *module,
      [&](const std::string& ours, const torch::Tensor& tensor) {
        const bool stem = ours == "encoder.patch_embeddings.0.proj.weight";
        return Place{prefix + ours, stem ? RgbShape(tensor) : tensor.sizes().vec()};
      },
      [&](const std::string& name) {
        return BeginsWithAny(name, {"classifier.", "decode_head."}) ||
               name == prefix + "encoder.patch_embeddings.0.proj.bias" ||
               NumberedFrom(name, prefix + "encoder.patch_embeddings.", stages) ||
               NumberedFrom(name, prefix + "encoder.block.", stages) ||
               NumberedFrom(name, prefix + "encoder.layer_norm.", stages);
      });
}

Status LoadAniXplore(const SafetensorsFile& file, std::string_view file_name, AniXplore& module) {
  const bool released = std::any_of(file.tensors().begin(), file.tensors().end(), [](const auto& item) {
    return item.first.find("featurePyramid_net.") != std::string::npos;
  });
  if (!released) {
    return LoadPlaced(
        file, file_name, *module,
        [](const std::string& ours, const torch::Tensor& tensor) {
          return Place{ours, tensor.sizes().vec()};
        },
        [](const std::string&) { return false; });
  }
  return LoadPlaced(
      file, file_name, *module,
      [](const std::string& ours, const torch::Tensor& tensor) {
        ReleasedName name = ReleasedNameOf(ours);
        auto shape = tensor.sizes().vec();
        if (name.half >= 0) shape.at(0) *= 2;
        if (ours.ends_with("layer_scale")) shape = {tensor.size(0)};
        return Place{std::move(name.name), std::move(shape), name.half};
      },
      [](const std::string& name) {
        return BeginsWithAny(name, {"segformer.patch_embed4.", "segformer.block4.", "segformer.norm4.",
                                    "auto_weight.", "high_dwt."});
      });
}

}  // namespace kantei::nn
