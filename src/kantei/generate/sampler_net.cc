#include "kantei/generate/sampler_net.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kantei/generate/mitigation_net.h"
#include "kantei/generate/sampler_inputs_net.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

constexpr int kPreviewSide = 32;  // latent pixels: what is decoded for a preview takes a fraction of a step

/// Runs one batch after the other through all steps.
class Sampling {
 public:
  Sampling(const DiffusionNets& nets, const SampleOptions& options, const SampleHooks& hooks,
           const SampleWatch& watch, const CancellationToken& cancellation)
      : nets_(nets), options_(options), hooks_(hooks), watch_(watch), cancellation_(cancellation) {}

  Result<SampleResult> Run() {
    SampleResult result;
    KANTEI_RETURN_IF_ERROR(Prepare(&result.notes));
    result.width = size_.width, result.height = size_.height;
    const int batch = WordsDependOnSeed(options_.mitigations) ? 1 : options_.batch;
    for (int first = 0; first < options_.count; first += batch)
      KANTEI_RETURN_IF_ERROR(MakeBatch(first, std::min(batch, options_.count - first), &result));
    return result;
  }

 private:
  Status Prepare(std::vector<std::string>* notes) {
    KANTEI_TRY(schedule_, MakeNoiseSchedule(nets_.scheduler));
    KANTEI_RETURN_IF_ERROR(options_.scheduler.Validate(schedule_));
    KANTEI_TRY(size_, SizeOf(nets_, options_));
    KANTEI_TRY(words_, Words(options_.seed, notes));
    KANTEI_TRY(source_, MakeSource(nets_, options_, size_));
    guidance_ = options_.guidance;
    if (const auto* cap = FindMitigation(options_.mitigations, Mitigation::kLowerGuidance); cap != nullptr)
      guidance_ = std::min(guidance_, cap->amount);
    guided_ = guidance_ > 1;
    // Between all and one of the steps change the picture that was given.
    const int steps = options_.scheduler.steps;
    const double strength =
        options_.strength.value_or(source_.picture.empty() || !source_.mask.empty() ? 1.0 : kDefaultStrength);
    const int taken = std::clamp(static_cast<int>(std::lround(steps * strength)), 1, steps);
    from_picture_ = !source_.picture.empty() && taken < steps;
    plan_ = PlanSteps(schedule_, options_.scheduler, from_picture_ ? steps - taken : 0);
    return {};
  }

  Result<EncodedPrompts> Words(std::uint64_t seed, std::vector<std::string>* notes) const {
    if (ChangesWords(options_.mitigations)) return EncodeMitigated(nets_, options_, seed, notes);
    return EncodePrompts(nets_, options_.prompt, options_.negative_prompt, notes);
  }

  torch::Tensor Noise(int first, int count, NoiseStream stream, int step) const {
    std::vector<torch::Tensor> noise;
    for (int i = 0; i < count; ++i)
      noise.push_back(SeededNoise(options_.seed + static_cast<std::uint64_t>(first + i), stream, step,
                                  nets_.vae->config().latent_channels, size_.latent_height(),
                                  size_.latent_width()));
    return torch::stack(noise).to(nets_.unet->device());
  }

  /// The network's answers; with guidance those without words come first.
  torch::Tensor Predict(const torch::Tensor& latents, const SchedulerStep& step, bool watched = true) {
    Unet unet = nets_.unet;
    const std::int64_t count = latents.size(0), passes = guided_ ? 2 : 1;
    torch::Tensor input = guided_ ? torch::cat({latents, latents}) : latents;
    torch::Tensor words = words_.with.expand({count, -1, -1});
    if (guided_) words = torch::cat({words_.without.expand({count, -1, -1}), words});
    const auto type = unet->type();
    const torch::Tensor time = torch::full({1}, step.timestep, latents.options());
    words = words.to(latents.device(), type);
    UnetExtras extras;
    if (options_.attention_slice > 0) extras.max_scores = std::int64_t{options_.attention_slice} * 1000;
    ControlResiduals control;
    if (source_.control.defined()) {
      Controlnet controlnet = nets_.controlnet;
      control = controlnet->forward(input.to(type), time, words, source_.control.to(latents.device(), type),
                                    options_.control_strength, extras);
      extras.control = &control;
    }
    if (hooks_.attention && watched) extras.sink = &hooks_.attention;
    if (hooks_.bias) extras.bias = hooks_.bias(step);
    if (extras.bias.defined()) {
      torch::Tensor bias = extras.bias.to(latents.device()).expand({count, -1, -1, -1});
      extras.bias = guided_ ? torch::cat({torch::zeros_like(bias), bias}) : bias;
    }
    if (source_.extra.defined())
      input = torch::cat({input, source_.extra.expand({count * passes, -1, -1, -1})}, 1);
    return unet->forward(input.to(type), time, words, extras).to(torch::kFloat32).contiguous();
  }

  torch::Tensor Begin(const torch::Tensor& noise) const {
    return from_picture_ ? plan_.steps[0].signal * source_.latents + plan_.steps[0].spread * noise
                         : plan_.start_scale * noise;
  }

  /// How far the words lead, for each picture: (N), of output of 2N.
  static torch::Tensor GuidanceNorms(const SchedulerStep& step, const torch::Tensor& with,
                                     const torch::Tensor& without) {
    return std::abs(step.noise_from_output) * (with - without).flatten(1).norm(2, 1);
  }

  /// For each picture that of the noises for which the words lead the shortest way at the first step.
  Result<torch::Tensor> StartingNoise(int first, int count) {
    torch::Tensor best = Noise(first, count, NoiseStream::kStart, 0);
    const auto* use = FindMitigation(options_.mitigations, Mitigation::kBestOfNoise);
    if (use == nullptr) return best;
    const SchedulerStep& step = plan_.steps[0];
    torch::Tensor shortest;
    for (int i = 0; i < static_cast<int>(use->amount); ++i) {
      KANTEI_RETURN_IF_ERROR(cancellation_.Check());
      const torch::Tensor noise = i == 0 ? best : Noise(first, count, NoiseStream::kOtherStarts, i);
      const torch::Tensor output = Predict(Begin(noise) * step.input_scale, step, false);
      const torch::Tensor norms =
          GuidanceNorms(step, output.narrow(0, count, count), output.narrow(0, 0, count));
      if (i == 0) {
        shortest = norms;
        continue;
      }
      best = torch::where((norms < shortest).view({count, 1, 1, 1}), noise, best);
      shortest = torch::minimum(norms, shortest);
    }
    return best;
  }

  Status MakeBatch(int first, int count, SampleResult* result) {
    if (WordsDependOnSeed(options_.mitigations)) {
      std::vector<std::string> said;
      KANTEI_TRY(words_, Words(options_.seed + static_cast<std::uint64_t>(first), &said));
    }
    KANTEI_TRY(torch::Tensor start, StartingNoise(first, count));
    if (hooks_.start) hooks_.start(first, start);
    std::vector<SampledPicture> made(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      made[static_cast<std::size_t>(i)].seed = options_.seed + static_cast<std::uint64_t>(first + i);
    torch::Tensor x = Begin(start), before;
    int steps = static_cast<int>(plan_.steps.size());
    if (hooks_.only_steps > 0) steps = std::min(steps, hooks_.only_steps);
    for (int s = 0; s < steps; ++s) {
      KANTEI_RETURN_IF_ERROR(cancellation_.Check());
      const SchedulerStep& step = plan_.steps[static_cast<std::size_t>(s)];
      torch::Tensor output = Predict(x * step.input_scale, step), with, without;
      if (guided_) {
        without = output.narrow(0, 0, count), with = output.narrow(0, count, count);
        output = without + guidance_ * (with - without);
        const torch::Tensor norms = GuidanceNorms(step, with, without).cpu();
        for (int i = 0; i < count; ++i)
          made[static_cast<std::size_t>(i)].guidance_norms.push_back(norms[i].item<double>());
      }
      StepTensors tensors{first, s,       steps,
                          step,  x,       output,
                          with,  without, step.clean_from_x * x + step.clean_from_output * output};
      if (hooks_.step) hooks_.step(tensors);
      const torch::Tensor clean = tensors.clean;
      torch::Tensor next = step.keep * x + step.clean_weight * clean;
      if (step.previous_weight != 0) next = next + step.previous_weight * before;
      if (step.noise_weight != 0)
        next = next + step.noise_weight * Noise(first, count, NoiseStream::kSteps, s);
      // Blended latent diffusion (2206.02779): around the hole the picture that was given, as noisy as the rest.
      if (source_.blend.defined() && !source_.extra.defined())
        next = source_.blend * next +
               (1 - source_.blend) * (step.next_signal * source_.latents + step.next_spread * start);
      if (hooks_.taken) hooks_.taken(tensors, next);
      x = next, before = clean;
      KANTEI_RETURN_IF_ERROR(Tell(first, count, s + 1, clean));
    }
    if (hooks_.only_steps <= 0) KANTEI_RETURN_IF_ERROR(Finish(x, &made));
    for (SampledPicture& picture : made) {
      if (watch_.finished)
        KANTEI_RETURN_IF_ERROR(watch_.finished(std::move(picture), result->notes));
      else
        result->pictures.push_back(std::move(picture));
    }
    return {};
  }

  Status Tell(int first, int count, int step, const torch::Tensor& clean) {
    const int steps = static_cast<int>(plan_.steps.size());
    if (watch_.step)
      for (int i = 0; i < count; ++i) watch_.step(first + i, step, steps);
    if (!watch_.preview || watch_.preview_every <= 0 || step % watch_.preview_every != 0 || step == steps)
      return {};
    // A linear map from latents to colours would be cheaper, but its numbers belong to one model; few places are cheap too.
    torch::Tensor small = clean;
    const std::int64_t longer = std::max(clean.size(2), clean.size(3));
    int width = size_.width, height = size_.height;
    if (longer > kPreviewSide) {
      const std::int64_t h = std::max<std::int64_t>(1, clean.size(2) * kPreviewSide / longer),
                         w = std::max<std::int64_t>(1, clean.size(3) * kPreviewSide / longer);
      small = torch::adaptive_avg_pool2d(clean, {h, w});
      width = static_cast<int>(w) * size_.factor, height = static_cast<int>(h) * size_.factor;
    }
    KANTEI_TRY(const torch::Tensor pictures, Decode(small));
    for (int i = 0; i < count; ++i) watch_.preview(first + i, step, PictureOf(pictures, i, width, height));
    return {};
  }

  Result<torch::Tensor> Decode(const torch::Tensor& latents) {
    AutoencoderKl vae = nets_.vae;
    return vae->DecodeTiled(vae->Unscale(latents).to(vae->device(), vae->type()), {}, cancellation_);
  }

  Status Finish(const torch::Tensor& latents, std::vector<SampledPicture>* made) {
    for (std::int64_t i = 0; i < latents.size(0); ++i) {
      KANTEI_TRY(const torch::Tensor picture, Decode(latents.narrow(0, i, 1)));
      if (!torch::isfinite(picture).all().item<bool>())
        return Error{ErrorCode::kInternal,
                     "the network's numbers are no longer finite; use precision float32"};
      image::Image pixels = PictureOf(picture, 0, size_.width, size_.height);
      if (options_.paste_back && !source_.mask.empty()) {
        for (std::size_t p = 0; p < source_.mask.pixels().size(); ++p)
          if (source_.mask.pixels()[p] == 0)
            std::copy_n(source_.picture.pixels().begin() + static_cast<std::ptrdiff_t>(3 * p), 3,
                        pixels.pixels().begin() + static_cast<std::ptrdiff_t>(3 * p));
      }
      (*made)[static_cast<std::size_t>(i)].pixels = std::move(pixels);
    }
    return {};
  }

  const DiffusionNets& nets_;
  const SampleOptions& options_;
  const SampleHooks& hooks_;
  const SampleWatch& watch_;
  const CancellationToken& cancellation_;
  NoiseSchedule schedule_;
  SampleSize size_;
  EncodedPrompts words_;
  SourceTensors source_;
  SchedulerPlan plan_;
  double guidance_ = 1;
  bool guided_ = false, from_picture_ = false;
};

}  // namespace

Result<SampleResult> SampleWithHooks(const DiffusionNets& nets, const SampleOptions& options,
                                     const SampleHooks& hooks, const SampleWatch& watch,
                                     const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return CatchTorch([&] { return Sampling(nets, options, hooks, watch, cancellation).Run(); });
}

Error TorchFailure(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch_error == nullptr ? "" : torch_error->what_without_backtrace();
  if (torch_error == nullptr || text.find("out of memory") != std::string::npos ||
      text.find("not enough memory") != std::string::npos)
    return Error{ErrorCode::kTooLarge, "there is not enough memory; choose a smaller size or batch"};
  return Error{ErrorCode::kInternal, "the diffusion model failed: " + text.substr(0, text.find('\n'))};
}

}  // namespace kantei::generate
