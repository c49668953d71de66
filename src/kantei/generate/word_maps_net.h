// What the words do to the places of a picture while it is made. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <string>

#include "kantei/generate/attention_net.h"
#include "kantei/generate/prompt_words.h"
#include "kantei/generate/subject_mask.h"

namespace kantei::generate {

/// Gathers over the later half of one picture's steps, when it is known to the network: the attention that content words get, the mean
/// over layers, each enlarged to the latents' size (DAAM, 2210.04885), and the length of what the words change.
class WordMaps {
 public:
  /// `words` must outlive it; height and width are the latents'.
  WordMaps(const PromptWords& words, std::int64_t height, std::int64_t width);
  /// For SampleHooks::attention. Of two entries (guidance) the second has the words.
  void Add(const torch::Tensor& maps);
  /// Behind each step of the network, counted from 0. `change`: answer with the words - answer without, (1, C, h, w), or undefined.
  void EndStep(int step, int steps, const torch::Tensor& change);
  /// In the latents' size: shares of attention in 0..1; lengths in units of their mean in each step. Empty: not seen.
  SubjectMaps Maps() const;

 private:
  image::Plane PlaneOf(const torch::Tensor& sum, int count) const;

  torch::Tensor content_;  // places of content words
  std::int64_t height_, width_;
  torch::Tensor now_, attention_, guidance_;
  int layers_now_ = 0, layers_ = 0, steps_ = 0;
};

}  // namespace kantei::generate
