#include "kantei/copy/pdq.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "kantei/base/random.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

using image::Dihedral;
using image::Image;

// A picture of smooth waves of random direction: strong gradients at every scale that the hash looks at.
Image Waves(int width, int height, std::uint64_t seed) {
  Random random(seed);
  struct Wave {
    double across, down, phase, strength;
  };
  std::vector<Wave> waves;
  for (int i = 0; i < 24; ++i) {
    waves.push_back(
        {random.Uniform(-40, 40), random.Uniform(-40, 40), random.Uniform(0, 6.28), random.Uniform(3, 25)});
  }
  Image picture(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      double value = 128;
      for (const Wave& w : waves) {
        value += w.strength * std::sin(w.across * (x + 0.5) / width + w.down * (y + 0.5) / height + w.phase);
      }
      for (int c = 0; c < 3; ++c) {
        picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(std::clamp(value + 20 * (c - 1), 0.0, 255.0));
      }
    }
  }
  return picture;
}

Image Transpose(const Image& picture) {
  return image::FlipHorizontal(image::RotateQuarter(picture, 1));
}

// The reference's algorithm as its paper states it, with no folding of the filter: the oracle for SampleGrid.
Code256 PlainPdq(const Image& picture) {
  const int width = picture.width(), height = picture.height();
  image::Plane plane = image::ToLuma(picture);
  const auto box = [](std::vector<double> line) {
    const int size = static_cast<int>(line.size()), window = (size + 127) / 128;
    const int after = (window + 2) / 2 - 1, before = window - 1 - after;
    std::vector<double> out(line.size());
    for (int i = 0; i < size; ++i) {
      double sum = 0;
      int count = 0;
      for (int k = std::max(0, i - before); k <= std::min(size - 1, i + after); ++k, ++count) {
        sum += line[static_cast<std::size_t>(k)];
      }
      out[static_cast<std::size_t>(i)] = sum / count;
    }
    return out;
  };
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = 0; y < height; ++y) {
      const auto line = box(std::vector<double>(plane.row(y), plane.row(y) + width));
      std::copy(line.begin(), line.end(), plane.row(y));
    }
    for (int x = 0; x < width; ++x) {
      std::vector<double> column;
      for (int y = 0; y < height; ++y) column.push_back(plane.row(y)[x]);
      column = box(column);
      for (int y = 0; y < height; ++y)
        plane.row(y)[x] = static_cast<float>(column[static_cast<std::size_t>(y)]);
    }
  }
  std::vector<double> coefficients;
  for (int u = 1; u <= 16; ++u) {
    for (int v = 1; v <= 16; ++v) {
      double sum = 0;
      for (int i = 0; i < 64; ++i) {
        for (int j = 0; j < 64; ++j) {
          sum += plane.row((2 * i + 1) * height / 128)[(2 * j + 1) * width / 128] *
                 std::cos(3.14159265358979 / 128 * u * (2 * i + 1)) *
                 std::cos(3.14159265358979 / 128 * v * (2 * j + 1));
        }
      }
      coefficients.push_back(sum);
    }
  }
  std::vector<double> sorted = coefficients;
  std::sort(sorted.begin(), sorted.end());
  Code256 code;
  for (int k = 0; k < 256; ++k) {
    if (coefficients[static_cast<std::size_t>(k)] > sorted[127]) code.set(k);
  }
  return code;
}

TEST(PdqTest, EqualsThePlainAlgorithmAtOddAndEvenWindowsAndTinySizes) {
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{64, 64},
                                                                      {128, 129},
                                                                      {130, 257},
                                                                      {97, 311},
                                                                      {512, 384},
                                                                      {640, 200},
                                                                      {40, 30},
                                                                      {700, 65},
                                                                      {385, 900}}) {
    const Image picture = Waves(width, height, static_cast<std::uint64_t>(width));
    EXPECT_LE(HammingDistance(ComputePdq(picture).code, PlainPdq(picture)), 2) << width << "x" << height;
  }
}

TEST(PdqTest, HalfTheBitsAreSetAndTheQualityIsFull) {
  const PdqHash hash = ComputePdq(Waves(200, 150, 7));
  int set = 0;
  for (const std::uint64_t word : hash.code.words) set += std::popcount(word);
  EXPECT_EQ(set, 128);
  EXPECT_EQ(hash.quality, 100);
}

TEST(PdqTest, AFlatPictureHasNoQuality) {
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1, 1}, {1, 500}, {500, 1}, {3, 2}, {300, 300}}) {
    Image flat(width, height, 3);
    std::fill(flat.pixels().begin(), flat.pixels().end(), std::uint8_t{90});
    EXPECT_EQ(ComputePdq(flat).quality, 0) << width << "x" << height;
  }
}

TEST(PdqTest, QualityCountsWholePercentSteps) {
  // 32 left columns of 0 and 32 right ones of `level`: 64 steps of trunc(level * 100 / 255), over 90.
  for (const auto& [level, expected] :
       std::vector<std::pair<int, int>>{{255, 71}, {128, 35}, {4, 0}, {2, 0}}) {
    Image halves(64, 64, 1);
    for (int y = 0; y < 64; ++y)
      std::fill(halves.row(y) + 32, halves.row(y) + 64, static_cast<std::uint8_t>(level));
    EXPECT_EQ(ComputePdq(halves).quality, expected) << level;
  }
}

TEST(PdqTest, GreyEqualsTheSameGreyInRgb) {
  const Image grey = image::ToGrey(Waves(333, 250, 3));
  const PdqHash one = ComputePdq(grey), three = ComputePdq(image::ToRgb(grey));
  EXPECT_LE(HammingDistance(one.code, three.code), 2);
  EXPECT_EQ(one.quality, three.quality);
}

TEST(PdqTest, DihedralVariantsAreTheHashesOfTurnedPixels) {
  // 320 = 5 × 64 with a window of 3: filter and sampling points are symmetric, so the agreement is exact up
  // to rounding of values beside the median.
  const Image picture = Waves(320, 320, 11);
  const PdqDihedral variants = ComputePdqDihedral(picture);
  const std::vector<std::pair<Dihedral, std::function<Image(const Image&)>>> turns = {
      {Dihedral::kOriginal, [](const Image& p) { return p; }},
      {Dihedral::kRotate90, [](const Image& p) { return image::RotateQuarter(p, -1); }},
      {Dihedral::kRotate180, [](const Image& p) { return image::RotateQuarter(p, 2); }},
      {Dihedral::kRotate270, [](const Image& p) { return image::RotateQuarter(p, 1); }},
      {Dihedral::kFlipX, [](const Image& p) { return image::FlipVertical(p); }},
      {Dihedral::kFlipY, [](const Image& p) { return image::FlipHorizontal(p); }},
      {Dihedral::kFlipPlus1, [](const Image& p) { return Transpose(p); }},
      {Dihedral::kFlipMinus1, [](const Image& p) { return image::RotateQuarter(Transpose(p), 2); }},
  };
  ASSERT_EQ(turns.size(), variants.codes.size());
  for (std::size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(turns[i].first), i);
    const Code256 turned = ComputePdq(turns[i].second(picture)).code;
    for (std::size_t k = 0; k < variants.codes.size(); ++k) {
      const int distance = HammingDistance(turned, variants.codes[k]);
      if (k == i) {
        EXPECT_LE(distance, 2) << "variant " << i;
      } else {
        EXPECT_GT(distance, 60) << "variants " << i << " and " << k << " are confused";
      }
    }
  }
  EXPECT_EQ(variants.codes[0], ComputePdq(picture).code);
  EXPECT_EQ(variants.quality, ComputePdq(picture).quality);
}

TEST(PdqTest, TransposeOfTheTestIsATranspose) {
  const Image picture = Waves(5, 3, 1);
  const Image turned = Transpose(picture);
  ASSERT_EQ(turned.width(), 3);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 5; ++x) EXPECT_EQ(turned.row(x)[3 * y], picture.row(y)[3 * x]);
  }
}

TEST(PdqTest, AReducedPictureGivesTheHashOfTheFullOneWhenToldItsSize) {
  const Image full = Waves(1600, 1200, 21);
  const Code256 wanted = ComputePdq(full).code;
  for (const int side : {1599, 1024, 640, 512, 500, 300}) {
    const Image reduced = image::ResizeToFit(full, side);
    EXPECT_LE(HammingDistance(ComputePdq(reduced, 1600, 1200).code, wanted), 4) << side;
  }
}

TEST(PdqTest, AStatedSizeBelowTheStoredOneIsTakenAsTheStoredOne) {
  const Image picture = Waves(200, 100, 5);
  EXPECT_EQ(ComputePdq(picture, 1, 1).code, ComputePdq(picture).code);
}

TEST(PdqTest, AnEmptyPictureIsABug) {
  EXPECT_THROW(ComputePdq(Image()), InternalError);
}

}  // namespace
}  // namespace kantei::copy
