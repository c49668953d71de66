// Modules whose parameters carry the dotted names of public weights files. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>

namespace kantei::nn {

/// Registers `leaf` under a dotted path below `root`; the groups on the way are made when they are not there yet.
template <typename Holder>
Holder PutModule(torch::nn::Module& root, const std::string& path, Holder leaf) {
  struct Group : torch::nn::Module {};
  torch::nn::Module* at = &root;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string name = path.substr(begin, dot - begin);
    const auto children = at->named_children();
    at = children.contains(name) ? children[name].get()
                                 : at->register_module(name, std::make_shared<Group>()).get();
    begin = dot + 1;
  }
  at->register_module(path.substr(begin), leaf);
  return leaf;
}

inline torch::nn::LayerNorm MakeLayerNorm(int channels, double eps) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}).eps(eps));
}

inline torch::nn::Conv2d MakeConv(int in, int out, int kernel, int stride, int padding, bool bias = true,
                                  int groups = 1) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).groups(groups).bias(bias));
}

/// The norm over the channels of (N, C, H, W).
inline torch::Tensor NormChannels(torch::nn::LayerNorm& norm, const torch::Tensor& x) {
  return norm(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

/// Truncated normal as vision transformers begin with: standard deviation 0.02, two deviations at most.
inline void BeginLinear(torch::Tensor weight, double deviation = 0.02) {
  torch::NoGradGuard no_grad;
  weight.normal_(0, deviation).clamp_(-2 * deviation, 2 * deviation);
}

}  // namespace kantei::nn
