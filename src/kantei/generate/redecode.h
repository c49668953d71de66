// A whole picture through a diffusion model's autoencoder and back: what generators without paste-back do to all of it.
#pragma once

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// Encoded (means, no noise) and decoded, of the same size. Large pictures in tiles of 512 px that fade into each other over 64.
/// RGB, 16 px a side or more. Calls take turns, so that the network has all cores and sums are the same however many threads ask.
/// kInvalidArgument, kTooLarge (memory), kCancelled between tiles.
Result<image::Image> RedecodePicture(const DiffusionModel& model, const image::Image& rgb,
                                     const CancellationToken& cancellation);

}  // namespace kantei::generate
