#include "kantei/train/autoencoder_trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "kantei/base/log.h"
#include "kantei/base/random.h"
#include "kantei/generate/autoencoder_net.h"
#include "kantei/nn/weights_net.h"
#include "kantei/train/crops.h"
#include "kantei/train/device_net.h"
#include "kantei/train/picture_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {
namespace {

constexpr std::size_t kMaxValidation = 64;

Json EssentialOptions(const AutoencoderTrainingOptions& o) {
  Json essentials = o.schedule.Essentials();
  essentials.update(Json{{"upsampling", generate::UpsamplingName(o.shape.upsampling)},
                         {"latent", o.shape.latent},
                         {"widths", o.shape.widths},
                         {"side", o.side},
                         {"crops_per_step", o.crops_per_step},
                         {"gradient_weight", o.gradient_weight},
                         {"energy_weight", o.energy_weight}});
  return essentials;
}

/// A part of the picture of about `side` px, scaled to it; pictures smaller than that are enlarged.
image::Image RandomCrop(const image::Image& picture, int side, Random& random) {
  return RandomSquare(picture, static_cast<int>(std::lround(side / random.Uniform(0.5, 1.0))), side, random);
}

torch::Tensor Differences(const torch::Tensor& x, int dimension) {
  const std::int64_t length = x.size(dimension);
  return x.slice(dimension, 1, length) - x.slice(dimension, 0, length - 1);
}

/// Root mean square of what a 3 x 3 mean leaves, over cells of 8 x 8.
torch::Tensor ResidualEnergy(const torch::Tensor& x) {
  const torch::Tensor residual = x - torch::avg_pool2d(x, 3, 1, 1);
  return (torch::avg_pool2d(residual.square(), 8) + 1e-5).sqrt();
}

class AutoencoderTask : public TrainingTask {
 public:
  AutoencoderTask(const AutoencoderTrainingOptions& options, const PicturePool& pool,
                  const PicturePool* validation, const torch::Device& device)
      : options_(options), pool_(pool), validation_(validation), device_(device) {
    torch::manual_seed(options.schedule.seed);
    model_ = generate::AutoencoderNet(options.shape);
    average_ = generate::AutoencoderNet(options.shape);
    Place(*model_, device);
    Place(*average_, device);
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  ViewBatch MakeBatch(std::int64_t number) const override {
    ViewBatch batch;
    batch.step = number;
    batch.side = options_.side;
    const Random random = Random(options_.schedule.seed).Fork(static_cast<std::uint64_t>(number) + 1);
    for (int c = 0; c < options_.crops_per_step; ++c) {
      Random own = random.Fork(static_cast<std::uint64_t>(c));
      const std::size_t picture = own.Below(pool_.size());
      const image::Image crop = RandomCrop(pool_.at(picture), options_.side, own);
      batch.pixels.insert(batch.pixels.end(), crop.pixels().begin(), crop.pixels().end());
      batch.labels.push_back(static_cast<std::int64_t>(picture));
    }
    return batch;
  }

  torch::Tensor Loss(ViewBatch& batch) override {
    const torch::Tensor pictures = Pictures(batch);
    torch::Tensor made;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device_);
      made = model_->Decode(model_->Encode(pictures));
    }
    made = made.to(torch::kFloat32);
    torch::Tensor loss = (made - pictures).abs().mean();
    for (const int dimension : {2, 3})
      loss = loss + options_.gradient_weight *
                        (Differences(made, dimension) - Differences(pictures, dimension)).abs().mean();
    return loss + options_.energy_weight * (ResidualEnergy(made) - ResidualEnergy(pictures)).abs().mean();
  }

  std::vector<std::string> ValidationNames() const override {
    return validation_ == nullptr ? std::vector<std::string>{} : std::vector<std::string>{"psnr_db"};
  }

  /// Mean PSNR over centre crops of validation pictures, in decibel.
  std::vector<double> Validate() override {
    const torch::InferenceMode inference;
    const std::size_t count = std::min(kMaxValidation, validation_->size());
    double sum = 0;
    for (std::size_t n = 0; n < count; ++n) {
      Random random(n);
      ViewBatch batch;
      batch.side = options_.side;
      const image::Image crop =
          RandomCrop(validation_->at(n * validation_->size() / count), options_.side, random);
      batch.pixels.assign(crop.pixels().begin(), crop.pixels().end());
      batch.labels.push_back(0);
      const torch::Tensor picture = Pictures(batch);
      const torch::Tensor made = average_->Decode(average_->Encode(picture)).clamp(0, 1);
      sum += -10 * std::log10(std::max((made - picture).square().mean().item<double>(), 1e-10));
    }
    return {sum / static_cast<double>(count)};
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) override {
    std::map<std::string, std::string> metadata = generate::ShapeMetadata(options_.shape);
    metadata["kantei.name"] = path.parent_path().filename().string();
    metadata["kantei.training_step"] = std::to_string(step);
    metadata["kantei.training_options"] = DumpJson(EssentialOptions(options_));
    metadata["kantei.source"] = "kantei train autoencoder";
    return nn::SaveTensors(nn::StateOf(*average_), metadata, path);
  }

 private:
  torch::Tensor Pictures(ViewBatch& batch) const {
    return torch::from_blob(batch.pixels.data(),
                            {static_cast<std::int64_t>(batch.views()), batch.side, batch.side, 3},
                            torch::kUInt8)
        .to(device_)
        .permute({0, 3, 1, 2})
        .to(torch::kFloat32)
        .div(255);
  }

  const AutoencoderTrainingOptions& options_;
  const PicturePool& pool_;
  const PicturePool* validation_;
  torch::Device device_;
  generate::AutoencoderNet model_{nullptr}, average_{nullptr};
};

}  // namespace

Status AutoencoderTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  KANTEI_RETURN_IF_ERROR(shape.Validate());
  if (side < 32 || side > 512 || side % shape.factor() != 0 || side % 8 != 0)
    return bad("side must be 32 to 512 pixels, a multiple of 8 and of the network's factor");
  if (crops_per_step < 1 || crops_per_step > 4096) return bad("crops_per_step must be 1 to 4096");
  if (!(gradient_weight >= 0 && gradient_weight <= 100)) return bad("gradient_weight must be 0 to 100");
  if (!(energy_weight >= 0 && energy_weight <= 100)) return bad("energy_weight must be 0 to 100");
  return schedule.Validate();
}

Status TrainAutoencoder(const std::vector<std::filesystem::path>& pictures,
                        const std::vector<std::filesystem::path>& validation,
                        const AutoencoderTrainingOptions& options, const std::filesystem::path& directory,
                        const CancellationToken& cancellation,
                        const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  std::vector<std::string> skipped;
  const PicturePoolOptions reading{std::max(384, options.side * 2), 512, options.schedule.loader_threads};
  KANTEI_TRY(const PicturePool pool, PicturePool::Load(pictures, reading, cancellation, &skipped));
  std::unique_ptr<PicturePool> held;
  if (!validation.empty()) {
    KANTEI_TRY(PicturePool loaded, PicturePool::Load(validation, reading, cancellation, &skipped));
    held = std::make_unique<PicturePool>(std::move(loaded));
  }
  for (const std::string& line : skipped) LogWarning("skipped: " + line);
  AutoencoderTask task(options, pool, held.get(), device);
  return RunTraining(&task, options.schedule, EssentialOptions(options), pool.fingerprint(), directory,
                     cancellation, watch);
}

}  // namespace kantei::train
