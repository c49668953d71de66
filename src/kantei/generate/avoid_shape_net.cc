#include <algorithm>
#include <cmath>
#include <utility>

#include "kantei/generate/avoid_masks.h"
#include "kantei/generate/avoid_shape.h"
#include "kantei/generate/sampler_inputs_net.h"
#include "kantei/generate/sampler_net.h"
#include "kantei/generate/shape_bias_net.h"
#include "kantei/generate/word_maps_net.h"
#include "kantei/image/ssim.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

/// Fresh noise is laid into the region in this share of the steps: while a picture's large shapes are found.
constexpr double kEarlyShare = 0.3;
constexpr int kSsimWindow = 11;

/// What makes a run another than the plain one of its seed.
struct Steering {
  SampleHooks hooks;
  image::Image control;  ///< empty: none
  double control_strength = 1;
};

struct Made {
  SampledPicture picture;
  SubjectMask mask;
};

class Avoiding {
 public:
  Avoiding(const DiffusionNets& nets, const SampleOptions& options, const AvoidOptions& avoid,
           const AvoidTools& tools, const AvoidWatch& watch, const CancellationToken& cancellation)
      : nets_(nets),
        options_(options),
        avoid_(avoid),
        tools_(tools),
        watch_(watch),
        cancellation_(cancellation) {}

  Result<AvoidResult> Run() {
    AvoidResult result;
    KANTEI_TRY(size_, SizeOf(nets_, options_));
    std::vector<std::string> said_by_each_run;
    KANTEI_TRY(encoded_, EncodePrompts(nets_, options_.prompt, options_.negative_prompt, &said_by_each_run));
    KANTEI_TRY(words_, FindContentWords(*nets_.tokenizer, options_.prompt,
                                        static_cast<std::size_t>(encoded_.with.size(1))));
    KANTEI_TRY(source_, MakeSource(nets_, options_, size_));
    for (index_ = 0; index_ < options_.count; ++index_) {
      KANTEI_TRY(AvoidedPicture pair, MakePair(options_.seed + static_cast<std::uint64_t>(index_)));
      Add(pair.notes, &result.notes);
      if (watch_.finished)
        KANTEI_RETURN_IF_ERROR(watch_.finished(std::move(pair)));
      else
        result.pictures.push_back(std::move(pair));
    }
    return result;
  }

 private:
  Result<AvoidedPicture> MakePair(std::uint64_t seed) {
    runs_ = passes_ = 0;
    notes_.clear();
    AvoidedPicture pair;
    KANTEI_TRY(Made first, Make(seed, {}, nullptr));
    pair.first = std::move(first.picture), pair.first_mask = std::move(first.mask);
    pair.words = words_.words;
    pair.first_passes = passes_;
    pair.first_notes = notes_;
    const std::string name = "the picture of seed " + std::to_string(seed);
    if (avoid_.mode == AvoidMode::kReject) {
      KANTEI_RETURN_IF_ERROR(Reject(seed, &pair));
    } else {
      const bool has_shape = pair.first_mask.source != MaskSource::kNone;
      const bool needs_words = avoid_.mode != AvoidMode::kReseededRegion && !nets_.controlnet;
      pair.steered = has_shape && !(needs_words && words_.empty());
      if (!pair.steered)
        Add({"for " + name + " there is no " + (has_shape ? "word" : "shape") +
             " to steer by; the second one begins with other noise and is not steered"},
            &notes_);
      Steering steering;
      pair.second_seed = seed;
      if (!pair.steered || avoid_.mode == AvoidMode::kReseededRegion) pair.second_seed = FurtherSeed(seed, 1);
      if (pair.steered) steering = Steer(&pair);
      pair.control = pair.steered && avoid_.mode != AvoidMode::kReseededRegion && nets_.controlnet;
      KANTEI_TRY(Made second, Make(pair.steered ? seed : pair.second_seed, steering, &pair.first_mask));
      KANTEI_RETURN_IF_ERROR(Compare(std::move(second), &pair));
    }
    if (!pair.limits_met)
      Add({name + " and the one that avoids its shape are still alike: masks' IoU " +
           (pair.mask_iou ? Number(*pair.mask_iou) : "unknown") + ", similarity " +
           Number(pair.similarity.value_or(pair.ssim)) + " after " + std::to_string(pair.tried) +
           (pair.tried == 1 ? " try" : " tries")},
          &notes_);
    pair.second.seed = seed;
    pair.passes = passes_;
    pair.notes = notes_;
    return pair;
  }

  /// The plain picture of the first further seed that is unlike enough, else the least alike.
  Status Reject(std::uint64_t seed, AvoidedPicture* best) {
    const AvoidedPicture plain = *best;
    for (int n = 1; n <= avoid_.tries; ++n) {
      AvoidedPicture pair = plain;
      pair.second_seed = FurtherSeed(seed, n);
      KANTEI_TRY(Made second, Make(pair.second_seed, {}, &plain.first_mask));
      KANTEI_RETURN_IF_ERROR(Compare(std::move(second), &pair));
      if (n == 1 || Excess(pair) < Excess(*best)) *best = std::move(pair);
      best->tried = n;
      if (best->limits_met) break;
    }
    return {};
  }

  /// By how much the worse of both limits is passed.
  double Excess(const AvoidedPicture& pair) const {
    const double likeness = pair.similarity.value_or(pair.ssim) - avoid_.most_similarity;
    return pair.mask_iou ? std::max(*pair.mask_iou - avoid_.most_mask_iou, likeness) : likeness;
  }

  Status Compare(Made second, AvoidedPicture* pair) {
    pair->second = std::move(second.picture), pair->second_mask = std::move(second.mask);
    pair->mask_iou.reset();
    if (pair->first_mask.source != MaskSource::kNone && pair->second_mask.source != MaskSource::kNone)
      pair->mask_iou = MaskIou(pair->first_mask.pixels, pair->second_mask.pixels);
    const image::Image* pictures[] = {&pair->first.pixels, &pair->second.pixels};
    image::Image enlarged[2];
    const int shorter = std::min(pictures[0]->width(), pictures[0]->height());
    if (const int times = (kSsimWindow + shorter - 1) / shorter; times > 1)
      for (std::size_t i = 0; i < 2; ++i) {
        enlarged[i] =
            image::Resize(*pictures[i], pictures[i]->width() * times, pictures[i]->height() * times);
        pictures[i] = &enlarged[i];
      }
    KANTEI_TRY(pair->ssim, image::Ssim(*pictures[0], *pictures[1]));
    if (tools_.similarity.compare) {
      KANTEI_TRY(pair->similarity, tools_.similarity.compare(pair->first.pixels, pair->second.pixels));
    }
    if (tools_.lpips.compare) {
      KANTEI_TRY(pair->lpips, tools_.lpips.compare(pair->first.pixels, pair->second.pixels));
    }
    pair->limits_met = Excess(*pair) <= 0;
    return {};
  }

  Steering Steer(AvoidedPicture* pair) {
    const image::Image& mask = pair->first_mask.pixels;
    switch (avoid_.mode) {
      case AvoidMode::kAlteredMask: {
        Random random(FurtherSeed(pair->first.seed, 0));
        AlteredMask altered = AlterMask(mask, random);
        pair->alteration = std::move(altered.alteration);
        return ShapedBy(altered.pixels);
      }
      case AvoidMode::kInvertedMask:
        return ShapedBy(InvertMask(mask));
      case AvoidMode::kNegativeControl:
        return PushedOff(mask);
      case AvoidMode::kReseededRegion:
        return Reseeded(mask, pair->second_seed);
      case AvoidMode::kReject:
        break;
    }
    return {};
  }

  Steering ShapedBy(const image::Image& shape) {
    Steering steering;
    if (avoid_.strength == 0) return steering;
    if (nets_.controlnet) {
      steering.control = SegmentPicture(shape, words_.words);
      steering.control_strength = std::min(2.0, avoid_.strength);
    } else {
      steering.hooks.bias = BiasAt(ShapeBias(words_, OnLatents(shape)));
    }
    return steering;
  }

  Steering PushedOff(const image::Image& shape) {
    Steering steering;
    if (avoid_.strength == 0) return steering;
    torch::Tensor control;
    std::function<torch::Tensor(const SchedulerStep&)> bias;
    if (nets_.controlnet)
      control = PictureTensor(SegmentPicture(shape, words_.words), size_.factor).add(1).div(2);
    else
      bias = BiasAt(ShapeBias(words_, OnLatents(shape)), 1);
    steering.hooks.step = [this, control, bias](StepTensors& step) {
      const torch::Tensor& with = step.with_words.defined() ? step.with_words : step.output;
      const torch::Tensor shaped = Shaped(step, control, bias ? bias(step.numbers) : torch::Tensor());
      step.clean = step.clean - avoid_.strength * step.numbers.clean_from_output * (shaped - with);
    };
    return steering;
  }

  /// The network's answer to the words and the shape.
  torch::Tensor Shaped(const StepTensors& step, const torch::Tensor& picture, const torch::Tensor& bias) {
    Unet unet = nets_.unet;
    const auto type = unet->type();
    const torch::Device device = unet->device();
    torch::Tensor input = step.latents * step.numbers.input_scale;
    const torch::Tensor words = encoded_.with.to(device, type);
    const torch::Tensor time = torch::full({1}, step.numbers.timestep, input.options());
    UnetExtras extras;
    if (options_.attention_slice > 0) extras.max_scores = std::int64_t{options_.attention_slice} * 1000;
    ControlResiduals residuals;
    if (picture.defined()) {
      Controlnet controlnet = nets_.controlnet;
      residuals = controlnet->forward(input.to(type), time, words, picture.to(device, type), 1, extras);
      extras.control = &residuals;
    } else {
      extras.bias = bias.to(device);
    }
    if (source_.extra.defined()) input = torch::cat({input, source_.extra}, 1);
    passes_ += picture.defined() ? 2 : 1;
    return unet->forward(input.to(type), time, words, extras).to(torch::kFloat32);
  }

  Steering Reseeded(const image::Image& shape, std::uint64_t fresh_seed) {
    Steering steering;
    const torch::Tensor on_latents = OnLatents(shape);
    // Noises are taken from one or the other: a mix of both would have too little variance.
    const torch::Tensor region = (on_latents >= 0.25).to(torch::kFloat32).to(nets_.unet->device());
    const auto fresh = [this, fresh_seed](NoiseStream stream, int step) {
      return SeededNoise(fresh_seed, stream, step, nets_.vae->config().latent_channels, size_.latent_height(),
                         size_.latent_width())
          .unsqueeze(0)
          .to(nets_.unet->device());
    };
    steering.hooks.start = [region, fresh](int, torch::Tensor& noise) {
      noise = (1 - region) * noise + region * fresh(NoiseStream::kStart, 0);
    };
    steering.hooks.taken = [region, fresh](const StepTensors& step, torch::Tensor& next) {
      if (step.step + 1 > kEarlyShare * step.steps) return;
      const torch::Tensor again = step.numbers.next_signal * step.clean +
                                  step.numbers.next_spread * fresh(NoiseStream::kSteps, step.step);
      next = (1 - region) * next + region * again;
    };
    if (!words_.empty() && avoid_.strength > 0)
      steering.hooks.bias = BiasAt(LoweringBias(words_, on_latents));
    return steering;
  }

  std::function<torch::Tensor(const SchedulerStep&)> BiasAt(const torch::Tensor& places) const {
    return BiasAt(places, avoid_.strength);
  }
  std::function<torch::Tensor(const SchedulerStep&)> BiasAt(const torch::Tensor& places,
                                                            double strength) const {
    return [places, strength](const SchedulerStep& numbers) {
      return places * (strength * BiasFactor(numbers));
    };
  }

  /// (1, 1, h, w) in 0..1: the share of each latent pixel.
  torch::Tensor OnLatents(const image::Image& mask) const {
    return MaskOnLatents(mask, size_.latent_height(), size_.latent_width());
  }

  /// Of the first picture, or of a second one in the way that found the first one's mask.
  Result<SubjectMask> MaskOf(const SubjectMaps& seen, const image::Image& picture, const SubjectMask* first) {
    if (first != nullptr && first->source == MaskSource::kNone) first = nullptr;
    if (tools_.subject.find && (first == nullptr || first->source == MaskSource::kSegmentation)) {
      KANTEI_TRY(SubjectMask found,
                 tools_.subject.find(picture, words_.words, first == nullptr ? "" : first->class_name));
      if (first != nullptr) found.class_by = first->class_by;
      if (first != nullptr || found.source != MaskSource::kNone) return found;
      Add({"the segmenter found no class that fits the words and no thing; the shape is looked for in what "
           "the "
           "words did"},
          &notes_);
    }
    return FindSubject(seen, picture, first == nullptr ? std::nullopt : std::optional(first->source));
  }

  /// One run over all steps, with the mask of what it shows.
  Result<Made> Make(std::uint64_t seed, const Steering& steering, const SubjectMask* first) {
    SampleOptions one = options_;
    one.count = one.batch = 1;
    one.seed = seed;
    one.control = steering.control;
    if (!steering.control.empty()) one.control_strength = steering.control_strength;
    WordMaps seen(words_, size_.latent_height(), size_.latent_width());
    SampleHooks hooks = steering.hooks;
    const int run = runs_++;
    hooks.attention = [&](const std::string&, const torch::Tensor& maps) { seen.Add(maps); };
    hooks.step = [&](StepTensors& step) {
      seen.EndStep(step.step, step.steps,
                   step.with_words.defined() ? step.with_words - step.without_words : torch::Tensor());
      passes_ += (step.with_words.defined() ? 2 : 1) * (steering.control.empty() ? 1 : 2);
      if (steering.hooks.step) steering.hooks.step(step);
    };
    const int most_runs = 1 + (avoid_.mode == AvoidMode::kReject ? avoid_.tries : 1);
    SampleWatch watch;
    if (watch_.step)
      watch.step = [&](int, int step, int steps) {
        watch_.step(index_, run * steps + step, most_runs * steps);
      };
    if (watch_.preview && run > 0) {
      watch.preview_every = watch_.preview_every;
      watch.preview = [&](int, int step, const image::Image& rough) { watch_.preview(index_, step, rough); };
    }
    KANTEI_TRY(SampleResult made, SampleWithHooks(nets_, one, hooks, watch, cancellation_));
    Add(made.notes, &notes_);
    Made result{std::move(made.pictures.front()), {}};
    KANTEI_TRY(result.mask, MaskOf(seen.Maps(), result.picture.pixels, first));
    return result;
  }

  static void Add(const std::vector<std::string>& notes, std::vector<std::string>* all) {
    for (const std::string& note : notes)
      if (std::find(all->begin(), all->end(), note) == all->end()) all->push_back(note);
  }

  static std::string Number(double value) {
    char text[16];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
  }

  const DiffusionNets& nets_;
  const SampleOptions& options_;
  const AvoidOptions& avoid_;
  const AvoidTools& tools_;
  const AvoidWatch& watch_;
  const CancellationToken& cancellation_;
  SampleSize size_;
  EncodedPrompts encoded_;
  PromptWords words_;
  SourceTensors source_;
  std::vector<std::string> notes_;         // of the pair at work
  int index_ = 0, runs_ = 0, passes_ = 0;  // of the same
};

}  // namespace

Result<AvoidResult> AvoidShape(const DiffusionModel& model, const SampleOptions& options,
                               const AvoidOptions& avoid, const AvoidTools& tools, const AvoidWatch& watch,
                               const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(avoid.Validate(options));
  return CatchTorch([&] { return Avoiding(model.nets(), options, avoid, tools, watch, cancellation).Run(); });
}

}  // namespace kantei::generate
