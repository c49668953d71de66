// The weights file of an embedding network: what its metadata say and what its tensors hold (docs/formats.md).
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/backbone_spec.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

/// Everything about a network but its numbers; travels as the file's metadata.
struct NetworkDescription {
  std::string architecture = "compact";
  std::string name;
  int side = 224;
  InputMode mode = InputMode::kSquash;
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f}, std{0.229f, 0.224f, 0.225f};  ///< ImageNet's
  double gem_p = 3;            ///< when the file has no tensor "gem.p"
  bool last_stride_1 = false;  ///< ResNets: "kantei.last_stride" = "1"
  CompactNetOptions compact;   ///< "kantei.widths", "kantei.depths", "kantei.channels"
  /// "none": the pooled feature is the descriptor; "linear": head.weight, head.bias; "linear+bn": with head_bn.* behind;
  /// "mlp": head.0.*, head.1.*, ... with leaky ReLU (slope head_slope) between.
  std::string head = "none";
  double head_slope = 0.2;
  std::string licence, source;
};

/// kUnsupported when the file is not one of ours (no "kantei.architecture") or names what is not known; kCorrupt when a
/// number is out of range.
Result<NetworkDescription> ReadDescription(const std::map<std::string, std::string>& metadata,
                                           std::string_view file_name);
std::map<std::string, std::string> ToMetadata(const NetworkDescription& description);
Result<BackboneSpec> SpecOf(const NetworkDescription& description);

/// A convolution with its batch norm folded in: y = conv(x) + bias.
struct UnitWeights {
  std::vector<float> weight;  ///< out x in/groups x kernel x kernel
  std::vector<float> bias;    ///< out
};

struct LinearWeights {
  int in = 0, out = 0;
  std::vector<float> weight;  ///< in x out: the file's transposed
  std::vector<float> bias;    ///< out
};

struct NetworkWeights {
  BackboneSpec spec;
  std::map<std::string, UnitWeights> units;  ///< by ConvSpec::conv
  double gem_p = 3;
  std::vector<LinearWeights> head;  ///< in order; leaky ReLU between
  double head_slope = 0.2;
  int dimension() const { return head.empty() ? spec.channels() : head.back().out; }
};

/// Every tensor checked (names, shapes, finite, variances not negative), batch norms folded.
Result<NetworkWeights> LoadNetworkWeights(const SafetensorsFile& file, const NetworkDescription& description,
                                          std::string_view file_name);

/// Facts from the header alone: no tensor is read, the SHA-256 is left empty.
Result<NetworkInfo> DescribeNetwork(const SafetensorsFile& file, const NetworkDescription& description,
                                    std::string_view file_name);
/// Numbers in all tensors but the running statistics of batch norms.
std::int64_t CountParameters(const SafetensorsFile& file);

/// The convolutions of a description in the order in which they run; the shortcut before its chain.
std::vector<const ConvSpec*> UnitsOf(const BackboneSpec& spec);

}  // namespace kantei::nn
