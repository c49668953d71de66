#include "kantei/generate/mitigation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kantei/generate/diffusion_test_net.h"
#include "kantei/generate/generation_record.h"
#include "kantei/generate/mitigation_net.h"
#include "kantei/generate/sampler_net.h"

namespace kantei::generate {
namespace {

using testing::HasSubstr;
using Uses = std::vector<MitigationUse>;

MitigationUse Use(std::string_view text) {
  const auto use = ParseMitigation(text);
  EXPECT_TRUE(use.ok()) << use.error().message;
  return *use;
}

SampleOptions Options(const Uses& uses) {
  SampleOptions options;
  options.prompt = "a fox";
  options.scheduler = {SchedulerKind::kDpmPlusPlus2M, 2, 0, false};
  options.width = options.height = 16;
  options.seed = 11;
  options.mitigations = uses;
  return options;
}

std::vector<SampledPicture> Sample(const DiffusionNets& nets, const SampleOptions& options,
                                   const SampleHooks& hooks = {}) {
  auto result = SampleWithHooks(nets, options, hooks, {}, {});
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? std::move(result->pictures) : std::vector<SampledPicture>(9);
}

bool Same(const SampledPicture& a, const SampledPicture& b) {
  return std::ranges::equal(a.pixels.pixels(), b.pixels.pixels());
}

TEST(Mitigation, NamesAndAmountsAreReadAndChecked) {
  for (const char* name : {"lower-guidance", "random-tokens", "word-repetition", "embedding-noise",
                           "pad-masking", "best-of-noise"}) {
    const MitigationUse use = Use(name);
    EXPECT_EQ(MitigationName(use.kind), name);
    EXPECT_TRUE(ValidateMitigations({use}, 7.5).ok()) << name;
  }
  EXPECT_EQ(Use("lower-guidance=2.5").amount, 2.5);
  EXPECT_THAT(ParseMitigation("magic").error().message, HasSubstr("best-of-noise"));
  EXPECT_THAT(ParseMitigation("random-tokens=many").error().message, HasSubstr("1 to 64"));
  EXPECT_FALSE(ParseMitigation("random-tokens=4x").ok());
  const auto failure = [](const Uses& uses, double guidance = 7.5) {
    const Status status = ValidateMitigations(uses, guidance);
    return status.ok() ? std::string() : status.error().message;
  };
  EXPECT_THAT(failure({Use("random-tokens=1.5")}), HasSubstr("whole"));
  EXPECT_THAT(failure({Use("lower-guidance=0.5")}), HasSubstr("1 to 100"));
  EXPECT_THAT(failure({Use("random-tokens"), Use("random-tokens=2")}), HasSubstr("twice"));
  EXPECT_THAT(failure({Use("best-of-noise")}, 1), HasSubstr("above 1"));
  EXPECT_THAT(failure({Use("best-of-noise"), Use("lower-guidance=1")}), HasSubstr("above 1"));
  // The options and the record know them, in whatever order they were named.
  EXPECT_FALSE(Options({Use("random-tokens=65")}).Validate().ok());
  const Uses two = {Use("embedding-noise"), Use("lower-guidance")}, turned = {two[1], two[0]};
  const GenerationContext context{"kantei 1", "m/", "abc", "float32", "cpu"};
  const Json record =
      GenerationRecord(GenerationClaim(context, Options(two), {{}, 11, {}}, {}), "x.png", {}, "");
  EXPECT_EQ(record["claim"]["mitigations"][0]["name"], "lower-guidance");
  EXPECT_EQ(record["claim"]["mitigations"][1]["amount"], 0.1);
  SampleOptions asked = Options(turned);
  asked.width = asked.height = 0;
  EXPECT_TRUE(IsRecordOf(record, context, asked, 11));
  asked.mitigations[0].amount = 4;
  EXPECT_FALSE(IsRecordOf(record, context, asked, 11));
  EXPECT_FALSE(GenerationClaim(context, Options({}), {{}, 11, {}}, {}).contains("mitigations"));
}

TEST(Mitigation, LowerGuidanceIsACap) {
  const DiffusionNets nets = TinyNets();
  SampleOptions three = Options({}), capped = Options({Use("lower-guidance=3")}), high = Options({});
  three.guidance = 3;
  const auto expected = Sample(nets, three);
  EXPECT_TRUE(Same(Sample(nets, capped)[0], expected[0]));
  EXPECT_FALSE(Same(Sample(nets, high)[0], expected[0]));
  capped.guidance = 3;
  capped.mitigations = {Use("lower-guidance=50")};
  EXPECT_TRUE(Same(Sample(nets, capped)[0], expected[0]));
}

TEST(Mitigation, WordsArePutInAndKeptWhole) {
  const ClipTokenizer tokenizer = ClipTokenizer::MakeBytes(77);
  const auto ids = tokenizer.Tokens("red fox").value();
  ASSERT_EQ(ids.size(), 6u);
  const auto random = MitigatedTokens(tokenizer, ids, {Use("random-tokens=3")}, 5);
  EXPECT_EQ(random.size(), 9u);
  EXPECT_EQ(random, MitigatedTokens(tokenizer, ids, {Use("random-tokens=3")}, 5));
  std::set<std::vector<std::int64_t>> seen;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto many =
        MitigatedTokens(tokenizer, ids, {Use("random-tokens=3"), Use("word-repetition=2")}, seed);
    seen.insert(many);
    // Every id between two word ends belongs to a word: both words are there, the repeated ones too, in one piece.
    std::vector<std::vector<std::int64_t>> words(1);
    for (const std::int64_t id : many) {
      words.back().push_back(id);
      if (tokenizer.vocabulary().words[static_cast<std::size_t>(id)].ends_with("</w>")) words.emplace_back();
    }
    EXPECT_TRUE(words.back().empty());
    words.pop_back();
    EXPECT_EQ(words.size(), 7u);
    const std::vector<std::int64_t> red(ids.begin(), ids.begin() + 3), fox(ids.begin() + 3, ids.end());
    const auto reds = std::count(words.begin(), words.end(), red),
               foxes = std::count(words.begin(), words.end(), fox);
    EXPECT_GE(reds, 1);
    EXPECT_GE(foxes, 1);
    EXPECT_EQ(reds + foxes, 4);
    // Single letters are this tokenizer's words.
    for (const auto& word : words) EXPECT_EQ(word.size(), word == red || word == fox ? 3u : 1u);
  }
  EXPECT_GT(seen.size(), 25u);
  EXPECT_EQ(MitigatedTokens(tokenizer, ids, {}, 5), ids);
  EXPECT_TRUE(MitigatedTokens(tokenizer, {}, {Use("word-repetition")}, 5).empty());
  EXPECT_EQ(MitigatedTokens(tokenizer, {}, {Use("random-tokens")}, 5).size(), 4u);
}

TEST(Mitigation, EmbeddingNoiseHasItsSizeAndLeavesTheNegativePromptAlone) {
  const torch::NoGradGuard no_grad;
  const DiffusionNets nets = TinyNets();
  std::vector<std::string> notes;
  const EncodedPrompts plain = EncodePrompts(nets, "a fox", "", &notes).value();
  const EncodedPrompts noisy =
      EncodeMitigated(nets, Options({Use("embedding-noise=0.5")}), 11, &notes).value();
  const torch::Tensor difference = noisy.with - plain.with;
  EXPECT_NEAR(difference.std().item<double>(), 0.5, 0.05);
  EXPECT_NEAR(difference.mean().item<double>(), 0, 0.06);
  EXPECT_TRUE(torch::equal(noisy.without, plain.without));
  EXPECT_FALSE(torch::equal(noisy.with,
                            EncodeMitigated(nets, Options({Use("embedding-noise=0.5")}), 12, &notes)->with));
  EXPECT_TRUE(
      torch::equal(plain.with, EncodeMitigated(nets, Options({Use("embedding-noise=0")}), 11, &notes)->with));
}

TEST(Mitigation, PadMaskingReplacesPadsAndSilencesTheEnd) {
  const torch::NoGradGuard no_grad;
  const DiffusionNets nets = TinyNets();
  std::vector<std::string> notes;
  const SampleOptions options = Options({Use("pad-masking")});
  const EncodedPrompts plain = EncodePrompts(nets, options.prompt, "", &notes).value();
  const EncodedPrompts masked = EncodeMitigated(nets, options, 11, &notes).value();
  // "a fox" is four letters: begin, a, f, o, x, end, pads. The encoder is causal, so what stands before the end is as it was.
  EXPECT_TRUE(torch::allclose(masked.with.slice(1, 0, 5), plain.with.slice(1, 0, 5), 1e-5, 1e-5));
  EXPECT_EQ(masked.with.select(1, 5).abs().max().item<double>(), 0);
  EXPECT_GT(masked.with.slice(1, 6).abs().max().item<double>(), 0);
  // The pads are those of a tokenizer that pads so.
  DiffusionNets other = TinyNets();
  other.tokenizer = other.tokenizer->PaddedWith(33);
  ASSERT_EQ(other.tokenizer->vocabulary().words[33], "!");
  const EncodedPrompts padded = EncodePrompts(other, options.prompt, "", &notes).value();
  EXPECT_TRUE(torch::allclose(masked.with.slice(1, 6), padded.with.slice(1, 6), 1e-5, 1e-5));
  EXPECT_FALSE(torch::allclose(masked.with.slice(1, 6), plain.with.slice(1, 6), 1e-2, 1e-2));
  EXPECT_TRUE(torch::equal(masked.without, plain.without));
  // Every part of a long prompt has an end of its own.
  SampleOptions longer = options;
  longer.prompt = "a fox in the snow, it is night";
  const EncodedPrompts parts = EncodeMitigated(nets, longer, 11, &notes).value();
  ASSERT_EQ(parts.with.size(1), 32);
  std::vector<std::int64_t> silent;
  for (std::int64_t i = 0; i < 32; ++i)
    if (parts.with.select(1, i).abs().max().item<double>() == 0) silent.push_back(i);
  ASSERT_EQ(silent.size(), 2u);
  EXPECT_EQ(silent[0], 15);
  EXPECT_EQ(silent[1],
            16 + 1 + static_cast<std::int64_t>(nets.tokenizer->Tokens(longer.prompt)->size()) - 14);
  // Without the mark there is nothing to pad with.
  ClipVocabulary vocabulary = nets.tokenizer->vocabulary();
  vocabulary.words[33] = "none";
  DiffusionNets without = TinyNets();
  without.tokenizer = ClipTokenizer::Make(vocabulary, 16).value();
  EXPECT_EQ(EncodeMitigated(without, options, 11, &notes).error().code, ErrorCode::kUnsupported);
}

TEST(Mitigation, OfTheNoisesTheOneWithTheShortestGuidanceIsTaken) {
  const DiffusionNets nets = TinyNets();
  SampleOptions options = Options({Use("best-of-noise=3")});
  options.count = 3;
  SampleHooks hooks;
  std::vector<torch::Tensor> starts;
  int passes = 0;
  hooks.step = [&](StepTensors& step) {
    if (step.step == 0) starts.push_back(step.latents.clone());
  };
  hooks.attention = [&](const std::string&, const torch::Tensor&) { ++passes; };
  const auto best = Sample(nets, options, hooks);
  const int watched = passes;
  passes = 0;
  SampleOptions plain = options;
  plain.mitigations.clear();
  const auto first = Sample(nets, plain, hooks);
  EXPECT_EQ(watched, passes);  // who looks at attention sees the picture's own passes alone
  // By hand: the norm of each noise on its own.
  int others = 0;
  for (std::size_t picture = 0; picture < 3; ++picture) {
    double least = first[picture].guidance_norms[0];
    EXPECT_LE(best[picture].guidance_norms[0], least * 1.0001);
    others += best[picture].guidance_norms[0] < least * 0.9999 ? 1 : 0;
    EXPECT_EQ(best[picture].seed, 11 + picture);
    const double scale =
        PlanSteps(MakeNoiseSchedule(nets.scheduler).value(), options.scheduler, 0).start_scale;
    bool found = torch::allclose(
        starts[picture], scale * SeededNoise(11 + picture, NoiseStream::kStart, 0, 4, 8, 8).unsqueeze(0));
    for (int i = 1; i < 3; ++i)
      found =
          found || torch::allclose(
                       starts[picture],
                       scale * SeededNoise(11 + picture, NoiseStream::kOtherStarts, i, 4, 8, 8).unsqueeze(0));
    EXPECT_TRUE(found);
  }
  EXPECT_GT(others, 0);  // 3 pictures of which all had the best noise first: 1 in 27
  // In a batch each picture has its own.
  options.batch = 3;
  const auto batched = Sample(nets, options);
  for (std::size_t picture = 0; picture < 3; ++picture)
    EXPECT_NEAR(batched[picture].guidance_norms[0], best[picture].guidance_norms[0],
                1e-3 * best[picture].guidance_norms[0]);
}

TEST(Mitigation, APictureDependsOnItsSeedWhateverTheCountAndBatch) {
  const DiffusionNets nets = TinyNets();
  SampleOptions none = Options({});
  none.count = 2;
  const auto plain = Sample(nets, none);
  for (const char* name :
       {"random-tokens", "word-repetition", "embedding-noise=1", "pad-masking", "best-of-noise=2"}) {
    SampleOptions options = Options({Use(name)});
    options.count = 2;
    const auto two = Sample(nets, options);
    SampleOptions one = options;
    one.count = 1, one.seed = 12;
    EXPECT_TRUE(Same(Sample(nets, one)[0], two[1])) << name;
    EXPECT_FALSE(Same(two[0], plain[0]) && Same(two[1], plain[1])) << name;
    if (WordsDependOnSeed(options.mitigations)) {
      options.batch = 2;
      EXPECT_TRUE(Same(Sample(nets, options)[1], two[1])) << name;
    }
  }
}

}  // namespace
}  // namespace kantei::generate
