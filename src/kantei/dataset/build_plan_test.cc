#include "kantei/dataset/build_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "kantei/dataset/build_splits.h"

namespace kantei::dataset {
namespace {

using testing::HasSubstr;

TEST(BuildPlanTest, WhatIsPrintedIsTheDefault) {
  const auto empty = ParseBuildPlan("{}", "plan.json"),
             printed = ParseBuildPlan(DefaultPlanText(), "plan.json");
  ASSERT_TRUE(empty.ok()) << empty.error().message;
  ASSERT_TRUE(printed.ok()) << printed.error().message;
  EXPECT_EQ(BuildPlanJson(*empty), BuildPlanJson(*printed));
  // What is written in full is read as the same.
  const auto again = ParseBuildPlan(DumpJson(BuildPlanJson(*empty)), "plan.json");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(BuildPlanJson(*empty), BuildPlanJson(*again));
}

TEST(BuildPlanTest, MembersAreTaken) {
  const auto plan = ParseBuildPlan(
      R"({"# why": "a test", "seed": 9, "pictures": {"larger": "refuse", "max_side": 640},
          "engines": [{"engine": "telea", "count": 2, "regenerated": 1}, {"engine": "fsr", "held_out": true}],
          "masks": {"kinds": {"background": 1}, "area": [0.1, 0.2]},
          "splits": {"ratios": {"train": 0.5, "test-out": 0.5}}})",
      "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(plan->seed, 9u);
  EXPECT_FALSE(plan->pictures.shrink_larger);
  ASSERT_EQ(plan->engines.size(), 2u);
  EXPECT_EQ(plan->engines[0].count, 2);
  EXPECT_EQ(plan->engines[0].regenerated, 1);
  EXPECT_EQ(plan->engines[1].most_share, 0.2);  // a slow one gets small holes
  EXPECT_EQ(plan->masks.weights, (std::array<double, 5>{0, 0, 0, 1, 0}));
  EXPECT_EQ(plan->splits.ratios, (std::array<double, 4>{0.5, 0, 0, 0.5}));
}

TEST(BuildPlanTest, ErrorsNameTheMember) {
  const auto expect = [](const char* json, const char* place, const char* text) {
    const auto plan = ParseBuildPlan(json, "plan.json");
    ASSERT_FALSE(plan.ok()) << json;
    EXPECT_THAT(plan.error().message, HasSubstr(place)) << json;
    EXPECT_THAT(plan.error().message, HasSubstr(text)) << json;
  };
  expect("[]", "plan.json", "expected an object");
  expect(R"({"sed": 1})", "plan.json, sed", "not known");
  expect(R"({"seed": -1})", "plan.json, seed is -1", "whole number");
  expect(R"({"pictures": {"variants": 101}})", "plan.json, pictures.variants is 101", "from 0 to 100");
  expect(R"({"pictures": {"larger": "crop"}})", "pictures.larger is \"crop\"", "shrink, refuse");
  expect(R"({"pictures": {"max_side": 4096}})", "pictures.max_side", "64 to 2048");
  expect(R"({"masks": {"area": [0.4, 0.1]}})", "masks.area is [0.4,0.1]", "[least, most]");
  expect(R"({"masks": {"kinds": {"circle": 1}}})", "masks.kinds.circle", "not known");
  expect(R"({"masks": {"kinds": {"instance": 0}}})", "masks.kinds", "above 0");
  expect(R"({"engines": [{"engine": "lama"}]})", "engines[0].engine is \"lama\"", "telea");
  expect(R"({"engines": [{"engine": "telea"}, {"engine": "telea"}], "splits": {"ratios": {"train": 1}}})",
         "engines", "each engine once");
  expect(R"({"engines": [{"engine": "telea", "steps": 3}]})", "engines[0].steps", "not known");
  expect(R"({"engines": [{"engine": "telea", "held_out": true}]})", "engines", "not held out");
  expect(R"({"engines": [{"engine": "telea"}]})", "splits", "no engine is held out");
  expect(R"({"splits": {"ratios": {"train": 0.5}}})", "splits.ratios", "sum up to 1");
  expect(R"({"post_processing": [{"name": "x", "steps": [{"jpeg": [60, 90]}, {"resize": [0.5, 1]}]}]})",
         "post_processing[0].steps", "last step only");
  expect(R"({"post_processing": [{"name": "x", "steps": [{"gif": 1}]}]})", "post_processing[0].steps",
         "one of jpeg");
  expect(R"({"quality": {"least_uncertainty": 0.2}})", "quality.least_uncertainty", "nothing is measured");
  expect(R"({"annotations": ["voc"]})", "annotations", "coco");
  expect(R"({"seed": 1, "seed": 2})", "plan.json", "equal keys");
}

BuildPlan SplitPlan() {
  auto plan =
      ParseBuildPlan(R"({"splits": {"ratios": {"train": 0.5, "val": 0.2, "test-in": 0.1, "test-out": 0.2},
      "held_out_sources": ["far"], "held_out_objects": ["dog"]}})",
                     "plan.json");
  return *plan;
}

std::vector<SourcePicture> Pictures(int count) {
  std::vector<SourcePicture> pictures;
  for (int i = 0; i < count; ++i) {
    SourcePicture p;
    p.source = i % 10 == 9 ? "far" : i % 2 == 0 ? "a" : "b";
    p.digest = "digest" + std::to_string(i);
    p.group = static_cast<std::uint32_t>(i % 4 == 3 ? i - 1 : i);  // every other pair looks alike
    if (i == 21) p.objects = {"cat", "dog"};
    pictures.push_back(std::move(p));
  }
  return pictures;
}

TEST(BuildSplitsTest, NothingLeaks) {
  const BuildPlan plan = SplitPlan();
  std::vector<SourcePicture> pictures = Pictures(200);
  AssignSplits(plan, &pictures);
  std::map<std::uint32_t, std::size_t> groups;
  std::array<int, 4> counts{};
  int dealt = 0;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const SourcePicture& p = pictures[i];
    EXPECT_EQ(groups.try_emplace(p.group, p.split).first->second, p.split) << i;
    if (p.source == "far" || i == 21) {
      EXPECT_EQ(p.split, 3u);
      EXPECT_TRUE(p.foreign);
    }
    if (!p.foreign) {
      ++dealt;
      ++counts[p.split];
    }
    std::set<std::string> engines;
    for (const std::size_t e : EnginesFor(plan, p)) engines.insert(plan.engines[e].name);
    EXPECT_EQ(engines.contains("fsr"), p.split == 3);                      // held out
    EXPECT_EQ(engines.contains("telea"), p.split != 3 || p.foreign) << i;  // not held out
  }
  for (std::size_t s = 0; s < 4; ++s) EXPECT_NEAR(counts[s], plan.splits.ratios[s] * dealt, 2.01);
}

TEST(BuildSplitsTest, TheOrderOfFilesDoesNotMatter) {
  const BuildPlan plan = SplitPlan();
  std::vector<SourcePicture> pictures = Pictures(60), reversed(pictures.rbegin(), pictures.rend());
  AssignSplits(plan, &pictures);
  AssignSplits(plan, &reversed);
  for (std::size_t i = 0; i < pictures.size(); ++i) EXPECT_EQ(pictures[i].split, reversed[59 - i].split);
}

}  // namespace
}  // namespace kantei::dataset
