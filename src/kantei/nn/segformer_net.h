// SegFormer (Xie et al., NeurIPS 2021) for semantic segmentation, with the tensor names of transformers'
// SegformerForSemanticSegmentation. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <array>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"
#include "kantei/nn/mit_net.h"
#include "kantei/nn/segformer_config.h"

namespace kantei::nn {

/// "segformer.encoder...." and "decode_head....".
class SegformerImpl : public torch::nn::Module {
 public:
  explicit SegformerImpl(const SegformerConfig& config);
  /// To be called once the weights are there, and again when they change.
  void FoldHead();
  /// (N, 3, h, w) -> logits (N, classes, h/4, w/4) (LogitSize). Looks at the token between the stages: kCancelled. In evaluation it
  /// only reads.
  Result<torch::Tensor> Logits(torch::Tensor x, const CancellationToken& cancellation);

 private:
  Mit encoder_;
  std::array<torch::nn::Linear, 4> project_{nullptr, nullptr, nullptr, nullptr};
  torch::nn::Conv2d fuse_{nullptr}, classify_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  /// Enlarging maps and mixing their channels can change places, and mixings one after the other are one: so each stage's projection,
  /// its part of the fusing convolution and the norm are one convolution of 1 x 1, which is done before the map is enlarged.
  std::array<torch::Tensor, 4> folded_;
  torch::Tensor folded_bias_;
};
TORCH_MODULE(Segformer);

/// The picture (1 or 3 channels) as (1, 3, h, w): resized as transformers does (Pillow's anti-aliased bilinear, values rounded), scaled
/// and normalised.
torch::Tensor SegformerTensor(const image::Image& picture, const SegformerInput& input);

}  // namespace kantei::nn
