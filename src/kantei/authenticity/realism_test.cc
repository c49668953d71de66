#include "kantei/authenticity/realism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "kantei/authenticity/realism_kernels.h"
#include "kantei/authenticity/realism_score.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/random.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

using image::Image;
using testing::HasSubstr;

Image Filled(int width, int height, int channels, std::uint8_t value) {
  Image picture(width, height, channels);
  std::fill(picture.pixels().begin(), picture.pixels().end(), value);
  return picture;
}

// Smooth ground, many soft-edged discs, fine grain: something like a photo, different for every seed.
Image Landscape(std::uint64_t seed, int width = 512, int height = 512) {
  Random random(seed);
  struct Disc {
    double x, y, radius, value;
  };
  std::vector<Disc> discs;
  for (int i = 0; i < 90; ++i) {
    discs.push_back({random.Uniform(0, width), random.Uniform(0, height), random.Uniform(0.01, 0.09) * height,
                     random.Uniform(-70, 70)});
  }
  const double grain = random.Uniform(2, 7), slope = random.Uniform(20, 90);
  image::Plane plane(width, height);
  for (int y = 0; y < height; ++y)
    std::fill_n(plane.row(y), width, static_cast<float>(90 + slope * y / height));
  for (const Disc& disc : discs) {
    const int top = std::max(0, static_cast<int>(disc.y - disc.radius - 1));
    const int bottom = std::min(height, static_cast<int>(disc.y + disc.radius + 2));
    const int left = std::max(0, static_cast<int>(disc.x - disc.radius - 1));
    const int right = std::min(width, static_cast<int>(disc.x + disc.radius + 2));
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        const double distance = std::hypot(x - disc.x, y - disc.y) - disc.radius;
        plane.row(y)[x] += static_cast<float>(disc.value * std::clamp(0.5 - distance, 0.0, 1.0));
      }
    }
  }
  Image picture(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double value = static_cast<double>(plane.row(y)[x]) + random.Normal() * grain;
      picture.row(y)[x] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
    }
  }
  return picture;
}

// Separable Gaussian, border pixels repeated.
Image Blurred(const Image& picture, double sigma) {
  const int radius = static_cast<int>(std::ceil(3 * sigma));
  std::vector<double> kernel;
  for (int i = -radius; i <= radius; ++i) kernel.push_back(std::exp(-i * i / (2 * sigma * sigma)));
  const double sum = std::accumulate(kernel.begin(), kernel.end(), 0.0);
  const int width = picture.width(), height = picture.height();
  image::Plane half(width, height);
  Image out(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      double value = 0;
      for (int i = -radius; i <= radius; ++i) {
        value +=
            kernel[static_cast<std::size_t>(i + radius)] * picture.row(y)[std::clamp(x + i, 0, width - 1)];
      }
      half.row(y)[x] = static_cast<float>(value / sum);
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      double value = 0;
      for (int i = -radius; i <= radius; ++i) {
        value += kernel[static_cast<std::size_t>(i + radius)] * half.row(std::clamp(y + i, 0, height - 1))[x];
      }
      out.row(y)[x] = static_cast<std::uint8_t>(std::lround(value / sum));
    }
  }
  return out;
}

std::vector<RealismMeasures> LandscapeMeasures(int count) {
  std::vector<RealismMeasures> measures;
  for (int i = 0; i < count; ++i)
    measures.push_back(MeasureRealismSquare(Landscape(static_cast<std::uint64_t>(i) + 1)));
  return measures;
}

const RealismReference& LandscapeReference() {
  static const RealismReference reference =
      FitRealismReference("landscapes", "made by the test", LandscapeMeasures(40)).value();
  return reference;
}

TEST(RealismMeasuresTest, FlatPicture) {
  const RealismMeasures measures = MeasureRealismSquare(Filled(512, 512, 1, 77));
  EXPECT_EQ(measures[0], 0);
  EXPECT_EQ(measures[1], 0);
  EXPECT_EQ(measures[2], 1);
  EXPECT_EQ(measures[3], 0);
  EXPECT_NEAR(measures[4], 77, 1e-3);  // only DC: 77 · 512² over 512² bins
}

TEST(RealismMeasuresTest, VerticalStripesOfOnePixel) {
  Image stripes(512, 512, 1);
  for (int y = 0; y < 512; ++y) {
    for (int x = 0; x < 512; ++x) stripes.row(y)[x] = x % 2 == 0 ? 100 : 110;
  }
  const RealismMeasures measures = MeasureRealismSquare(stripes);
  EXPECT_EQ(measures[1], 100);              // every pair differs by 10
  EXPECT_DOUBLE_EQ(measures[2], 0.5);       // two cells of one half
  EXPECT_DOUBLE_EQ(measures[3], 400);       // ±20 everywhere
  EXPECT_NEAR(measures[4], 105 + 5, 1e-3);  // DC and the horizontal Nyquist bin
}

TEST(RealismMeasuresTest, StepEdgeIsOneLine) {
  Image step(512, 512, 1);
  for (int y = 0; y < 512; ++y) std::fill(step.row(y) + 200, step.row(y) + 512, std::uint8_t{200});
  EXPECT_EQ(internal::CountCannyEdges(step.pixels().data(), 100, 200), 512);
}

// A faint line counts only where it touches a strong one, however long the way.
TEST(RealismMeasuresTest, HysteresisFollowsAFaintSpiralFromOneStrongSpot) {
  Image picture = Filled(512, 512, 1, 0);
  int x = 20, y = 20, dx = 1, dy = 0, length = 470;
  while (length > 20) {
    for (int turn = 0; turn < 2; ++turn) {
      for (int i = 0; i < length; ++i) picture.row(y)[x] = 30, x += dx, y += dy;
      std::swap(dx, dy);
      dx = -dx;
    }
    length -= 12;
  }
  const std::uint8_t* pixels = picture.pixels().data();
  EXPECT_EQ(internal::CountCannyEdges(pixels, 100, 200), 0);  // gradient 120 to 180: between the thresholds
  const int all = internal::CountCannyEdges(pixels, 100, 110);
  ASSERT_GT(all, 10000);
  picture.row(20)[20] = 120;  // one end of the spiral
  EXPECT_GT(internal::CountCannyEdges(pixels, 100, 200),
            all / 2);  // all along one of the two sides of the line
}

// The direct transform of sparse pictures has a closed form that a wrong twiddle, split or bin weight would
// miss.
TEST(RealismMeasuresTest, SpectrumOfTwoPoints) {
  Random random(3);
  for (int trial = 0; trial < 4; ++trial) {
    Image picture = Filled(512, 512, 1, 0);
    const int ax = static_cast<int>(random.Below(512)), ay = static_cast<int>(random.Below(512));
    const int bx = static_cast<int>(random.Below(512)), by = static_cast<int>(random.Below(512));
    picture.row(ay)[ax] = 250;
    picture.row(by)[bx] = 131;
    double sum = 0;
    for (int v = 0; v < 512; ++v) {
      for (int u = 0; u < 512; ++u) {
        const double angle = 2 * std::numbers::pi * ((bx - ax) * u + (by - ay) * v) / 512.0;
        sum += std::abs(250.0 + 131.0 * std::polar(1.0, angle));
      }
    }
    const double expected = sum / (512 * 512);
    EXPECT_NEAR(internal::MeanSpectrum(picture.pixels().data()), expected, expected * 1e-6);
  }
}

TEST(RealismMeasuresTest, GlcmAgreesWithACountByHand) {
  const Image picture = Landscape(5);
  std::vector<double> matrix(256 * 256);
  for (int y = 0; y < 512; ++y) {
    for (int x = 0; x + 1 < 512; ++x) {
      const std::size_t a = picture.row(y)[x], b = picture.row(y)[x + 1];
      matrix[a * 256 + b] += 1;
      matrix[b * 256 + a] += 1;
    }
  }
  double energy = 0, contrast = 0;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    const double p = matrix[i] / (2.0 * 512 * 511),
                 difference = static_cast<double>(i / 256) - static_cast<double>(i % 256);
    energy += p * p;
    contrast += difference * difference * p;
  }
  internal::MeasureGlcm(
      Filled(512, 512, 1, 3).pixels().data());  // what one picture leaves behind must not show
  const internal::GlcmStatistics statistics = internal::MeasureGlcm(picture.pixels().data());
  EXPECT_NEAR(statistics.energy, energy, energy * 1e-12);
  EXPECT_NEAR(statistics.contrast, contrast, contrast * 1e-12);
}

TEST(RealismMeasuresTest, TransposingKeepsTheDirectionlessMeasures) {
  const Image picture = Landscape(6);
  Image turned = image::RotateQuarter(picture, 1);
  const RealismMeasures a = MeasureRealismSquare(picture), b = MeasureRealismSquare(turned);
  EXPECT_DOUBLE_EQ(a[3], b[3]);
  EXPECT_NEAR(a[4], b[4], a[4] * 1e-6);
}

TEST(RealismSquareTest, CropsTheCentreAndTakesColour) {
  Image wide = Filled(1024, 512, 3, 255);
  for (int y = 0; y < 512; ++y) {
    for (int x = 256; x < 768; ++x)
      wide.row(y)[3 * x] = 10, wide.row(y)[3 * x + 1] = 20, wide.row(y)[3 * x + 2] = 30;
  }
  const Image square = RealismSquare(wide);
  ASSERT_EQ(square.width(), 512);
  ASSERT_EQ(square.channels(), 1);
  // 0.299·10 + 0.587·20 + 0.114·30 = 18.15
  EXPECT_THAT(square.pixels(), testing::Each(18));
}

TEST(RealismSquareTest, ExtremeShapes) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 9000}, {9000, 2}, {511, 513}}) {
    const Image square = RealismSquare(Filled(width, height, 1, 50));
    EXPECT_EQ(square.width(), 512);
    EXPECT_EQ(square.height(), 512);
    EXPECT_THAT(square.pixels(), testing::Each(50));
  }
}

TEST(RealismSquareTest, AnEnlargedPictureSaysSo) {
  EXPECT_TRUE(ScoreRealism(Landscape(7, 300, 400), LandscapeReference()).enlarged);
  EXPECT_FALSE(ScoreRealism(Landscape(7, 512, 600), LandscapeReference()).enlarged);
  EXPECT_FALSE(RealismEnlarges(1600, 800));
  EXPECT_TRUE(RealismEnlarges(1602, 800));  // 1024 × 511 on the way
}

// Callers keep a copy with longer side 1024: it must give what the whole picture gives.
TEST(RealismSquareTest, ACopyShrunkTo1024GivesTheSame) {
  for (const auto& [width, height] : {std::pair{2048, 1536}, {1500, 1800}}) {
    const Image picture = image::ToRgb(Landscape(8, width, height));
    const RealismMeasures direct = MeasureRealism(picture);
    const RealismMeasures stepped = MeasureRealism(image::ResizeToFit(picture, 1024));
    for (std::size_t k = 0; k < direct.size(); ++k) {
      EXPECT_NEAR(stepped[k] / direct[k], 1, 0.01) << MeasureKey(kMeasures[k]) << " " << width;
    }
  }
}

TEST(RealismScoreTest, AllRadiiOneGiveTheRegularPentagon) {
  RealismReference reference = LandscapeReference();
  const RealismScore score = ScoreRealism(reference.mean, reference);
  EXPECT_NEAR(score.irs, 2.3776, 5e-5);
}

TEST(RealismScoreTest, PentagonByHand) {
  EXPECT_NEAR(internal::PentagonArea({1, 2, 3, 4, 5}), 0.5 * 0.9510565163 * (2 + 6 + 12 + 20 + 5), 1e-9);
  const RealismMeasures radii =
      internal::PublishedRadii({0.2, 30, 0.004, 50, 600}, {0.1, 10, 0.001, 100, 300});
  EXPECT_THAT(radii, testing::ElementsAre(2, 3, 0.25, 2, 0.5));
}

TEST(RealismScoreTest, BlankPictureHasFiniteScores) {
  const RealismScore score = ScoreRealism(Filled(512, 512, 1, 0), LandscapeReference());
  EXPECT_TRUE(std::isfinite(score.irs));
  EXPECT_TRUE(std::isfinite(score.robust));
  EXPECT_LT(score.robust, 0.1);
}

TEST(RealismScoreTest, PercentilesInterpolateAndClamp) {
  std::array<double, 101> quantiles;
  for (std::size_t q = 0; q < quantiles.size(); ++q) quantiles[q] = 10 + 2 * static_cast<double>(q);
  EXPECT_EQ(internal::PercentileIn(quantiles, 5), 0);
  EXPECT_EQ(internal::PercentileIn(quantiles, 10), 0);
  EXPECT_EQ(internal::PercentileIn(quantiles, 13), 1.5);
  EXPECT_EQ(internal::PercentileIn(quantiles, 210), 100);
  EXPECT_EQ(internal::PercentileIn(quantiles, 300), 100);
  for (std::size_t q = 20; q <= 40; ++q) quantiles[q] = 50;
  EXPECT_EQ(internal::PercentileIn(quantiles, 50), 30);
}

TEST(RealismScoreTest, TheMedianPictureIsTypicalAndFarOnesAreNot) {
  const RealismReference& reference = LandscapeReference();
  RealismMeasures median, extreme;
  for (std::size_t k = 0; k < median.size(); ++k)
    median[k] = reference.quantiles[k][50], extreme[k] = median[k] * 1e4;
  EXPECT_DOUBLE_EQ(ScoreRealism(median, reference).robust, 1);
  EXPECT_NEAR(ScoreRealism(extreme, reference).robust, std::exp(-4.5), 1e-12);
}

// The published score rises when detail is thrown away, since VBM enters as a reciprocal; the robust one must
// not.
TEST(RealismScoreTest, BlurRaisesThePublishedScoreAndLowersTheRobustOne) {
  const RealismReference& reference = LandscapeReference();
  constexpr int kPictures = 12;
  double irs = 0, irs_blur = 0, irs_rescaled = 0, robust = 0, robust_blur = 0, robust_rescaled = 0;
  for (int i = 0; i < kPictures; ++i) {
    const Image picture = Landscape(1000 + static_cast<std::uint64_t>(i));
    const RealismScore plain = ScoreRealism(picture, reference),
                       blurred = ScoreRealism(Blurred(picture, 1), reference);
    const RealismScore rescaled =
        ScoreRealism(image::Resize(image::Resize(picture, 256, 256), 512, 512), reference);
    irs += plain.irs, irs_blur += blurred.irs, irs_rescaled += rescaled.irs;
    robust += plain.robust, robust_blur += blurred.robust, robust_rescaled += rescaled.robust;
  }
  EXPECT_GT(irs_blur, irs * 1.5);
  EXPECT_GT(irs_rescaled, irs * 1.5);
  EXPECT_LT(robust_blur, robust * 0.8);
  EXPECT_LT(robust_rescaled, robust * 0.8);
}

class RealismFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("kantei_realism_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "reference.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Json Saved() {
    EXPECT_TRUE(SaveRealismReference(path_, LandscapeReference()).ok());
    return ParseJson(ReadTextFile(path_, 1 << 20).value(), "saved").value();
  }
  Error LoadError(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    const auto loaded = LoadRealismReference(path_);
    if (loaded.ok()) {
      ADD_FAILURE() << "loaded: " << text.substr(0, 200);
      return {};
    }
    EXPECT_THAT(loaded.error().message, HasSubstr("reference.json"));
    return loaded.error();
  }

  std::filesystem::path folder_, path_;
};

TEST_F(RealismFileTest, RoundTrip) {
  const RealismReference& saved = LandscapeReference();
  ASSERT_TRUE(SaveRealismReference(path_, saved).ok());
  EXPECT_LT(std::filesystem::file_size(path_), 40u << 10);
  const auto loaded = LoadRealismReference(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->name, saved.name);
  EXPECT_EQ(loaded->description, saved.description);
  EXPECT_EQ(loaded->pictures, saved.pictures);
  EXPECT_EQ(loaded->mean, saved.mean);
  EXPECT_EQ(loaded->quantiles, saved.quantiles);
  EXPECT_EQ(loaded->irs_quantiles, saved.irs_quantiles);
  EXPECT_EQ(loaded->robust_quantiles, saved.robust_quantiles);
}

TEST_F(RealismFileTest, HostileFilesAreRefused) {
  const Json good = Saved();
  EXPECT_EQ(LoadError("").code, ErrorCode::kCorrupt);
  EXPECT_EQ(LoadError("[]").code, ErrorCode::kCorrupt);
  EXPECT_EQ(LoadError("{\"schema\":7}").code, ErrorCode::kCorrupt);
  EXPECT_EQ(LoadError(DumpJson(good).substr(0, 900)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(LoadError(std::string(2 << 20, ' ')).code, ErrorCode::kTooLarge);

  const auto changed = [&](const std::string& pointer, const Json& value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    return LoadError(DumpJson(json));
  };
  EXPECT_EQ(changed("/schema", "kantei.realism-reference/9").code, ErrorCode::kUnsupported);
  EXPECT_EQ(changed("/measures_version", 2).code, ErrorCode::kUnsupported);
  EXPECT_EQ(changed("/name", "../../etc/passwd").code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/name", std::string(65, 'a')).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/description", std::string(5000, 'a')).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/pictures", 3).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/pictures", 1e300).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures", 1).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures/vbm/mean", -1).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures/vbm/mean", 1e29).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures/vbm/mean", Json()).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures/ms/quantiles/50", 0).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures/ms/quantiles/50", "x").code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/measures/ms/quantiles", Json::array()).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/irs_quantiles/100", 1e31).code, ErrorCode::kCorrupt);
  EXPECT_EQ(changed("/robust_quantiles/100", 1.5).code, ErrorCode::kCorrupt);
}

TEST_F(RealismFileTest, FitRefusesWhatItCannotUse) {
  const std::vector<RealismMeasures> measures = LandscapeMeasures(20);
  EXPECT_TRUE(FitRealismReference("mine", "", measures).ok());
  const auto few = FitRealismReference("mine", "", std::span(measures).first(19));
  ASSERT_FALSE(few.ok());
  EXPECT_EQ(few.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(FitRealismReference("Mine/..", "", measures).ok());
  EXPECT_FALSE(FitRealismReference("", "", measures).ok());
  EXPECT_FALSE(FitRealismReference("mine", std::string(5000, 'a'), measures).ok());
  std::vector<RealismMeasures> broken = measures;
  broken[4][2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(FitRealismReference("mine", "", broken).ok());
  broken[4][2] = -1;
  EXPECT_FALSE(FitRealismReference("mine", "", broken).ok());
}

TEST_F(RealismFileTest, FitsASetOfBlankPictures) {
  const std::vector<RealismMeasures> blank(20, MeasureRealismSquare(Filled(512, 512, 1, 0)));
  const auto fitted = FitRealismReference("blank", "", blank);
  ASSERT_TRUE(fitted.ok());
  ASSERT_TRUE(SaveRealismReference(path_, *fitted).ok());
  const auto loaded = LoadRealismReference(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(std::isfinite(ScoreRealism(Landscape(1), *loaded).irs));
}

TEST_F(RealismFileTest, FindsShippedAndOwnReferencesAndNothingElse) {
  ::setenv("KANTEI_MODEL_DIR", (std::string(KANTEI_SOURCE_DIR) + "/models").c_str(), 1);
  ::setenv("XDG_DATA_HOME", folder_.c_str(), 1);
  for (const std::string name : {"photo", "drawn"}) {
    const auto shipped = FindRealismReference(name);
    ASSERT_TRUE(shipped.ok()) << shipped.error().message;
    EXPECT_EQ(shipped->name, name);
    EXPECT_GE(shipped->pictures, 100);
    EXPECT_LT(
        std::filesystem::file_size(std::string(KANTEI_SOURCE_DIR) + "/models/realism-" + name + ".json"),
        40u << 10);
  }
  const auto missing = FindRealismReference("mine");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("kantei realism fit"));

  std::filesystem::create_directories(folder_ / "kantei" / "realism");
  ASSERT_TRUE(SaveRealismReference(folder_ / "kantei" / "realism" / "mine.json", LandscapeReference()).ok());
  EXPECT_TRUE(FindRealismReference("mine").ok());
  for (const char* bad : {"", "..", "a/b", "/etc/passwd", "A", "a.json"}) {
    const auto refused = FindRealismReference(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << bad;
  }
  ::unsetenv("KANTEI_MODEL_DIR");
  ::unsetenv("XDG_DATA_HOME");
}

}  // namespace
}  // namespace kantei::authenticity
