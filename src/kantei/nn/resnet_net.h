// ResNet and ResNeXt backbones with torchvision's parameter names. Private: includes torch.
#pragma once

#include "kantei/nn/backbone_net.h"

namespace kantei::nn {

/// (N, 3, H, W) -> (N, 2048, H/32, W/32).
class ResNetImpl : public BackboneImpl {
 public:
  explicit ResNetImpl(const ResNetOptions& options) : BackboneImpl(ResNetSpec(options), options.zero_last) {}
};
TORCH_MODULE(ResNet);

}  // namespace kantei::nn
