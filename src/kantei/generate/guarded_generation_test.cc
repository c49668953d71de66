#include "kantei/generate/guarded_generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace kantei::generate {
namespace {

using testing::HasSubstr;

/// A picture that tells its seed's last byte.
SampleResult Picture(const GuardOrder& order) {
  SampleResult result;
  result.pictures.resize(1);
  result.pictures[0].pixels = image::Image(1, 1, 3);
  result.pictures[0].pixels.pixels()[0] = static_cast<std::uint8_t>(order.attempt);
  result.pictures[0].seed = order.seed;
  result.notes = {"attempt " + std::to_string(order.attempt)};
  return result;
}

/// Finds what the list says of each attempt.
GuardProbe Says(std::vector<GuardFinding> findings) {
  return [findings = std::move(findings)](const image::Image& picture) -> Result<GuardFinding> {
    return findings.at(picture.pixels()[0]);
  };
}

Result<GuardedPicture> Guarded(std::vector<GuardFinding> findings, GuardOptions options,
                               std::vector<GuardOrder>* orders = nullptr) {
  return GenerateGuarded(7,
                         [&](const GuardOrder& order) -> Result<SampleResult> {
                           if (orders != nullptr) orders->push_back(order);
                           return Picture(order);
                         },
                         Says(std::move(findings)), options, {});
}

TEST(GuardedGeneration, TheFirstPictureUnderTheThresholdIsKept) {
  GuardOptions options;
  options.threshold = 0.6;
  options.raise = 0.5;
  std::vector<GuardOrder> orders;
  const auto guarded = Guarded({{0.9, 0.1, Band::kNone, "a.png"},
                                {0.6, 0, Band::kNone, "b.png"},
                                {0.59, 0, Band::kNone, "b.png"},
                                {0, 0, Band::kNone, ""}},
                               options, &orders);
  ASSERT_TRUE(guarded.ok());
  EXPECT_TRUE(guarded->met);
  ASSERT_EQ(guarded->attempts.size(), 3u);  // the fourth was not needed
  EXPECT_EQ(guarded->kept, 2u);
  EXPECT_TRUE(guarded->attempts[1].rejected);  // at the threshold is not under it
  EXPECT_FALSE(guarded->attempts[2].rejected);
  EXPECT_EQ(guarded->picture.seed, AttemptSeed(7, 2));
  EXPECT_EQ(guarded->picture.pixels.pixels()[0], 2);
  EXPECT_EQ(guarded->notes, std::vector<std::string>{"attempt 2"});
  ASSERT_EQ(orders.size(), 3u);
  EXPECT_EQ(orders[0].seed, 7u);
  EXPECT_EQ(orders[0].strength, 1);
  EXPECT_EQ(orders[2].strength, 2);
  Json claim{{"guard", {{"threshold", 0.6}}}};
  AddGuardOutcome(*guarded, &claim);
  EXPECT_EQ(claim["guard"]["threshold"], 0.6);
  EXPECT_EQ(claim["guard"]["first_seed"], 7);
  EXPECT_EQ(claim["guard"]["met"], true);
  ASSERT_EQ(claim["guard"]["attempts"].size(), 3u);
  EXPECT_EQ(claim["guard"]["attempts"][0]["nearest"], "a.png");
  EXPECT_EQ(claim["guard"]["attempts"][0]["rejected"], true);
  EXPECT_EQ(claim["guard"]["attempts"][0]["kept"], false);
  EXPECT_EQ(claim["guard"]["attempts"][2]["seed"], AttemptSeed(7, 2));
  EXPECT_EQ(claim["guard"]["attempts"][2]["kept"], true);
}

TEST(GuardedGeneration, EvidenceInTheDetailRejectsWhateverTheProbability) {
  const auto guarded =
      Guarded({{std::nullopt, 0.9, Band::kModerate, "a"}, {0.01, 0.3, Band::kInconclusive, "a"}}, {});
  ASSERT_TRUE(guarded.ok());
  EXPECT_TRUE(guarded->met);
  EXPECT_EQ(guarded->kept, 1u);
  Json claim = Json::object();
  AddGuardOutcome(*guarded, &claim);
  EXPECT_TRUE(claim["guard"]["attempts"][0]["probability"].is_null());
}

TEST(GuardedGeneration, WhenAllAreRejectedTheLeastSimilarIsNamed) {
  GuardOptions options;
  options.attempts = 4;
  const auto guarded = Guarded({{0.9, 0.2, Band::kNone, "a"},
                                {0.7, 0.3, Band::kNone, "b"},
                                {0.7, 0.2, Band::kNone, "c"},
                                {0.6, 0.9, Band::kStrong, "d"}},
                               options);
  ASSERT_TRUE(guarded.ok());
  EXPECT_FALSE(guarded->met);
  EXPECT_EQ(guarded->attempts.size(), 4u);
  EXPECT_EQ(guarded->kept, 2u);
  EXPECT_EQ(guarded->picture.pixels.pixels()[0], 2);
}

TEST(GuardedGeneration, SeedsDependOnTheirOwnAndMeetNoOther) {
  EXPECT_EQ(AttemptSeed(11, 0), 11u);
  EXPECT_EQ(AttemptSeed(13, 3), AttemptSeed(13, 3));
  std::set<std::uint64_t> seen;
  const std::uint64_t first = 5;
  for (std::uint64_t picture = 0; picture < 2000; ++picture)
    for (int attempt = 0; attempt < 100; ++attempt)
      ASSERT_TRUE(seen.insert(AttemptSeed(first + picture, attempt)).second) << picture << " " << attempt;
  // Own seeds wrap around.
  for (int attempt = 1; attempt < 100; ++attempt)
    EXPECT_GT(AttemptSeed(~0ull, attempt) - ~0ull + 10'000, 20'000u);
}

TEST(GuardedGeneration, ErrorsEndIt) {
  GuardOptions options;
  options.threshold = 0;
  EXPECT_EQ(Guarded({}, options).error().code, ErrorCode::kInvalidArgument);
  options = {};
  options.attempts = 0;
  EXPECT_THAT(Guarded({}, options).error().message, HasSubstr("attempts"));
  options = {};
  options.band = Band::kNone;
  EXPECT_FALSE(options.Validate().ok());
  const auto failed = GenerateGuarded(
      1, [](const GuardOrder& order) -> Result<SampleResult> { return Picture(order); },
      [](const image::Image&) -> Result<GuardFinding> {
        return Error{ErrorCode::kUnavailable, "library gone"};
      },
      {}, {});
  EXPECT_EQ(failed.error().message, "library gone");
  // A stop between attempts is heard.
  const CancellationToken token;
  int made = 0;
  const auto stopped = GenerateGuarded(
      1,
      [&](const GuardOrder& order) -> Result<SampleResult> {
        ++made, token.Cancel();
        return Picture(order);
      },
      Says({{1.0, 1, Band::kStrong, "a"}}), {}, token);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace kantei::generate
