#include "kantei/train/diffusion_trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/base/sha256.h"
#include "kantei/generate/diffusion_model_net.h"
#include "kantei/generate/generation_record.h"
#include "kantei/generate/noise_schedule.h"
#include "kantei/generate/soft_realism_net.h"
#include "kantei/train/crops.h"
#include "kantei/train/device_net.h"
#include "kantei/train/diffusion_start_net.h"
#include "kantei/train/latent_pool_net.h"
#include "kantei/train/picture_batch_net.h"
#include "kantei/train/picture_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {
namespace {

constexpr std::size_t kMaxValidation = 64;
constexpr std::size_t kMeasured = 512;  ///< training pictures that show what real ones are like
/// Below this share of signal the predicted picture is a blur of all that it might be, and no realism can be asked of it.
constexpr double kLeastSignal = 0.5;
constexpr int kValidationLevels = 4;  ///< noise levels at which a validation picture is looked at

/// `begun_sha256`: of the autoencoder or the model that the run begins with.
Json EssentialOptions(const DiffusionTrainingOptions& o, const CaptionedPictures& pictures,
                      const std::string& begun_sha256) {
  Json essentials = o.schedule.Essentials();
  std::string captions;
  for (const std::string& caption : pictures.captions) captions += caption + "\n";
  essentials.update(Json{{"autoencoder", o.autoencoder.string()},
                         {"init", o.init.string()},
                         {"begun_sha256", begun_sha256},
                         {"widths", o.unet.block_out_channels},
                         {"layers", o.unet.layers_per_block},
                         {"text_width", o.text.hidden_size},
                         {"text_layers", o.text.num_hidden_layers},
                         {"vocabulary", o.vocabulary},
                         {"velocity", o.velocity},
                         {"side", o.side},
                         {"views_per_step", o.views_per_step},
                         {"condition_dropout", o.condition_dropout},
                         {"snr_gamma", o.snr_gamma},
                         {"smallest_crop", o.smallest_crop},
                         {"kept_crops", o.kept_crops},
                         {"realism_weight", o.realism_weight},
                         {"realism_views", o.realism_views},
                         {"attention", o.unet.down_attention},
                         {"captions_sha256", Sha256Hex(captions)}});
  return essentials;
}

/// What is learnt, as one module.
struct LearnerImpl : torch::nn::Module {
  LearnerImpl(generate::Unet unet_, generate::ClipText text_)
      : unet(std::move(unet_)), text(std::move(text_)) {
    register_module("unet", unet);
    if (text) register_module("text", text);
  }
  generate::Unet unet;
  generate::ClipText text;  ///< empty when it stays as it is
};
TORCH_MODULE(Learner);

void CopyInto(torch::nn::Module& to, const torch::nn::Module& from) {
  const torch::NoGradGuard no_grad;
  auto target = to.parameters();
  const auto source = from.parameters();
  KANTEI_CHECK(target.size() == source.size());
  for (std::size_t i = 0; i < source.size(); ++i) target[i].copy_(source[i]);
}

/// Pictures in memory with the ids of their captions.
struct CaptionedPool {
  PicturePool pictures;
  std::vector<std::vector<std::int64_t>> ids;  ///< one a caption, a chunk of the tokenizer
};

Result<CaptionedPool> LoadPool(const CaptionedPictures& pictures, const DiffusionTrainingOptions& options,
                               const generate::ClipTokenizer& tokenizer,
                               const CancellationToken& cancellation) {
  std::vector<std::string> skipped;
  const PicturePoolOptions reading{std::min(2048, options.side * 2), 0, options.schedule.loader_threads};
  KANTEI_TRY(PicturePool pool, PicturePool::Load(pictures.files, reading, cancellation, &skipped));
  for (const std::string& line : skipped) LogWarning("skipped: " + line);
  CaptionedPool captioned{std::move(pool), {}};
  for (const std::string& caption : pictures.captions) {
    KANTEI_TRY(const generate::EncodedPrompt encoded, tokenizer.Encode(caption));
    captioned.ids.push_back(encoded.chunks.front());
  }
  return captioned;
}

class DiffusionTask : public TrainingTask {
 public:
  DiffusionTask(const DiffusionTrainingOptions& options, generate::DiffusionNets nets,
                generate::NoiseSchedule schedule, const CaptionedPool& pool, const CaptionedPool* validation,
                const LatentPool* kept, std::vector<std::int64_t> empty, const torch::Device& device)
      : options_(options),
        nets_(std::move(nets)),
        schedule_(std::move(schedule)),
        pool_(pool),
        validation_(validation),
        kept_(kept),
        empty_(std::move(empty)),
        device_(device) {
    const bool learns_text = options.init.empty();
    model_ = Learner(nets_.unet, learns_text ? nets_.text : generate::ClipText{nullptr});
    average_ = Learner(generate::Unet(nets_.unet->config()),
                       learns_text ? generate::ClipText(nets_.text->config()) : generate::ClipText{nullptr});
    CopyInto(*average_, *model_);
    for (torch::nn::Module* module :
         {static_cast<torch::nn::Module*>(model_.get()), static_cast<torch::nn::Module*>(average_.get())})
      Place(*module, device);
    Place(*nets_.vae, device);
    for (torch::Tensor& parameter : nets_.vae->parameters()) parameter.set_requires_grad(false);
    if (!learns_text) nets_.text->to(device);
    // Loaded networks come ready for use, not for learning.
    for (torch::Tensor& parameter : model_->parameters()) parameter.set_requires_grad(true);
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  ViewBatch MakeBatch(std::int64_t number) const override {
    return MakeViewBatch(options_.schedule.seed, number, options_.side, options_.views_per_step,
                         [this](Random& random, ViewBatch* batch) {
                           if (kept_ != nullptr)
                             batch->labels.push_back(static_cast<std::int64_t>(
                                 random.Below(static_cast<std::uint64_t>(kept_->size()))));
                           else
                             Append(pool_, random.Below(pool_.pictures.size()), random, batch);
                         });
  }

  torch::Tensor Loss(ViewBatch& batch) override {
    Random random = Random(options_.schedule.seed).Fork(~static_cast<std::uint64_t>(batch.step));
    std::vector<std::vector<std::int64_t>> ids;
    std::vector<std::int64_t> times;
    for (const std::int64_t label : batch.labels) {
      const std::int64_t picture = kept_ != nullptr ? kept_->picture_of(label) : label;
      ids.push_back(random.Chance(options_.condition_dropout) ? empty_ : IdsOf(pool_, picture));
      times.push_back(static_cast<std::int64_t>(random.Below(schedule_.alphas.size())));
    }
    const torch::Tensor clean = kept_ != nullptr ? kept_->Take(batch.labels, device_) : Latents(batch);
    const Prediction made = Predict(clean, ids, times, random.Next(), model_);
    torch::Tensor loss = made.loss;
    if (options_.realism_weight > 0) loss = loss + options_.realism_weight * RealismLoss(made.clean, times);
    return loss;
  }

  std::vector<std::string> ValidationNames() const override {
    return validation_ == nullptr ? std::vector<std::string>{} : std::vector<std::string>{"validation_loss"};
  }

  std::vector<double> Validate() override {
    const torch::NoGradGuard no_grad;
    const std::size_t count = std::min(kMaxValidation, validation_->pictures.size());
    double sum = 0;
    for (std::size_t n = 0; n < count; ++n) {
      ViewBatch batch;
      batch.side = options_.side;
      std::vector<std::int64_t> times;
      for (int level = 0; level < kValidationLevels; ++level) {
        Random random(n);  // the same crop at each level
        Append(*validation_, n * validation_->pictures.size() / count, random, &batch);
        times.push_back(static_cast<std::int64_t>((level + 0.5) / kValidationLevels *
                                                  static_cast<double>(schedule_.alphas.size())));
      }
      const std::vector<std::vector<std::int64_t>> ids(kValidationLevels,
                                                       IdsOf(*validation_, batch.labels[0]));
      sum += Predict(Latents(batch), ids, times, n, average_).loss.item<double>();
    }
    return {sum / static_cast<double>(count)};
  }

  Status Export(const std::filesystem::path& path, std::int64_t) override {
    generate::DiffusionNets exported = nets_;
    exported.unet = average_->unet;
    if (average_->text) exported.text = average_->text;
    return generate::SaveDiffusionModel(exported, path.parent_path() / "model");
  }

 private:
  void Append(const CaptionedPool& pool, std::size_t picture, Random& random, ViewBatch* batch) const {
    AppendView(RandomSquareOf(pool.pictures.at(picture), options_.smallest_crop, options_.side, random),
               static_cast<std::int64_t>(picture), batch);
  }

  static const std::vector<std::int64_t>& IdsOf(const CaptionedPool& pool, std::int64_t picture) {
    return pool.ids[pool.pictures.file_of(static_cast<std::size_t>(picture))];
  }

  torch::Tensor Latents(ViewBatch& batch) {
    const torch::NoGradGuard no_grad;
    const Bfloat16Scope mixed(options_.schedule.bfloat16, device_);
    const torch::Tensor pictures = PictureBatch(batch, device_) / 127.5 - 1;
    return nets_.vae->Scale(nets_.vae->Encode(pictures).mean.to(torch::kFloat32));
  }

  struct Prediction {
    torch::Tensor loss, clean;  ///< clean: the latents as the network predicts them
  };

  Prediction Predict(const torch::Tensor& clean, const std::vector<std::vector<std::int64_t>>& ids,
                     const std::vector<std::int64_t>& times, std::uint64_t noise_seed, Learner& learner) {
    const std::int64_t views = clean.size(0);
    const Bfloat16Scope mixed(options_.schedule.bfloat16, device_);
    std::vector<torch::Tensor> rows;
    std::vector<float> signal, spread, weight;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      rows.push_back(torch::tensor(ids[i], torch::kInt64));
      const double alpha = schedule_.alphas[static_cast<std::size_t>(times[i])];
      signal.push_back(static_cast<float>(std::sqrt(alpha)));
      spread.push_back(static_cast<float>(std::sqrt(1 - alpha)));
      weight.push_back(static_cast<float>(Weight(alpha / (1 - alpha))));
    }
    const auto column = [&](const std::vector<float>& values) {
      return torch::tensor(values).view({views, 1, 1, 1}).to(device_);
    };
    const torch::Tensor a = column(signal), s = column(spread);
    // Drawn on the processor, so that a run is the same on every device.
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(noise_seed);
    const torch::Tensor noise =
        torch::empty(clean.sizes(), torch::kFloat32).normal_(0, 1, generator).to(device_);
    const torch::Tensor noisy = a * clean + s * noise;
    torch::Tensor target = noise;
    if (schedule_.prediction == generate::Prediction::kVelocity) target = a * noise - s * clean;
    if (schedule_.prediction == generate::Prediction::kSample) target = clean;
    generate::ClipText text = learner->text ? learner->text : nets_.text;
    const torch::Tensor words = text->forward(torch::stack(rows).to(device_));
    const torch::Tensor output =
        learner->unet->forward(noisy, torch::tensor(times, torch::kInt64).to(device_), words)
            .to(torch::kFloat32);
    torch::Tensor predicted = output;
    if (schedule_.prediction == generate::Prediction::kVelocity) predicted = a * noisy - s * output;
    if (schedule_.prediction == generate::Prediction::kEpsilon) predicted = (noisy - s * output) / a;
    return {((output - target).square().mean({1, 2, 3}) * torch::tensor(weight).to(device_)).mean(),
            predicted};
  }

  /// Mean over the views with the least noise, weighted by their share of signal; 0 when all are too noisy.
  torch::Tensor RealismLoss(const torch::Tensor& clean, const std::vector<std::int64_t>& times) {
    std::vector<std::pair<double, std::int64_t>> views;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double alpha = schedule_.alphas[static_cast<std::size_t>(times[i])];
      if (alpha >= kLeastSignal) views.emplace_back(-alpha, static_cast<std::int64_t>(i));
    }
    std::ranges::sort(views);
    if (views.size() > static_cast<std::size_t>(options_.realism_views))
      views.resize(static_cast<std::size_t>(options_.realism_views));
    if (views.empty()) return torch::zeros({}, clean.options());
    std::vector<std::int64_t> rows;
    std::vector<float> weights;
    for (const auto& [alpha, row] : views) rows.push_back(row), weights.push_back(static_cast<float>(-alpha));
    torch::Tensor pictures;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device_);
      pictures =
          nets_.vae->Decode(nets_.vae->Unscale(clean.index_select(0, torch::tensor(rows).to(device_))));
    }
    return (SoftRealismLoss(pictures.to(torch::kFloat32), *nets_.realism) *
            torch::tensor(weights).to(device_))
        .mean();
  }

  /// min-SNR-gamma (2303.09556 section 3.4): the weight of the clean picture's error is capped.
  double Weight(double snr) const {
    if (options_.snr_gamma == 0) return 1;
    const double capped = std::min(snr, options_.snr_gamma);
    switch (schedule_.prediction) {
      case generate::Prediction::kEpsilon:
        return capped / snr;
      case generate::Prediction::kVelocity:
        return capped / (snr + 1);
      case generate::Prediction::kSample:
        return capped;
    }
    return 1;
  }

  const DiffusionTrainingOptions& options_;
  generate::DiffusionNets nets_;
  generate::NoiseSchedule schedule_;
  const CaptionedPool& pool_;
  const CaptionedPool* validation_;
  const LatentPool* kept_;  ///< null: crops are made and encoded at every step
  std::vector<std::int64_t> empty_;
  torch::Device device_;
  Learner model_{nullptr}, average_{nullptr};
};

/// What the training pictures are like, one crop of each of some.
Result<generate::SoftRealismReference> MeasurePool(const PicturePool& pool,
                                                   const DiffusionTrainingOptions& options,
                                                   const CancellationToken& cancellation) {
  const std::size_t count = std::min(kMeasured, pool.size());
  std::vector<torch::Tensor> crops;
  for (std::size_t i = 0; i < count; ++i) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    Random random = Random(options.schedule.seed).Fork(i);
    ViewBatch batch;
    batch.side = options.side;
    AppendView(RandomSquareOf(pool.at(i * pool.size() / count), options.smallest_crop, options.side, random),
               0, &batch);
    crops.push_back(PictureBatch(batch, torch::kCPU) / 127.5 - 1);
  }
  return generate::FitSoftRealism(crops);
}

}  // namespace

Status DiffusionTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (init.empty() == autoencoder.empty())
    return bad("name either the autoencoder whose latents are to be learnt, or a model to go on with");
  if (vocabulary < 514 || vocabulary > 49'408) return bad("vocabulary must be 514 to 49408 word pieces");
  if (side < 32 || side > 1024) return bad("side must be 32 to 1024 pixels");
  if (views_per_step < 1 || views_per_step > 4096) return bad("views_per_step must be 1 to 4096");
  if (!(condition_dropout >= 0 && condition_dropout <= 1)) return bad("condition_dropout must be 0 to 1");
  if (!(snr_gamma >= 0 && snr_gamma <= 1000)) return bad("snr_gamma must be 0 to 1000");
  if (!(smallest_crop > 0 && smallest_crop <= 1)) return bad("smallest_crop must be above 0 and at most 1");
  if (!(realism_weight >= 0 && realism_weight <= 100)) return bad("realism_weight must be 0 to 100");
  if (realism_views < 1 || realism_views > 4096) return bad("realism_views must be 1 to 4096");
  if (kept_crops < 0 || kept_crops > 64) return bad("kept_crops must be 0 to 64");
  return schedule.Validate();
}

Status TrainDiffusion(const CaptionedPictures& pictures, const CaptionedPictures& validation,
                      const DiffusionTrainingOptions& options, const std::filesystem::path& directory,
                      const CancellationToken& cancellation,
                      const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_CHECK(pictures.files.size() == pictures.captions.size() &&
               validation.files.size() == validation.captions.size());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  KANTEI_TRY(generate::DiffusionNets nets, BeginDiffusion(options, pictures));
  KANTEI_TRY(const std::string begun_sha256,
             generate::ModelHash(options.init.empty() ? options.autoencoder : options.init));
  if (options.side % nets.vae->config().factor() != 0)
    return Error{ErrorCode::kInvalidArgument, "side must be a multiple of the autoencoder's factor " +
                                                  std::to_string(nets.vae->config().factor())};
  if (nets.unet->config().inpainting())
    return Error{ErrorCode::kUnsupported, "inpainting networks of 9 channels cannot be trained"};
  KANTEI_TRY(generate::NoiseSchedule schedule, generate::MakeNoiseSchedule(nets.scheduler));
  KANTEI_TRY(const CaptionedPool pool, LoadPool(pictures, options, *nets.tokenizer, cancellation));
  std::unique_ptr<CaptionedPool> held;
  if (!validation.files.empty()) {
    KANTEI_TRY(CaptionedPool loaded, LoadPool(validation, options, *nets.tokenizer, cancellation));
    held = std::make_unique<CaptionedPool>(std::move(loaded));
  }
  KANTEI_TRY(const generate::EncodedPrompt empty, nets.tokenizer->Encode(""));
  if (options.realism_weight > 0) {
    KANTEI_TRY(nets.realism, MeasurePool(pool.pictures, options, cancellation));
  }
  std::unique_ptr<LatentPool> kept;
  if (options.kept_crops > 0) {
    at::set_num_threads(ThreadCount(options.schedule.threads));
    nets.vae->to(device);
    KANTEI_TRY(LatentPool encoded, LatentPool::Make(nets.vae, pool.pictures,
                                                    {options.side, options.smallest_crop, options.kept_crops,
                                                     options.schedule.seed, options.schedule.bfloat16},
                                                    device, cancellation));
    kept = std::make_unique<LatentPool>(std::move(encoded));
  }
  DiffusionTask task(options, std::move(nets), std::move(schedule), pool, held.get(), kept.get(),
                     empty.chunks.front(), device);
  return RunTraining(&task, options.schedule, EssentialOptions(options, pictures, begun_sha256),
                     pool.pictures.fingerprint(), directory, cancellation, watch);
}

}  // namespace kantei::train
