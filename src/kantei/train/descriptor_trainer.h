// Trains copy descriptors: self-supervised (Barlow Twins, InfoNCE with KoLeo) and by identities (Bag of Tricks).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/train/training_schedule.h"

namespace kantei::train {

enum class Objective {
  kInfoNce,      ///< SSCD (2202.10261): InfoNCE and KoLeo over unit descriptors
  kBarlowTwins,  ///< 2103.03230: pretraining of the backbone; the descriptor is the pooled feature
  kIdentities,  ///< BoT (2111.08004): each picture is a class; wide and compressed heads, triplet, distillation
};
std::string_view ObjectiveName(Objective objective);  ///< "infonce", "barlow", "identities"
Result<Objective> ParseObjective(std::string_view name);

struct DescriptorTrainingOptions {
  Objective objective = Objective::kInfoNce;
  std::string backbone = "compact";       ///< "compact", "resnet50"
  std::vector<int> widths{64, 128, 256};  ///< of the compact backbone: channels of its stages, 16..1024
  std::vector<int> depths{0, 2, 2};       ///< basic blocks of each stage, 0..8; as many as widths
  int dimension = 256;                    ///< of the descriptor (not for Barlow Twins), 16..4096
  int projector = 2048;    ///< width of Barlow's projector and of the identity head's wide layer, 64..16384
  bool gem = true;         ///< GeM pooling (exponent 3, trainable by identities); false: average
  bool wave_block = true;  ///< identity objective only
  std::string init;        ///< exported model to begin with; empty: from scratch

  int side = 128;              ///< of a view in pixels, 32..512
  double edit_strength = 1.0;  ///< 0: crops and flips only, 1: as published
  /// Each view draws its own strength: from 0 to full at the start, from 0.6 to full once this share of the steps is over.
  double edit_ramp = 0.5;
  double min_scale = 0.2;       ///< smallest area share of a view's crop
  int pictures_per_step = 192;  ///< distinct pictures in a batch, >= 2
  int views_per_picture = 2;    ///< >= 2
  /// How many of a picture's views show it nearly as a library holds it, instead of disguised (2112.04323 pairs a moderate crop
  /// with a hard view; SSCD takes 0). Below views_per_picture.
  int anchors = 0;
  double chains = 0;  ///< share of the disguised views made by chains of edits as benchmarks have them, 0..1

  double temperature = 0.05;  ///< InfoNCE
  double koleo = 5.0;         ///< weight of the KoLeo entropy
  double barlow_lambda = 0.005;
  TrainingSchedule schedule;
  Status Validate() const;
};

/// Reads the pictures, trains, and writes into `directory` what RunTraining writes; model.safetensors is read by
/// EmbeddingNetwork::Open. `validation` pictures give the log's validation_recall: recall@1 of their edited views.
Status TrainDescriptor(const std::vector<std::filesystem::path>& pictures,
                       const std::vector<std::filesystem::path>& validation,
                       const DescriptorTrainingOptions& options, const std::filesystem::path& directory,
                       const CancellationToken& cancellation,
                       const std::function<void(const TrainingState&)>& watch);

}  // namespace kantei::train
