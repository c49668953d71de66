// An AniXplore whose weights come from a closed formula, the same here and in tests/golden/make_authenticity.py and
// bench/peers/manipulation_peer.py, so that tests and benchmarks need no weights on disk. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "kantei/nn/anixplore_net.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/manipulation_file.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {

/// FormulaTensor; layer scales are 0.2..0.4, so that a block adds about as much as it does when trained.
inline void FillByFormula(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : StateOf(module)) {
    std::vector<float> values = FormulaTensor(name, tensor.sizes().vec(), false);
    if (name.ends_with("layer_scale")) {
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(0.2 + 0.2 * FormulaUniform(name, static_cast<std::uint32_t>(i)));
    }
    tensor.detach().copy_(torch::from_blob(values.data(), tensor.sizes(), torch::kFloat32));
  }
}

/// A whole network file with our tensor names.
inline Status WriteFormulaAniXplore(const ManipulationDescription& description,
                                    const std::filesystem::path& path) {
  AniXplore net;
  FillByFormula(*net);
  return SaveTensors(StateOf(*net), ToMetadata(description), path);
}

}  // namespace kantei::nn
