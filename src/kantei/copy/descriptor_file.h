// Descriptors of many pictures in one safetensors file: the shipped background, and what evaluations keep (docs/formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::copy {

struct DescriptorSet {
  int dimension = 0;
  std::vector<float> values;  ///< row-major; a row of zeros: a picture without a descriptor
  std::string model_sha256;   ///< of the weights that made them; empty when they come from no network
  std::map<std::string, std::string>
      notes;  ///< whatever else the writer wants to say, e.g. "data", "licence"
  std::size_t rows() const {
    return dimension == 0 ? 0 : values.size() / static_cast<std::size_t>(dimension);
  }
};

enum class DescriptorPrecision { kFloat16, kFloat32 };

/// Atomically.
Status WriteDescriptorFile(const std::filesystem::path& path, const DescriptorSet& set,
                           DescriptorPrecision precision);
/// kCorrupt: damaged, or values that are not finite. kInvalidArgument: made by another model than `model_sha256` (not checked
/// when that is empty).
Result<DescriptorSet> ReadDescriptorFile(const std::filesystem::path& path, const std::string& model_sha256);

}  // namespace kantei::copy
