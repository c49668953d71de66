#include "kantei/generate/control_picture.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kantei::generate {
namespace {

TEST(EdgePicture, DrawsTheOutlineAndNothingElse) {
  image::Image square(64, 48, 3);
  for (int y = 12; y < 36; ++y)
    for (int x = 16; x < 48; ++x)
      for (int c = 0; c < 3; ++c) square.row(y)[3 * x + c] = 220;
  const auto edges = EdgePicture(square);
  ASSERT_TRUE(edges.ok()) << edges.error().message;
  EXPECT_EQ(edges->channels(), 3);
  EXPECT_EQ(edges->width(), 64);
  int on_outline = 0, away = 0;
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      const std::uint8_t* pixel = edges->row(y) + 3 * x;
      ASSERT_TRUE(pixel[0] == pixel[1] && pixel[1] == pixel[2] && (pixel[0] == 0 || pixel[0] == 255));
      if (pixel[0] == 0) continue;
      const bool near_x = std::min(std::abs(x - 16), std::abs(x - 48)) <= 1 && y >= 11 && y <= 36,
                 near_y = std::min(std::abs(y - 12), std::abs(y - 36)) <= 1 && x >= 15 && x <= 48;
      ++(near_x || near_y ? on_outline : away);
    }
  }
  EXPECT_GT(on_outline, 90);
  EXPECT_EQ(away, 0);
}

TEST(EdgePicture, FaintEdgesNeedLowerThresholds) {
  image::Image faint(40, 40, 1);
  for (int y = 0; y < 40; ++y)
    for (int x = 20; x < 40; ++x) faint.row(y)[x] = 20;
  const auto count = [](const image::Image& picture) {
    return std::count(picture.pixels().begin(), picture.pixels().end(), std::uint8_t{255});
  };
  EXPECT_EQ(count(*EdgePicture(faint)), 0);
  EXPECT_GT(count(*EdgePicture(faint, {20, 60})), 3 * 30);
}

TEST(EdgePicture, RefusesThresholdsInTheWrongOrder) {
  EXPECT_FALSE(EdgePicture(image::Image(16, 16, 3), {200, 100}).ok());
}

}  // namespace
}  // namespace kantei::generate
