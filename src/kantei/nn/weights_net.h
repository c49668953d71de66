// Weights between safetensors files and torch modules. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "kantei/base/result.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

struct LoadOptions {
  std::string prefix;  ///< of the names in the file, e.g. "backbone."; tensors without it are not looked at
  bool ignore_classifier = false;  ///< torchvision's fc.weight and fc.bias may be there
};

/// Copies the tensors of `file` into the parameters and buffers of `module` by name. All are checked before the first
/// is copied. F16, BF16 and F64 become the module's float type; num_batches_tracked may be missing. kCorrupt names
/// missing and surplus tensors, shapes that differ, values that are not finite, negative variances. `file_name` is for
/// messages.
Status LoadModule(const SafetensorsFile& file, std::string_view file_name, const LoadOptions& options,
                  torch::nn::Module& module);

/// One tensor of the file as a contiguous CPU tensor: floats (all widths) as float32, whole numbers as int64.
/// kCorrupt when not finite.
Result<torch::Tensor> ReadTensor(const TensorView& view, const std::string& name, std::string_view file_name);

struct SaveOptions {
  bool float16 = false;  ///< floats of two or more dimensions as F16; the others stay F32
};

/// Named tensors, e.g. {"backbone.conv1.weight", ...}; see StateOf.
using NamedTensors = std::map<std::string, torch::Tensor>;

/// Parameters and buffers of the module, each name behind `prefix`; num_batches_tracked is left out.
NamedTensors StateOf(const torch::nn::Module& module, const std::string& prefix = "");

/// Writes the file atomically. kInvalidArgument when a tensor is not finite (also not after rounding to float16) or is
/// neither float nor int64.
Status SaveTensors(const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                   const std::filesystem::path& path, const SaveOptions& options = {});

}  // namespace kantei::nn
