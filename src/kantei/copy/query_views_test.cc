#include "kantei/copy/query_views.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "kantei/base/random.h"
#include "kantei/copy/pasted_rectangles.h"
#include "kantei/copy/seam_map.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

using image::Colour;
using image::Image;
using image::Rect;

/// Detail at all scales, as in a photograph: octaves of noise in changing colours, turned so that the cells of the noise leave
/// no axis-parallel creases.
Image Texture(std::uint64_t seed, int width, int height) {
  Random random(seed);
  std::vector<float> sum(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128.0f);
  float amplitude = static_cast<float>(random.Uniform(60, 110));
  const double side = std::max(width, height);
  for (int cells = 2; cells <= 128; cells *= 2, amplitude *= 0.62f) {
    // Twice as many cells as the picture shows, for the corners.
    Image grid(2 * cells + 3, 2 * cells + 3, 3);
    for (auto& v : grid.pixels()) v = static_cast<std::uint8_t>(random.Below(256));
    const double angle = random.Uniform(0.3, 1.2), c = std::cos(angle) * cells / side,
                 s = std::sin(angle) * cells / side;
    const double middle = cells + 1.5;
    const image::Homography map{{c, -s, middle - c * width / 2 + s * height / 2, s, c,
                                 middle - s * width / 2 - c * height / 2, 0, 0, 1}};
    const Image smooth = image::Warp(grid, map, width, height);
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += amplitude * (static_cast<float>(smooth.pixels()[i]) / 127.5f - 1);
  }
  Image out(width, height, 3);
  for (std::size_t i = 0; i < sum.size(); ++i)
    out.pixels()[i] = static_cast<std::uint8_t>(std::clamp(sum[i], 0.0f, 255.0f));
  return out;
}

Image Flat(int width, int height, Colour colour) {
  Image out(width, height, 3);
  for (int i = 0; i < width * height; ++i) {
    out.pixels()[static_cast<std::size_t>(i) * 3] = colour.r;
    out.pixels()[static_cast<std::size_t>(i) * 3 + 1] = colour.g;
    out.pixels()[static_cast<std::size_t>(i) * 3 + 2] = colour.b;
  }
  return out;
}

void Paste(Image* canvas, const Image& picture, int x, int y) {
  for (int row = 0; row < picture.height(); ++row)
    std::copy_n(picture.row(row), picture.stride(), canvas->row(y + row) + 3 * x);
}

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

Image ThroughJpeg(const Image& picture, int quality) {
  return image::DecodeImage(*image::EncodeJpeg(picture, quality), "test")->pixels;
}

/// A line of letters, as far as their share of ink goes.
void DrawLetters(Image* picture, const Rect& box, Colour ink, Random& random) {
  for (int x = box.x; x + 8 < box.x + box.width; x += 16) {
    for (int y = 0; y < box.height; ++y) {
      for (int i = 0; i < 8; ++i) {
        const bool stem = i < 3 || y % 12 < 2;
        if (!stem || random.Chance(0.05)) continue;
        std::uint8_t* pixel = picture->row(box.y + y) + 3 * (x + i);
        pixel[0] = ink.r, pixel[1] = ink.g, pixel[2] = ink.b;
      }
    }
  }
}

double BestOverlap(const std::vector<PastedRectangle>& found, const Rect& truth) {
  double best = 0;
  for (const auto& one : found) best = std::max(best, IntersectionOverUnion(one.region, truth));
  return best;
}

void ExpectRect(const Rect& actual, const Rect& expected, int tolerance) {
  EXPECT_NEAR(actual.x, expected.x, tolerance);
  EXPECT_NEAR(actual.y, expected.y, tolerance);
  EXPECT_NEAR(actual.x + actual.width, expected.x + expected.width, tolerance);
  EXPECT_NEAR(actual.y + actual.height, expected.y + expected.height, tolerance);
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

TEST(TrimBorder, NothingToTrim) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Image picture = seed % 2 == 0 ? TestPicture(seed) : Texture(seed, 640, 480);
    ExpectRect(TrimBorder(picture), {0, 0, 640, 480}, 3);
  }
  ExpectRect(TrimBorder(Flat(300, 200, {10, 200, 30})), {0, 0, 300, 200}, 0);
  ExpectRect(TrimBorder(Flat(1, 1, {1, 2, 3})), {0, 0, 1, 1}, 0);
  ExpectRect(TrimBorder(Flat(1, 90, {1, 2, 3})), {0, 0, 1, 90}, 0);
}

TEST(TrimBorder, Letterbox) {
  Image bars = Flat(640, 480, {0, 0, 0});
  Paste(&bars, TestPicture(3, 640, 360), 0, 60);
  ExpectRect(TrimBorder(bars), {0, 60, 640, 360}, 0);
  ExpectRect(TrimBorder(ThroughJpeg(bars, 60)), {0, 60, 640, 360}, 3);
  ExpectRect(TrimBorder(image::ToGrey(bars)), {0, 60, 640, 360}, 0);
}

TEST(TrimBorder, ColouredFramesOneInAnother) {
  Image framed = Flat(700, 500, {250, 250, 250});
  Paste(&framed, Flat(640, 440, {20, 90, 160}), 30, 30);
  Paste(&framed, TestPicture(4, 560, 380), 70, 60);
  ExpectRect(TrimBorder(framed), {70, 60, 560, 380}, 0);
  ExpectRect(TrimBorder(ThroughJpeg(framed, 50)), {70, 60, 560, 380}, 4);
}

TEST(TrimBorder, NoisyPadding) {
  Random random(9);
  Image padded = Flat(640, 480, {200, 60, 90});
  for (auto& v : padded.pixels())
    v = static_cast<std::uint8_t>(std::clamp(v + 5 * random.Normal(), 0.0, 255.0));
  Paste(&padded, Texture(5, 500, 300), 100, 130);
  ExpectRect(TrimBorder(padded), {100, 130, 500, 300}, 2);
}

TEST(TrimBorder, CaptionBars) {
  Random random(2);
  for (const bool both : {false, true}) {
    Image meme = Flat(600, both ? 700 : 560, {255, 255, 255});
    Paste(&meme, TestPicture(6, 600, 400), 0, 160);
    DrawLetters(&meme, {30, 30, 540, 36}, {0, 0, 0}, random);
    DrawLetters(&meme, {30, 90, 400, 36}, {0, 0, 0}, random);
    if (both) DrawLetters(&meme, {30, 610, 540, 40}, {0, 0, 0}, random);
    ExpectRect(TrimBorder(meme), {0, 160, 600, 400}, 1);
    ExpectRect(TrimBorder(ThroughJpeg(meme, 60)), {0, 160, 600, 400}, 4);
  }
}

TEST(TrimBorder, Gradient) {
  Image padded(640, 480, 3);
  for (int y = 0; y < 480; ++y) {
    for (int x = 0; x < 640; ++x) {
      padded.row(y)[3 * x] = static_cast<std::uint8_t>(40 + y / 4);
      padded.row(y)[3 * x + 1] = static_cast<std::uint8_t>(60 + x / 8);
      padded.row(y)[3 * x + 2] = static_cast<std::uint8_t>(200 - y / 5);
    }
  }
  Paste(&padded, TestPicture(6, 440, 300), 90, 80);
  ExpectRect(TrimBorder(padded), {90, 80, 440, 300}, 1);
}

TEST(TrimBorder, SkiesStay) {
  // Smooth above, ending in hills.
  Image landscape = TestPicture(8, 640, 480);
  for (int x = 0; x < 640; ++x) {
    const int hills = 200 + static_cast<int>(60 * std::sin(x * 0.02));
    for (int y = 0; y < hills; ++y) {
      landscape.row(y)[3 * x] = static_cast<std::uint8_t>(100 + y / 3);
      landscape.row(y)[3 * x + 1] = static_cast<std::uint8_t>(140 + y / 4);
      landscape.row(y)[3 * x + 2] = 230;
    }
  }
  EXPECT_LE(TrimBorder(landscape).y, 20);
}

TEST(TrimBorder, DrawingsKeepAMargin) {
  Image drawing = Flat(600, 600, {255, 255, 255});
  image::FillPolygon(&drawing, {{300, 120}, {450, 300}, {300, 480}, {150, 300}}, {30, 80, 40}, 1);
  const Rect box = TrimBorder(drawing);
  ExpectRect(box, {150 - 12, 120 - 12, 300 + 24, 360 + 24}, 8);
  EXPECT_LT(box.x, 150);
  EXPECT_LT(box.y, 120);
  EXPECT_GT(box.x + box.width, 450);
  EXPECT_GT(box.y + box.height, 480);
}

TEST(TrimBorder, KeepsFortyPercentOfEachSide) {
  Image dot = Flat(500, 400, {255, 255, 255});
  Paste(&dot, TestPicture(1, 20, 16), 470, 10);
  const Rect box = TrimBorder(dot);
  EXPECT_EQ(box.width, 200);
  EXPECT_EQ(box.height, 160);
  EXPECT_LE(box.x, 470);
  EXPECT_GE(box.x + box.width, 490);
  EXPECT_LE(box.y, 10);
  EXPECT_GE(box.y + box.height, 26);
  Image slit = Flat(500, 400, {0, 0, 0});
  Paste(&slit, TestPicture(1, 500, 60), 0, 100);
  EXPECT_GE(TrimBorder(slit).height, 160);
}

std::map<ViewKind, int> Counts(const std::vector<QueryView>& views) {
  std::map<ViewKind, int> counts;
  for (const auto& view : views) ++counts[view.kind];
  return counts;
}

TEST(QueryViews, AllKindsOnOneQuery) {
  Image query = Flat(800, 800, {255, 255, 255});
  Image inner = Texture(1, 800, 600);
  Paste(&inner, TestPicture(2, 300, 250), 100, 120);
  Paste(&query, inner, 0, 100);
  const auto views = MakeQueryViews(query, {});
  ASSERT_FALSE(views.empty());
  EXPECT_EQ(views[0].kind, ViewKind::kWhole);
  EXPECT_TRUE(std::equal(query.pixels().begin(), query.pixels().end(), views[0].picture.pixels().begin()));
  const auto counts = Counts(views);
  for (int kind = 0; kind < 8; ++kind) EXPECT_GE(counts.count(static_cast<ViewKind>(kind)), 1u) << kind;
  EXPECT_EQ(counts.at(ViewKind::kTurned), 3);
  EXPECT_EQ(counts.at(ViewKind::kQuadrant), 8);
  EXPECT_EQ(counts.at(ViewKind::kCrop), 5);
  EXPECT_LE(views.size(), 24u);
  for (const auto& view : views) {
    EXPECT_EQ(view.picture.channels(), 3);
    const bool sideways = view.quarters % 2 != 0;
    EXPECT_EQ(view.picture.width(), sideways ? view.region.height : view.region.width);
    EXPECT_EQ(view.picture.height(), sideways ? view.region.width : view.region.height);
    if (view.kind == ViewKind::kSurround || view.quarters != 0 || view.mirrored) continue;
    const Image part = image::Crop(query, view.region);
    EXPECT_TRUE(std::equal(part.pixels().begin(), part.pixels().end(), view.picture.pixels().begin()));
  }
}

TEST(QueryViews, NoTwoAreNearlyTheSame) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Image query = Flat(500, 460, {0, 0, 0});
    Paste(&query, TestPicture(seed, 500, 430), 0, 15);
    const auto views = MakeQueryViews(query, {});
    for (std::size_t i = 0; i < views.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (views[i].quarters != views[k].quarters || views[i].mirrored != views[k].mirrored) continue;
        if (views[i].kind == ViewKind::kSurround) continue;
        EXPECT_LE(IntersectionOverUnion(views[i].region, views[k].region), 0.85)
            << ViewKindName(views[i].kind) << " and " << ViewKindName(views[k].kind);
      }
    }
  }
}

TEST(QueryViews, EachStepCanBeLeftOut) {
  Image query = Flat(800, 800, {255, 255, 255});
  Image inner = Texture(1, 800, 600);
  Paste(&inner, TestPicture(2, 300, 250), 100, 120);
  Paste(&query, inner, 0, 100);
  const std::vector<std::pair<bool QueryViewOptions::*, ViewKind>> steps{
      {&QueryViewOptions::trim, ViewKind::kTrimmed},      {&QueryViewOptions::overlays, ViewKind::kOverlay},
      {&QueryViewOptions::surround, ViewKind::kSurround}, {&QueryViewOptions::quadrants, ViewKind::kQuadrant},
      {&QueryViewOptions::crops, ViewKind::kCrop},        {&QueryViewOptions::turns, ViewKind::kTurned},
      {&QueryViewOptions::mirror, ViewKind::kMirrored}};
  QueryViewOptions none;
  for (const auto& [member, kind] : steps) none.*member = false;
  EXPECT_EQ(MakeQueryViews(query, none).size(), 1u);
  for (const auto& [member, kind] : steps) {
    QueryViewOptions without, only = none;
    without.*member = false;
    only.*member = true;
    EXPECT_EQ(Counts(MakeQueryViews(query, without)).count(kind), 0u) << ViewKindName(kind);
    const auto counts = Counts(MakeQueryViews(query, only));
    EXPECT_EQ(counts.size(), 2u) << ViewKindName(kind);
    EXPECT_GE(counts.count(kind), 1u) << ViewKindName(kind);
  }
  QueryViewOptions two;
  two.max_overlays = 2;
  EXPECT_LE(Counts(MakeQueryViews(query, two))[ViewKind::kOverlay], 2);
}

TEST(QueryViews, SurroundHidesTheOverlay) {
  Image query = Flat(640, 480, {60, 140, 70});
  const Image ground = Texture(3, 640, 480);
  for (std::size_t i = 0; i < query.pixels().size(); ++i)
    query.pixels()[i] = static_cast<std::uint8_t>((query.pixels()[i] * 3 + ground.pixels()[i]) / 4);
  const Rect hole{180, 120, 260, 220};
  Paste(&query, TestPicture(5, hole.width, hole.height), hole.x, hole.y);
  const auto views = MakeQueryViews(query, {});
  const auto surround = std::find_if(views.begin(), views.end(),
                                     [](const auto& view) { return view.kind == ViewKind::kSurround; });
  ASSERT_NE(surround, views.end());
  const std::uint8_t* first = surround->picture.row(130) + 3 * 190;
  EXPECT_NEAR(first[0], (60 * 3 + 128) / 4, 25);
  EXPECT_NEAR(first[1], (140 * 3 + 128) / 4, 25);
  for (const auto& [x, y] : {std::pair{182, 122}, {437, 337}, {300, 230}}) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(surround->picture.row(y)[3 * x + c], first[c]);
  }
  for (int c = 0; c < 3; ++c) EXPECT_EQ(surround->picture.row(40)[3 * 50 + c], query.row(40)[3 * 50 + c]);
}

TEST(QueryViews, TurnsAndMirrorShowTheWhole) {
  const Image query = TestPicture(9, 300, 200);
  for (const auto& view : MakeQueryViews(query, {})) {
    if (view.kind == ViewKind::kMirrored) {
      const Image expected = image::FlipHorizontal(query);
      EXPECT_TRUE(
          std::equal(expected.pixels().begin(), expected.pixels().end(), view.picture.pixels().begin()));
    }
    if (view.kind == ViewKind::kTurned) {
      const Image expected = image::RotateQuarter(query, view.quarters);
      EXPECT_TRUE(
          std::equal(expected.pixels().begin(), expected.pixels().end(), view.picture.pixels().begin()));
    }
  }
}

TEST(QueryViews, StripsGiveThirds) {
  const auto views = MakeQueryViews(Texture(2, 900, 300), {});
  std::set<int> widths;
  for (const auto& view : views) {
    if (view.kind == ViewKind::kQuadrant) widths.insert(view.region.width);
  }
  EXPECT_TRUE(widths.count(300));
  EXPECT_TRUE(widths.count(450));
}

TEST(QueryViews, TinyFlatAndGreyQueries) {
  EXPECT_TRUE(MakeQueryViews(Image(), {}).empty());
  // One pixel can be turned and mirrored, no more.
  for (const auto& view : MakeQueryViews(Flat(1, 1, {4, 5, 6}), {})) {
    EXPECT_TRUE(view.kind == ViewKind::kWhole || view.kind == ViewKind::kTurned ||
                view.kind == ViewKind::kMirrored);
  }
  // Parts of a flat picture show nothing.
  EXPECT_EQ(MakeQueryViews(Flat(400, 300, {4, 5, 6}), {}).size(), 5u);
  const auto grey = MakeQueryViews(image::ToGrey(TestPicture(1)), {});
  EXPECT_GE(grey.size(), 10u);
  for (const auto& view : grey) EXPECT_EQ(view.picture.channels(), 3);
}

TEST(QueryViews, SameEveryTime) {
  Image query = Texture(21, 700, 500);
  Paste(&query, TestPicture(22, 200, 200), 300, 150);
  const auto once = MakeQueryViews(query, {}), again = MakeQueryViews(query, {});
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].kind, again[i].kind);
    EXPECT_EQ(once[i].region.x, again[i].region.x);
    EXPECT_EQ(once[i].region.width, again[i].region.width);
    EXPECT_EQ(once[i].confidence, again[i].confidence);
  }
}

TEST(QueryViews, KindsHaveNames) {
  std::set<std::string_view> names;
  for (int kind = 0; kind < 8; ++kind) names.insert(ViewKindName(static_cast<ViewKind>(kind)));
  EXPECT_EQ(names.size(), 8u);
  EXPECT_EQ(ViewKindName(ViewKind::kSurround), "surround");
}

}  // namespace
}  // namespace kantei::copy
