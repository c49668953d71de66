// Devices and mixed precision, the same call for LibTorch 1.13 and 2.x.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <string>

#include "kantei/base/result.h"

namespace kantei::train {

/// "cpu", "cuda", "cuda:N". kUnavailable when this machine or this LibTorch has no such device.
inline Result<torch::Device> OpenDevice(const std::string& name) {
  try {
    const torch::Device device(name);
    if (device.is_cuda() && !torch::cuda::is_available())
      return Error{ErrorCode::kUnavailable, "no CUDA device can be used here; train with --device cpu"};
    if (!device.is_cuda() && !device.is_cpu())
      return Error{ErrorCode::kUnsupported, "device \"" + name + "\" is not one of cpu, cuda, cuda:N"};
    return device;
  } catch (const c10::Error&) {
    return Error{ErrorCode::kInvalidArgument, "device \"" + name + "\" is not one of cpu, cuda, cuda:N"};
  }
}

/// bfloat16 autocast for as long as it lives.
class Bfloat16Scope {
 public:
  Bfloat16Scope(bool on, const torch::Device& device) : on_(on), cuda_(device.is_cuda()) {
    if (on_) Set(true);
  }
  ~Bfloat16Scope() {
    if (!on_) return;
    at::autocast::clear_cache();
    Set(false);
  }
  Bfloat16Scope(const Bfloat16Scope&) = delete;
  Bfloat16Scope& operator=(const Bfloat16Scope&) = delete;

 private:
  void Set(bool on) const {
#if TORCH_VERSION_MAJOR >= 2
    const auto type = cuda_ ? at::kCUDA : at::kCPU;
    at::autocast::set_autocast_dtype(type, at::kBFloat16);
    at::autocast::set_autocast_enabled(type, on);
#else
    if (cuda_) {
      at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
      at::autocast::set_enabled(on);
    } else {
      at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
      at::autocast::set_cpu_enabled(on);
    }
#endif
  }
  bool on_, cuda_;
};

}  // namespace kantei::train
