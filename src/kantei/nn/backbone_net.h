// The torch module of a backbone's description. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <optional>
#include <vector>

#include "kantei/nn/backbone_spec.h"

namespace kantei::nn {

/// Called with the number of the stage that has just run (1, 2, ...) and its output; what it returns goes on.
using StageHook = std::function<torch::Tensor(int stage, torch::Tensor x)>;

/// The module of a description. Parameters and buffers have the names of ConvSpec + ".weight", ".bias",
/// ".running_mean", ".running_var", ".num_batches_tracked".
class BackboneImpl : public torch::nn::Module {
 public:
  /// Convolutions: normal, fan out, ReLU gain. Batch norms: weight 1, bias 0, except the last one of each block,
  /// whose weight is 0 with zero_last (a block begins as the identity).
  explicit BackboneImpl(BackboneSpec spec, bool zero_last = true);
  /// (N, 3, H, W) -> the last feature map (N, channels, h, w).
  torch::Tensor forward(torch::Tensor x, const StageHook& hook = nullptr);
  const BackboneSpec& spec() const { return spec_; }
  int channels() const { return spec_.channels(); }

 private:
  struct Unit {
    torch::nn::Conv2d conv{nullptr};
    torch::nn::BatchNorm2d norm{nullptr};
    bool relu = true;
    /// relu(norm(conv(x)) + residual); the ReLU also when there is a residual.
    torch::Tensor Run(const torch::Tensor& x, const torch::Tensor& residual = {});
  };
  struct Block {
    std::vector<Unit> chain;
    std::optional<Unit> shortcut;
  };
  Unit MakeUnit(const ConvSpec& spec, double norm_weight);

  BackboneSpec spec_;
  std::vector<Unit> stem_, tail_;
  std::vector<std::vector<Block>> stages_;
};
TORCH_MODULE(Backbone);

}  // namespace kantei::nn
