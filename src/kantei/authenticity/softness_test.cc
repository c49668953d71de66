#include "kantei/authenticity/softness.h"

#include <gtest/gtest.h>

#include "kantei/base/random.h"
#include "kantei/image/smooth_resize.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

image::Image Grain(int width, int height) {
  Random random(3);
  image::Image picture(width, height, 3);
  for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
  return picture;
}

TEST(Softness, NoiseHasOneAndASmoothSurfaceSixteen) {
  EXPECT_NEAR(Softness(Grain(400, 300)), 1, 0.05);
  image::Image exact(15, 15, 1);  // x^2 without rounding
  for (int y = 0; y < 15; ++y)
    for (int x = 0; x < 15; ++x) exact.row(y)[x] = static_cast<std::uint8_t>(x * x);
  EXPECT_NEAR(Softness(exact), 16, 1e-9);
}

TEST(Softness, EnlargedPicturesAreSofter) {
  const image::Image picture = Grain(160, 120);
  const auto times = [&](double factor, auto resize) {
    return Softness(resize(picture, static_cast<int>(160 * factor), static_cast<int>(120 * factor)));
  };
  const auto bilinear = [](const image::Image& p, int w, int h) { return image::Resize(p, w, h); };
  const auto cubic = [](const image::Image& p, int w, int h) {
    return image::SmoothResize(p, w, h, image::SmoothKernel::kCatmullRom);
  };
  const double before = Softness(picture);
  for (const double factor : {1.5, 2.0, 3.0}) {
    EXPECT_GT(times(factor, bilinear), before + 1.5) << factor;
    EXPECT_GT(times(factor, cubic), before + 0.4) << factor;
  }
}

TEST(Softness, AFlatPictureHasNone) {
  EXPECT_EQ(Softness(image::Image(5, 5, 3)), 0);
}

TEST(Softness, IsTheSameForTheTransposedPicture) {
  const image::Image picture = image::Resize(Grain(90, 60), 120, 100);
  EXPECT_NEAR(Softness(image::RotateQuarter(picture, 1)), Softness(picture), 1e-9);
}

}  // namespace
}  // namespace kantei::authenticity
