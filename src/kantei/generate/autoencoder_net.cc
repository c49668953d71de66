#include "kantei/generate/autoencoder_net.h"

#include <algorithm>

namespace kantei::generate {
namespace {

torch::nn::Conv2d Convolution(int in, int out, int stride = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1));
}

}  // namespace

ResidualBlockImpl::ResidualBlockImpl(int channels)
    : first(register_module("first", Convolution(channels, channels))),
      second(register_module("second", Convolution(channels, channels))) {}

torch::Tensor ResidualBlockImpl::forward(const torch::Tensor& x) {
  return x + second(torch::relu(first(torch::relu(x))));
}

UpsamplerBlockImpl::UpsamplerBlockImpl(Upsampling kind, int channels, int out) : upsampling(kind) {
  switch (kind) {
    case Upsampling::kTransposed:
      transposed = register_module(
          "transposed", torch::nn::ConvTranspose2d(
                            torch::nn::ConvTranspose2dOptions(channels, out, 4).stride(2).padding(1)));
      break;
    case Upsampling::kShuffle:
      convolution = register_module("convolution", Convolution(channels, 4 * out));
      break;
    case Upsampling::kNearest:
    case Upsampling::kBilinear:
      convolution = register_module("convolution", Convolution(channels, out));
  }
}

torch::Tensor UpsamplerBlockImpl::forward(const torch::Tensor& x) {
  using torch::nn::functional::interpolate;
  using torch::nn::functional::InterpolateFuncOptions;
  const std::vector<double> twice{2.0, 2.0};
  switch (upsampling) {
    case Upsampling::kTransposed:
      return transposed(x);
    case Upsampling::kShuffle:
      return torch::pixel_shuffle(convolution(x), 2);
    case Upsampling::kNearest:
      return convolution(interpolate(x, InterpolateFuncOptions().scale_factor(twice).mode(torch::kNearest)));
    case Upsampling::kBilinear:
      return convolution(interpolate(
          x, InterpolateFuncOptions().scale_factor(twice).mode(torch::kBilinear).align_corners(false)));
  }
  return {};
}

AutoencoderNetImpl::AutoencoderNetImpl(const AutoencoderShape& of) : shape(of) {
  const std::vector<int>& widths = shape.widths;
  encoder->push_back(Convolution(3, widths.front()));
  for (std::size_t level = 1; level < widths.size(); ++level) {
    encoder->push_back(Convolution(widths[level - 1], widths[level], 2));
    encoder->push_back(ResidualBlock(widths[level]));
  }
  encoder->push_back(Convolution(widths.back(), shape.latent));
  decoder->push_back(Convolution(shape.latent, widths.back()));
  decoder->push_back(ResidualBlock(widths.back()));
  for (std::size_t level = widths.size() - 1; level > 0; --level) {
    decoder->push_back(UpsamplerBlock(shape.upsampling, widths[level], widths[level - 1]));
    decoder->push_back(ResidualBlock(widths[level - 1]));
  }
  decoder->push_back(Convolution(widths.front(), 3));
  register_module("encoder", encoder);
  register_module("decoder", decoder);
}

torch::Tensor AutoencoderNetImpl::Encode(const torch::Tensor& pictures) {
  return encoder->forward(pictures - 0.5);
}

torch::Tensor AutoencoderNetImpl::Decode(const torch::Tensor& latent) {
  return decoder->forward(latent) + 0.5;
}

std::map<std::string, std::string> ShapeMetadata(const AutoencoderShape& shape) {
  std::string widths;
  for (const int width : shape.widths) {
    if (!widths.empty()) widths.push_back(',');
    widths.append(std::to_string(width));
  }
  return {{"kantei.architecture", "autoencoder"},
          {"kantei.upsampling", std::string(UpsamplingName(shape.upsampling))},
          {"kantei.latent", std::to_string(shape.latent)},
          {"kantei.widths", widths}};
}

}  // namespace kantei::generate
