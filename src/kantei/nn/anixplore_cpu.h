// AniXplore's forward pass on the CPU: the arithmetic of AniXploreImpl without what cancels out between its layers.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kantei/nn/token_graph.h"

namespace kantei::nn {

/// Parameters and buffers by AniXploreImpl's names.
using NamedFloats = std::map<std::string, std::vector<float>>;

struct AniXploreCpuOptions {
  int side = 512;  ///< a multiple of 32
  bool released_quirks = true;
  bool bfloat16 = false;  ///< products in bfloat16; what blocks add to, norms and the heads stay float32
  int threads = 1;
};

struct AniXploreValues {
  std::vector<float> mask;  ///< side x side logits
  double label = 0;
};

/// Thread-safe: calls share only the weights. Making and running throw dnnl::error (a std::exception) and std::bad_alloc.
class AniXploreCpu {
 public:
  /// The weights must be complete (AniXploreImpl's shapes); they are laid out for the machine and not kept.
  AniXploreCpu(const NamedFloats& weights, const AniXploreCpuOptions& options);
  /// side x side x 6 each: normalised colours and a picture of MakeFrequencyPictures.
  AniXploreValues Run(const std::vector<float>& high, const std::vector<float>& low) const;

 private:
  struct Builder;
  AniXploreCpuOptions options_;
  TokenGraph graph_;
  Rows high_, low_, fused_;
  std::vector<Rows> planes_;  // of the mask, one a level
  std::vector<float> label_weight_;
  double label_bias_ = 0, mask_constant_ = 0;
  mutable std::mutex mutex_;  // of arenas_
  mutable std::vector<std::unique_ptr<TokenGraph::Arena>> arenas_;
};

}  // namespace kantei::nn
