#include "kantei/generate/diffusion_weights_net.h"

#include <exception>
#include <vector>

#include "kantei/generate/diffusion_layers_net.h"
#include "kantei/nn/torch_device_net.h"
#include "kantei/nn/weights_check.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {

Status LoadWeights(const nn::WeightSource& source, const WeightPlace& place,
                   const std::set<std::string>& ignored, torch::nn::Module& module) {
  const nn::NamedTensors wanted = nn::StateOf(module);
  std::vector<nn::ExpectedTensor> expected;
  for (const auto& [name, tensor] : wanted) expected.push_back({name, tensor.sizes().vec(), false});
  KANTEI_RETURN_IF_ERROR(nn::CheckTensors(source.tensors, source.name, expected, "", ignored));
  try {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : wanted) {
      KANTEI_TRY(const torch::Tensor value, nn::ReadTensor(source.tensors.at(name), name, source.name));
      if (!torch::isFloatingType(value.scalar_type())) {
        return Error{ErrorCode::kCorrupt, source.name + ": tensor " + name +
                                              " has whole numbers where fractions are expected; the weights "
                                              "are damaged or belong to another network"};
      }
      torch::Tensor parameter = tensor;
      parameter.set_data(value.to(place.device, place.type));
      parameter.set_requires_grad(false);
    }
    UseChannelsLast(module);
    module.eval();
  } catch (const std::exception& failure) {
    return nn::TorchError(source.name + ": the weights could not be taken", failure);
  }
  return {};
}

std::int64_t CountParameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace kantei::generate
