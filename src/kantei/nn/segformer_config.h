// config.json and preprocessor_config.json of SegFormer's published folders (transformers' layout). Private to the folder.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/nn/mit_options.h"

namespace kantei::nn {

struct SegformerConfig {
  /// transformers' defaults are MiT-B0's. layer_norm_eps is not looked at: transformers has it in the config and 1e-5 in each norm.
  MitOptions encoder;
  int decoder_width = 256;
  std::vector<std::string> names{"LABEL_0", "LABEL_1"};  ///< of the classes, in the order of their numbers

  SegformerConfig();
  /// Of all weights.
  std::int64_t Parameters() const;
  /// The most scores that one attention of a picture of this size has: places x reduced places x heads. 0: it is too small.
  std::int64_t MostScores(int width, int height) const;
  Status Validate() const;  ///< kInvalidArgument; bounds what a hostile file can make us allocate
};

/// How a picture becomes the network's input.
struct SegformerInput {
  int width = 512, height = 512;  ///< 0: the picture's own
  double scale = 1 / 255.0;
  std::array<double, 3> mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};
  /// The training data's class 0 was none, and each other class was moved down by one; the names are those of the moved classes.
  bool reduced_labels = false;
  Status Validate() const;
};

// Absent fields have transformers' defaults, unknown ones are left. kCorrupt when a field has the wrong type or is out of range,
// kUnsupported when it asks for what is not there; both name file and field.
Result<SegformerConfig> ReadSegformerConfig(const Json& json, std::string_view file_name);
Result<SegformerInput> ReadSegformerInput(const Json& json, std::string_view file_name);

}  // namespace kantei::nn
