#include "kantei/authenticity/traces.h"

#include <gtest/gtest.h>

#include "kantei/authenticity/trace_test_pictures.h"
#include "kantei/image/test_pictures.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

using trace::test::InAndOut;
using trace::test::Means;
using trace::test::Paste;
using trace::test::Recoded;
using trace::test::Scene;

constexpr image::Rect kBox{136, 112, 144, 128};

Trace Find(const image::Image& picture, TraceKind kind, const JpegFacts* facts = nullptr) {
  TraceOptions options;
  options.kinds = {kind};
  auto traces = FindTraces(picture, facts, options, {});
  EXPECT_TRUE(traces.ok());
  EXPECT_EQ(traces->size(), 1u);
  EXPECT_TRUE(traces->front().applicable) << traces->front().reason;
  return traces->front();
}

/// The map is high inside the box and low outside, and a region meets the box.
void ExpectMarked(const Trace& found, const image::Rect& box, double least_inside, double most_outside) {
  const InAndOut means = Means(found.map, found.map_scale, box);
  EXPECT_GT(means.inside, least_inside);
  EXPECT_LT(means.outside, most_outside);
  ASSERT_FALSE(found.regions.empty());
  const image::Rect& region = found.regions.front().box;
  EXPECT_LT(region.x, box.x + box.width);
  EXPECT_LT(region.y, box.y + box.height);
  EXPECT_GT(region.x + region.width, box.x);
  EXPECT_GT(region.y + region.height, box.y);
}

TEST(TracesTest, GridOfAPastedPartLiesElsewhere) {
  const image::Image twin = Recoded(Scene(400, 360, 1), 75);
  image::Image forged = twin;
  // 11 and 13 pixels aside: the part's grid lies 5 and 3 pixels after the picture's.
  Paste(Recoded(Scene(400, 360, 2), 75), kBox.x + 3, kBox.y + 5, kBox, &forged);
  const Trace found = Find(forged, TraceKind::kGridShift);
  EXPECT_GT(found.score, 20);
  ExpectMarked(found, kBox, 0.8, 0.1);
  EXPECT_EQ(found.numbers[0].second, 5);
  EXPECT_EQ(found.numbers[1].second, 3);
  EXPECT_LT(Find(twin, TraceKind::kGridShift).score, 2);
}

TEST(TracesTest, PartWithoutTheGridOfTheRest) {
  const image::Image twin = Recoded(Scene(400, 360, 3), 75);
  image::Image forged = twin;
  Paste(Scene(400, 360, 4), kBox.x, kBox.y, kBox, &forged);
  const Trace found = Find(forged, TraceKind::kGridLoss);
  EXPECT_GT(found.score, 10);
  ExpectMarked(found, kBox, 0.5, 0.1);
  EXPECT_LT(Find(twin, TraceKind::kGridLoss).score, 4);
}

TEST(TracesTest, GhostOfAPartSavedAtLowerQuality) {
  const image::Image scene = Scene(400, 360, 5);
  image::Image forged = scene;
  Paste(Recoded(scene, 60), kBox.x, kBox.y, kBox, &forged);
  const Trace found = Find(Recoded(forged, 93), TraceKind::kJpegGhost);
  EXPECT_GT(found.score, 8);
  ExpectMarked(found, kBox, 0.6, 0.1);
  EXPECT_LT(Find(Recoded(scene, 93), TraceKind::kJpegGhost).score, 6.5);
}

TEST(TracesTest, PartThatWasCompressedOnlyOnce) {
  const image::Image background = Recoded(Scene(400, 360, 6), 60);
  image::Image forged = background;
  Paste(Scene(400, 360, 7), kBox.x, kBox.y, kBox, &forged);
  const Bytes file = *image::EncodeJpeg(forged, 92), twin_file = *image::EncodeJpeg(background, 92);
  const JpegFacts facts = *ReadJpegFacts(file);
  const Trace found =
      Find(image::DecodeImage(file, "forged")->pixels, TraceKind::kDoubleQuantisation, &facts);
  EXPECT_GT(found.score, 50);
  ExpectMarked(found, kBox, 0.6, 0.2);
  EXPECT_LT(Find(image::DecodeImage(twin_file, "twin")->pixels, TraceKind::kDoubleQuantisation, &facts).score,
            10);
}

TEST(TracesTest, DoubleQuantisationFromPixelsAlone) {
  const image::Image background = Recoded(Scene(400, 360, 8), 70);
  image::Image forged = background;
  Paste(Scene(400, 360, 9), kBox.x, kBox.y, kBox, &forged);
  const Trace found = Find(forged, TraceKind::kDoubleQuantisation);
  EXPECT_GT(found.score, 50);
  ExpectMarked(found, kBox, 0.6, 0.2);
  EXPECT_LT(Find(background, TraceKind::kDoubleQuantisation).score, 10);
  EXPECT_EQ(Find(Scene(400, 360, 8), TraceKind::kDoubleQuantisation).score, 0);
}

TEST(TracesTest, NoisierPart) {
  const image::Image twin = Scene(480, 400, 10, 1.5), noisier = Scene(480, 400, 10, 4);
  image::Image forged = twin;
  Paste(noisier, kBox.x, kBox.y, kBox, &forged);
  const Trace found = Find(forged, TraceKind::kNoise);
  EXPECT_GT(found.score, 7);
  ExpectMarked(found, kBox, 0.5, 0.15);
  EXPECT_LT(Find(twin, TraceKind::kNoise).score, 4.5);
}

TEST(TracesTest, ResampledPart) {
  const image::Image twin = Scene(480, 400, 11);
  image::Image forged = twin;
  Paste(image::Resize(Scene(480, 400, 12), 624, 520), 200, 160, kBox, &forged);
  const Trace found = Find(forged, TraceKind::kResampledPart);
  EXPECT_GT(found.score, 12);
  ExpectMarked(found, kBox, 0.6, 0.25);
  EXPECT_LT(Find(twin, TraceKind::kResampledPart).score, 8);
}

TEST(TracesTest, ResampledPicture) {
  const Trace found = Find(image::Resize(Scene(400, 320, 13), 520, 416), TraceKind::kResampledWhole);
  EXPECT_GT(found.score, 4);
  EXPECT_LT(Find(Scene(520, 416, 13), TraceKind::kResampledWhole).score, 2);
}

TEST(TracesTest, UpsamplingGridOffTheAxes) {
  // Doubled by zeros between the pixels and a small uneven kernel, as a transposed convolution does.
  const image::Image small = Scene(256, 224, 14);
  image::Image picture(512, 448, 3);
  constexpr std::array<double, 4> kGain = {1.0, 0.97, 0.96, 1.02};
  Random random(5);
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      for (int c = 0; c < 3; ++c) {
        const double value =
            small.row(y / 2)[3 * (x / 2) + c] * kGain[static_cast<std::size_t>(y % 2 * 2 + x % 2)];
        picture.row(y)[3 * x + c] =
            static_cast<std::uint8_t>(std::clamp(value + random.Normal() * 2, 0.0, 255.0));
      }
    }
  }
  EXPECT_GT(Find(picture, TraceKind::kUpsamplingGrid).score, 6);
  EXPECT_LT(Find(Scene(512, 448, 14), TraceKind::kUpsamplingGrid).score, 2.5);
}

TEST(TracesTest, CopyWithinThePicture) {
  const image::Image twin = Scene(480, 400, 15);
  image::Image forged = twin;
  Paste(twin, 300, 250, kBox, &forged);
  const image::Rect source{300, 250, kBox.width, kBox.height};
  for (const int quality : {0, 80}) {
    const Trace found = Find(quality > 0 ? Recoded(forged, quality) : forged, TraceKind::kCopyMove);
    EXPECT_GT(found.score, 150) << quality;
    EXPECT_GT(Means(found.map, found.map_scale, kBox).inside, 0.6);
    EXPECT_GT(Means(found.map, found.map_scale, source).inside, 0.6);
    ASSERT_EQ(found.regions.size(), 1u);
    ASSERT_TRUE(found.regions[0].source.has_value());
    EXPECT_EQ(found.regions[0].source->x - found.regions[0].box.x, 300 - kBox.x);
    EXPECT_EQ(found.regions[0].source->y - found.regions[0].box.y, 250 - kBox.y);
  }
  EXPECT_LT(Find(twin, TraceKind::kCopyMove).score, 10);
}

TEST(TracesTest, FactsOfTheFile) {
  const image::Image scene = Scene(64, 48, 16);
  const Bytes jpeg = *image::EncodeJpeg(scene, 75);
  const auto facts = ReadJpegFacts(jpeg);
  ASSERT_TRUE(facts.has_value());
  // Table K.1 halved.
  EXPECT_EQ(facts->luma_steps[0], 8);
  EXPECT_EQ(facts->luma_steps[1], 6);
  EXPECT_EQ(facts->luma_steps[63], 50);
  EXPECT_EQ(facts->orientation, 1);
  EXPECT_EQ(ReadJpegFacts(image::testing::WithOrientation(jpeg, 6, true))->orientation, 6);
  EXPECT_FALSE(ReadJpegFacts(*image::EncodePng(scene)).has_value());
  for (std::size_t size = 0; size < 200; ++size)
    EXPECT_FALSE(ReadJpegFacts(std::span(jpeg).first(std::min(size, jpeg.size() / 8))).has_value() &&
                 size < 100);
}

// Pictures with nothing in them, or too little of it: an answer with finite numbers in range, never a crash.
TEST(TracesTest, OddPictures) {
  std::vector<image::Image> pictures;
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{
           {1, 1}, {1, 500}, {500, 1}, {7, 9}, {8, 8}, {63, 300}, {130, 129}, {41, 200}, {257, 131}}) {
    pictures.push_back(image::testing::Noise(width, height, 3, 1));
    pictures.push_back(image::testing::Noise(width, height, 1, 2));
    pictures.emplace_back(width, height, 3);
    pictures.push_back(image::testing::Waves(width, height, 3));
  }
  image::Image white(300, 200, 3);
  std::fill(white.pixels().begin(), white.pixels().end(), std::uint8_t{255});
  pictures.push_back(white);
  pictures.push_back(image::testing::Quarters(320, 320));
  for (const image::Image& picture : pictures) {
    for (const bool with_facts : {false, true}) {
      JpegFacts facts;
      facts.luma_steps.fill(with_facts ? 65535 : 1);
      facts.orientation = 6;
      auto traces = FindTraces(picture, with_facts ? &facts : nullptr, {}, {});
      ASSERT_TRUE(traces.ok());
      ASSERT_EQ(traces->size(), kTraceKinds.size());
      for (std::size_t i = 0; i < traces->size(); ++i) {
        const Trace& one = (*traces)[i];
        EXPECT_EQ(one.kind, kTraceKinds[i]);
        EXPECT_EQ(one.applicable, one.reason.empty());
        EXPECT_EQ(one.applicable, one.obstacle == TraceObstacle::kNone);
        EXPECT_TRUE(std::isfinite(one.score));
        EXPECT_GE(one.score, 0);
        if (!one.applicable) {
          EXPECT_EQ(one.score, 0);
          EXPECT_EQ(one.false_alarms.photo, 1);
        }
        for (const float value : one.map.values) ASSERT_TRUE(value >= 0 && value <= 1);
        for (const TraceRegion& region : one.regions) {
          EXPECT_GE(region.box.x, 0);
          EXPECT_LE(region.box.x + region.box.width, picture.width());
          EXPECT_LE(region.box.y + region.box.height, picture.height());
        }
      }
    }
  }
}

TEST(TracesTest, BlankPictureShowsNothing) {
  image::Image grey(512, 384, 3);
  std::fill(grey.pixels().begin(), grey.pixels().end(), std::uint8_t{117});
  const auto traces = FindTraces(grey, nullptr, {}, {});
  for (const Trace& one : *traces) EXPECT_EQ(one.score, 0) << TraceKey(one.kind);
}

TEST(TracesTest, WhiteNoiseShowsLittle) {
  const auto traces = FindTraces(image::testing::Noise(512, 384, 3, 3), nullptr, {}, {});
  for (const Trace& one : *traces) {
    if (one.kind == TraceKind::kGridShift || one.kind == TraceKind::kCopyMove ||
        one.kind == TraceKind::kDoubleQuantisation) {
      EXPECT_LT(one.score, 2) << TraceKey(one.kind);
    }
  }
}

TEST(TracesTest, GreyIsLikeEqualChannels) {
  const image::Image grey = image::ToGrey(Scene(256, 200, 17));
  TraceOptions options;
  options.kinds = {TraceKind::kGridShift, TraceKind::kResampledWhole, TraceKind::kCopyMove};
  const auto one = FindTraces(grey, nullptr, options, {}),
             three = FindTraces(image::ToRgb(grey), nullptr, options, {});
  for (std::size_t i = 0; i < one->size(); ++i) EXPECT_NEAR((*one)[i].score, (*three)[i].score, 0.02);
}

TEST(TracesTest, ThreadsChangeNothing) {
  const image::Image picture = Recoded(Scene(700, 560, 18), 85);
  TraceOptions many;
  many.threads = 3;
  const auto one = FindTraces(picture, nullptr, {}, {}), three = FindTraces(picture, nullptr, many, {});
  for (std::size_t i = 0; i < one->size(); ++i) {
    EXPECT_EQ((*one)[i].score, (*three)[i].score);
    EXPECT_EQ((*one)[i].map.values, (*three)[i].map.values);
  }
}

TEST(TracesTest, RefusesWithASentence) {
  TraceOptions options;
  options.max_pixels = 100;
  EXPECT_EQ(FindTraces(Scene(20, 20, 1), nullptr, options, {}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(FindTraces(image::Image(), nullptr, {}, {}).error().code, ErrorCode::kInvalidArgument);
  options = {};
  options.threads = -1;
  EXPECT_EQ(FindTraces(Scene(20, 20, 1), nullptr, options, {}).error().code, ErrorCode::kInvalidArgument);
  const CancellationToken cancelled;
  cancelled.Cancel();
  EXPECT_EQ(FindTraces(Scene(256, 256, 1), nullptr, {}, cancelled).error().code, ErrorCode::kCancelled);
}

TEST(TracesTest, RatesFallWithTheScore) {
  for (const TraceKind kind : kTraceKinds) {
    EXPECT_EQ(TraceFalseAlarmRate(kind, 0).photo, 1);
    FalseAlarmRate before;
    for (double score = 0; score < 1e4; score = score * 1.05 + 0.01) {
      const FalseAlarmRate rate = TraceFalseAlarmRate(kind, score);
      EXPECT_LE(rate.photo, before.photo + 1e-12) << TraceKey(kind) << ' ' << score;
      EXPECT_LE(rate.drawn, before.drawn + 1e-12) << TraceKey(kind) << ' ' << score;
      EXPECT_GE(rate.photo, 0.01);
      before = rate;
    }
    EXPECT_NEAR(before.photo, 0.01, 1e-9);
  }
}

}  // namespace
}  // namespace kantei::authenticity
