// The five measures against OpenCV, NumPy and scikit-image (realism_expected.json, made by make_realism.py).
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kantei/authenticity/realism.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "realism_pictures.h"

namespace kantei::authenticity {
namespace {

// Integer arithmetic on both sides: only the last division may round differently.
constexpr double kExactTolerance = 1e-12;
// Single precision here, double there.
constexpr double kSpectrumTolerance = 1e-6;

class RealismGolden : public testing::TestWithParam<std::string_view> {};

TEST_P(RealismGolden, AgreesWithThePythonLibraries) {
  const auto text =
      ReadTextFile(std::string(KANTEI_SOURCE_DIR) + "/tests/golden/realism_expected.json", 1 << 20);
  ASSERT_TRUE(text.ok());
  const auto json = ParseJson(*text, "realism_expected.json");
  ASSERT_TRUE(json.ok());
  const Json& expected = json->at("pictures").at(std::string(GetParam()));

  const image::Image picture = golden::RealismPicture::Make(GetParam());
  ASSERT_EQ(Sha256Hex(std::as_bytes(picture.pixels())), expected.at("sha256").get<std::string>())
      << "realism_pictures.h and realism_pictures.py make different pictures";

  const RealismMeasures measures = MeasureRealismSquare(picture);
  EXPECT_EQ(std::lround(measures[0] * 512 * 512), expected.at("edges").get<long>());
  const auto expect_near = [&](std::size_t k, double tolerance) {
    const double want = expected.at(std::string(MeasureKey(kMeasures[k]))).get<double>();
    EXPECT_NEAR(measures[k], want, tolerance * std::max(want, 1e-9)) << MeasureKey(kMeasures[k]);
  };
  expect_near(1, kExactTolerance);
  expect_near(2, kExactTolerance);
  expect_near(3, kExactTolerance);
  expect_near(4, kSpectrumTolerance);
}

INSTANTIATE_TEST_SUITE_P(Pictures, RealismGolden, testing::ValuesIn(golden::kRealismPictures),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace kantei::authenticity
