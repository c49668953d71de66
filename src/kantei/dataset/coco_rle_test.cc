#include "kantei/dataset/coco_rle.h"

#include <gtest/gtest.h>

#include "kantei/base/random.h"

namespace kantei::dataset {
namespace {

using image::Image;

Image Mask(int width, int height, std::initializer_list<int> set) {
  Image mask(width, height, 1);
  for (const int at : set) mask.pixels()[static_cast<std::size_t>(at)] = 255;
  return mask;
}

// 3 wide, 2 high, rows:  0 1 1
//                        0 1 0      by columns: 00 11 10 -> two zeros, three ones, one zero.
TEST(CocoRleTest, HandWorkedColumns) {
  const CocoRle rle = EncodeRle(Mask(3, 2, {1, 2, 4}));
  EXPECT_EQ(rle.counts, (std::vector<std::uint32_t>{2, 3, 1}));
  EXPECT_EQ(RleArea(rle), 3u);
}

TEST(CocoRleTest, ZerosComeFirst) {
  EXPECT_EQ(EncodeRle(Mask(2, 1, {0})).counts, (std::vector<std::uint32_t>{0, 1, 1}));
  EXPECT_EQ(EncodeRle(Mask(2, 2, {})).counts, (std::vector<std::uint32_t>{4}));
  EXPECT_EQ(EncodeRle(Mask(2, 1, {0, 1})).counts, (std::vector<std::uint32_t>{0, 2}));
}

// 5 bits a character from 48 on, bit 5 says that more follow, bit 4 of the last is the sign. From the fourth number on the
// difference to the one before the last is written:
//   6 -> '6';  1 -> '1';  40 = 8 + 32 -> (8|32)+48 = 'X', 1+48 = '1';  4 - 1 = 3 -> '3';  5 - 40 = -35 -> 29|32 = 'm', -2 = 30+48 = 'N'
TEST(CocoRleTest, HandWorkedString) {
  const std::vector<std::uint32_t> counts{6, 1, 40, 4, 5};
  EXPECT_EQ(RleString(counts), "61X13mN");
  const auto parsed = ParseRleString("61X13mN");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(*parsed, counts);
}

// 16 has bit 4 set, so a character more says that it is not negative; -16 has none to add.
TEST(CocoRleTest, SignsAtTheEdge) {
  EXPECT_EQ(RleString({16}), "`0");
  EXPECT_EQ(RleString({15}), "?");
  const std::vector<std::uint32_t> counts{1, 20, 1, 4};  // 4 - 20 = -16
  EXPECT_EQ(RleString(counts), "1d01@");
  EXPECT_EQ(*ParseRleString("1d01@"), counts);
}

TEST(CocoRleTest, RandomMasksComeBack) {
  Random random(3);
  for (int n = 0; n < 20; ++n) {
    Image mask(1 + int(random.Below(40)), 1 + int(random.Below(90)), 1);
    const double density = random.Uniform();
    for (std::uint8_t& value : mask.pixels()) value = random.Chance(density) ? 255 : 0;
    const CocoRle rle = EncodeRle(mask);
    const auto counts = ParseRleString(RleString(rle.counts));
    ASSERT_TRUE(counts.ok());
    EXPECT_EQ(*counts, rle.counts);
    const auto back = DecodeRle({rle.height, rle.width, *counts});
    ASSERT_TRUE(back.ok());
    EXPECT_TRUE(std::equal(mask.pixels().begin(), mask.pixels().end(), back->pixels().begin()));
  }
}

TEST(CocoRleTest, HostileTexts) {
  EXPECT_EQ(ParseRleString("1X").error().code, ErrorCode::kCorrupt);            // breaks off
  EXPECT_EQ(ParseRleString("1\x7f").error().code, ErrorCode::kCorrupt);         // no such digit
  EXPECT_EQ(ParseRleString("O").error().code, ErrorCode::kCorrupt);             // -1
  EXPECT_EQ(ParseRleString("ooooooooooo1").error().code, ErrorCode::kCorrupt);  // too large
  EXPECT_EQ(DecodeRle({2, 2, {1, 2}}).error().code, ErrorCode::kCorrupt);       // sums up to 3
  EXPECT_EQ(DecodeRle({65'000, 65'000, {1}}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(DecodeRle({0, 2, {}}).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace kantei::dataset
