#include "kantei/nn/weights_net.h"

#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "kantei/nn/weights_check.h"

namespace kantei::nn {
namespace {

Error Corrupt(std::string_view file_name, const std::string& what) {
  return {ErrorCode::kCorrupt,
          std::string(file_name) + ": " + what + "; these weights are damaged or belong to another network"};
}

bool TorchType(DType dtype, torch::ScalarType* type) {
  switch (dtype) {
    case DType::kF16:
      *type = torch::kFloat16;
      return true;
    case DType::kBF16:
      *type = torch::kBFloat16;
      return true;
    case DType::kF32:
      *type = torch::kFloat32;
      return true;
    case DType::kF64:
      *type = torch::kFloat64;
      return true;
    case DType::kI64:
      *type = torch::kInt64;
      return true;
    case DType::kI32:
      *type = torch::kInt32;
      return true;
    case DType::kU8:
      *type = torch::kUInt8;
      return true;
    default:
      return false;
  }
}

NamedTensors AllOf(const torch::nn::Module& module) {
  NamedTensors all;
  for (const auto& item : module.named_parameters()) all[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) all[item.key()] = item.value();
  return all;
}

bool IsCounter(std::string_view name) {
  return name == "num_batches_tracked" || name.ends_with(".num_batches_tracked");
}

}  // namespace

Result<torch::Tensor> ReadTensor(const TensorView& view, const std::string& name,
                                 std::string_view file_name) {
  torch::ScalarType type = torch::kFloat32;
  if (!TorchType(view.dtype, &type)) {
    return Error{ErrorCode::kUnsupported,
                 std::string(file_name) + ": tensor " + name +
                     " has a number type that networks do not use; store it as F32 or F16"};
  }
  torch::Tensor tensor = torch::empty(view.shape, torch::dtype(type));
  if (!view.bytes.empty()) std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  if (!torch::isFloatingType(type)) return tensor.to(torch::kInt64);
  tensor = tensor.to(torch::kFloat32);
  if (!torch::isfinite(tensor).all().item<bool>()) {
    return Corrupt(file_name, "tensor " + name + " has values that are not finite");
  }
  return tensor;
}

Status LoadModule(const SafetensorsFile& file, std::string_view file_name, const LoadOptions& options,
                  torch::nn::Module& module) {
  const NamedTensors wanted = AllOf(module);
  std::vector<ExpectedTensor> expected;
  for (const auto& [name, tensor] : wanted)
    expected.push_back({options.prefix + name, tensor.sizes().vec(), IsCounter(name)});
  std::set<std::string> ignored;
  if (options.ignore_classifier) ignored = {options.prefix + "fc.weight", options.prefix + "fc.bias"};
  KANTEI_RETURN_IF_ERROR(CheckTensors(file, file_name, expected, options.prefix, ignored));
  try {
    torch::NoGradGuard no_grad;
    NamedTensors values;
    for (const auto& [name, tensor] : wanted) {
      const auto found = file.tensors().find(options.prefix + name);
      if (found == file.tensors().end()) continue;
      KANTEI_TRY(torch::Tensor value, ReadTensor(found->second, found->first, file_name));
      if (torch::isFloatingType(tensor.scalar_type()) != torch::isFloatingType(value.scalar_type())) {
        return Corrupt(file_name, "tensor " + found->first +
                                      " has whole numbers where fractions are expected, or the "
                                      "other way round");
      }
      if (name.ends_with("running_var") && value.lt(0).any().item<bool>()) {
        return Corrupt(file_name, "tensor " + found->first + " has negative variances");
      }
      values[name] = std::move(value);
    }
    for (auto& [name, value] : values) wanted.at(name).detach().copy_(value);
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kInternal,
                 std::string(file_name) + ": LibTorch could not take the weights: " + failure.what()};
  }
  return {};
}

NamedTensors StateOf(const torch::nn::Module& module, const std::string& prefix) {
  NamedTensors state;
  for (auto& [name, tensor] : AllOf(module)) {
    if (!IsCounter(name)) state[prefix + name] = tensor;
  }
  return state;
}

Status SaveTensors(const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                   const std::filesystem::path& path, const SaveOptions& options) {
  try {
    torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> kept;  // owns what `writes` views
    std::vector<TensorToWrite> writes;
    for (const auto& [name, tensor] : tensors) {
      TensorToWrite write;
      write.name = name;
      const bool is_float = torch::isFloatingType(tensor.scalar_type());
      if (!is_float && tensor.scalar_type() != torch::kInt64) {
        return Error{ErrorCode::kInvalidArgument,
                     "tensor " + name + " is neither of floats nor of 64-bit whole numbers"};
      }
      const bool half = is_float && options.float16 && tensor.dim() >= 2;
      write.dtype = !is_float ? DType::kI64 : half ? DType::kF16 : DType::kF32;
      const torch::ScalarType type = !is_float ? torch::kInt64 : half ? torch::kFloat16 : torch::kFloat32;
      // contiguous(): row-major whatever the memory format of the module is.
      kept.push_back(tensor.detach().to(torch::kCPU).to(type).contiguous(at::MemoryFormat::Contiguous));
      const torch::Tensor& value = kept.back();
      if (is_float && !torch::isfinite(value.to(torch::kFloat32)).all().item<bool>()) {
        return Error{ErrorCode::kInvalidArgument, "tensor " + name + " has values that are not finite" +
                                                      (half ? " or are beyond float16" : "") + ", so " +
                                                      DisplayPath(path) + " was not written"};
      }
      write.shape = value.sizes().vec();
      write.bytes = {static_cast<const std::byte*>(value.data_ptr()), value.nbytes()};
      writes.push_back(std::move(write));
    }
    return WriteSafetensors(path, writes, metadata);
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kInternal, DisplayPath(path) + " was not written: " + failure.what()};
  }
}

}  // namespace kantei::nn
