#include <gtest/gtest.h>

#include "kantei/generate/word_maps_net.h"

namespace kantei::generate {
namespace {

constexpr std::int64_t kWords = 8;

TEST(WordMaps, AreMeansOverLayersAndTheLaterSteps) {
  PromptWords words;
  words.content = {0, 0, 1, 1, 0, 0, 0, 0};
  words.words = {"fox"};
  WordMaps seen(words, 4, 4);
  // Two entries: without words, with words. Only the second, and of it the two words' places, may count.
  const auto maps = [](std::int64_t side, float share) {
    torch::Tensor map = torch::full({2, kWords, side, side}, 9.0f);
    map[1].fill_(7);
    map[1].slice(0, 2, 4).fill_(share / 2);
    return map;
  };
  for (int step = 0; step < 4; ++step) {
    seen.Add(maps(4, step < 2 ? 5.0f : 0.2f));
    seen.Add(maps(2, step < 2 ? 5.0f : 0.4f));
    // What the words change: all in one half at first, later three times as much in the other one.
    torch::Tensor change = torch::zeros({1, 2, 4, 4});
    if (step < 2) {
      change.slice(3, 0, 2).fill_(9);
    } else {
      change.slice(3, 0, 2).fill_(static_cast<float>(step));
      change.slice(3, 2, 4).fill_(static_cast<float>(3 * step));
    }
    seen.EndStep(step, 4, change);
  }
  const SubjectMaps made = seen.Maps();
  ASSERT_EQ(made.attention.width, 4);
  for (const float value : made.attention.values) EXPECT_NEAR(value, 0.3, 1e-6);
  ASSERT_EQ(made.guidance.height, 4);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 4; ++x) EXPECT_NEAR(made.guidance.row(y)[x], x < 2 ? 0.5 : 1.5, 1e-5);
}

TEST(WordMaps, WithoutWordsOrGuidanceAreEmpty) {
  WordMaps seen(PromptWords{}, 4, 4);
  seen.Add(torch::ones({1, kWords, 4, 4}));
  seen.EndStep(0, 1, {});
  EXPECT_TRUE(seen.Maps().attention.values.empty());
  EXPECT_TRUE(seen.Maps().guidance.values.empty());
}

}  // namespace
}  // namespace kantei::generate
