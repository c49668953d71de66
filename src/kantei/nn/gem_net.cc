#include "kantei/nn/gem_net.h"

namespace kantei::nn {

torch::Tensor GemPool(const torch::Tensor& x, const torch::Tensor& p, double eps) {
  const torch::Tensor exponent = p.to(torch::kFloat32);
  return x.to(torch::kFloat32).clamp_min(eps).pow(exponent).mean({2, 3}).pow(exponent.reciprocal());
}

torch::Tensor GemPool(const torch::Tensor& x, double p, double eps) {
  return x.to(torch::kFloat32).clamp_min(eps).pow(p).mean({2, 3}).pow(1 / p);
}

GemImpl::GemImpl(double p_init, double eps) : eps_(eps) {
  p = register_parameter("p", torch::full({1}, p_init));
}

}  // namespace kantei::nn
