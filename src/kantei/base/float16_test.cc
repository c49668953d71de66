#include "kantei/base/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kantei {
namespace {

TEST(Float16, KnowsItsLandmarks) {
  EXPECT_EQ(ToFloat16(0.0f), 0x0000);
  EXPECT_EQ(ToFloat16(-0.0f), 0x8000);
  EXPECT_EQ(ToFloat16(1.0f), 0x3c00);
  EXPECT_EQ(ToFloat16(-2.0f), 0xc000);
  EXPECT_EQ(ToFloat16(65504.0f), 0x7bff);
  EXPECT_EQ(ToFloat16(65519.99f), 0x7bff);
  EXPECT_EQ(ToFloat16(65520.0f), 0x7c00);
  EXPECT_EQ(ToFloat16(0x1p-24f), 0x0001);
  EXPECT_EQ(ToFloat16(0x1p-25f), 0x0000);  // a tie, to even
  EXPECT_EQ(ToFloat16(0x1.8p-25f), 0x0001);
  EXPECT_EQ(ToFloat16(0x1p-14f), 0x0400);
  EXPECT_EQ(ToFloat16(1.0f + 0x1p-11f), 0x3c00);  // a tie, to even
  EXPECT_EQ(ToFloat16(1.0f + 0x3p-11f), 0x3c02);
  EXPECT_EQ(ToFloat16(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_TRUE(std::isnan(FromFloat16(ToFloat16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST(Float16, EveryHalfComesBack) {
  for (std::uint32_t half = 0; half < 65536; ++half) {
    const float value = FromFloat16(static_cast<std::uint16_t>(half));
    if (std::isnan(value)) continue;
    ASSERT_EQ(ToFloat16(value), half);
  }
}

TEST(Float16, RoundsToTheNearerNeighbour) {
  for (std::uint32_t half = 0; half < 0x7bff; ++half) {
    const float low = FromFloat16(static_cast<std::uint16_t>(half)),
                high = FromFloat16(static_cast<std::uint16_t>(half + 1));
    ASSERT_EQ(ToFloat16(low + (high - low) * 0.49f), half);
    ASSERT_EQ(ToFloat16(low + (high - low) * 0.51f), half + 1);
  }
}

}  // namespace
}  // namespace kantei
