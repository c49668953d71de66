// Trains AniXplore by its published recipe (AnimeDL-2M, arXiv 2504.11015, section 5 and the authors' code).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"
#include "kantei/train/training_schedule.h"

namespace kantei::train {

struct AniXploreTrainingOptions {
  std::string init;      ///< a whole AniXplore to begin with, our names or the released ones; empty: none
  std::string convnext;  ///< torchvision's convnext_tiny for the texture branch; empty: from scratch
  std::string mit;       ///< Hugging Face's SegFormer MiT-B3 for the other branch; empty: from scratch
  int side = 512;        ///< pictures are squashed to a square of it; 64..2048, a multiple of 32
  bool released_quirks = true;  ///< docs/anixplore.md
  int pictures_per_step = 4;    ///< 2..4096; the authors had 72 a GPU on eight
  double edited_share = 0.4,    ///< what a picture is drawn as; the rest are authentic
      generated_share = 0.25;
  double scale = 0.5;   ///< chance that a picture is resampled by 0.8..1.2 first
  double coding = 0.2;  ///< chance of JPEG, quality 70..100
  /// AdamW with weight decay 0.05, two of fifty epochs of warm-up, then a cosine; gradients of two batches are added up. The paper's
  /// rate is 1e-4, the script's 1e-5; the cosine here falls to 0 and not to 5e-7. bfloat16 stands for the authors' float16.
  TrainingSchedule schedule = PublishedSchedule();
  static TrainingSchedule PublishedSchedule();
  Status Validate() const;
};

/// Cross entropy of the mask, at the picture's resolution and all ones for generated pictures, and of the label, weighted by
/// learned uncertainties (Kendall et al., 1705.07115): the sum of exp(-s) loss + s / 2, both s beginning at 1. The log and the
/// files are RunTraining's; model.safetensors is read by ManipulationNetwork::Open and by OpenDetector.
Status TrainAniXplore(const std::vector<dataset::AuthenticitySample>& samples,
                      const std::vector<dataset::AuthenticitySample>& validation,
                      const AniXploreTrainingOptions& options, const std::filesystem::path& directory,
                      const CancellationToken& cancellation,
                      const std::function<void(const TrainingState&)>& watch);

}  // namespace kantei::train
