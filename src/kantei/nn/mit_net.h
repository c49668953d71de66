// Mix Transformer, SegFormer's encoder (Xie et al., NeurIPS 2021), with the tensor names of Hugging Face's files. Private:
// includes torch.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "kantei/nn/mit_options.h"

namespace kantei::nn {

/// Parameters "encoder.patch_embeddings.0.proj.weight", "encoder.block.0.0.attention.self.query.weight", ...: what
/// transformers' SegformerModel writes.
class MitImpl : public torch::nn::Module {
 public:
  static constexpr double kEps = 1e-5;

  explicit MitImpl(const MitOptions& options = {});
  /// (N, C, h, w) -> (N, widths[stage], h/4 or h/2, w/4 or w/2): patch embedding, blocks and the stage's norm.
  torch::Tensor Stage(int stage, const torch::Tensor& x);
  /// What each stage gives, at 1/4, 1/8, 1/16, 1/32 of the input's size.
  std::vector<torch::Tensor> forward(torch::Tensor x);
  const MitOptions& options() const { return options_; }

 private:
  struct Block {
    torch::nn::LayerNorm norm_1{nullptr}, norm_2{nullptr}, reduced_norm{nullptr};
    torch::nn::Linear query{nullptr}, key{nullptr}, value{nullptr}, output{nullptr}, widen{nullptr},
        narrow{nullptr};
    torch::nn::Conv2d reduce{nullptr}, spatial{nullptr};
    int heads = 1;
    /// x: (N, height x width, C).
    torch::Tensor Attend(const torch::Tensor& x, int64_t height, int64_t width);
    torch::Tensor Mlp(const torch::Tensor& x, int64_t height, int64_t width);
  };
  struct StageParts {
    torch::nn::Conv2d embed{nullptr};
    torch::nn::LayerNorm embed_norm{nullptr}, norm{nullptr};
    std::vector<Block> blocks;
  };
  MitOptions options_;
  std::vector<StageParts> stages_;
};
TORCH_MODULE(Mit);

}  // namespace kantei::nn
