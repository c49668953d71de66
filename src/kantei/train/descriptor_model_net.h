// The network while it is trained: backbone, GeM and the heads that an objective needs. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

#include "kantei/base/result.h"
#include "kantei/nn/backbone_net.h"
#include "kantei/nn/gem_net.h"
#include "kantei/train/descriptor_trainer.h"

namespace kantei::train {

struct DescriptorOutputs {
  torch::Tensor feature;     ///< views x C, pooled
  torch::Tensor descriptor;  ///< views x dimension; unit length for InfoNCE, raw otherwise
  torch::Tensor wide;        ///< views x projector: Barlow's projection, or the identity head's wide layer
  torch::Tensor wide_logits, narrow_logits;  ///< views x identities
};

class DescriptorModelImpl : public torch::nn::Module {
 public:
  /// `identities`: classes of the identity objective (0 for the others).
  DescriptorModelImpl(const DescriptorTrainingOptions& options, std::int64_t identities);

  /// x: views x 3 x side x side, normalised. `wave`: where WaveBlock's bands lie after stages 2 and 3 (0..1 each); no WaveBlock
  /// when negative.
  DescriptorOutputs Forward(const torch::Tensor& x, double wave2, double wave3, bool bfloat16);
  /// The unit-length descriptor as users get it (evaluation mode).
  torch::Tensor Describe(const torch::Tensor& x, bool bfloat16);

  /// Backbone, pooling and descriptor head under the names and metadata that nn::EmbeddingNetwork::Open reads.
  Status Export(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata) const;
  /// Takes over what an exported model has in common with this one: the backbone always, the head when it has the same shape.
  Status Initialise(const std::filesystem::path& exported);

 private:
  torch::Tensor Pool(const torch::Tensor& map);
  torch::Tensor Wide(const torch::Tensor& feature);

  const DescriptorTrainingOptions options_;
  nn::Backbone backbone_{nullptr};
  nn::Gem gem_{nullptr};  // trainable exponent, identity objective only
  torch::nn::Linear head_{nullptr};
  torch::nn::Linear wide1_{nullptr}, wide2_{nullptr}, wide3_{nullptr};
  torch::nn::BatchNorm1d wide_bn1_{nullptr}, wide_bn2_{nullptr}, compress_bn_{nullptr}, neck_{nullptr};
  torch::nn::Linear wide_classes_{nullptr}, narrow_classes_{nullptr};
};
TORCH_MODULE(DescriptorModel);

/// side x side bytes of a batch -> normalised float tensor on the device, channels-last.
torch::Tensor NormaliseViews(const torch::Tensor& bytes /* views x side x side x 3, uint8 */,
                             const torch::Device& device);

}  // namespace kantei::train
