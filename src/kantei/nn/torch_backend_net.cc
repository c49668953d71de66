#include <torch/script.h>
#include <torch/torch.h>

#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/nn/gem_net.h"
#include "kantei/nn/torch_backend.h"
#include "kantei/nn/torch_device_net.h"

namespace kantei::nn {
namespace {

torch::Tensor InputTensor(const float* input, int count, int width, int height) {
  // count x height x width x 3 seen as count x 3 x height x width in channels-last order.
  return torch::from_blob(const_cast<float*>(input), {count, height, width, 3}, torch::kFloat32)
      .permute({0, 3, 1, 2});
}

std::vector<float> Values(const torch::Tensor& rows) {
  const torch::Tensor values = rows.to(torch::kCPU, torch::kFloat32).contiguous();
  const float* data = values.data_ptr<float>();
  return {data, data + values.numel()};
}

struct DeviceConv {
  torch::Tensor weight, bias;
  const ConvSpec* spec = nullptr;
  torch::Tensor Run(const torch::Tensor& x) const {
    return torch::conv2d(x, weight, bias, spec->stride, spec->kernel / 2, 1, spec->groups);
  }
};

// The folded network on a device; the arithmetic of CpuNetwork in torch's words.
class DevicePass : public ForwardPass {
 public:
  DevicePass(const NetworkWeights& weights, const torch::Device& device, bool bfloat16)
      : spec_(weights.spec),
        device_(device),
        type_(bfloat16 ? torch::kBFloat16 : torch::kFloat32),
        gem_p_(weights.gem_p),
        head_slope_(weights.head_slope) {
    for (const ConvSpec* spec : UnitsOf(spec_)) {
      const UnitWeights& unit = weights.units.at(spec->conv);
      convs_[spec] = {Upload(unit.weight, {spec->out, spec->in / spec->groups, spec->kernel, spec->kernel})
                          .to(type_)
                          .contiguous(at::MemoryFormat::ChannelsLast),
                      Upload(unit.bias, {spec->out}).to(type_), spec};
    }
    for (const LinearWeights& linear : weights.head)
      head_.emplace_back(Upload(linear.weight, {linear.in, linear.out}), Upload(linear.bias, {linear.out}));
  }

  Result<std::vector<float>> Run(const float* input, int count, int width, int height,
                                 int threads) const override {
    try {
      const torch::InferenceMode inference;
      const TorchThreads scope(threads);
      torch::Tensor x = InputTensor(input, count, width, height).to(device_, type_);
      for (const ConvSpec& unit : spec_.stem) x = RunUnit(unit, x);
      if (spec_.max_pool) x = torch::max_pool2d(x, 3, 2, 1);
      for (const auto& stage : spec_.stages) {
        for (const BlockSpec& block : stage) {
          torch::Tensor y = x;
          for (const ConvSpec& unit : block.chain) y = RunUnit(unit, y);
          x = y.add_(block.shortcut ? RunUnit(*block.shortcut, x) : x).relu_();
        }
      }
      for (const ConvSpec& unit : spec_.tail) x = RunUnit(unit, x);
      x = GemPool(x, gem_p_);
      for (std::size_t i = 0; i < head_.size(); ++i) {
        if (i > 0) x = torch::leaky_relu(x, head_slope_);
        x = torch::addmm(head_[i].second, x, head_[i].first);
      }
      return Values(x);
    } catch (const std::exception& failure) {
      return TorchError("LibTorch could not run the network", failure);
    }
  }

 private:
  torch::Tensor Upload(const std::vector<float>& numbers, at::IntArrayRef shape) const {
    return torch::from_blob(const_cast<float*>(numbers.data()), shape, torch::kFloat32).clone().to(device_);
  }
  torch::Tensor RunUnit(const ConvSpec& spec, const torch::Tensor& x) const {
    torch::Tensor y = convs_.at(&spec).Run(x);
    return spec.relu ? y.relu_() : y;
  }

  BackboneSpec spec_;  // never moved: convs_ points into it
  torch::Device device_;
  torch::ScalarType type_;
  double gem_p_, head_slope_;
  std::map<const ConvSpec*, DeviceConv> convs_;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> head_;
};

class ScriptPass : public ForwardPass {
 public:
  ScriptPass(torch::jit::Module module, const torch::Device& device, int dimension)
      : module_(std::move(module)), device_(device), dimension_(dimension) {}

  Result<std::vector<float>> Run(const float* input, int count, int width, int height,
                                 int threads) const override {
    try {
      const torch::InferenceMode inference;
      const TorchThreads scope(threads);
      const torch::Tensor x = InputTensor(input, count, width, height).to(device_).contiguous();
      torch::IValue result;
      {
        // A scripted module is specialised while it first runs.
        const std::lock_guard lock(mutex_);
        result = module_.forward({x});
      }
      if (!result.isTensor() || result.toTensor().dim() != 2 || result.toTensor().size(0) != count ||
          result.toTensor().size(1) != dimension_) {
        return Error{ErrorCode::kCorrupt, "the TorchScript network does not give pictures x " +
                                              std::to_string(dimension_) +
                                              " numbers; list it with the dimension that it has"};
      }
      return Values(result.toTensor());
    } catch (const std::exception& failure) {
      return TorchError("the TorchScript network could not be run", failure);
    }
  }

 private:
  mutable std::mutex mutex_;
  mutable torch::jit::Module module_;
  torch::Device device_;
  int dimension_;
};

}  // namespace

Result<std::unique_ptr<ForwardPass>> OpenOnTorchDevice(const NetworkWeights& weights,
                                                       const NetworkOptions& options) {
  KANTEI_TRY(const torch::Device device, DeviceOf(options.device));
  try {
    const torch::InferenceMode inference;
    return std::unique_ptr<ForwardPass>(std::make_unique<DevicePass>(weights, device, options.bfloat16));
  } catch (const std::exception& failure) {
    return TorchError("LibTorch could not take the network", failure);
  }
}

Result<std::unique_ptr<ForwardPass>> OpenTorchScriptFile(const std::filesystem::path& path, int dimension,
                                                         const NetworkOptions& options,
                                                         std::int64_t* parameters) {
  KANTEI_TRY(const torch::Device device, DeviceOf(options.device));
  try {
    torch::jit::Module module = torch::jit::load(path.string(), device);
    module.eval();
    *parameters = 0;
    for (const torch::Tensor& tensor : module.parameters()) *parameters += tensor.numel();
    return std::unique_ptr<ForwardPass>(std::make_unique<ScriptPass>(std::move(module), device, dimension));
  } catch (const std::exception& failure) {
    Error error = TorchError(DisplayPath(path) + " is not a sound TorchScript file", failure);
    error.code = ErrorCode::kCorrupt;
    return error;
  }
}

}  // namespace kantei::nn
