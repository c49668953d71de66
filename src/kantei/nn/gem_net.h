// Generalised-mean pooling (GeM): mean(x^p)^(1/p) per channel. Private: includes torch.
#pragma once

#include <torch/torch.h>

namespace kantei::nn {

/// (N, C, H, W) -> (N, C), in float32 whatever x or autocast is: x^3 of a bfloat16 map loses its small values.
/// Values below eps count as eps.
torch::Tensor GemPool(const torch::Tensor& x, const torch::Tensor& p, double eps = 1e-6);
torch::Tensor GemPool(const torch::Tensor& x, double p, double eps = 1e-6);

/// GeM with a trainable exponent: parameter "p" of shape [1].
class GemImpl : public torch::nn::Module {
 public:
  explicit GemImpl(double p = 3, double eps = 1e-6);
  torch::Tensor forward(const torch::Tensor& x) { return GemPool(x, p, eps_); }
  torch::Tensor p;

 private:
  double eps_;
};
TORCH_MODULE(Gem);

}  // namespace kantei::nn
