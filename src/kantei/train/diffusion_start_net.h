// What a run of the diffusion trainer begins with. Private: includes torch.
#pragma once

#include "kantei/base/result.h"
#include "kantei/generate/diffusion_model_net.h"
#include "kantei/train/diffusion_trainer.h"

namespace kantei::train {

/// The model to train: loaded (options.init), or begun anew around the autoencoder that options name, with a vocabulary learnt from the
/// captions.
Result<generate::DiffusionNets> BeginDiffusion(const DiffusionTrainingOptions& options,
                                               const CaptionedPictures& pictures);

}  // namespace kantei::train
