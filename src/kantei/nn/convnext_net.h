// ConvNeXt (Liu et al., A ConvNet for the 2020s, CVPR 2022) with torchvision's tensor names. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <array>
#include <vector>

namespace kantei::nn {

/// The defaults are ConvNeXt-Tiny's.
struct ConvNextOptions {
  int in_channels = 3;
  bool stem_bias = true;
  int stages = 4;  ///< the first so many, 1..4
  std::array<int, 4> widths{96, 192, 384, 768}, depths{3, 3, 9, 3};
};

/// Parameters "features.0.0.weight", ..., "features.7.2.block.5.bias": torchvision's, without its classifier.
class ConvNextImpl : public torch::nn::Module {
 public:
  static constexpr double kEps = 1e-6;

  explicit ConvNextImpl(const ConvNextOptions& options = {});
  /// (N, in_channels, H, W) -> (N, widths[0], H/4, W/4).
  torch::Tensor Stem(const torch::Tensor& x);
  /// Downsampling (none before stage 0) and blocks: (N, C, h, w) -> (N, widths[stage], h/2, w/2).
  torch::Tensor Stage(int stage, torch::Tensor x);
  /// What each stage gives, at 1/4, 1/8, 1/16, 1/32 of the input's size.
  std::vector<torch::Tensor> forward(torch::Tensor x);
  const ConvNextOptions& options() const { return options_; }

 private:
  struct Block {
    torch::nn::Conv2d spatial{nullptr};
    torch::nn::LayerNorm norm{nullptr};
    torch::nn::Linear widen{nullptr}, narrow{nullptr};
    torch::Tensor scale;  // (C, 1, 1)
  };
  struct StageParts {
    torch::nn::LayerNorm norm{nullptr};  // of the downsampling, as is `down`
    torch::nn::Conv2d down{nullptr};
    std::vector<Block> blocks;
  };
  ConvNextOptions options_;
  torch::nn::Conv2d stem_{nullptr};
  torch::nn::LayerNorm stem_norm_{nullptr};
  std::vector<StageParts> stages_;
};
TORCH_MODULE(ConvNext);

}  // namespace kantei::nn
