#include "kantei/nn/segformer_net.h"

#include <cstdint>
#include <string>
#include <vector>

#include "kantei/image/transform.h"
#include "kantei/nn/module_tree_net.h"

namespace kantei::nn {
namespace {

torch::Tensor Resized(const torch::Tensor& pixels, int height, int width) {
  return at::_upsample_bilinear2d_aa(pixels, {height, width}, false).add(0.5).floor().clamp(0, 255);
}

}  // namespace

SegformerImpl::SegformerImpl(const SegformerConfig& config) {
  const int width = config.decoder_width, classes = static_cast<int>(config.names.size());
  encoder_ = PutModule(*this, "segformer", Mit(config.encoder));
  for (std::size_t i = 0; i < 4; ++i)
    project_[i] = PutModule(*this, "decode_head.linear_c." + std::to_string(i) + ".proj",
                            torch::nn::Linear(config.encoder.widths[i], width));
  fuse_ = PutModule(*this, "decode_head.linear_fuse", MakeConv(4 * width, width, 1, 1, 0, false));
  norm_ = PutModule(*this, "decode_head.batch_norm", torch::nn::BatchNorm2d(width));
  classify_ = PutModule(*this, "decode_head.classifier", MakeConv(width, classes, 1, 1, 0));
}

void SegformerImpl::FoldHead() {
  const torch::NoGradGuard no_grad;
  const auto wide = [](const torch::Tensor& t) { return t.to(torch::kFloat64); };
  const torch::Tensor scale = wide(norm_->weight) / (wide(norm_->running_var) + norm_->options.eps()).sqrt();
  const int64_t width = fuse_->weight.size(0);
  torch::Tensor bias = wide(norm_->bias) - scale * wide(norm_->running_mean);
  for (std::size_t i = 0; i < 4; ++i) {
    // The fusing convolution sees the last stage first.
    const torch::Tensor part =
        scale.unsqueeze(1) *
        wide(fuse_->weight).flatten(1).narrow(1, (3 - static_cast<int64_t>(i)) * width, width);
    folded_[i] = part.matmul(wide(project_[i]->weight)).to(torch::kFloat32).unsqueeze(2).unsqueeze(3);
    bias = bias + part.matmul(wide(project_[i]->bias));
  }
  folded_bias_ = bias.to(torch::kFloat32);
}

Result<torch::Tensor> SegformerImpl::Logits(torch::Tensor x, const CancellationToken& cancellation) {
  torch::Tensor sum;
  for (int s = 0; s < 4; ++s) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    x = encoder_->Stage(s, x);
    const torch::Tensor part =
        torch::conv2d(x, folded_.at(static_cast<std::size_t>(s)), s == 0 ? folded_bias_ : torch::Tensor());
    if (s == 0) {
      sum = part;
      continue;
    }
    sum = sum + at::upsample_bilinear2d(part, {sum.size(2), sum.size(3)}, false);
  }
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  return classify_(torch::relu(sum));
}

torch::Tensor SegformerTensor(const image::Image& picture, const SegformerInput& input) {
  const image::Image rgb = image::ToRgb(picture);
  torch::Tensor pixels = torch::from_blob(const_cast<std::uint8_t*>(rgb.pixels().data()),
                                          {1, rgb.height(), rgb.width(), 3}, torch::kUInt8)
                             .permute({0, 3, 1, 2})
                             .to(torch::kFloat32)
                             .contiguous();
  // Pillow resizes rows first and keeps whole numbers between both ways.
  if (input.width > 0 && input.width != rgb.width()) pixels = Resized(pixels, rgb.height(), input.width);
  if (input.height > 0 && input.height != rgb.height()) pixels = Resized(pixels, input.height, input.width);
  const auto each = [](const std::array<double, 3>& values) {
    return torch::tensor(std::vector<double>(values.begin(), values.end()), torch::kFloat64)
        .view({1, 3, 1, 1});
  };
  return ((pixels * input.scale - each(input.mean)) / each(input.deviation)).to(torch::kFloat32);
}

}  // namespace kantei::nn
