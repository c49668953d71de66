#include "kantei/copy/descriptor_file.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/float16.h"
#include "kantei/nn/safetensors.h"

namespace kantei::copy {
namespace {

constexpr const char* kTensor = "descriptors";
constexpr const char* kModelKey = "kantei.model_sha256";
constexpr const char* kKindKey = "kantei.kind";
constexpr const char* kKind = "descriptors";

}  // namespace

Status WriteDescriptorFile(const std::filesystem::path& path, const DescriptorSet& set,
                           DescriptorPrecision precision) {
  KANTEI_CHECK(set.dimension > 0 && set.values.size() % static_cast<std::size_t>(set.dimension) == 0);
  std::vector<std::uint16_t> halves;
  nn::TensorToWrite tensor;
  tensor.name = kTensor;
  tensor.shape = {static_cast<std::int64_t>(set.rows()), set.dimension};
  if (precision == DescriptorPrecision::kFloat16) {
    halves.reserve(set.values.size());
    for (const float value : set.values) halves.push_back(ToFloat16(value));
    tensor.dtype = nn::DType::kF16;
    tensor.bytes = std::as_bytes(std::span(halves));
  } else {
    tensor.dtype = nn::DType::kF32;
    tensor.bytes = std::as_bytes(std::span(set.values));
  }
  std::map<std::string, std::string> metadata = set.notes;
  metadata[kKindKey] = kKind;
  metadata[kModelKey] = set.model_sha256;
  return nn::WriteSafetensors(path, std::span(&tensor, 1), metadata);
}

Result<DescriptorSet> ReadDescriptorFile(const std::filesystem::path& path, const std::string& model_sha256) {
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::kCorrupt, DisplayPath(path) + ": " + what};
  };
  const auto found = file.tensors().find(kTensor);
  if (found == file.tensors().end()) return corrupt("holds no descriptors (no tensor of that name)");
  const nn::TensorView& tensor = found->second;
  const bool half = tensor.dtype == nn::DType::kF16;
  if (!half && tensor.dtype != nn::DType::kF32) return corrupt("descriptors must be float16 or float32");
  if (tensor.shape.size() != 2 || tensor.shape[1] < 1 || tensor.shape[1] > 65536)
    return corrupt("descriptors must be a matrix of at most 65,536 columns");
  DescriptorSet set;
  set.dimension = static_cast<int>(tensor.shape[1]);
  set.notes = file.metadata();
  set.notes.erase(kKindKey);
  if (const auto model = set.notes.find(kModelKey); model != set.notes.end()) {
    set.model_sha256 = model->second;
    set.notes.erase(model);
  }
  if (!model_sha256.empty() && set.model_sha256 != model_sha256) {
    return Error{ErrorCode::kInvalidArgument,
                 DisplayPath(path) + " holds descriptors of the model " + set.model_sha256.substr(0, 12) +
                     ", not of " + model_sha256.substr(0, 12) + "; make them with the model in use"};
  }
  const std::size_t count = tensor.bytes.size() / (half ? 2 : 4);
  set.values.resize(count);
  if (half) {
    for (std::size_t i = 0; i < count; ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, tensor.bytes.data() + 2 * i, 2);
      set.values[i] = FromFloat16(bits);
    }
  } else if (count > 0) {
    std::memcpy(set.values.data(), tensor.bytes.data(), tensor.bytes.size());
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(set.values[i]))
      return corrupt("descriptor " + std::to_string(i / static_cast<std::size_t>(set.dimension)) +
                     " has values that are not finite");
  }
  return set;
}

}  // namespace kantei::copy
