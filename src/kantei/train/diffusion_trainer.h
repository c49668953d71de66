// Trains latent diffusion: first the autoencoder between pictures and latents, then the UNet that turns noise and words into latents.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/diffusion_config.h"
#include "kantei/train/training_schedule.h"

namespace kantei::train {

/// The shapes of the small model of our own: 128 x 128 pictures, 23 MB in 16-bit floats.
generate::AutoencoderKlConfig SmallLatentAutoencoder();
/// `widths` are multiples of 32, one a resolution, empty for those of the small model; all have attention (the finest only if asked
/// for), in heads of 32 channels.
generate::UnetConfig SmallUnet(std::vector<int> widths = {}, bool finest_attends = false);
generate::ClipTextConfig SmallTextEncoder();

struct LatentAutoencoderTrainingOptions {
  generate::AutoencoderKlConfig shape = SmallLatentAutoencoder();
  int side = 128;                 ///< of a training crop, 32..512, a multiple of the shape's factor
  int crops_per_step = 8;         ///< 1..4096
  double gradient_weight = 0.5;   ///< L1 of horizontal and vertical differences, against blur
  double structure_weight = 0.1;  ///< 1 - SSIM (uniform windows of 7 x 7)
  double kl_weight = 1e-5;  ///< of the mean divergence of a latent's distribution from the standard normal
  TrainingSchedule schedule;
  Status Validate() const;
};

/// Minimises L1 of pixels and of gradients, dissimilarity of structure and divergence of latents. `validation` pictures give the log's
/// psnr_db. Writes into `directory` what RunTraining writes; model.safetensors carries the scale that makes latents of unit variance.
Status TrainLatentAutoencoder(const std::vector<std::filesystem::path>& pictures,
                              const std::vector<std::filesystem::path>& validation,
                              const LatentAutoencoderTrainingOptions& options,
                              const std::filesystem::path& directory, const CancellationToken& cancellation,
                              const std::function<void(const TrainingState&)>& watch);

/// Pictures with one caption each.
struct CaptionedPictures {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> captions;
};

struct DiffusionTrainingOptions {
  /// Exactly one of both. A model.safetensors of TrainLatentAutoencoder, or a model whose autoencoder is to be used: the rest is
  /// begun anew in the shapes below.
  std::filesystem::path autoencoder;
  /// A model whose UNet goes on learning; its autoencoder, its text encoder and what it predicts stay as they are.
  std::filesystem::path init;
  generate::UnetConfig unet = SmallUnet();  ///< channels of latents and words are taken from the others
  generate::ClipTextConfig text = SmallTextEncoder();
  int vocabulary = 2048;    ///< most word pieces learnt from the captions, 514..49408
  bool velocity = true;     ///< the network predicts v, else the noise (not with init)
  int side = 128;           ///< of a training picture, 32..1024, a multiple of the autoencoder's factor
  int views_per_step = 16;  ///< 1..4096
  double condition_dropout = 0.1;  ///< chance that a caption is left out, for classifier-free guidance
  double snr_gamma = 5;            ///< of min-SNR weighting (2303.09556); 0: none
  double smallest_crop = 0.85;     ///< of the shorter side; 1: only the place is random
  /// Crops of each picture that are encoded once, before the first step, and kept; 0: new ones at every step. Saves the encoder's
  /// time, at half a kilobyte to some kilobytes of memory a crop. 0..64
  int kept_crops = 0;
  /// Weight of the realism loss (generate/soft_realism_net.h; 2309.14756 adds its score to a loss in the same place) on the picture as the
  /// network predicts it, 0..100. What real pictures are like is measured on the training pictures and kept in the model's folder.
  double realism_weight = 0;
  int realism_views =
      4;  ///< of a step, those with the least noise; each costs a pass through the decoder and back
  TrainingSchedule schedule;
  Status Validate() const;
};

/// Minimises the weighted error of the prediction at random noise levels. `validation` gives the log's validation_loss (the same
/// noise each time). Writes into `directory` what RunTraining writes and the folder model/, which DiffusionModel::Load reads.
Status TrainDiffusion(const CaptionedPictures& pictures, const CaptionedPictures& validation,
                      const DiffusionTrainingOptions& options, const std::filesystem::path& directory,
                      const CancellationToken& cancellation,
                      const std::function<void(const TrainingState&)>& watch);

}  // namespace kantei::train
