// The autoencoder as a torch module, for training and inference. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>

#include "kantei/base/result.h"
#include "kantei/generate/autoencoder.h"

namespace kantei::generate {

/// Two 3x3 convolutions with a bypass.
struct ResidualBlockImpl : torch::nn::Module {
  explicit ResidualBlockImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);
  torch::nn::Conv2d first{nullptr}, second{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// From `channels` to `out` at twice the side.
struct UpsamplerBlockImpl : torch::nn::Module {
  UpsamplerBlockImpl(Upsampling upsampling, int channels, int out);
  torch::Tensor forward(const torch::Tensor& x);
  Upsampling upsampling;
  torch::nn::Conv2d convolution{nullptr};
  torch::nn::ConvTranspose2d transposed{nullptr};
};
TORCH_MODULE(UpsamplerBlock);

/// N x 3 x H x W in 0..1, H and W multiples of the shape's factor, to the same.
struct AutoencoderNetImpl : torch::nn::Module {
  explicit AutoencoderNetImpl(const AutoencoderShape& shape);
  torch::Tensor Encode(const torch::Tensor& pictures);
  torch::Tensor Decode(const torch::Tensor& latent);
  AutoencoderShape shape;
  torch::nn::Sequential encoder, decoder;
};
TORCH_MODULE(AutoencoderNet);

std::map<std::string, std::string> ShapeMetadata(const AutoencoderShape& shape);

}  // namespace kantei::generate
