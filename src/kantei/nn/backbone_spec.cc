#include "kantei/nn/backbone_spec.h"

namespace kantei::nn {

Result<ResNetOptions> ResNetOptionsOf(std::string_view architecture) {
  if (architecture == "resnet50") return ResNetOptions{};
  if (architecture == "resnet101") return ResNetOptions{.depths = {3, 4, 23, 3}};
  if (architecture == "resnext101_32x4d") {
    return ResNetOptions{.depths = {3, 4, 23, 3}, .groups = 32, .width_per_group = 4};
  }
  if (architecture == "resnext101_32x8d") {
    return ResNetOptions{.depths = {3, 4, 23, 3}, .groups = 32, .width_per_group = 8};
  }
  return Error{ErrorCode::kUnsupported,
               "the architecture " + std::string(architecture) +
                   " is not known; expected resnet50, resnet101, resnext101_32x4d or resnext101_32x8d"};
}

BackboneSpec ResNetSpec(const ResNetOptions& options) {
  constexpr int kExpansion = 4;
  BackboneSpec spec;
  spec.stem = {{.conv = "conv1", .norm = "bn1", .in = 3, .out = 64, .kernel = 7, .stride = 2}};
  spec.max_pool = true;
  int in = 64;
  for (int s = 0; s < 4; ++s) {
    auto& stage = spec.stages.emplace_back();
    const int planes = 64 << s;
    const int width = planes * options.width_per_group / 64 * options.groups;
    const int out = planes * kExpansion;
    const int stage_stride = s == 0 || (s == 3 && options.last_stride_1) ? 1 : 2;
    for (int b = 0; b < options.depths[s]; ++b) {
      const std::string at = "layer" + std::to_string(s + 1) + "." + std::to_string(b) + ".";
      const int stride = b == 0 ? stage_stride : 1;
      BlockSpec& block = stage.emplace_back();
      // torchvision's "v1.5": the stride is in the 3x3 convolution.
      block.chain = {{.conv = at + "conv1", .norm = at + "bn1", .in = in, .out = width},
                     {.conv = at + "conv2",
                      .norm = at + "bn2",
                      .in = width,
                      .out = width,
                      .kernel = 3,
                      .stride = stride,
                      .groups = options.groups},
                     {.conv = at + "conv3", .norm = at + "bn3", .in = width, .out = out, .relu = false}};
      if (b == 0) {
        block.shortcut = ConvSpec{.conv = at + "downsample.0",
                                  .norm = at + "downsample.1",
                                  .in = in,
                                  .out = out,
                                  .stride = stride,
                                  .relu = false};
      }
      in = out;
    }
  }
  return spec;
}

BackboneSpec CompactSpec(const CompactNetOptions& options) {
  BackboneSpec spec;
  const int first = options.widths.at(0);
  spec.stem = {{.conv = "stem.0", .norm = "stem.1", .in = 3, .out = first / 2, .kernel = 3, .stride = 2},
               {.conv = "stem.3", .norm = "stem.4", .in = first / 2, .out = first, .kernel = 3, .stride = 2}};
  int in = first;
  for (std::size_t s = 0; s < options.widths.size(); ++s) {
    auto& stage = spec.stages.emplace_back();
    const int width = options.widths[s];
    for (int b = 0; b < options.depths.at(s); ++b) {
      const std::string at = "stage" + std::to_string(s + 1) + "." + std::to_string(b) + ".";
      const int stride = s > 0 && b == 0 ? 2 : 1;
      BlockSpec& block = stage.emplace_back();
      block.chain = {
          {.conv = at + "conv1", .norm = at + "bn1", .in = in, .out = width, .kernel = 3, .stride = stride},
          {.conv = at + "conv2", .norm = at + "bn2", .in = width, .out = width, .kernel = 3, .relu = false}};
      if (stride != 1 || in != width) {
        block.shortcut = ConvSpec{.conv = at + "downsample.0",
                                  .norm = at + "downsample.1",
                                  .in = in,
                                  .out = width,
                                  .stride = stride,
                                  .relu = false};
      }
      in = width;
    }
  }
  spec.tail = {{.conv = "expand.0", .norm = "expand.1", .in = in, .out = options.head}};
  return spec;
}

}  // namespace kantei::nn
