// From coarse logits to a class for each pixel. Private to the folder.
#pragma once

#include <cstdint>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::nn {

/// `logits`: height x width x classes. At each pixel of out_width x out_height the class of the greatest logit, these enlarged (or
/// shrunk, not anti-aliased) bilinearly with half-pixel centres; of equal ones the first. Only single rows of enlarged logits are kept:
/// hundreds of classes at a photo's size would need gigabytes. kCancelled.
Result<std::vector<std::uint16_t>> LabelsOf(const float* logits, int width, int height, int classes,
                                            int out_width, int out_height, int threads,
                                            const CancellationToken& cancellation);

}  // namespace kantei::nn
