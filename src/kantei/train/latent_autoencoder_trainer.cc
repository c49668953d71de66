#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "kantei/base/log.h"
#include "kantei/base/random.h"
#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/train/crops.h"
#include "kantei/train/device_net.h"
#include "kantei/train/diffusion_trainer.h"
#include "kantei/train/latent_autoencoder_file_net.h"
#include "kantei/train/picture_batch_net.h"
#include "kantei/train/picture_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {
namespace {

constexpr std::size_t kMaxValidation = 64, kScaled = 64;

Json EssentialOptions(const LatentAutoencoderTrainingOptions& o) {
  Json essentials = o.schedule.Essentials();
  essentials.update(Json{{"widths", o.shape.block_out_channels},
                         {"layers", o.shape.layers_per_block},
                         {"latent_channels", o.shape.latent_channels},
                         {"middle_attention", o.shape.mid_block_add_attention},
                         {"side", o.side},
                         {"crops_per_step", o.crops_per_step},
                         {"gradient_weight", o.gradient_weight},
                         {"structure_weight", o.structure_weight},
                         {"kl_weight", o.kl_weight}});
  return essentials;
}

torch::Tensor Differences(const torch::Tensor& x, int dimension) {
  const std::int64_t length = x.size(dimension);
  return x.slice(dimension, 1, length) - x.slice(dimension, 0, length - 1);
}

/// 1 - SSIM (Wang et al. 2004) in uniform windows of 7 x 7, each channel for itself; values in -1..1.
torch::Tensor Dissimilarity(const torch::Tensor& a, const torch::Tensor& b) {
  const double c1 = 4 * 0.01 * 0.01, c2 = 4 * 0.03 * 0.03;  // the range of values is 2
  const auto mean = [](const torch::Tensor& x) { return torch::avg_pool2d(x, 7, 1); };
  const torch::Tensor mean_a = mean(a), mean_b = mean(b);
  const torch::Tensor var_a = mean(a * a) - mean_a * mean_a, var_b = mean(b * b) - mean_b * mean_b,
                      both = mean(a * b) - mean_a * mean_b;
  return 1 - ((2 * mean_a * mean_b + c1) * (2 * both + c2) /
              ((mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2)))
                 .mean();
}

class LatentAutoencoderTask : public TrainingTask {
 public:
  LatentAutoencoderTask(const LatentAutoencoderTrainingOptions& options, const PicturePool& pool,
                        const PicturePool* validation, const torch::Device& device)
      : options_(options), pool_(pool), validation_(validation), device_(device) {
    for (generate::AutoencoderKl* net : {&model_, &average_}) {
      *net = generate::AutoencoderKl(options.shape);
      generate::BeginWeights(**net, options.schedule.seed);
      Place(**net, device);
    }
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
      Append(pool_, own.Below(pool_.size()), own, &batch);
    }
    return batch;
  }

  torch::Tensor Loss(ViewBatch& batch) override {
    const torch::Tensor pictures = PictureBatch(batch, device_);
    torch::Tensor made;
    generate::LatentMoments moments;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device_);
      moments = model_->Encode(pictures);
      moments = {moments.mean.to(torch::kFloat32), moments.log_variance.to(torch::kFloat32)};
      Random seeds = Random(options_.schedule.seed).Fork(~static_cast<std::uint64_t>(batch.step));
      made = model_->Decode(moments.Sample(seeds.Next()));
    }
    made = made.to(torch::kFloat32);
    torch::Tensor loss = (made - pictures).abs().mean();
    for (const int dimension : {2, 3})
      loss = loss + options_.gradient_weight *
                        (Differences(made, dimension) - Differences(pictures, dimension)).abs().mean();
    if (options_.structure_weight > 0)
      loss = loss + options_.structure_weight * Dissimilarity(made, pictures);
    const torch::Tensor divergence =
        0.5 * (moments.mean.square() + moments.log_variance.exp() - 1 - moments.log_variance).mean();
    return loss + options_.kl_weight * divergence;
  }

  std::vector<std::string> ValidationNames() const override {
    return validation_ == nullptr ? std::vector<std::string>{} : std::vector<std::string>{"psnr_db"};
  }

  /// Mean PSNR over crops of validation pictures, in decibel.
  std::vector<double> Validate() override {
    const torch::InferenceMode inference;
    const std::size_t count = std::min(kMaxValidation, validation_->size());
    double sum = 0;
    for (std::size_t n = 0; n < count; ++n) {
      Random random(n);
      ViewBatch batch;
      batch.side = options_.side;
      Append(*validation_, n * validation_->size() / count, random, &batch);
      const torch::Tensor picture = PictureBatch(batch, device_);
      const torch::Tensor made = average_->Decode(average_->Encode(picture).mean).clamp(-1, 1);
      sum += -10 * std::log10(std::max((made - picture).square().mean().item<double>() / 4, 1e-10));
    }
    return {sum / static_cast<double>(count)};
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) override {
    generate::AutoencoderKlConfig config = options_.shape;
    config.sample_size = options_.side;
    config.scaling_factor = 1 / LatentDeviation();
    return SaveLatentAutoencoder(average_, config,
                                 {{"kantei.training_step", std::to_string(step)},
                                  {"kantei.training_options", DumpJson(EssentialOptions(options_))},
                                  {"kantei.source", "kantei train diffusion"}},
                                 path);
  }

 private:
  void Append(const PicturePool& pool, std::size_t picture, Random& random, ViewBatch* batch) const {
    const int from = static_cast<int>(std::lround(options_.side / random.Uniform(0.5, 1.0)));
    const image::Image crop = RandomSquare(pool.at(picture), from, options_.side, random);
    batch->pixels.insert(batch->pixels.end(), crop.pixels().begin(), crop.pixels().end());
    batch->labels.push_back(static_cast<std::int64_t>(picture));
  }

  /// Of the latents of crops of the training pictures: the UNet wants unit variance.
  double LatentDeviation() {
    const torch::InferenceMode inference;
    double sum = 0, squares = 0, count = 0;
    for (std::size_t n = 0; n < std::min(kScaled, pool_.size()); ++n) {
      Random random(n);
      ViewBatch batch;
      batch.side = options_.side;
      Append(pool_, n * pool_.size() / std::min(kScaled, pool_.size()), random, &batch);
      const torch::Tensor latents = average_->Encode(PictureBatch(batch, device_)).mean.to(torch::kFloat64);
      sum += latents.sum().item<double>();
      squares += latents.square().sum().item<double>();
      count += static_cast<double>(latents.numel());
    }
    const double mean = sum / count;
    return std::sqrt(std::max(squares / count - mean * mean, 1e-12));
  }

  const LatentAutoencoderTrainingOptions& options_;
  const PicturePool& pool_;
  const PicturePool* validation_;
  torch::Device device_;
  generate::AutoencoderKl model_{nullptr}, average_{nullptr};
};

}  // namespace

Status LatentAutoencoderTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  KANTEI_RETURN_IF_ERROR(shape.Validate());
  if (side < 32 || side > 512 || side % shape.factor() != 0)
    return bad("side must be 32 to 512 pixels, a multiple of the network's factor");
  if (crops_per_step < 1 || crops_per_step > 4096) return bad("crops_per_step must be 1 to 4096");
  if (!(gradient_weight >= 0 && gradient_weight <= 100)) return bad("gradient_weight must be 0 to 100");
  if (!(structure_weight >= 0 && structure_weight <= 100)) return bad("structure_weight must be 0 to 100");
  if (!(kl_weight >= 0 && kl_weight <= 100)) return bad("kl_weight must be 0 to 100");
  return schedule.Validate();
}

Status TrainLatentAutoencoder(const std::vector<std::filesystem::path>& pictures,
                              const std::vector<std::filesystem::path>& validation,
                              const LatentAutoencoderTrainingOptions& options,
                              const std::filesystem::path& directory, const CancellationToken& cancellation,
                              const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  std::vector<std::string> skipped;
  const PicturePoolOptions reading{options.side * 2, 0, options.schedule.loader_threads};
  KANTEI_TRY(const PicturePool pool, PicturePool::Load(pictures, reading, cancellation, &skipped));
  std::unique_ptr<PicturePool> held;
  if (!validation.empty()) {
    KANTEI_TRY(PicturePool loaded, PicturePool::Load(validation, reading, cancellation, &skipped));
    held = std::make_unique<PicturePool>(std::move(loaded));
  }
  for (const std::string& line : skipped) LogWarning("skipped: " + line);
  LatentAutoencoderTask task(options, pool, held.get(), device);
  return RunTraining(&task, options.schedule, EssentialOptions(options), pool.fingerprint(), directory,
                     cancellation, watch);
}

}  // namespace kantei::train
