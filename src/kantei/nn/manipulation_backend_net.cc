#include <torch/torch.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "kantei/nn/anixplore_net.h"
#include "kantei/nn/anixplore_weights_net.h"
#include "kantei/nn/cpu_network.h"
#include "kantei/nn/manipulation_backend.h"
#include "kantei/nn/torch_device_net.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {
namespace {

class CpuPass : public ManipulationPass {
 public:
  CpuPass(const NamedFloats& weights, const AniXploreCpuOptions& options)
      : bfloat16_(options.bfloat16), network_(weights, options) {}

  Result<AniXploreValues> Run(const std::vector<float>& high, const std::vector<float>& low) const override {
    try {
      return network_.Run(high, low);
    } catch (const std::bad_alloc&) {
      return Error{
          ErrorCode::kTooLarge,
          "there is not enough memory to run the network; give it a smaller picture or fewer at a time"};
    } catch (const std::exception& failure) {
      return Error{ErrorCode::kInternal, std::string("oneDNN could not run the network: ") + failure.what()};
    }
  }
  bool bfloat16() const override { return bfloat16_; }

 private:
  bool bfloat16_;
  AniXploreCpu network_;
};

class DevicePass : public ManipulationPass {
 public:
  DevicePass(AniXplore module, torch::Device device, torch::ScalarType type, int side)
      : module_(std::move(module)), device_(device), type_(type), side_(side) {
    module_->to(device_, type_);
    module_->eval();
  }

  Result<AniXploreValues> Run(const std::vector<float>& high, const std::vector<float>& low) const override {
    try {
      const torch::InferenceMode inference;
      // forward() of a module in evaluation only reads.
      const AniXploreOutput out = const_cast<AniXplore&>(module_)->forward(Upload(high), Upload(low));
      AniXploreValues values;
      const torch::Tensor mask = out.mask.to(torch::kCPU, torch::kFloat32).contiguous();
      values.mask = {mask.data_ptr<float>(), mask.data_ptr<float>() + mask.numel()};
      values.label = out.label.to(torch::kCPU, torch::kFloat32).item<float>();
      return values;
    } catch (const std::exception& failure) {
      return TorchError("LibTorch could not run the network", failure);
    }
  }
  bool bfloat16() const override { return type_ == torch::kBFloat16; }

 private:
  torch::Tensor Upload(const std::vector<float>& values) const {
    return torch::from_blob(const_cast<float*>(values.data()), {1, side_, side_, 6}, torch::kFloat32)
        .to(device_, type_)
        .permute({0, 3, 1, 2});
  }

  AniXplore module_;
  torch::Device device_;
  torch::ScalarType type_;
  int side_;
};

}  // namespace

Result<std::unique_ptr<ManipulationPass>> OpenManipulationPass(const SafetensorsFile& file,
                                                               std::string_view file_name,
                                                               const ManipulationDescription& description,
                                                               const ManipulationOptions& options,
                                                               std::int64_t* parameters) {
  KANTEI_TRY(const torch::Device device, DeviceOf(options.device));
  try {
    AniXplore module(AniXploreOptions{description.released_quirks});
    KANTEI_RETURN_IF_ERROR(LoadAniXplore(file, file_name, module));
    *parameters = 0;
    for (const torch::Tensor& tensor : module->parameters()) *parameters += tensor.numel();
    if (!device.is_cpu()) {
      const auto type = options.bfloat16 ? torch::kBFloat16 : torch::kFloat32;
      return std::unique_ptr<ManipulationPass>(
          std::make_unique<DevicePass>(std::move(module), device, type, description.side));
    }
    NamedFloats weights;
    for (const auto& [name, tensor] : StateOf(*module)) {
      const torch::Tensor flat = tensor.detach().contiguous();
      weights[name] = {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
    }
    module = nullptr;  // its memory is wanted for the weights' other layout
    const AniXploreCpuOptions cpu{description.side, description.released_quirks,
                                  options.bfloat16 && CpuNetwork::HasBfloat16(), options.threads};
    return std::unique_ptr<ManipulationPass>(std::make_unique<CpuPass>(weights, cpu));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kTooLarge,
                 std::string(file_name) + ": there is not enough memory for the network"};
  } catch (const std::exception& failure) {
    return TorchError(std::string(file_name) + ": the network could not be made ready", failure);
  }
}

}  // namespace kantei::nn
