// Convolutional backbones of conv + batch norm units and residual blocks, described as data: the trainer's module, the
// CPU network and the reader of weights are all made from the same description.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::nn {

/// A convolution without bias, its batch norm and, if asked for, ReLU. Padding is kernel / 2.
struct ConvSpec {
  std::string conv, norm;  ///< dotted names of the two modules, e.g. "layer1.0.conv1", "layer1.0.bn1"
  int in = 0, out = 0, kernel = 1, stride = 1, groups = 1;
  bool relu = true;
};

/// relu(chain(x) + shortcut(x)); the last convolution of the chain has no ReLU of its own.
struct BlockSpec {
  std::vector<ConvSpec> chain;
  std::optional<ConvSpec> shortcut;  ///< none: x itself
};

struct BackboneSpec {
  std::vector<ConvSpec> stem;
  bool max_pool = false;  ///< 3x3, stride 2, padding 1, after the stem
  std::vector<std::vector<BlockSpec>> stages;
  std::vector<ConvSpec> tail;
  int channels() const { return tail.empty() ? stages.back().back().chain.back().out : tail.back().out; }
};

/// Of every batch norm, as torch has it.
inline constexpr double kBatchNormEps = 1e-5;

struct CompactNetOptions {
  std::vector<int> widths{48, 96, 192};  ///< channels of the stages
  std::vector<int> depths{1, 2, 3};      ///< basic blocks of the stages; as long as widths
  int head = 512;                        ///< channels of the last feature map
  bool zero_last = true;                 ///< the last batch norm of each block begins with weight 0
};

/// (N, 3, H, W) -> (N, head, H/16, W/16). Names: "stem.0" conv, "stem.1" batch norm, "stem.3" conv, "stem.4" batch
/// norm; "stageS.B.conv1", ".bn1", ".conv2", ".bn2", ".downsample.0" conv, ".downsample.1" batch norm (S from 1, B from
/// 0); "expand.0" conv 1x1, "expand.1" batch norm.
BackboneSpec CompactSpec(const CompactNetOptions& options = {});

struct ResNetOptions {
  int depths[4] = {3, 4, 6, 3};
  int groups = 1;
  int width_per_group = 64;
  /// Stride 1 in the last stage (conv2 and downsample of layer4.0): a feature map of twice the side.
  bool last_stride_1 = false;
  bool zero_last = true;  ///< the last batch norm of each block begins with weight 0
};

/// "resnet50", "resnet101", "resnext101_32x4d", "resnext101_32x8d"; else kUnsupported.
Result<ResNetOptions> ResNetOptionsOf(std::string_view architecture);

/// (N, 3, H, W) -> (N, 2048, H/32, W/32). torchvision's names: "conv1", "bn1", "layer1.0.conv1", "layer1.0.bn1", ...
/// "layer1.0.downsample.0"; no fc.
BackboneSpec ResNetSpec(const ResNetOptions& options);

}  // namespace kantei::nn
