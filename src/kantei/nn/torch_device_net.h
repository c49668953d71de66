// Where LibTorch runs: devices by name, threads of one call, errors. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <exception>
#include <string>

#include "kantei/base/result.h"

namespace kantei::nn {

// The number of threads belongs to the calling thread under OpenMP, on which LibTorch runs. at::set_num_threads also sets
// what threads that have not used LibTorch yet begin with; reading the number first makes this thread such a one no more.
class TorchThreads {
 public:
  explicit TorchThreads(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~TorchThreads() { at::set_num_threads(before_); }
  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  int before_;
};

/// kInvalidArgument when the name is not known, kUnavailable when the device is not there.
inline Result<torch::Device> DeviceOf(const std::string& name) {
  try {
    const torch::Device device(name);
    if (device.is_cpu()) return device;
    if (device.is_cuda() && torch::cuda::is_available() &&
        (!device.has_index() || device.index() < static_cast<int>(torch::cuda::device_count()))) {
      return device;
    }
  } catch (const c10::Error&) {
    return Error{ErrorCode::kInvalidArgument,
                 "the device " + name + " is not known; expected cpu, cuda or cuda:N"};
  }
  return Error{ErrorCode::kUnavailable,
               "the device " + name + " is not there, or this LibTorch was built without it; use cpu"};
}

inline Error TorchError(const std::string& what, const std::exception& failure) {
  const std::string text = failure.what();
  return {ErrorCode::kInternal, what + ": " + text.substr(0, text.find('\n'))};
}

}  // namespace kantei::nn
