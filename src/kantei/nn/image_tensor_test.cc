#include "kantei/nn/image_tensor.h"

#include <gtest/gtest.h>

#include <vector>

namespace kantei::nn {
namespace {

TEST(ImageTensorTest, SizesFollowTheMode) {
  const image::Image wide(400, 100, 3), tall(100, 130, 3), strip(3000, 10, 3);
  EXPECT_EQ(InputSize(wide, InputMode::kSquash, 64), std::pair(64, 64));
  EXPECT_EQ(InputSize(wide, InputMode::kShortSide, 64), std::pair(256, 64));
  EXPECT_EQ(InputSize(tall, InputMode::kShortSide, 288), std::pair(288, 374));
  EXPECT_EQ(InputSize(strip, InputMode::kShortSide, 64), std::pair(256, 64)) << "longer than 4:1";
}

TEST(ImageTensorTest, ValuesAreNormalisedPerChannel) {
  image::Image picture(2, 1, 3, {0, 51, 255, 255, 0, 102});
  const InputFormat format{2, InputMode::kSquash, {0.5f, 0.0f, 0.2f}, {0.5f, 1.0f, 0.4f}};
  std::vector<float> out(6);
  FillInput(picture, 2, 1, format, out.data());
  const std::vector<float> expected = {-1, 0.2f, 2, 1, 0, 0.5f};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(out[i], expected[i], 1e-6) << i;
}

TEST(ImageTensorTest, GreyFillsThreeChannels) {
  image::Image picture(1, 1, 1, {255});
  const InputFormat format{4, InputMode::kSquash, {0, 0, 0}, {1, 1, 1}};
  std::vector<float> out(48, -1.0f);
  FillInput(picture, 4, 4, format, out.data());
  EXPECT_EQ(out, std::vector<float>(48, 1.0f));
}

}  // namespace
}  // namespace kantei::nn
