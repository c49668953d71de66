// CLIP's text encoder (Radford et al., ICML 2021; transformers' CLIPTextModel), names as in transformers' files. Private: includes
// torch.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "kantei/generate/diffusion_config.h"
#include "kantei/generate/diffusion_layers_net.h"

namespace kantei::generate {

class ClipTextImpl : public torch::nn::Module {
 public:
  explicit ClipTextImpl(const ClipTextConfig& config);
  /// ids: (N, T) whole numbers, T at most max_position_embeddings -> (N, T, hidden_size) behind the final norm. `skipped_layers`
  /// of the last are left out ("clip skip"; 1 is the penultimate layer).
  torch::Tensor forward(const torch::Tensor& ids, int skipped_layers = 0);
  const ClipTextConfig& config() const { return config_; }

 private:
  struct Layer {
    LayerNormLayer norm_1{nullptr}, norm_2{nullptr};
    LinearLayer query{nullptr}, key{nullptr}, value{nullptr}, output{nullptr}, widen{nullptr},
        narrow{nullptr};
  };
  ClipTextConfig config_;
  EmbeddingLayer words_{nullptr}, places_{nullptr};
  std::vector<Layer> layers_;
  LayerNormLayer final_norm_{nullptr};
};
TORCH_MODULE(ClipText);

}  // namespace kantei::generate
