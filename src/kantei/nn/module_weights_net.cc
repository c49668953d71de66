#include "kantei/nn/module_weights_net.h"

#include <exception>
#include <set>
#include <string>
#include <vector>

#include "kantei/nn/torch_device_net.h"
#include "kantei/nn/weights_check.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {

Status LoadForInference(const WeightSource& source, torch::nn::Module& module) {
  const NamedTensors wanted = StateOf(module);
  std::vector<ExpectedTensor> expected;
  for (const auto& [name, tensor] : wanted) expected.push_back({name, tensor.sizes().vec(), false});
  std::set<std::string> counters;
  for (const auto& [name, view] : source.tensors)
    if (name.ends_with(".num_batches_tracked")) counters.insert(name);
  KANTEI_RETURN_IF_ERROR(CheckTensors(source.tensors, source.name, expected, "", counters));
  try {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : wanted) {
      KANTEI_TRY(const torch::Tensor value, ReadTensor(source.tensors.at(name), name, source.name));
      if (!torch::isFloatingType(value.scalar_type()) ||
          (name.ends_with("running_var") && value.lt(0).any().item<bool>()))
        return Error{ErrorCode::kCorrupt, source.name + ": tensor " + name +
                                              " has whole numbers or negative variances; the weights are "
                                              "damaged or belong to another network"};
      tensor.detach().copy_(value);
    }
    module.eval();
  } catch (const std::exception& failure) {
    return TorchError(source.name + ": the weights could not be taken", failure);
  }
  return {};
}

}  // namespace kantei::nn
