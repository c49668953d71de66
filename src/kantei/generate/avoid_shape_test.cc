#include "kantei/generate/avoid_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kantei/generate/avoid_masks.h"
#include "kantei/generate/avoid_record.h"
#include "kantei/generate/sampler_inputs_net.h"
#include "kantei/generate/sampler_net.h"
#include "kantei/generate/shape_bias_net.h"
#include "kantei/image/ssim.h"

namespace kantei::generate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(AvoidShape, ModesHaveNames) {
  for (const std::string& name : AvoidModeNames()) EXPECT_EQ(AvoidModeName(*ParseAvoidMode(name)), name);
  EXPECT_EQ(AvoidModeNames().size(), 5u);
  EXPECT_THAT(ParseAvoidMode("away").error().message, HasSubstr("reseeded-region"));
}

/// A tiny model whose attention tells places apart, so that there are masks.
DiffusionNets Nets(bool controlnet = false) {
  DiffusionNets nets;
  nets.tokenizer = ClipTokenizer::MakeBytes(16);
  ClipTextConfig text;
  text.vocab_size = static_cast<int>(nets.tokenizer->size());
  text.hidden_size = 16, text.intermediate_size = 32;
  text.num_hidden_layers = 1, text.num_attention_heads = 2, text.max_position_embeddings = 16;
  UnetConfig unet;
  unet.block_out_channels = {8, 16};
  unet.layers_per_block = 1, unet.norm_num_groups = 4;
  unet.down_attention = {true, false}, unet.up_attention = {false, true};
  unet.heads = {2, 2}, unet.cross_attention_dim = 16, unet.sample_size = 16;
  AutoencoderKlConfig vae;
  vae.block_out_channels = {8, 16};
  vae.layers_per_block = 1, vae.norm_num_groups = 4, vae.mid_block_add_attention = false;
  nets.text = ClipText(text);
  nets.unet = Unet(unet);
  nets.vae = AutoencoderKl(vae);
  BeginWeights(*nets.text, 1);
  BeginWeights(*nets.unet, 2);
  BeginWeights(*nets.vae, 3);
  const torch::NoGradGuard no_grad;
  if (controlnet) {
    ControlnetConfig control;
    control.unet = unet;
    control.conditioning_embedding_out_channels = {4, 8};
    nets.controlnet = Controlnet(control);
    BeginWeights(*nets.controlnet, 4);
    // Ends that are zero would hide everything before them.
    for (torch::Tensor& parameter : nets.controlnet->parameters()) parameter.add_(0.02);
  }
  for (auto& named : nets.unet->named_parameters())
    if (named.key().find("attn2.to_q") != std::string::npos ||
        named.key().find("attn2.to_k") != std::string::npos)
      named.value().mul_(6);
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

struct AvoidRig {
  DiffusionNets nets = Nets();
  SampleOptions sampling = Options();
  AvoidOptions avoid;
  AvoidTools tools;
  AvoidWatch watch;
  CancellationToken cancellation;

  explicit AvoidRig(AvoidMode mode) { avoid.mode = mode; }
  Result<AvoidResult> Try() {
    return AvoidShape(DiffusionModel::Make(nets).value(), sampling, avoid, tools, watch, cancellation);
  }
  AvoidedPicture One() {
    auto made = Try();
    EXPECT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made->pictures.size(), 1u);
    return std::move(made->pictures.front());
  }
};

int LargestDifference(const image::Image& a, const image::Image& b) {
  EXPECT_EQ(a.pixels().size(), b.pixels().size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.pixels().size(), b.pixels().size()); ++i)
    largest = std::max(largest, std::abs(int{a.pixels()[i]} - int{b.pixels()[i]}));
  return largest;
}

bool Same(const AvoidedPicture& a, const AvoidedPicture& b) {
  return LargestDifference(a.first.pixels, b.first.pixels) == 0 &&
         LargestDifference(a.second.pixels, b.second.pixels) == 0 &&
         std::ranges::equal(a.first_mask.pixels.pixels(), b.first_mask.pixels.pixels()) &&
         std::ranges::equal(a.second_mask.pixels.pixels(), b.second_mask.pixels.pixels()) &&
         a.second_seed == b.second_seed && a.passes == b.passes && a.notes == b.notes;
}

image::Image Plain(const DiffusionNets& nets, SampleOptions options, std::uint64_t seed) {
  options.seed = seed;
  auto made = SampleWithHooks(nets, options, {}, {}, {});
  EXPECT_TRUE(made.ok());
  return made->pictures.front().pixels;
}

TEST(AvoidShape, EveryModeMakesAnotherPictureFromItsSeedAlone) {
  for (const std::string& name : AvoidModeNames()) {
    SCOPED_TRACE(name);
    AvoidRig rig(*ParseAvoidMode(name));
    rig.avoid.tries = 2;
    rig.sampling.count = 2;
    auto two = rig.Try();
    ASSERT_TRUE(two.ok()) << two.error().message;
    ASSERT_EQ(two->pictures.size(), 2u);
    rig.sampling.count = 1, rig.sampling.seed = 12;
    const AvoidedPicture one = rig.One();
    EXPECT_TRUE(Same(one, two->pictures[1]));
    EXPECT_FALSE(Same(one, two->pictures[0]));
    EXPECT_NE(one.first_mask.source, MaskSource::kNone);
    EXPECT_TRUE(one.steered);
    EXPECT_FALSE(one.control);
    EXPECT_THAT(one.words, ElementsAre("fox"));
    EXPECT_EQ(one.second.seed, 12u);
    // The first is the plain picture of its seed, up to the last bits of sums.
    EXPECT_LE(LargestDifference(one.first.pixels, Plain(rig.nets, Options(), 12)), 1);
    EXPECT_GT(LargestDifference(one.first.pixels, one.second.pixels), 4);
    ASSERT_TRUE(one.mask_iou.has_value());
    EXPECT_EQ(*one.mask_iou, MaskIou(one.first_mask.pixels, one.second_mask.pixels));
    EXPECT_EQ(one.ssim, image::Ssim(one.first.pixels, one.second.pixels).value());
    EXPECT_EQ(one.second_mask.source, one.first_mask.source);
    // Two passes a step with guidance.
    EXPECT_EQ(one.first_passes, 8);
    const int more = rig.avoid.mode == AvoidMode::kNegativeControl ? 12
                     : rig.avoid.mode == AvoidMode::kReject        ? 8 * one.tried
                                                                   : 8;
    EXPECT_EQ(one.passes, 8 + more);
    const bool same_noise =
        rig.avoid.mode != AvoidMode::kReject && rig.avoid.mode != AvoidMode::kReseededRegion;
    EXPECT_EQ(one.second_seed == 12, same_noise);
    EXPECT_EQ(one.alteration.empty(), rig.avoid.mode != AvoidMode::kAlteredMask);
  }
}

TEST(AvoidShape, WithoutStrengthShapesAreAsBefore) {
  for (const AvoidMode mode :
       {AvoidMode::kAlteredMask, AvoidMode::kInvertedMask, AvoidMode::kNegativeControl}) {
    AvoidRig rig(mode);
    rig.avoid.strength = 0;
    const AvoidedPicture pair = rig.One();
    EXPECT_EQ(LargestDifference(pair.first.pixels, pair.second.pixels), 0) << AvoidModeName(mode);
    EXPECT_EQ(pair.mask_iou, 1);
    EXPECT_NEAR(pair.ssim, 1, 1e-9);
    EXPECT_FALSE(pair.limits_met);
    ASSERT_EQ(pair.notes.size(), 1u);
    EXPECT_THAT(pair.notes[0], HasSubstr("still alike"));
    // Hardly any strength gives hardly another picture.
    rig.avoid.strength = 1e-5;
    EXPECT_LE(LargestDifference(pair.first.pixels, rig.One().second.pixels), 2) << AvoidModeName(mode);
    rig.sampling.guidance = 1;
    rig.avoid.strength = 2;
    const AvoidedPicture unguided = rig.One();
    EXPECT_GT(LargestDifference(unguided.first.pixels, unguided.second.pixels), 4) << AvoidModeName(mode);
    EXPECT_EQ(unguided.first_passes, 4);
  }
}

/// output - w (output with the shape - output with the words), by hand.
TEST(AvoidShape, NegativeControlIsItsFormula) {
  AvoidRig rig(AvoidMode::kNegativeControl);
  rig.avoid.strength = 0.7;
  const AvoidedPicture pair = rig.One();
  const torch::NoGradGuard no_grad;
  std::vector<std::string> notes;
  const torch::Tensor words = EncodePrompts(rig.nets, "a fox", "", &notes)->with;
  const PromptWords places = FindContentWords(*rig.nets.tokenizer, "a fox", 16).value();
  const torch::Tensor bias = ShapeBias(places, MaskOnLatents(pair.first_mask.pixels, 16, 16));
  SampleHooks hooks;
  hooks.step = [&](StepTensors& step) {
    UnetExtras extras;
    extras.bias = bias * BiasFactor(step.numbers);
    Unet unet = rig.nets.unet;
    const torch::Tensor shaped = unet->forward(step.latents * step.numbers.input_scale,
                                               torch::full({1}, step.numbers.timestep), words, extras);
    const torch::Tensor output =
        step.without_words + 3 * (step.with_words - step.without_words) - 0.7 * (shaped - step.with_words);
    step.clean = step.numbers.clean_from_x * step.latents + step.numbers.clean_from_output * output;
  };
  const auto by_hand = SampleWithHooks(rig.nets, Options(), hooks, {}, {});
  ASSERT_TRUE(by_hand.ok());
  EXPECT_LE(LargestDifference(by_hand->pictures[0].pixels, pair.second.pixels), 1);
  EXPECT_GT(LargestDifference(pair.first.pixels, pair.second.pixels), 4);
}

TEST(AvoidShape, OnlyTheRegionIsReseeded) {
  AvoidRig rig(AvoidMode::kReseededRegion);
  rig.avoid.strength = 0;
  const AvoidedPicture pair = rig.One();
  EXPECT_EQ(pair.second_seed, FurtherSeed(11, 1));
  // By hand: the region's noise is the further seed's, the rest is the seed's.
  const torch::NoGradGuard no_grad;
  const torch::Tensor region = (MaskOnLatents(pair.first_mask.pixels, 16, 16) >= 0.25).to(torch::kFloat32);
  ASSERT_GT(region.sum().item<double>(), 4);
  ASSERT_LT(region.sum().item<double>(), 250);
  SampleHooks hooks;
  hooks.start = [&](int, torch::Tensor& noise) {
    noise = torch::where(region > 0, SeededNoise(pair.second_seed, NoiseStream::kStart, 0, 4, 16, 16), noise);
  };
  hooks.taken = [&](const StepTensors& step, torch::Tensor& next) {
    if (step.step > 0) return;  // of four steps the first
    next = torch::where(
        region > 0,
        step.numbers.next_signal * step.clean +
            step.numbers.next_spread * SeededNoise(pair.second_seed, NoiseStream::kSteps, 0, 4, 16, 16),
        next);
  };
  const auto by_hand = SampleWithHooks(rig.nets, Options(), hooks, {}, {});
  ASSERT_TRUE(by_hand.ok());
  EXPECT_LE(LargestDifference(by_hand->pictures[0].pixels, pair.second.pixels), 1);
  rig.avoid.strength = 2;
  EXPECT_GT(LargestDifference(rig.One().second.pixels, pair.second.pixels), 4);
}

TEST(AvoidShape, RejectKeepsTheLeastAlikeAndSaysSo) {
  AvoidRig rig(AvoidMode::kReject);
  rig.avoid.tries = 4;
  rig.avoid.most_mask_iou = 1;
  rig.avoid.most_similarity = 0;
  const double given[] = {0.9, 0.4, 0.6, 0.5};
  std::vector<image::Image> seen;
  rig.tools.similarity = {"test", [&](const image::Image&, const image::Image& second) -> Result<double> {
                            seen.push_back(second);
                            return given[seen.size() - 1];
                          }};
  const AvoidedPicture best = rig.One();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(best.tried, 4);
  EXPECT_EQ(best.second_seed, FurtherSeed(11, 2));
  EXPECT_EQ(best.similarity, 0.4);
  EXPECT_EQ(LargestDifference(best.second.pixels, seen[1]), 0);
  EXPECT_LE(LargestDifference(best.second.pixels, Plain(rig.nets, Options(), best.second_seed)), 1);
  EXPECT_FALSE(best.limits_met);
  ASSERT_EQ(best.notes.size(), 1u);
  EXPECT_THAT(best.notes[0], HasSubstr("4 tries"));
  // The first that is below the limits ends it.
  seen.clear();
  rig.avoid.most_similarity = 0.7;
  const AvoidedPicture met = rig.One();
  EXPECT_EQ(met.tried, 2);
  EXPECT_TRUE(met.limits_met);
  EXPECT_TRUE(met.notes.empty());
  // Masks have a limit too, and a measure that fails ends the run.
  seen.clear();
  rig.avoid.most_mask_iou = 0;
  EXPECT_EQ(rig.One().tried, 4);
  rig.tools.similarity.compare = [](const image::Image&, const image::Image&) -> Result<double> {
    return Error{ErrorCode::kUnavailable, "no measure"};
  };
  EXPECT_EQ(rig.Try().error().message, "no measure");
}

TEST(AvoidShape, AControlNetDrawsTheShape) {
  for (const AvoidMode mode :
       {AvoidMode::kAlteredMask, AvoidMode::kInvertedMask, AvoidMode::kNegativeControl}) {
    AvoidRig rig(mode);
    rig.nets = Nets(true);
    const AvoidedPicture pair = rig.One();
    EXPECT_TRUE(pair.control);
    EXPECT_GT(LargestDifference(pair.first.pixels, pair.second.pixels), 0);
    EXPECT_EQ(pair.passes, mode == AvoidMode::kNegativeControl ? 8 + 8 + 8 : 8 + 16);
    if (mode != AvoidMode::kInvertedMask) continue;
    SampleOptions by_hand = Options();
    by_hand.control = SegmentPicture(InvertMask(pair.first_mask.pixels), {"fox"});
    by_hand.control_strength = 1;
    EXPECT_LE(LargestDifference(pair.second.pixels, Plain(rig.nets, by_hand, 11)), 1);
    // Shapes can then be drawn without a word.
    rig.sampling.prompt = "";
    const AvoidedPicture mute = rig.One();
    EXPECT_EQ(mute.steered, mute.first_mask.source != MaskSource::kNone);
  }
}

TEST(AvoidShape, WithoutWordsOrShapeOnlyTheNoiseIsAnother) {
  AvoidRig rig(AvoidMode::kInvertedMask);
  rig.sampling.prompt = "";
  const AvoidedPicture pair = rig.One();
  EXPECT_NE(pair.first_mask.source, MaskSource::kAttention);
  EXPECT_NE(pair.first_mask.source, MaskSource::kGuidance);
  EXPECT_FALSE(pair.steered);
  EXPECT_EQ(pair.second_seed, FurtherSeed(11, 1));
  SampleOptions plain = Options();
  plain.prompt = "";
  EXPECT_LE(LargestDifference(pair.second.pixels, Plain(rig.nets, plain, pair.second_seed)), 1);
  ASSERT_FALSE(pair.notes.empty());
  EXPECT_THAT(pair.notes[0], HasSubstr("to steer by"));
}

TEST(AvoidShape, MasksThatAreNotThereAreNotAvoided) {
  AvoidRig rig(AvoidMode::kReject);
  rig.sampling.prompt = "";
  rig.avoid.tries = 1;
  const torch::NoGradGuard no_grad;
  for (auto& named : rig.nets.vae->named_parameters())
    if (named.key() == "decoder.conv_out.weight") named.value().zero_();
  double given = 0.9;
  rig.tools.similarity = {"test",
                          [&](const image::Image&, const image::Image&) -> Result<double> { return given; }};
  const AvoidedPicture alike = rig.One();
  EXPECT_EQ(alike.first_mask.source, MaskSource::kNone);
  EXPECT_FALSE(alike.mask_iou.has_value());
  EXPECT_FALSE(alike.limits_met);
  EXPECT_THAT(alike.notes.at(0), HasSubstr("IoU unknown"));
  EXPECT_FALSE(AvoidedClaim({}, rig.sampling, rig.avoid, rig.tools, alike)["avoid_shape"]["between"].contains(
      "mask_iou"));
  given = 0.1;
  EXPECT_TRUE(rig.One().limits_met);
  rig.avoid.mode = AvoidMode::kReseededRegion;
  const AvoidedPicture unsteered = rig.One();
  EXPECT_FALSE(unsteered.steered);
  EXPECT_THAT(unsteered.notes.at(0), HasSubstr("no shape"));
}

TEST(AvoidShape, RunsAreWatchedAndStopped) {
  AvoidRig rig(AvoidMode::kReseededRegion);
  rig.sampling.count = 2;
  std::vector<std::pair<int, int>> steps, previews;
  rig.watch.step = [&](int picture, int step, int of) {
    EXPECT_EQ(of, 8);
    steps.emplace_back(picture, step);
  };
  rig.watch.preview_every = 3;
  rig.watch.preview = [&](int picture, int step, const image::Image& rough) {
    EXPECT_EQ(rough.width(), 32);
    previews.emplace_back(picture, step);
  };
  std::vector<AvoidedPicture> given;
  rig.watch.finished = [&](AvoidedPicture&& pair) -> Status {
    given.push_back(std::move(pair));
    return {};
  };
  const auto whole = rig.Try();
  ASSERT_TRUE(whole.ok());
  EXPECT_TRUE(whole->pictures.empty());
  ASSERT_EQ(given.size(), 2u);
  ASSERT_EQ(steps.size(), 16u);
  EXPECT_EQ(steps.front(), std::pair(0, 1));
  EXPECT_EQ(steps.back(), std::pair(1, 8));
  EXPECT_THAT(previews, ElementsAre(std::pair(0, 3), std::pair(1, 3)));

  rig.watch.finished = [&](AvoidedPicture&&) -> Status {
    rig.cancellation.Cancel();
    return {};
  };
  EXPECT_EQ(rig.Try().error().code, ErrorCode::kCancelled);
}

TEST(AvoidShape, RefusesWhatCannotBeAvoided) {
  const auto failure = [](auto change) {
    AvoidRig rig(AvoidMode::kReject);
    change(rig);
    const auto made = rig.Try();
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_THAT(failure([](auto& r) { r.sampling.init = image::Image(32, 32, 3); }), HasSubstr("start from"));
  EXPECT_THAT(failure([](auto& r) { r.sampling.control = image::Image(32, 32, 3); }), HasSubstr("control"));
  EXPECT_THAT(failure([](auto& r) {
                r.sampling.mitigations = {{Mitigation::kRandomTokens, 4}};
              }),
              HasSubstr("mitigations"));
  EXPECT_THAT(failure([](auto& r) { r.avoid.strength = 11; }), HasSubstr("strength"));
  EXPECT_THAT(failure([](auto& r) { r.avoid.tries = 0; }), HasSubstr("tries"));
  EXPECT_THAT(failure([](auto& r) { r.avoid.most_mask_iou = 1.5; }), HasSubstr("IoU"));
  EXPECT_THAT(failure([](auto& r) { r.avoid.most_similarity = NAN; }), HasSubstr("similarity"));
  EXPECT_THAT(failure([](auto& r) { r.sampling.count = 0; }), HasSubstr("count"));
}

TEST(AvoidShape, TheRecordTellsAllAndKnowsItsRun) {
  AvoidRig rig(AvoidMode::kAlteredMask);
  const AvoidedPicture pair = rig.One();
  const GenerationContext context{"kantei 1", "m/", "abc", "float32", "cpu"};
  const Json claim = AvoidedClaim(context, rig.sampling, rig.avoid, {}, pair);
  const Json& told = claim["avoid_shape"];
  EXPECT_EQ(claim["seed"], 11);
  EXPECT_EQ(claim["pixels_sha256"], PixelHash(pair.second.pixels));
  EXPECT_EQ(told["mode"], "altered-mask");
  EXPECT_EQ(told["seeds"], (Json{{"first", 11}, {"second", 11}}));
  EXPECT_EQ(told["first_pixels_sha256"], PixelHash(pair.first.pixels));
  EXPECT_EQ(told["mask"]["pixels_sha256"], PixelHash(pair.first_mask.pixels));
  EXPECT_EQ(told["mask"]["found_by"], MaskSourceName(pair.first_mask.source));
  EXPECT_EQ(told["mask_after"]["pixels_sha256"], PixelHash(pair.second_mask.pixels));
  EXPECT_EQ(told["alteration"], pair.alteration);
  EXPECT_EQ(told["similarity_by"], "ssim");
  EXPECT_NEAR(told["between"]["ssim"].get<double>(), pair.ssim, 1e-4);
  EXPECT_EQ(told["network_passes"]["all"], 16);

  const Json record{{"claim", claim}};
  const auto knows = [&](auto change) {
    SampleOptions sampling = rig.sampling;
    AvoidOptions avoid = rig.avoid;
    AvoidTools tools;
    std::uint64_t seed = 11;
    change(sampling, avoid, tools, seed);
    return IsAvoidedRecordOf(record, context, sampling, avoid, tools, seed);
  };
  EXPECT_TRUE(knows([](auto&, auto&, auto&, auto&) {}));
  EXPECT_FALSE(knows([](auto& s, auto&, auto&, auto&) { s.guidance = 4; }));
  EXPECT_FALSE(knows([](auto&, auto& a, auto&, auto&) { a.mode = AvoidMode::kReject; }));
  EXPECT_FALSE(knows([](auto&, auto& a, auto&, auto&) { a.strength = 2; }));
  EXPECT_FALSE(knows([](auto&, auto&, auto& t, auto&) { t.similarity.name = "descriptor"; }));
  EXPECT_FALSE(knows([](auto&, auto&, auto& t, auto&) { t.lpips.name = "alex"; }));
  EXPECT_FALSE(knows([](auto&, auto&, auto& t, auto&) { t.subject.name = "a segmenter"; }));
  EXPECT_FALSE(knows([](auto&, auto&, auto&, auto& seed) { seed = 12; }));
  // A plain picture is none that avoids a shape, and the other way round.
  EXPECT_FALSE(IsRecordOf(record, context, rig.sampling, 11));
  const Json plain{{"claim", GenerationClaim(context, rig.sampling, pair.first, {})}};
  EXPECT_TRUE(IsRecordOf(plain, context, rig.sampling, 11));
  EXPECT_FALSE(IsAvoidedRecordOf(plain, context, rig.sampling, rig.avoid, {}, 11));
}

TEST(AvoidShape, ASegmenterFindsTheShapeAndItsRecordSaysSo) {
  AvoidRig rig(AvoidMode::kAlteredMask);
  std::vector<std::string> asked;
  const auto half = [](const image::Image& picture, int from) {
    image::Image mask(picture.width(), picture.height(), 1);
    for (int y = 0; y < mask.height(); ++y)
      for (int x = from; x < from + mask.width() / 4; ++x) mask.row(y)[x] = 255;
    return mask;
  };
  bool finds = true;
  rig.tools.subject = {"segmenter abc", "",
                       [&](const image::Image& picture, const std::vector<std::string>& words,
                           const std::string& only) -> Result<SubjectMask> {
                         EXPECT_THAT(words, ElementsAre("fox"));
                         asked.push_back(only);
                         if (!finds) return SubjectMask{picture, MaskSource::kNone, 0, 0, "", ""};
                         return SubjectMask{half(picture, only.empty() ? 0 : picture.width() / 8),
                                            MaskSource::kSegmentation,
                                            0.25,
                                            1,
                                            "fox",
                                            "word"};
                       }};
  rig.tools.lpips = {"lpips def",
                     [](const image::Image&, const image::Image&) -> Result<double> { return 0.3; }};
  const AvoidedPicture pair = rig.One();
  EXPECT_THAT(asked, ElementsAre("", "fox"));
  EXPECT_EQ(pair.first_mask.source, MaskSource::kSegmentation);
  EXPECT_NEAR(pair.mask_iou.value(), 1 / 3.0, 0.05);
  const Json told = AvoidedClaim({}, rig.sampling, rig.avoid, rig.tools, pair)["avoid_shape"];
  EXPECT_EQ(told["segmenter"], "segmenter abc");
  EXPECT_FALSE(told.contains("subject"));
  EXPECT_EQ(told["mask"]["found_by"], "segmentation");
  EXPECT_EQ(told["mask"]["class"], "fox");
  EXPECT_EQ(told["mask"]["class_by"], "word");
  EXPECT_EQ(told["lpips_by"], "lpips def");
  EXPECT_EQ(told["between"]["lpips"], 0.3);
  // Where it finds nothing the way of a run without one is taken, for both pictures, and this is said.
  finds = false;
  asked.clear();
  const AvoidedPicture fallen = rig.One();
  EXPECT_THAT(asked, ElementsAre(""));
  ASSERT_FALSE(fallen.notes.empty());
  EXPECT_THAT(fallen.notes[0], HasSubstr("segmenter found no class"));
  rig.tools = {};
  const AvoidedPicture plain = rig.One();
  EXPECT_EQ(fallen.first_mask.source, plain.first_mask.source);
  EXPECT_EQ(LargestDifference(fallen.second.pixels, plain.second.pixels), 0);
}

}  // namespace
}  // namespace kantei::generate
