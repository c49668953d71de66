// What a weights file must hold, checked before anything is made of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;  ///< -1 matches any size
  bool optional = false;
};

/// Every tensor of `file` whose name begins with `prefix`, except those in `ignored`, must be among `expected`, and every
/// expected one that is not optional must be there. kCorrupt names the missing and the surplus ones, or the first whose
/// shape differs.
Status CheckTensors(const SafetensorsFile& file, std::string_view file_name,
                    std::span<const ExpectedTensor> expected, const std::string& prefix = "",
                    const std::set<std::string>& ignored = {});

/// The same for tensors that are not those of one file, e.g. of several or under other names.
Status CheckTensors(const std::map<std::string, TensorView>& tensors, std::string_view file_name,
                    std::span<const ExpectedTensor> expected, const std::string& prefix = "",
                    const std::set<std::string>& ignored = {});

/// F16, BF16, F32 and F64 as floats. kUnsupported for whole numbers, kCorrupt when a value is not finite.
Result<std::vector<float>> ReadFloats(const TensorView& view, const std::string& name,
                                      std::string_view file_name);

/// "[64, 3, 7, 7]"
std::string ShapeText(std::span<const std::int64_t> shape);

}  // namespace kantei::nn
