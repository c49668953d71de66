// The small network of our own that says whether a picture was made or changed, and where. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::authenticity {

struct ForensicShape {
  int stem = 32;                              ///< channels at half resolution
  std::vector<int> widths{48, 96, 160, 224};  ///< at 1/4, 1/8, 1/16 and 1/32
  std::vector<int> depths{1, 2, 2, 2};        ///< residual blocks of each of these stages
  int decoder = 48;                           ///< channels of the pyramid
  int contrast = 0;  ///< features told as departures from their surroundings; 0: none
  std::map<std::string, std::string> Metadata() const;
  static Result<ForensicShape> FromMetadata(const std::map<std::string, std::string>& metadata,
                                            const std::string& file);
  Status Validate() const;
};

/// Convolution without bias, batch norm and, unless told otherwise, ReLU. Fold makes one convolution of it.
struct NormConvImpl : torch::nn::Module {
  NormConvImpl(int in, int out, int stride);
  /// relu(norm(conv(x)) + residual); `residual` may be undefined.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& residual = {}, bool relu = true);
  void Fold();
  torch::nn::Conv2d conv{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
  bool folded = false;
};
TORCH_MODULE(NormConv);

struct ForensicMaps {
  torch::Tensor mask;        ///< N x 1 x H/4 x W/4, logits: the pixels were made or replaced
  torch::Tensor confidence;  ///< N x 1 x H/4 x W/4, logits: the mask, cut at 0, is right there
  torch::Tensor top;         ///< N x C x H/32 x W/32, what the verdict is pooled from
};

/// Bytes in, logits out. RGB and its high-pass residual are laid out at half resolution (every pixel is kept), a residual pyramid
/// follows, and a small decoder brings the map back to a quarter. What was pasted need not look false by itself, only unlike
/// the rest: some features at 1/8 also reach the decoder as their distance, in standard deviations, from their mean over
/// the whole view or tile (after ManTra-Net, Wu et al., CVPR 2019, section 3.3).
struct ForensicNetImpl : torch::nn::Module {
  explicit ForensicNetImpl(const ForensicShape& shape);
  /// N x 3 x H x W floats 0..255, H and W multiples of 32.
  ForensicMaps Maps(const torch::Tensor& pixels);
  /// The verdict on windows: `top` N x C x h x w and the mask's logits N x 1 x 8h x 8w of the same windows ->
  /// N x 2 logits (made by AI, edited).
  torch::Tensor Verdict(const torch::Tensor& top, const torch::Tensor& mask);
  void Fold();  ///< batch norms into convolutions; for inference only

  /// N x contrast x H/8 x W/8 features -> N x decoder x H/8 x W/8, what the decoder adds at that level.
  torch::Tensor Contrast(const torch::Tensor& features);

  ForensicShape shape;
  NormConv stem{nullptr}, merge{nullptr};
  std::vector<NormConv> down;
  std::vector<std::vector<std::pair<NormConv, NormConv>>> blocks;
  std::vector<torch::nn::Conv2d> lateral;
  torch::nn::Conv2d head{nullptr}, contrast{nullptr}, contrast_lateral{nullptr};
  torch::nn::Linear hidden{nullptr}, labels{nullptr};
};
TORCH_MODULE(ForensicNet);

}  // namespace kantei::authenticity
