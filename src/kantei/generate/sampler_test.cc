#include "kantei/generate/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kantei/base/random.h"
#include "kantei/generate/sampler_inputs_net.h"
#include "kantei/generate/sampler_net.h"
#include "kantei/generate/soft_realism_net.h"

namespace kantei::generate {
namespace {

using testing::HasSubstr;

/// A tiny model with seeded random weights: 16 x 16 pictures of factor 2.
DiffusionNets TinyNets(bool inpainting = false) {
  DiffusionNets nets;
  nets.tokenizer = ClipTokenizer::MakeBytes(16);
  ClipTextConfig text;
  text.vocab_size = static_cast<int>(nets.tokenizer->size());
  text.hidden_size = 16, text.intermediate_size = 32;
  text.num_hidden_layers = 1, text.num_attention_heads = 2, text.max_position_embeddings = 16;
  UnetConfig unet;
  unet.in_channels = inpainting ? 9 : 4;
  unet.block_out_channels = {8, 16};
  unet.layers_per_block = 1, unet.norm_num_groups = 4;
  unet.down_attention = {true, false}, unet.up_attention = {false, true};
  unet.heads = {2, 2}, unet.cross_attention_dim = 16, unet.sample_size = 8;
  AutoencoderKlConfig vae;
  vae.block_out_channels = {8, 16};
  vae.layers_per_block = 1, vae.norm_num_groups = 4, vae.mid_block_add_attention = false;
  nets.text = ClipText(text);
  nets.unet = Unet(unet);
  nets.vae = AutoencoderKl(vae);
  BeginWeights(*nets.text, 1);
  BeginWeights(*nets.unet, 2);
  BeginWeights(*nets.vae, 3);
  return nets;
}

SampleOptions Options() {
  SampleOptions options;
  options.prompt = "a fox";
  options.scheduler = {SchedulerKind::kDpmPlusPlus2M, 4, 0, false};
  options.guidance = 3;
  options.seed = 11;
  return options;
}

image::Image Noise(int width, int height, int channels, std::uint64_t seed = 5) {
  image::Image picture(width, height, channels);
  Random random(seed);
  for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
  return picture;
}

SampleResult Sample(const DiffusionNets& nets, const SampleOptions& options, const SampleHooks& hooks = {},
                    const SampleWatch& watch = {}) {
  auto result = SampleWithHooks(nets, options, hooks, watch, {});
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? std::move(*result) : SampleResult{};
}

std::string Failure(const DiffusionNets& nets, const SampleOptions& options) {
  const auto result = SampleWithHooks(nets, options, {}, {}, {});
  return result.ok() ? std::string() : result.error().message;
}

int LargestDifference(const image::Image& a, const image::Image& b) {
  EXPECT_EQ(a.pixels().size(), b.pixels().size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.pixels().size(), b.pixels().size()); ++i)
    largest = std::max(largest, std::abs(int{a.pixels()[i]} - int{b.pixels()[i]}));
  return largest;
}

TEST(Sampler, ASeedGivesItsPictureWhateverTheCountAndBatch) {
  const DiffusionNets nets = TinyNets();
  for (const SchedulerKind kind : {SchedulerKind::kDdim, SchedulerKind::kEuler,
                                   SchedulerKind::kEulerAncestral, SchedulerKind::kDpmPlusPlus2M}) {
    SampleOptions options = Options();
    options.scheduler.kind = kind;
    options.scheduler.eta = kind == SchedulerKind::kDdim ? 0.5 : 0;
    options.count = 3;
    const SampleResult three = Sample(nets, options);
    ASSERT_EQ(three.pictures.size(), 3u);
    EXPECT_EQ(three.pictures[2].seed, 13u);
    EXPECT_EQ(three.pictures[0].pixels.width(), 16);
    EXPECT_GT(LargestDifference(three.pictures[0].pixels, three.pictures[1].pixels), 8);
    options.batch = 2;
    const SampleResult batched = Sample(nets, options);
    options.count = options.batch = 1;
    options.seed = 13;
    const SampleResult one = Sample(nets, options);
    EXPECT_EQ(LargestDifference(one.pictures[0].pixels, three.pictures[2].pixels), 0);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_LE(LargestDifference(batched.pictures[i].pixels, three.pictures[i].pixels), 1);
  }
}

TEST(Sampler, GuidanceIsTheMixOfTwoPasses) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  int calls = 0;
  SampleHooks hooks;
  hooks.step = [&](StepTensors& step) {
    EXPECT_EQ(step.step, calls++);
    EXPECT_EQ(step.steps, 4);
    ASSERT_TRUE(step.with_words.defined());
    EXPECT_TRUE(
        torch::allclose(step.output, step.without_words + 3 * (step.with_words - step.without_words)));
    EXPECT_TRUE(torch::allclose(
        step.clean, step.numbers.clean_from_x * step.latents + step.numbers.clean_from_output * step.output,
        1e-4, 1e-4));
  };
  const SampleResult guided = Sample(nets, options, hooks);
  EXPECT_EQ(calls, 4);
  ASSERT_EQ(guided.pictures[0].guidance_norms.size(), 4u);
  for (const double norm : guided.pictures[0].guidance_norms) EXPECT_GT(norm, 0);
  // Words that do not differ from the negative ones guide nowhere.
  options.negative_prompt = options.prompt;
  for (const double norm : Sample(nets, options).pictures[0].guidance_norms) EXPECT_NEAR(norm, 0, 1e-3);
  options.guidance = 1;
  EXPECT_TRUE(Sample(nets, options).pictures[0].guidance_norms.empty());
}

TEST(Sampler, AHookLeadsWhereItSays) {
  const DiffusionNets nets = TinyNets();
  const torch::Tensor goal = torch::full({1, 4, 8, 8}, 0.25);
  SampleHooks hooks;
  hooks.step = [&](StepTensors& step) { step.clean = goal.expand_as(step.clean); };
  torch::Tensor maps;
  std::size_t layers = 0;
  hooks.attention = [&](const std::string&, const torch::Tensor& map) { maps = map, ++layers; };
  for (const SchedulerKind kind : {SchedulerKind::kEuler, SchedulerKind::kDpmPlusPlus2M}) {
    SampleOptions options = Options();
    options.scheduler.kind = kind;
    const SampleResult led = Sample(nets, options, hooks);
    AutoencoderKl vae = nets.vae;
    const torch::NoGradGuard no_grad;
    const image::Image expected = PictureOf(vae->Decode(vae->Unscale(goal)), 0, 16, 16);
    EXPECT_LE(LargestDifference(led.pictures[0].pixels, expected), 1);
  }
  EXPECT_GT(layers, 0u);
  EXPECT_EQ(maps.size(0), 2);  // without words, with words
}

TEST(Sampler, PicturesAreStartedFrom) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  options.scheduler.steps = 10;
  options.init = Noise(24, 16, 3);
  int steps = 0;
  SampleHooks hooks;
  SampleWatch watch;
  watch.step = [&](int, int step, int of) {
    steps = step;
    EXPECT_EQ(of, 3);
  };
  options.strength = 0.3;
  torch::Tensor first;
  hooks.step = [&](StepTensors& step) {
    if (step.step == 0) first = step.latents;
  };
  const SampleResult made = Sample(nets, options, hooks, watch);
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(made.width, 24);
  EXPECT_EQ(made.pictures[0].pixels.height(), 16);
  // What it starts from is the picture's latents under known noise.
  const torch::NoGradGuard no_grad;
  AutoencoderKl vae = nets.vae;
  const torch::Tensor latents = vae->Scale(vae->Encode(PictureTensor(options.init, 2)).mean);
  const SchedulerStep begin = PlanSteps(MakeNoiseSchedule({}).value(), options.scheduler, 7).steps[0];
  EXPECT_TRUE(torch::allclose(
      first, begin.signal * latents + begin.spread * SeededNoise(11, NoiseStream::kStart, 0, 4, 8, 12), 1e-4,
      1e-4));
}

TEST(Sampler, FinishedPicturesAreHandedOverBeforeARunIsStopped) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  options.count = 3;
  const SampleResult kept = Sample(nets, options);
  ASSERT_EQ(kept.pictures.size(), 3u);
  const CancellationToken token;
  SampleWatch watch;
  std::vector<SampledPicture> given;
  watch.finished = [&](SampledPicture&& picture, const std::vector<std::string>&) -> Status {
    given.push_back(std::move(picture));
    if (given.size() == 2) token.Cancel();
    return {};
  };
  const auto stopped = SampleWithHooks(nets, options, {}, watch, token);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  ASSERT_EQ(given.size(), 2u);
  for (std::size_t i = 0; i < given.size(); ++i) {
    EXPECT_EQ(given[i].seed, kept.pictures[i].seed);
    EXPECT_TRUE(std::ranges::equal(given[i].pixels.pixels(), kept.pictures[i].pixels.pixels()));
  }
  // What cannot be kept ends the run.
  watch.finished = [](SampledPicture&&, const std::vector<std::string>&) {
    return Status(Error{ErrorCode::kUnavailable, "disk full"});
  };
  const auto full = SampleWithHooks(nets, options, {}, watch, {});
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().message, "disk full");
}

TEST(Sampler, NoiseIsNormalAndEachStreamItsOwn) {
  const torch::Tensor noise = SeededNoise(3, NoiseStream::kStart, 0, 4, 64, 64);
  EXPECT_NEAR(noise.mean().item<double>(), 0, 0.03);
  EXPECT_NEAR(noise.std().item<double>(), 1, 0.03);
  EXPECT_FALSE(torch::equal(noise, SeededNoise(4, NoiseStream::kStart, 0, 4, 64, 64)));
  EXPECT_FALSE(torch::equal(noise, SeededNoise(3, NoiseStream::kSteps, 0, 4, 64, 64)));
  EXPECT_FALSE(torch::equal(SeededNoise(3, NoiseStream::kSteps, 1, 4, 8, 8),
                            SeededNoise(3, NoiseStream::kSteps, 0, 4, 8, 8)));
}

/// Sizes that are no multiples of the factor too: what is outside the mask is the picture that was given.
TEST(Sampler, HolesAreFilledAndTheRestIsKept) {
  for (const bool inpainting : {false, true}) {
    const DiffusionNets nets = TinyNets(inpainting);
    SampleOptions options = Options();
    options.init = Noise(23, 17, 3);
    options.mask = image::Image(23, 17, 1);
    for (int y = 5; y < 12; ++y)
      for (int x = 6; x < 15; ++x) options.mask.row(y)[x] = 255;
    const image::Image filled = Sample(nets, options).pictures[0].pixels;
    ASSERT_EQ(filled.width(), 23);
    int changed = 0;
    for (int y = 0; y < 17; ++y) {
      for (int x = 0; x < 23; ++x) {
        const bool same =
            std::equal(filled.row(y) + 3 * x, filled.row(y) + 3 * x + 3, options.init.row(y) + 3 * x);
        if (options.mask.row(y)[x] == 0)
          ASSERT_TRUE(same);
        else
          changed += same ? 0 : 1;
      }
    }
    EXPECT_GT(changed, 50);
    options.paste_back = false;
    EXPECT_GT(LargestDifference(Sample(nets, options).pictures[0].pixels, filled), 0);
  }
}

/// Around the hole the latents of a 4-channel network end as those of the picture.
TEST(Sampler, BlendedLatentsEndAtThePicture) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  options.init = Noise(16, 16, 3);
  options.mask = image::Image(16, 16, 1);
  options.mask.row(7)[9] = 200;  // one pixel: its whole cell is made anew
  options.paste_back = false;
  const torch::NoGradGuard no_grad;
  const SampleSize size = SizeOf(nets, options).value();
  const SourceTensors source = MakeSource(nets, options, size).value();
  EXPECT_EQ(source.blend.sum().item<double>(), 1);
  EXPECT_EQ(source.blend[0][0][3][4].item<double>(), 1);
  options.mask.row(7)[9] = 0;
  const image::Image untouched = Sample(nets, options).pictures[0].pixels;
  AutoencoderKl vae = nets.vae;
  const image::Image expected = PictureOf(vae->Decode(vae->Unscale(source.latents)), 0, 16, 16);
  EXPECT_LE(LargestDifference(untouched, expected), 1);
}

TEST(Sampler, InpaintingNetworksSeeMaskAndRest) {
  const DiffusionNets nets = TinyNets(true);
  SampleOptions options = Options();
  options.init = Noise(16, 16, 3);
  options.mask = image::Image(16, 16, 1);
  for (int y = 0; y < 16; ++y) std::fill_n(options.mask.row(y), 8, std::uint8_t{255});
  const torch::NoGradGuard no_grad;
  const SourceTensors source = MakeSource(nets, options, SizeOf(nets, options).value()).value();
  ASSERT_EQ(source.extra.size(1), 5);
  EXPECT_EQ(source.extra.select(1, 0).sum().item<double>(), 32);
  AutoencoderKl vae = nets.vae;
  torch::Tensor rest = PictureTensor(options.init, 2).clone();
  rest.slice(3, 0, 8).zero_();
  EXPECT_TRUE(torch::allclose(source.extra.slice(1, 1, 5), vae->Scale(vae->Encode(rest).mean), 1e-4, 1e-4));
}

TEST(Sampler, LongPromptsAreEncodedInPartsAndSaid) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  const image::Image plain = Sample(nets, options).pictures[0].pixels;
  options.prompt = "a fox in the snow at night, with a lantern";
  const SampleResult result = Sample(nets, options);
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_THAT(result.notes[0], HasSubstr("parts"));
  EXPECT_GT(LargestDifference(result.pictures[0].pixels, plain), 0);
  const torch::NoGradGuard no_grad;
  std::vector<std::string> notes;
  const EncodedPrompts encoded = EncodePrompts(nets, options.prompt, "", &notes).value();
  EXPECT_EQ(encoded.with.sizes(), encoded.without.sizes());
  EXPECT_GT(encoded.with.size(1), 16);
}

TEST(Sampler, PreviewsAndCancelling) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  options.count = 2;
  SampleWatch watch;
  std::vector<std::pair<int, int>> seen;
  watch.preview_every = 2;
  watch.preview = [&](int picture, int step, const image::Image& rough) {
    EXPECT_EQ(rough.width(), 16);
    seen.emplace_back(picture, step);
  };
  Sample(nets, options, {}, watch);
  EXPECT_THAT(seen, testing::ElementsAre(std::pair(0, 2), std::pair(1, 2)));
  const CancellationToken token;
  int steps = 0;
  watch.step = [&](int, int, int) {
    if (++steps == 3) token.Cancel();
  };
  const auto cancelled = SampleWithHooks(nets, options, {}, watch, token);
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(steps, 3);
}

TEST(Sampler, SlicedAttentionGivesTheSamePicture) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  const image::Image whole = Sample(nets, options).pictures[0].pixels;
  options.attention_slice = 1;
  EXPECT_LE(LargestDifference(Sample(nets, options).pictures[0].pixels, whole), 1);
}

TEST(Sampler, RealismGuidanceLowersTheRealismLoss) {
  DiffusionNets nets = TinyNets();
  SampleOptions options = Options();
  options.width = options.height = 32;
  options.scheduler.steps = 12;
  const image::Image plain = Sample(nets, options).pictures[0].pixels;
  SoftRealismReference reference;
  reference.mean = {-3, 7, -4, 8, 5};
  reference.deviation = {1, 1, 1, 1, 1};
  const auto loss = [&](const image::Image& picture) {
    const torch::NoGradGuard no_grad;
    return SoftRealismLoss(PictureTensor(picture, 1), reference).item<double>();
  };
  options.realism_guidance = 4;
  EXPECT_THAT(Failure(nets, options), HasSubstr("soft_realism.json"));
  nets.realism = reference;
  const image::Image pulled = Sample(nets, options).pictures[0].pixels;
  EXPECT_LT(loss(pulled), loss(plain) - 0.02);
  options.realism_guidance = 0;
  EXPECT_EQ(LargestDifference(Sample(nets, options).pictures[0].pixels, plain), 0);
  options.realism_guidance = 11;
  EXPECT_THAT(Failure(nets, options), HasSubstr("realism_guidance"));
}

TEST(Sampler, RefusesWhatDoesNotFit) {
  const DiffusionNets nets = TinyNets();
  const auto failure = [&](auto change) {
    SampleOptions options = Options();
    change(options);
    return Failure(nets, options);
  };
  EXPECT_THAT(failure([](auto& o) { o.width = 17, o.height = 16; }), HasSubstr("multiples of 2"));
  EXPECT_THAT(failure([](auto& o) { o.width = 16; }), HasSubstr("width and height"));
  EXPECT_THAT(failure([](auto& o) { o.width = o.height = 16'000; }), HasSubstr("MB"));
  EXPECT_THAT(failure([](auto& o) { o.mask = image::Image(4, 4, 1); }), HasSubstr("mask"));
  EXPECT_THAT(failure([](auto& o) {
                o.init = Noise(8, 8, 3);
                o.mask = image::Image(4, 4, 1);
              }),
              HasSubstr("4x4"));
  EXPECT_THAT(failure([](auto& o) { o.control = Noise(16, 16, 3); }), HasSubstr("ControlNet"));
  EXPECT_THAT(failure([](auto& o) { o.strength = 0.5; }), HasSubstr("strength"));
  EXPECT_THAT(failure([](auto& o) { o.scheduler.steps = 5000; }), HasSubstr("1000"));
  EXPECT_THAT(failure([](auto& o) { o.guidance = -1; }), HasSubstr("guidance"));
  EXPECT_THAT(failure([](auto& o) { o.count = 0; }), HasSubstr("count"));
}

TEST(Sampler, ControlPicturesSteer) {
  DiffusionNets nets = TinyNets();
  ControlnetConfig config;
  config.unet = nets.unet->config();
  config.conditioning_embedding_out_channels = {4, 8};
  nets.controlnet = Controlnet(config);
  BeginWeights(*nets.controlnet, 4);
  // Begun networks add nothing yet.
  SampleOptions options = Options();
  const image::Image without = Sample(nets, options).pictures[0].pixels;
  options.control = Noise(16, 16, 3);
  EXPECT_EQ(LargestDifference(Sample(nets, options).pictures[0].pixels, without), 0);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : nets.controlnet->parameters())
    if (parameter.abs().max().item<float>() == 0) parameter.fill_(0.1);
  const image::Image with = Sample(nets, options).pictures[0].pixels;
  EXPECT_GT(LargestDifference(with, without), 0);
  options.control_strength = 0;
  EXPECT_EQ(LargestDifference(Sample(nets, options).pictures[0].pixels, without), 0);
}

}  // namespace
}  // namespace kantei::generate
