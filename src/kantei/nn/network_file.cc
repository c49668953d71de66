#include "kantei/nn/network_file.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "kantei/nn/metadata_reader.h"
#include "kantei/nn/weights_check.h"

namespace kantei::nn {
namespace {

constexpr int kMaxSide = 2048;
constexpr int kMaxWidth = 8192, kMaxDepth = 64, kMaxStages = 8;
constexpr int kMaxHeadLayers = 8, kMaxHeadWidth = 65536;

constexpr std::string_view kBackbone = "backbone.";

std::vector<ExpectedTensor> BackboneTensors(const BackboneSpec& spec) {
  std::vector<ExpectedTensor> expected;
  const std::string prefix(kBackbone);
  for (const ConvSpec* unit : UnitsOf(spec)) {
    expected.push_back(
        {prefix + unit->conv + ".weight", {unit->out, unit->in / unit->groups, unit->kernel, unit->kernel}});
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
      expected.push_back({prefix + unit->norm + part, {unit->out}});
    expected.push_back({prefix + unit->norm + ".num_batches_tracked", {}, true});
  }
  return expected;
}

// The layers' names in order, e.g. {"head.0", "head.1"}.
std::vector<std::string> HeadNames(const SafetensorsFile& file, const NetworkDescription& description) {
  if (description.head == "none") return {};
  if (description.head != "mlp") return {"head"};
  std::vector<std::string> names;
  for (int i = 0; i < kMaxHeadLayers; ++i) {
    const std::string name = "head." + std::to_string(i);
    if (i > 0 && !file.tensors().contains(name + ".weight")) break;
    names.push_back(name);
  }
  return names;
}

// All names and shapes; fills `widths` with the head's layer sizes, the backbone's channels first.
Status CheckNetwork(const SafetensorsFile& file, const NetworkDescription& description,
                    const BackboneSpec& spec, std::string_view file_name, std::vector<int>* widths) {
  std::vector<ExpectedTensor> expected = BackboneTensors(spec);
  expected.push_back({"gem.p", {1}, true});
  widths->assign(1, spec.channels());
  for (const std::string& name : HeadNames(file, description)) {
    std::int64_t out = -1;
    const auto found = file.tensors().find(name + ".weight");
    if (found != file.tensors().end() && found->second.shape.size() == 2) {
      out = found->second.shape[0];
      if (out < 1 || out > kMaxHeadWidth) {
        return Error{ErrorCode::kCorrupt, std::string(file_name) + ": " + name + ".weight has " +
                                              std::to_string(out) + " rows; expected 1 to " +
                                              std::to_string(kMaxHeadWidth)};
      }
    }
    expected.push_back({name + ".weight", {out, widths->back()}});
    expected.push_back({name + ".bias", {out}, true});
    widths->push_back(static_cast<int>(out));
  }
  if (description.head == "linear+bn") {
    for (const char* part : {"weight", "bias", "running_mean", "running_var"})
      expected.push_back({std::string("head_bn.") + part, {widths->back()}});
    expected.push_back({"head_bn.num_batches_tracked", {}, true});
  }
  return CheckTensors(file, file_name, expected);
}

struct Affine {
  std::vector<float> scale, shift;  // norm(x) = scale * x + shift
};

// Reads the tensors of checked files.
class WeightsReader {
 public:
  WeightsReader(const SafetensorsFile& file, std::string_view file_name)
      : file_(file), file_name_(file_name) {}

  bool Has(const std::string& name) const { return file_.tensors().contains(name); }
  Result<std::vector<float>> Floats(const std::string& name) const {
    return ReadFloats(file_.tensors().at(name), name, file_name_);
  }

  Result<Affine> Norm(const std::string& name) const {
    KANTEI_TRY(const auto weight, Floats(name + ".weight"));
    KANTEI_TRY(const auto bias, Floats(name + ".bias"));
    KANTEI_TRY(const auto mean, Floats(name + ".running_mean"));
    KANTEI_TRY(const auto variance, Floats(name + ".running_var"));
    Affine affine;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      if (variance[i] < 0) {
        return Error{ErrorCode::kCorrupt,
                     std::string(file_name_) + ": " + name +
                         ".running_var has a negative variance; the weights are damaged"};
      }
      const double scale = weight[i] / std::sqrt(variance[i] + kBatchNormEps);
      affine.scale.push_back(static_cast<float>(scale));
      affine.shift.push_back(static_cast<float>(bias[i] - mean[i] * scale));
    }
    return affine;
  }

  Result<LinearWeights> Linear(const std::string& name, int in, int out) const {
    LinearWeights linear{in, out, {}, std::vector<float>(static_cast<std::size_t>(out))};
    KANTEI_TRY(const auto weight, Floats(name + ".weight"));
    if (Has(name + ".bias")) {
      KANTEI_TRY(linear.bias, Floats(name + ".bias"));
    }
    linear.weight.resize(weight.size());
    const auto rows = static_cast<std::size_t>(out), columns = static_cast<std::size_t>(in);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) linear.weight[c * rows + r] = weight[r * columns + c];
    }
    return linear;
  }

 private:
  const SafetensorsFile& file_;
  std::string_view file_name_;
};

}  // namespace

std::vector<const ConvSpec*> UnitsOf(const BackboneSpec& spec) {
  std::vector<const ConvSpec*> units;
  for (const ConvSpec& unit : spec.stem) units.push_back(&unit);
  for (const auto& stage : spec.stages) {
    for (const BlockSpec& block : stage) {
      if (block.shortcut) units.push_back(&*block.shortcut);
      for (const ConvSpec& unit : block.chain) units.push_back(&unit);
    }
  }
  for (const ConvSpec& unit : spec.tail) units.push_back(&unit);
  return units;
}

Result<NetworkDescription> ReadDescription(const std::map<std::string, std::string>& metadata,
                                           std::string_view file_name) {
  if (!metadata.contains("kantei.architecture")) {
    return Error{ErrorCode::kUnsupported,
                 std::string(file_name) +
                     " has no kantei.architecture in its metadata, so it is not a network of ours; "
                     "convert it with kantei models import"};
  }
  MetadataReader reader(metadata, file_name);
  NetworkDescription description;
  description.architecture = reader.Text("kantei.architecture");
  description.name = reader.Text("kantei.name");
  description.licence = reader.Text("kantei.licence");
  description.source = reader.Text("kantei.source");
  reader.Read("kantei.side", 16, kMaxSide, &description.side);
  reader.Read("kantei.gem_p", 0.1, 100, &description.gem_p);
  reader.Read("kantei.head_slope", 0, 1, &description.head_slope);
  int last_stride = 2;
  reader.Read("kantei.last_stride", 1, 2, &last_stride);
  description.last_stride_1 = last_stride == 1;
  if (const std::string mode = reader.Text("kantei.input_mode"); !mode.empty()) {
    if (mode != "squash" && mode != "short_side") reader.Fail("kantei.input_mode", "squash or short_side");
    description.mode = mode == "short_side" ? InputMode::kShortSide : InputMode::kSquash;
  }
  const auto triple = [&](const std::string& key, double low, std::array<float, 3>* values) {
    const auto list =
        reader.ReadList<float>(key, 3, 3, low, 1000, std::vector<float>(values->begin(), values->end()));
    std::copy_n(list.begin(), 3, values->begin());
  };
  triple("kantei.mean", -1000, &description.mean);
  triple("kantei.std", 1e-6, &description.std);
  auto& compact = description.compact;
  compact.widths = reader.ReadList<int>("kantei.widths", 1, kMaxStages, 2, kMaxWidth, compact.widths);
  compact.depths = reader.ReadList<int>("kantei.depths", 1, kMaxStages, 0, kMaxDepth, compact.depths);
  if (compact.depths.size() != compact.widths.size())
    reader.Fail("kantei.depths", "as many numbers as in kantei.widths");
  reader.Read("kantei.channels", 1, kMaxWidth, &compact.head);
  if (const std::string head = reader.Text("kantei.head"); !head.empty()) {
    if (head != "none" && head != "linear" && head != "linear+bn" && head != "mlp")
      reader.Fail("kantei.head", "none, linear, linear+bn or mlp");
    description.head = head;
  }
  if (reader.error()) return *reader.error();
  if (const auto spec = SpecOf(description); !spec) {
    return Error{spec.error().code, std::string(file_name) + ": " + spec.error().message};
  }
  return description;
}

std::map<std::string, std::string> ToMetadata(const NetworkDescription& description) {
  std::map<std::string, std::string> metadata = {
      {"kantei.architecture", description.architecture},
      {"kantei.name", description.name},
      {"kantei.side", std::to_string(description.side)},
      {"kantei.input_mode", description.mode == InputMode::kShortSide ? "short_side" : "squash"},
      {"kantei.mean", ListText(description.mean)},
      {"kantei.std", ListText(description.std)},
      {"kantei.gem_p", NumberText(description.gem_p)},
      {"kantei.head", description.head},
  };
  if (description.head == "mlp") metadata["kantei.head_slope"] = NumberText(description.head_slope);
  if (description.architecture == "compact") {
    metadata["kantei.widths"] = ListText(description.compact.widths);
    metadata["kantei.depths"] = ListText(description.compact.depths);
    metadata["kantei.channels"] = std::to_string(description.compact.head);
  } else {
    metadata["kantei.last_stride"] = description.last_stride_1 ? "1" : "2";
  }
  if (!description.licence.empty()) metadata["kantei.licence"] = description.licence;
  if (!description.source.empty()) metadata["kantei.source"] = description.source;
  return metadata;
}

Result<BackboneSpec> SpecOf(const NetworkDescription& description) {
  if (description.architecture == "compact") return CompactSpec(description.compact);
  auto options = ResNetOptionsOf(description.architecture);
  if (!options) {
    return Error{ErrorCode::kUnsupported,
                 "the architecture " + description.architecture.substr(0, 64) +
                     " is not known; expected compact, resnet50, resnet101, resnext101_32x4d or "
                     "resnext101_32x8d"};
  }
  options->last_stride_1 = description.last_stride_1;
  return ResNetSpec(*options);
}

Result<NetworkWeights> LoadNetworkWeights(const SafetensorsFile& file, const NetworkDescription& description,
                                          std::string_view file_name) {
  NetworkWeights weights;
  KANTEI_TRY(weights.spec, SpecOf(description));
  std::vector<int> widths;
  KANTEI_RETURN_IF_ERROR(CheckNetwork(file, description, weights.spec, file_name, &widths));
  const WeightsReader reader(file, file_name);
  const std::string prefix(kBackbone);
  for (const ConvSpec* spec : UnitsOf(weights.spec)) {
    UnitWeights unit;
    KANTEI_TRY(unit.weight, reader.Floats(prefix + spec->conv + ".weight"));
    KANTEI_TRY(Affine norm, reader.Norm(prefix + spec->norm));
    const std::size_t per_output = unit.weight.size() / norm.scale.size();
    for (std::size_t o = 0; o < norm.scale.size(); ++o) {
      for (std::size_t i = 0; i < per_output; ++i) unit.weight[o * per_output + i] *= norm.scale[o];
    }
    unit.bias = std::move(norm.shift);
    weights.units[spec->conv] = std::move(unit);
  }
  weights.gem_p = description.gem_p;
  if (reader.Has("gem.p")) {
    KANTEI_TRY(const auto p, reader.Floats("gem.p"));
    weights.gem_p = p.at(0);
  }
  if (!(weights.gem_p >= 0.1 && weights.gem_p <= 100)) {
    return Error{ErrorCode::kCorrupt, std::string(file_name) + ": the exponent of GeM (gem.p) is " +
                                          NumberText(weights.gem_p) + "; expected 0.1 to 100"};
  }
  weights.head_slope = description.head_slope;
  const auto names = HeadNames(file, description);
  for (std::size_t i = 0; i < names.size(); ++i) {
    KANTEI_TRY(LinearWeights linear, reader.Linear(names[i], widths[i], widths[i + 1]));
    weights.head.push_back(std::move(linear));
  }
  if (description.head == "linear+bn") {
    KANTEI_TRY(const Affine norm, reader.Norm("head_bn"));
    LinearWeights& last = weights.head.back();
    for (std::size_t i = 0; i < last.weight.size(); ++i) last.weight[i] *= norm.scale[i % norm.scale.size()];
    for (std::size_t o = 0; o < last.bias.size(); ++o)
      last.bias[o] = last.bias[o] * norm.scale[o] + norm.shift[o];
  }
  return weights;
}

Result<NetworkInfo> DescribeNetwork(const SafetensorsFile& file, const NetworkDescription& description,
                                    std::string_view file_name) {
  KANTEI_TRY(const BackboneSpec spec, SpecOf(description));
  std::vector<int> widths;
  KANTEI_RETURN_IF_ERROR(CheckNetwork(file, description, spec, file_name, &widths));
  NetworkInfo info;
  info.name = description.name;
  info.architecture = description.architecture;
  info.dimension = widths.back();
  info.side = description.side;
  info.mode = description.mode;
  info.licence = description.licence;
  info.source = description.source;
  info.parameters = CountParameters(file);
  return info;
}

std::int64_t CountParameters(const SafetensorsFile& file) {
  std::int64_t count = 0;
  for (const auto& [name, view] : file.tensors()) {
    if (name.ends_with("running_mean") || name.ends_with("running_var") ||
        name.ends_with("num_batches_tracked"))
      continue;
    count += static_cast<std::int64_t>(view.bytes.size() / DTypeSize(view.dtype));
  }
  return count;
}

}  // namespace kantei::nn
