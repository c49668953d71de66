// What the metadata of a manipulation network's weights file say (docs/anixplore.md).
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "kantei/base/result.h"
#include "kantei/nn/manipulation_network.h"

namespace kantei::nn {

/// Everything about a network but its numbers; travels as the file's metadata, "kantei." and the field's name each.
struct ManipulationDescription {
  std::string architecture = "anixplore";
  std::string name;
  int side = 512;  ///< a multiple of 32
  ManipulationInput input = ManipulationInput::kSquash;
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f}, std{0.229f, 0.224f, 0.225f};  ///< ImageNet's
  bool released_quirks = true;
  std::string licence, source;
};

/// kUnsupported when the file has no "kantei.architecture" or another one than anixplore; kCorrupt when an entry is out of
/// range.
Result<ManipulationDescription> ReadManipulationDescription(
    const std::map<std::string, std::string>& metadata, std::string_view file_name);
std::map<std::string, std::string> ToMetadata(const ManipulationDescription& description);

}  // namespace kantei::nn
