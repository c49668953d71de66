#include "kantei/generate/generation_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/generate/guarded_generation.h"
#include "kantei/image/encode.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

SampleResult MadeResult() {
  SampleResult result;
  result.pictures.resize(1);
  result.pictures[0].pixels = image::Image(12, 10, 3);
  for (std::size_t i = 0; i < 360; ++i)
    result.pictures[0].pixels.pixels()[i] = static_cast<std::uint8_t>(i * 5);
  result.pictures[0].seed = 42;
  return result;
}

TEST(GenerationRecord, TellsHowAndIsTiedToThePicture) {
  SampleOptions options;
  options.prompt = "a fox";
  options.init = image::Image(12, 10, 3);
  options.mask = image::Image(12, 10, 1);
  const SampleResult result = MadeResult();
  const Json claim =
      GenerationClaim({"kantei 1", "m/", "abc", "float32", "cpu"}, options, result.pictures[0], result.notes);
  EXPECT_EQ(claim["seed"], 42);
  EXPECT_EQ(claim["strength"], 1.0);
  EXPECT_EQ(claim["prompt"], "a fox");
  const Bytes png = image::EncodePng(result.pictures[0].pixels).value();
  const Json record = GenerationRecord(claim, "x.png", png, "2026-01-01T00:00:00Z");
  EXPECT_EQ(record["claim_sha256"], ClaimHash(claim));
  EXPECT_TRUE(CheckGenerationRecord(record, png).ok());

  Json forged = record;
  forged["claim"]["prompt"] = "a cat";
  EXPECT_THAT(CheckGenerationRecord(forged, png).error().message, HasSubstr("changed"));
  SampleResult other = result;
  other.pictures[0].pixels.pixels()[7] ^= 1;
  const Bytes changed = image::EncodePng(other.pictures[0].pixels).value();
  EXPECT_THAT(CheckGenerationRecord(record, changed).error().message, HasSubstr("pixels"));
  // The same pixels in another file are the same picture.
  Json moved = record;
  moved["picture"]["sha256"] = "none";
  EXPECT_TRUE(CheckGenerationRecord(moved, png).ok());
  EXPECT_FALSE(CheckGenerationRecord(Json::object(), png).ok());
  EXPECT_FALSE(CheckGenerationRecord(Json::array(), png).ok());
}

TEST(GenerationRecord, KnowsTheRunThatMadeIt) {
  SampleOptions options;
  options.prompt = "a fox";
  const GenerationContext context{"kantei 1", "m/", "abc", "float32", "cpu"};
  const SampleResult result = MadeResult();
  const Json record =
      GenerationRecord(GenerationClaim(context, options, result.pictures[0], {"long"}), "x.png", {}, "now");
  EXPECT_TRUE(IsRecordOf(record, context, options, 42));
  EXPECT_FALSE(IsRecordOf(record, context, options, 43));
  options.width = 12, options.height = 10;
  EXPECT_TRUE(IsRecordOf(record, context, options, 42));
  options.width = 20;
  EXPECT_FALSE(IsRecordOf(record, context, options, 42));
  options.width = options.height = 0;
  options.guidance = 2;
  EXPECT_FALSE(IsRecordOf(record, context, options, 42));
  options.guidance = SampleOptions().guidance;
  GenerationContext other = context;
  other.model_sha256 = "abd";
  EXPECT_FALSE(IsRecordOf(record, other, options, 42));
  EXPECT_FALSE(IsRecordOf(Json::array(), context, options, 42));
}

TEST(GenerationRecord, AGuardMayTakeAnotherSeedForThePicture) {
  SampleOptions options;
  GenerationContext context{"kantei 1", "m/", "abc", "float32", "cpu"};
  context.guard = {{"threshold", 0.7}};
  SampleResult result = MadeResult();
  Json claim = GenerationClaim(context, options, result.pictures[0], {});
  GuardedPicture guarded;
  guarded.attempts = {{{0, 41, 1}, {}, true}, {{1, 42, 1}, {}, false}};
  guarded.kept = 1, guarded.met = true;
  AddGuardOutcome(guarded, &claim);
  const Json record = GenerationRecord(claim, "x.png", {}, "now");
  EXPECT_EQ(record["claim"]["seed"], 42);
  EXPECT_TRUE(IsRecordOf(record, context, options, 41));
  EXPECT_FALSE(IsRecordOf(record, context, options, 42));
  // Another threshold, or no guard, asks for other pictures; a guard is not content with what was made without.
  GenerationContext other = context;
  other.guard["threshold"] = 0.8;
  EXPECT_FALSE(IsRecordOf(record, other, options, 41));
  other.guard = {};
  EXPECT_FALSE(IsRecordOf(record, other, options, 41));
  const Json plain =
      GenerationRecord(GenerationClaim(other, options, result.pictures[0], {}), "x.png", {}, "now");
  EXPECT_TRUE(IsRecordOf(plain, other, options, 42));
  EXPECT_FALSE(IsRecordOf(plain, context, options, 42));
}

TEST(GenerationRecord, AModelsHashFollowsEveryFile) {
  std::string pattern = (fs::temp_directory_path() / "kantei_record_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path folder = pattern;
  fs::create_directories(folder / "unet");
  ASSERT_TRUE(WriteFileAtomic(folder / "unet" / "w", std::string_view("abc")).ok());
  ASSERT_TRUE(WriteFileAtomic(folder / "index", std::string_view("x")).ok());
  const std::string before = ModelHash(folder).value();
  EXPECT_EQ(ModelHash(folder.string() + "/").value(), before);
  ASSERT_TRUE(WriteFileAtomic(folder / "unet" / "w", std::string_view("abd")).ok());
  EXPECT_NE(ModelHash(folder).value(), before);
  EXPECT_EQ(ModelHash(folder / "index").value().size(), 64u);
  EXPECT_FALSE(ModelHash(folder / "none").ok());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace kantei::generate
