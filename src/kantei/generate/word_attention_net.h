// Where a picture looks at the words that name its subject. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <string>

#include "kantei/generate/attention_net.h"
#include "kantei/generate/prompt_words.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// Gathers the attention of one picture's run: the share that the content words get, the mean over layers (each enlarged to the
/// latents' size) and over the later half of the steps, when the picture is known to the network (DAAM, 2210.04885).
class WordAttention {
 public:
  /// `words` must outlive it; height and width are the latents'.
  WordAttention(const PromptWords& words, std::int64_t height, std::int64_t width);
  /// For SampleHooks::attention. Of two entries (guidance) the second has the words.
  void Add(const torch::Tensor& maps);
  /// Behind each step of the network, counted from 0.
  void EndStep(int step, int steps);
  /// Shares 0..1 in the latents' size; empty when there was no content word or no attention to words.
  image::Plane Map() const;

 private:
  torch::Tensor content_;  // places of content words
  std::int64_t height_, width_;
  torch::Tensor now_, sum_;
  int layers_now_ = 0, layers_ = 0;
};

}  // namespace kantei::generate
