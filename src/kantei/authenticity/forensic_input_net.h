// What the forensic network looks at: colours and their high-pass residual, laid out at half resolution. Private: includes torch.
#pragma once

#include <torch/torch.h>

namespace kantei::authenticity {

/// Channels of ForensicInput: (3 colours + 3 residuals) x 2 x 2 pixels.
inline constexpr int kForensicInputs = 24;

/// N x 3 x H x W floats 0..255 of any layout, H and W even -> N x 24 x H/2 x W/2 of `type`, channels-last. With x = pixel / 255 -
/// 0.5: channels 0..11 are x, 12..23 are (x - mean of the 3 x 3 pixels around it that exist) x 16 cut at +-1; within each colour
/// the four pixels of a cell row by row, as torch's pixel_unshuffle orders them. On the CPU one pass over memory, where torch's
/// operations make a dozen; the two agree to rounding.
torch::Tensor ForensicInput(const torch::Tensor& pixels, torch::ScalarType type);

}  // namespace kantei::authenticity
