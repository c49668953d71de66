// Weights of AniXplore and of its branches from files with public tensor names. Private: includes torch.
#pragma once

#include <string_view>

#include "kantei/base/result.h"
#include "kantei/nn/anixplore_net.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

// All three check every tensor before the first is copied. kCorrupt names missing and surplus tensors by the names that the
// file's convention gives them, and shapes that differ.

/// torchvision's convnext_tiny. A stem of six channels takes the file's three and keeps its own others; the stem's bias, stages
/// that the module does not have, and the classifier may be there and are left.
Status LoadConvNext(const SafetensorsFile& file, std::string_view file_name, ConvNext& module);

/// Hugging Face's SegFormer MiT-B3, alone ("encoder.") or in a model with a head ("segformer.encoder."). Stem, stages and heads
/// as for ConvNeXt.
Status LoadMit(const SafetensorsFile& file, std::string_view file_name, Mit& module);

/// A whole AniXplore: names of ours, or of the released state dict ("featurePyramid_net." tells), whose unused fourth MiT stage,
/// loss weights and fixed wavelet filters may be there and are left.
Status LoadAniXplore(const SafetensorsFile& file, std::string_view file_name, AniXplore& module);

/// What the released state dict calls a parameter of ours: the tensor and, when it holds two of ours one below the other (keys
/// and values), which half.
struct ReleasedName {
  std::string name;
  int half = -1;  ///< -1: all rows; 0, 1
};
ReleasedName ReleasedNameOf(std::string_view ours);

}  // namespace kantei::nn
