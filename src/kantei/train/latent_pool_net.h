// Crops of training pictures as latents, encoded once. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/train/picture_pool.h"

namespace kantei::train {

struct LatentPoolOptions {
  int side = 128;               ///< of a crop in pixels
  double smallest_crop = 0.85;  ///< of the shorter side
  int crops = 4;                ///< of each picture, 1..64
  std::uint64_t seed = 1;
  bool bfloat16 = true;  ///< of the encoder's numbers
};

/// The latents of `crops` crops of every picture, those of one picture next to each other, in float16. Immutable after Make.
class LatentPool {
 public:
  /// `vae` scales what it gives. kTooLarge when they would not fit the memory that is free; kCancelled.
  static Result<LatentPool> Make(generate::AutoencoderKl vae, const PicturePool& pictures,
                                 const LatentPoolOptions& options, const torch::Device& device,
                                 const CancellationToken& cancellation);

  std::int64_t size() const { return latents_.size(0); }
  std::int64_t picture_of(std::int64_t crop) const { return crop / crops_; }
  /// (crops, C, h, w), float32, channels last, on the device.
  torch::Tensor Take(std::span<const std::int64_t> crops, const torch::Device& device) const;

 private:
  torch::Tensor latents_;
  std::int64_t crops_ = 1;
};

}  // namespace kantei::train
