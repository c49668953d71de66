// AniXplore (AnimeDL-2M, arXiv 2504.11015, as its authors' code has it): ConvNeXt-Tiny on high frequencies and MiT-B3 on low
// ones, fused stage by stage, a feature pyramid, a mask and a label. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <utility>
#include <vector>

#include "kantei/nn/convnext_net.h"
#include "kantei/nn/mit_net.h"

namespace kantei::nn {

struct AniXploreOptions {
  /// One switch for all that the released weights were trained with and that is not as the paper or the mathematics have it:
  /// here the average (else the maximum) in the label's head; MakeFrequencyPictures says the rest.
  bool released_quirks = true;
};

struct AniXploreOutput {
  torch::Tensor mask;   ///< logits, (N, 1, H, W)
  torch::Tensor label;  ///< logits, (N)
};

/// Parameters: "convnext." + ConvNext's, "mit." + Mit's, "fusion.0.weight", "pyramid.stages.0.0.weight",
/// "mask_head.linear_fuse.weight", "mask_head.norm.running_var", "mask_head.linear_predict.weight", "label_head.weight", ...
class AniXploreImpl : public torch::nn::Module {
 public:
  static constexpr int kStages = 3, kLevels = 4, kLevelChannels = 256, kSideMultiple = 32;
  static constexpr double kNormEps = 1e-6, kBatchNormEps = 1e-5;
  static ConvNextOptions TextureOptions();
  static MitOptions MeaningOptions();

  explicit AniXploreImpl(const AniXploreOptions& options = {});
  /// `high`, `low`: (N, 6, H, W), the normalised colours and the pictures of MakeFrequencyPictures; H and W are multiples of 32.
  AniXploreOutput forward(const torch::Tensor& high, const torch::Tensor& low);
  ConvNext& convnext() { return convnext_; }
  Mit& mit() { return mit_; }

 private:
  torch::Tensor Level(std::size_t level, torch::Tensor x);

  struct LevelParts {
    torch::nn::ConvTranspose2d up_1{nullptr}, up_2{nullptr};
    torch::nn::LayerNorm up_norm{nullptr}, norm_1{nullptr}, norm_2{nullptr};
    torch::nn::Conv2d lateral{nullptr}, output{nullptr};
  };
  AniXploreOptions options_;
  ConvNext convnext_{nullptr};
  Mit mit_{nullptr};
  std::vector<torch::nn::Conv2d> fusion_;
  std::vector<LevelParts> levels_;
  torch::nn::Conv2d fuse_{nullptr}, predict_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  torch::nn::Dropout dropout_{nullptr};
  torch::nn::Linear label_{nullptr};
};
TORCH_MODULE(AniXplore);

}  // namespace kantei::nn
