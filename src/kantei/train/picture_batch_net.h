// Batches of views as tensors. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include "kantei/train/view_loader.h"

namespace kantei::train {

/// views x 3 x side x side, float32, 0..255, channels last.
inline torch::Tensor PictureBatch(ViewBatch& batch, const torch::Device& device) {
  return torch::from_blob(batch.pixels.data(),
                          {static_cast<std::int64_t>(batch.views()), batch.side, batch.side, 3},
                          torch::kUInt8)
      .to(device)
      .permute({0, 3, 1, 2})
      .to(torch::kFloat32);
}

}  // namespace kantei::train
