// Weights into networks of any size, tensor by tensor. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <set>
#include <string>

#include "kantei/base/result.h"
#include "kantei/nn/weight_source.h"

namespace kantei::generate {

struct WeightPlace {
  torch::Device device = torch::kCPU;
  torch::ScalarType type = torch::kFloat32;
};

/// Makes each parameter of `module` a tensor of its own from `source`, of the place's type, which needs no gradient. All names and
/// shapes are checked first: kCorrupt names missing and surplus tensors (but those in `ignored`), the first of another shape, and
/// the first that is not finite.
Status LoadWeights(const nn::WeightSource& source, const WeightPlace& place,
                   const std::set<std::string>& ignored, torch::nn::Module& module);

/// Numbers in all parameters.
std::int64_t CountParameters(const torch::nn::Module& module);

}  // namespace kantei::generate
