// FindPastedRectangles and the seams that it rests on.
#include "kantei/copy/pasted_rectangles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kantei/copy/query_views.h"
#include "kantei/copy/seam_map.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/copy/view_test_pictures.h"

namespace kantei::copy {
namespace {

using image::Image;
using image::Rect;

Image Blurred(const Image& picture) {
  constexpr std::array<float, 7> kGauss{0.0044f, 0.0540f, 0.2420f, 0.3991f,
                                        0.2420f, 0.0540f, 0.0044f};  // sigma 1
  Image across = picture, out = picture;
  for (const bool down : {false, true}) {
    const Image& from = down ? across : picture;
    Image& to = down ? out : across;
    for (int y = 0; y < from.height(); ++y) {
      for (int x = 0; x < from.width(); ++x) {
        for (int c = 0; c < 3; ++c) {
          float sum = 0;
          for (int k = -3; k <= 3; ++k) {
            const int px = std::clamp(down ? x : x + k, 0, from.width() - 1);
            const int py = std::clamp(down ? y + k : y, 0, from.height() - 1);
            sum += kGauss[static_cast<std::size_t>(k + 3)] * static_cast<float>(from.row(py)[3 * px + c]);
          }
          to.row(y)[3 * x + c] = static_cast<std::uint8_t>(std::clamp(sum + 0.5f, 0.0f, 255.0f));
        }
      }
    }
  }
  return out;
}

double BestOverlap(const std::vector<PastedRectangle>& found, const Rect& truth) {
  double best = 0;
  for (const auto& one : found) best = std::max(best, IntersectionOverUnion(one.region, truth));
  return best;
}

struct Wear {
  const char* name;
  bool blur;
  int quality;  ///< 0: not coded
};

class PastedPictures : public testing::TestWithParam<Wear> {};

TEST_P(PastedPictures, AreFoundWhereTheyLie) {
  constexpr int kCases = 60;
  int good = 0, first = 0;
  for (int i = 0; i < kCases; ++i) {
    Random random(100 + static_cast<std::uint64_t>(i));
    const auto seed = static_cast<std::uint64_t>(i) * 2;
    const bool shapes = i % 2 == 0;
    Image query = shapes ? TestPicture(seed, 800, 600) : Texture(seed, 800, 600);
    const int w = static_cast<int>(800 * random.Uniform(0.2, 0.7)),
              h = static_cast<int>(600 * random.Uniform(0.2, 0.7));
    const Rect truth{static_cast<int>(random.Below(static_cast<std::uint64_t>(800 - w))),
                     static_cast<int>(random.Below(static_cast<std::uint64_t>(600 - h))), w, h};
    Paste(&query, i % 3 == 0 ? TestPicture(seed + 1, w, h) : Texture(seed + 1, w, h), truth.x, truth.y);
    if (GetParam().blur) query = Blurred(query);
    if (GetParam().quality > 0) query = ThroughJpeg(query, GetParam().quality);
    const auto found = FindPastedRectangles(query, 4);
    good += BestOverlap(found, truth) >= 0.8 ? 1 : 0;
    first += !found.empty() && IntersectionOverUnion(found[0].region, truth) >= 0.8 ? 1 : 0;
  }
  EXPECT_GE(good, 57) << "of " << kCases;
  EXPECT_GE(first, 54) << "of " << kCases;
}

INSTANTIATE_TEST_SUITE_P(Wears, PastedPictures,
                         testing::Values(Wear{"plain", false, 0}, Wear{"blurred", true, 0},
                                         Wear{"jpeg", false, 40}, Wear{"both", true, 60}),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(PastedRectangles, OnTheBorderOfThePicture) {
  int good = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Image query = Texture(seed, 640, 480);
    // A corner, then one side.
    const Rect truth = seed % 2 == 0 ? Rect{0, 280, 260, 200} : Rect{420, 100, 220, 260};
    Paste(&query, TestPicture(seed + 50, truth.width, truth.height), truth.x, truth.y);
    good += BestOverlap(FindPastedRectangles(query, 4), truth) >= 0.8 ? 1 : 0;
  }
  EXPECT_GE(good, 19);
}

TEST(PastedRectangles, CollagesGiveTheirCells) {
  int cells = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const int gap = seed % 2 == 0 ? 0 : 6;
    Image query = Flat(800, 600, {255, 255, 255});
    std::vector<Rect> truths;
    for (int cell = 0; cell < 4; ++cell) {
      truths.push_back({cell % 2 * 400 + gap, cell / 2 * 300 + gap, 400 - 2 * gap, 300 - 2 * gap});
      const auto own = seed * 10 + static_cast<std::uint64_t>(cell);
      Paste(&query,
            cell % 2 == 0 ? TestPicture(own, truths.back().width, truths.back().height)
                          : Texture(own, truths.back().width, truths.back().height),
            truths.back().x, truths.back().y);
    }
    const auto found = FindPastedRectangles(query, 4);
    for (const Rect& truth : truths) cells += BestOverlap(found, truth) >= 0.8 ? 1 : 0;
  }
  EXPECT_GE(cells, 36) << "of 40";
}

TEST(PastedRectangles, NothingSureInOnePicture) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (const auto& found : FindPastedRectangles(Texture(seed, 800, 600), 4))
      EXPECT_LT(found.confidence, 0.5) << seed;
  }
}

TEST(PastedRectangles, BlocksOfJpegAreNoSeams) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Image picture = ThroughJpeg(Texture(seed, 400, 304), 10);
    for (const auto& found : FindPastedRectangles(picture, 4)) EXPECT_LT(found.confidence, 0.5) << seed;
  }
}

TEST(PastedRectangles, NoiseIsNoSeam) {
  Random random(5);
  Image noise(500, 400, 3);
  for (auto& v : noise.pixels()) v = static_cast<std::uint8_t>(random.Below(256));
  for (const auto& found : FindPastedRectangles(noise, 4)) EXPECT_LT(found.confidence, 0.2);
}

TEST(PastedRectangles, FlatTinyAndThinPicturesHaveNone) {
  EXPECT_TRUE(FindPastedRectangles(Image(), 4).empty());
  EXPECT_TRUE(FindPastedRectangles(Flat(640, 480, {90, 90, 90}), 4).empty());
  for (const auto& [w, h] : {std::pair{1, 1}, {2, 300}, {300, 2}, {5, 5}, {23, 23}, {5000, 8}})
    EXPECT_TRUE(FindPastedRectangles(Texture(3, w, h), 4).empty()) << w << "x" << h;
  for (const auto& [w, h] : {std::pair{24, 24}, {25, 60}, {401, 27}, {64, 64}}) {
    for (const auto& found : FindPastedRectangles(Texture(3, w, h), 4)) {
      EXPECT_GE(found.region.x, 0);
      EXPECT_GE(found.region.y, 0);
      EXPECT_LE(found.region.x + found.region.width, w);
      EXPECT_LE(found.region.y + found.region.height, h);
    }
  }
}

TEST(PastedRectangles, GreyPicturesLikeColoured) {
  Image query = Texture(1, 640, 480);
  const Rect truth{200, 120, 240, 200};
  Paste(&query, TestPicture(2, truth.width, truth.height), truth.x, truth.y);
  const Image grey = image::ToGrey(query);
  ASSERT_EQ(grey.channels(), 1);
  EXPECT_GE(BestOverlap(FindPastedRectangles(grey, 1), truth), 0.9);
}

TEST(PastedRectangles, OnePixelOfErrorAtTheWorkingSize) {
  Image query = Texture(7, 1600, 1200);
  const Rect truth{401, 303, 622, 518};
  Paste(&query, Texture(8, truth.width, truth.height), truth.x, truth.y);
  const auto found = FindPastedRectangles(query, 1);
  ASSERT_EQ(found.size(), 1u);
  ExpectRect(found[0].region, truth, 1600 / kRectangleSide + 2);
}

TEST(PastedRectangles, AnswersDifferAndComeBestFirst) {
  Image query = Texture(11, 800, 600);
  Paste(&query, TestPicture(12, 250, 200), 60, 70);
  Paste(&query, TestPicture(13, 220, 260), 500, 250);
  const auto found = FindPastedRectangles(query, 6);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_GE(found[i].confidence, 0);
    EXPECT_LE(found[i].confidence, 1);
    if (i > 0) {
      EXPECT_LE(found[i].confidence, found[i - 1].confidence);
    }
    for (std::size_t k = 0; k < i; ++k)
      EXPECT_LE(IntersectionOverUnion(found[i].region, found[k].region), 0.7);
  }
  EXPECT_GE(BestOverlap(found, {60, 70, 250, 200}), 0.8);
  EXPECT_GE(BestOverlap(found, {500, 250, 220, 260}), 0.8);
  EXPECT_EQ(FindPastedRectangles(query, 1).size(), 1u);
  EXPECT_TRUE(FindPastedRectangles(query, 0).empty());
  EXPECT_TRUE(FindPastedRectangles(query, -3).empty());
}

TEST(SeamMap, EvidenceStandsOutAtTheSeamOnly) {
  Image picture = Texture(1, 300, 200);
  Paste(&picture, Texture(2, 150, 200), 150, 0);
  const SeamMap map(picture);
  EXPECT_GT(map.Mean(150, 0, 200), 0.2f);
  int strong = 0;
  for (int i = 1; i < 300; ++i) strong += map.Mean(i, 0, 200) > 0.1f ? 1 : 0;
  EXPECT_LE(strong, 3);
  EXPECT_EQ(map.Mean(150, 50, 50), 0.0f);
  const auto lines = map.Lines(2, 3, 5);
  EXPECT_NE(std::find(lines.begin(), lines.end(), 150), lines.end());
}

TEST(SeamMap, ContrastDoesNotMatter) {
  const Image picture = TestPicture(4, 200, 200);
  Image faint = picture;
  for (auto& v : faint.pixels()) v = static_cast<std::uint8_t>(100 + v / 4);
  const auto strong = SeamMap(picture).Strengths(), weak = SeamMap(faint).Strengths();
  double difference = 0, sum = 0;
  for (std::size_t i = 0; i < strong.size(); ++i) {
    difference += std::abs(static_cast<double>(strong[i]) - weak[i]);
    sum += static_cast<double>(strong[i]);
  }
  EXPECT_LT(difference / sum, 0.3);
}

TEST(SeamMap, TransposeTurnsRowsToColumns) {
  const Image picture = TestPicture(1, 37, 21);
  const Image turned = Transpose(picture);
  ASSERT_EQ(turned.width(), 21);
  ASSERT_EQ(turned.height(), 37);
  for (int y = 0; y < 21; ++y) {
    for (int x = 0; x < 37; ++x) {
      for (int c = 0; c < 3; ++c) ASSERT_EQ(turned.row(x)[3 * y + c], picture.row(y)[3 * x + c]);
    }
  }
}

}  // namespace
}  // namespace kantei::copy
