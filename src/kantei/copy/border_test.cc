// TrimBorder.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kantei/copy/query_views.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/copy/view_test_pictures.h"

namespace kantei::copy {
namespace {

using image::Colour;
using image::Image;
using image::Rect;

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

}  // namespace
}  // namespace kantei::copy
