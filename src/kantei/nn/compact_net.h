// Kantei's own small backbone for PCs without a GPU. Private: includes torch.
#pragma once

#include "kantei/nn/backbone_net.h"

namespace kantei::nn {

/// (N, 3, H, W) -> (N, head, H/16, W/16).
class CompactNetImpl : public BackboneImpl {
 public:
  explicit CompactNetImpl(const CompactNetOptions& options = {})
      : BackboneImpl(CompactSpec(options), options.zero_last) {}
};
TORCH_MODULE(CompactNet);

}  // namespace kantei::nn
