// A shape without a ControlNet: attention to the words is raised and lowered by place (paint-with-words; eDiff-I, 2211.01324,
// section 5). Private: includes torch.
#pragma once

#include <torch/torch.h>

#include "kantei/generate/prompt_words.h"
#include "kantei/generate/scheduler.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// (1, 1, h, w) in 0..1: the share of each latent pixel that the mask covers.
torch::Tensor MaskOnLatents(const image::Image& mask, std::int64_t height, std::int64_t width);

/// (1, T, h, w): 1 for content words inside `shape` (a MaskOnLatents), -1 outside for all places of the prompt that know them.
torch::Tensor ShapeBias(const PromptWords& words, const torch::Tensor& shape);
/// (1, T, h, w): -1 inside `shape` for all places of the prompt that know the content words.
torch::Tensor LoweringBias(const PromptWords& words, const torch::Tensor& shape);

/// What both are multiplied by at a step: 0.5 log(1 + sigma), eDiff-I's weight with w' = 0.5; sigma is noise over signal. Strong while
/// shapes are found, nothing at the end.
double BiasFactor(const SchedulerStep& numbers);

}  // namespace kantei::generate
