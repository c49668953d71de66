#include "kantei/nn/anixplore_net.h"

#include <string>

#include "kantei/nn/module_tree_net.h"

namespace kantei::nn {
namespace {

torch::nn::ConvTranspose2d MakeDoubling(int in, int out) {
  return torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2));
}

torch::Tensor Bilinear(const torch::Tensor& x, int64_t height, int64_t width, bool align_corners) {
  namespace F = torch::nn::functional;
  return F::interpolate(x, F::InterpolateFuncOptions()
                               .size(std::vector<int64_t>{height, width})
                               .mode(torch::kBilinear)
                               .align_corners(align_corners));
}

}  // namespace

ConvNextOptions AniXploreImpl::TextureOptions() {
  ConvNextOptions options;
  options.in_channels = 6;
  options.stem_bias = false;
  options.stages = kStages;
  return options;
}

MitOptions AniXploreImpl::MeaningOptions() {
  MitOptions options;
  options.in_channels = 6;
  options.stem_bias = false;
  options.stages = kStages;
  options.block_eps = 1e-6;
  return options;
}

AniXploreImpl::AniXploreImpl(const AniXploreOptions& options) : options_(options) {
  convnext_ = PutModule(*this, "convnext", ConvNext(TextureOptions()));
  mit_ = PutModule(*this, "mit", Mit(MeaningOptions()));
  for (int s = 0; s < kStages; ++s) {
    const auto i = static_cast<std::size_t>(s);
    const int texture = convnext_->options().widths[i], meaning = mit_->options().widths[i];
    fusion_.push_back(
        PutModule(*this, "fusion." + std::to_string(s), MakeConv(texture + meaning, texture, 1, 1, 0)));
  }
  const int channels = convnext_->options().widths[kStages - 1];
  // The names are places in the published sequences: norms and pooling count, activations too.
  for (int l = 0; l < kLevels; ++l) {
    const std::string name = "pyramid.stages." + std::to_string(l) + ".";
    LevelParts level;
    int in = channels, at = 0;
    const auto place = [&](int index) { return name + std::to_string(index); };
    if (l == 0) {
      level.up_1 = PutModule(*this, place(0), MakeDoubling(channels, channels / 2));
      level.up_norm = PutModule(*this, place(1), MakeLayerNorm(channels / 2, kNormEps));
      level.up_2 = PutModule(*this, place(3), MakeDoubling(channels / 2, channels / 4));
      in = channels / 4;
      at = 4;
    } else if (l == 1) {
      level.up_1 = PutModule(*this, place(0), MakeDoubling(channels, channels / 2));
      in = channels / 2;
      at = 1;
    } else if (l == 3) {
      at = 1;
    }
    level.lateral = PutModule(*this, place(at), MakeConv(in, kLevelChannels, 1, 1, 0, false));
    level.norm_1 = PutModule(*this, place(at + 1), MakeLayerNorm(kLevelChannels, kNormEps));
    level.output = PutModule(*this, place(at + 2), MakeConv(kLevelChannels, kLevelChannels, 3, 1, 1, false));
    level.norm_2 = PutModule(*this, place(at + 3), MakeLayerNorm(kLevelChannels, kNormEps));
    levels_.push_back(std::move(level));
  }
  fuse_ = PutModule(*this, "mask_head.linear_fuse", MakeConv(5 * kLevelChannels, kLevelChannels, 1, 1, 0));
  norm_ = PutModule(*this, "mask_head.norm",
                    torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(kLevelChannels).eps(kBatchNormEps)));
  predict_ = PutModule(*this, "mask_head.linear_predict", MakeConv(kLevelChannels, 1, 1, 1, 0));
  label_ = PutModule(*this, "label_head", torch::nn::Linear(channels, 1));
  dropout_ = PutModule(*this, "dropout", torch::nn::Dropout(0.5));
}

torch::Tensor AniXploreImpl::Level(std::size_t index, torch::Tensor x) {
  LevelParts& level = levels_.at(index);
  if (level.up_1) x = level.up_1(x);
  if (level.up_2) x = level.up_2(torch::gelu(NormChannels(level.up_norm, x)));
  if (index == 3) x = torch::max_pool2d(x, 2, 2);
  x = NormChannels(level.norm_1, level.lateral(x));
  return NormChannels(level.norm_2, level.output(x));
}

AniXploreOutput AniXploreImpl::forward(const torch::Tensor& high, const torch::Tensor& low) {
  torch::Tensor fused = convnext_->Stem(high), meaning = low;
  for (int s = 0; s < kStages; ++s) {
    const torch::Tensor texture = convnext_->Stage(s, fused);
    meaning = mit_->Stage(s, meaning);
    fused = fusion_[static_cast<std::size_t>(s)](torch::cat({texture, meaning}, 1));
  }
  std::vector<torch::Tensor> maps;
  for (std::size_t l = 0; l < levels_.size(); ++l) maps.push_back(Level(l, fused));
  using torch::indexing::None;
  using torch::indexing::Slice;
  maps.push_back(maps[0].index({Slice(), Slice(), Slice(None, None, 2), Slice(None, None, 2)}));
  const int64_t height = maps[0].size(2), width = maps[0].size(3);
  for (std::size_t l = 1; l < maps.size(); ++l) maps[l] = Bilinear(maps[l], height, width, false);
  const torch::Tensor mask = predict_(dropout_(norm_(fuse_(torch::cat(maps, 1)))));
  const torch::Tensor pooled = options_.released_quirks ? fused.mean({2, 3}) : fused.amax({2, 3});
  return {Bilinear(mask, high.size(2), high.size(3), true), label_(pooled).squeeze(1)};
}

}  // namespace kantei::nn
