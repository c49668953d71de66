#include "kantei/train/checkpoint_net.h"

#include <memory>
#include <type_traits>

#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"

namespace kantei::train {
namespace {

// LibTorch 1.13 keys an optimiser's state by a string of the address, 2.x by the address itself.
template <typename Map>
typename Map::key_type StateKey(const Map&, const torch::Tensor& parameter) {
  if constexpr (std::is_same_v<typename Map::key_type, std::string>)
    return c10::guts::to_string(parameter.unsafeGetTensorImpl());
  else
    return parameter.unsafeGetTensorImpl();
}

torch::Tensor* FindTensor(torch::nn::Module& module, const std::string& name, torch::Tensor* found) {
  const auto parameters = module.named_parameters();
  if (const auto* parameter = parameters.find(name)) return *found = *parameter, found;
  const auto buffers = module.named_buffers();
  if (const auto* buffer = buffers.find(name)) return *found = *buffer, found;
  return nullptr;
}

Status RestoreModule(const nn::SafetensorsFile& file, const std::string& file_name, const std::string& prefix,
                     torch::nn::Module& module) {
  std::size_t restored = 0;
  for (const auto& [name, view] : file.tensors()) {
    if (!name.starts_with(prefix)) continue;
    torch::Tensor target;
    KANTEI_TRY(const torch::Tensor value, nn::ReadTensor(view, name, file_name));
    if (FindTensor(module, name.substr(prefix.size()), &target) == nullptr || target.sizes() != value.sizes())
      return Error{ErrorCode::kCorrupt, file_name + ": tensor " + name + " does not fit this model"};
    target.data().copy_(value);
    ++restored;
  }
  if (restored != nn::StateOf(module).size())
    return Error{ErrorCode::kCorrupt, file_name + ": tensors under \"" + prefix + "\" are missing"};
  return {};
}

}  // namespace

Status SaveCheckpoint(const std::filesystem::path& path, const RunState& run,
                      const std::map<std::string, std::string>& facts) {
  nn::NamedTensors tensors = nn::StateOf(*run.model, "model.");
  tensors.merge(nn::StateOf(*run.average, "average."));
  auto& state = run.optimiser->state();
  for (const auto& item : run.model->named_parameters()) {
    const auto entry = state.find(StateKey(state, item.value()));
    if (entry == state.end()) continue;
    const auto& adam = static_cast<const torch::optim::AdamWParamState&>(*entry->second);
    tensors["adam.mean." + item.key()] = adam.exp_avg();
    tensors["adam.square." + item.key()] = adam.exp_avg_sq();
    tensors["adam.step." + item.key()] = torch::tensor({adam.step()}, torch::kInt64);
  }
  return nn::SaveTensors(tensors, facts, path);
}

Result<std::map<std::string, std::string>> ReadCheckpointFacts(const std::filesystem::path& path) {
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  return file.metadata();
}

Status LoadCheckpoint(const std::filesystem::path& path, const RunState& run) {
  const torch::NoGradGuard no_grad;
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  const std::string name = path.string();
  KANTEI_RETURN_IF_ERROR(RestoreModule(file, name, "model.", *run.model));
  KANTEI_RETURN_IF_ERROR(RestoreModule(file, name, "average.", *run.average));
  auto& state = run.optimiser->state();
  for (const auto& item : run.model->named_parameters()) {
    const auto mean = file.tensors().find("adam.mean." + item.key());
    if (mean == file.tensors().end()) continue;  // has not had a gradient yet
    const auto square = file.tensors().find("adam.square." + item.key());
    const auto step = file.tensors().find("adam.step." + item.key());
    if (square == file.tensors().end() || step == file.tensors().end())
      return Error{ErrorCode::kCorrupt, name + ": the optimiser's state of " + item.key() + " is incomplete"};
    auto adam = std::make_unique<torch::optim::AdamWParamState>();
    KANTEI_TRY(torch::Tensor exp_avg, nn::ReadTensor(mean->second, mean->first, name));
    KANTEI_TRY(torch::Tensor exp_avg_sq, nn::ReadTensor(square->second, square->first, name));
    KANTEI_TRY(const torch::Tensor steps, nn::ReadTensor(step->second, step->first, name));
    if (exp_avg.sizes() != item.value().sizes() || exp_avg_sq.sizes() != item.value().sizes() ||
        steps.numel() != 1)
      return Error{ErrorCode::kCorrupt,
                   name + ": the optimiser's state of " + item.key() + " has another shape"};
    // Memory format and device follow the parameter, or the next step would not be the same to the bit.
    adam->exp_avg(torch::zeros_like(item.value()).copy_(exp_avg));
    adam->exp_avg_sq(torch::zeros_like(item.value()).copy_(exp_avg_sq));
    adam->step(steps.item<std::int64_t>());
    state[StateKey(state, item.value())] = std::move(adam);
  }
  return {};
}

}  // namespace kantei::train
