// The shape of a Mix Transformer as plain values.
#pragma once

#include <array>

namespace kantei::nn {

/// The defaults are MiT-B3's.
struct MitOptions {
  int in_channels = 3;
  bool stem_bias = true;  ///< of the first patch embedding
  int stages = 4;         ///< the first so many, 1..4
  std::array<int, 4> widths{64, 128, 320, 512}, depths{3, 4, 18, 3}, heads{1, 2, 5, 8},
      reductions{8, 4, 2, 1};
  std::array<int, 4> kernels{7, 3, 3, 3}, strides{4, 2, 2, 2};  ///< of the patch embeddings
  std::array<int, 4> mlp_ratios{4, 4, 4, 4};
  /// Of the norms before attention and MLP and behind a stage. transformers has 1e-5, the authors' own code 1e-6 (the norms of
  /// the patch embeddings and of the reduced keys have 1e-5 in both).
  double block_eps = 1e-5;
};

}  // namespace kantei::nn
