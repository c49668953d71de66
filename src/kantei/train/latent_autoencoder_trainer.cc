#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "kantei/base/random.h"
#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/diffusion_trainer.h"
#include "kantei/train/latent_autoencoder_file_net.h"
#include "kantei/train/reconstruction_task_net.h"

namespace kantei::train {
namespace {

constexpr double kFirstLogVariance = -6;
constexpr std::size_t kScaled = 64;  // pictures from which the latents' scale is taken

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

/// The range of a diffusion model's autoencoder, -1..1.
torch::Tensor Signed(const torch::Tensor& pictures) {
  return 2 * pictures - 1;
}

class LatentAutoencoderTask : public ReconstructionTask {
 public:
  LatentAutoencoderTask(const LatentAutoencoderTrainingOptions& options, const PicturePools& pools,
                        const torch::Device& device)
      : ReconstructionTask({options.side, options.crops_per_step, options.schedule.seed}, pools.training,
                           pools.held(), device),
        options_(options) {
    for (generate::AutoencoderKl* net : {&model_, &average_}) {
      *net = generate::AutoencoderKl(options.shape);
      generate::BeginWeights(**net, options.schedule.seed);
      (*net)->BeginLogVariance(kFirstLogVariance);
      Place(**net, device);
    }
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  torch::Tensor Loss(ViewBatch& batch) override {
    const torch::Tensor pictures = Signed(Pictures(batch));
    torch::Tensor made;
    generate::LatentMoments moments;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device());
      moments = model_->Encode(pictures);
      moments = {moments.mean.to(torch::kFloat32), moments.log_variance.to(torch::kFloat32)};
      Random seeds = Random(options_.schedule.seed).Fork(~static_cast<std::uint64_t>(batch.step));
      made = model_->Decode(moments.Sample(seeds.Next()));
    }
    made = made.to(torch::kFloat32);
    torch::Tensor loss = Distance(made, pictures, options_.gradient_weight);
    if (options_.structure_weight > 0)
      loss = loss + options_.structure_weight * Dissimilarity(made, pictures);
    const torch::Tensor divergence =
        0.5 * (moments.mean.square() + moments.log_variance.exp() - 1 - moments.log_variance).mean();
    return loss + options_.kl_weight * divergence;
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

 protected:
  torch::Tensor Redraw(const torch::Tensor& pictures) override {
    return (average_->Decode(average_->Encode(Signed(pictures)).mean) + 1) / 2;
  }

 private:
  /// Of the latents of crops of the training pictures: the UNet wants unit variance.
  double LatentDeviation() {
    const torch::InferenceMode inference;
    double sum = 0, squares = 0, count = 0;
    for (const torch::Tensor& picture : SomePictures(kScaled)) {
      const torch::Tensor latents = average_->Encode(Signed(picture)).mean.to(torch::kFloat64);
      sum += latents.sum().item<double>();
      squares += latents.square().sum().item<double>();
      count += static_cast<double>(latents.numel());
    }
    const double mean = sum / count;
    return std::sqrt(std::max(squares / count - mean * mean, 1e-12));
  }

  const LatentAutoencoderTrainingOptions& options_;
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
  const PicturePoolOptions reading{options.side * 2, 0, options.schedule.loader_threads};
  KANTEI_TRY(const PicturePools pools, PicturePools::Load(pictures, validation, reading, cancellation));
  LatentAutoencoderTask task(options, pools, device);
  return RunTraining(&task, options.schedule, EssentialOptions(options), pools.training.fingerprint(),
                     directory, cancellation, watch);
}

}  // namespace kantei::train
