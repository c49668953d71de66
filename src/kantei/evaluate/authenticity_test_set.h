// A small set of pictures and a detector that is real and deterministic, for tests: cameras leave noise, smooth parts look replaced.
// Not part of the library.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/random.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::evaluate::testing {

/// Calls a block of 16 × 16 pixels changed where its mean absolute Laplacian is small.
class NoiseDetector final : public authenticity::ManipulationDetector {
 public:
  explicit NoiseDetector(std::string name = "noise-1 test") : name_(std::move(name)) {}
  std::string id() const override { return name_; }
  std::string_view precision() const override { return computes_in; }
  std::string computes_in = "float32";

  Result<authenticity::PixelFindings> Analyse(const image::Image& picture,
                                              const CancellationToken& cancellation) const override {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    ++calls;
    const image::Plane luma = image::ToLuma(picture);
    authenticity::PixelFindings findings;
    findings.map = image::Plane(luma.width, luma.height);
    constexpr int kBlock = 16;
    double changed = 0, sum = 0;
    for (int by = 0; by < luma.height; by += kBlock) {
      for (int bx = 0; bx < luma.width; bx += kBlock) {
        const int right = std::min(bx + kBlock, luma.width), bottom = std::min(by + kBlock, luma.height);
        double total = 0, count = 1e-9;
        for (int y = std::max(1, by); y < std::min(bottom, luma.height - 1); ++y)
          for (int x = std::max(1, bx); x < std::min(right, luma.width - 1); ++x, ++count)
            total += std::abs(4 * luma.row(y)[x] - luma.row(y)[x - 1] - luma.row(y)[x + 1] -
                              luma.row(y - 1)[x] - luma.row(y + 1)[x]);
        const double value = 1 / (1 + std::exp((total / count - 7) * 0.7));
        for (int y = by; y < bottom; ++y)
          for (int x = bx; x < right; ++x) findings.map.row(y)[x] = static_cast<float>(value);
        const double area = (right - bx) * (bottom - by);
        changed += value > 0.5 ? area : 0;
        sum += value * area;
      }
    }
    const double all = static_cast<double>(luma.width) * luma.height, share = changed / all, mean = sum / all;
    findings.ai_made_logit = (share - 0.8) * 8 + mean;
    findings.edited_logit = std::min(share, 1 - share) * 24 - 2 + mean;
    return findings;
  }

  mutable std::atomic<int> calls{0};

 private:
  std::string name_;
};

/// Slow waves with the noise of a camera, but for the part of `smooth` (empty: none).
inline image::Image Scene(int width, int height, std::uint64_t seed, const image::Rect& smooth) {
  Random random(seed);
  const double fx = random.Uniform(0.02, 0.06), fy = random.Uniform(0.02, 0.06),
               level = random.Uniform(12, 22);
  image::Image picture(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double noise = level * random.Normal();
        const bool still =
            x >= smooth.x && x < smooth.x + smooth.width && y >= smooth.y && y < smooth.y + smooth.height;
        const double value = 128 + 50 * std::sin(fx * x + c) + 40 * std::cos(fy * y) + (still ? 0 : noise);
        picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
      }
  return picture;
}

/// Writes `each` authentic pictures, as many edited ones made from them and as many generated ones, with samples.tsv.
inline std::vector<dataset::AuthenticitySample> MakeSet(const std::filesystem::path& directory, int each) {
  std::filesystem::create_directories(directory / "p");
  std::vector<dataset::AuthenticitySample> samples;
  constexpr int kWidth = 160, kHeight = 128;
  const auto path = [&](const std::string& name) { return directory / "p" / name; };
  for (int i = 0; i < each; ++i) {
    const std::string number = std::to_string(i);
    const auto seed = static_cast<std::uint64_t>(i);
    const std::string source = i % 2 == 0 ? "even" : "odd <&>";
    const image::Rect part{32 + 16 * (i % 3), 32, 64, 64};
    image::Image mask(kWidth, kHeight, 1);
    for (int y = part.y; y < part.y + part.height; ++y)
      std::fill_n(mask.row(y) + part.x, part.width, std::uint8_t{255});
    KANTEI_CHECK(image::WriteImage(path("a" + number + ".png"), Scene(kWidth, kHeight, seed, {})).ok());
    KANTEI_CHECK(image::WriteImage(path("e" + number + ".png"), Scene(kWidth, kHeight, seed, part)).ok());
    KANTEI_CHECK(image::WriteImage(path("m" + number + ".png"), mask).ok());
    KANTEI_CHECK(image::WriteImage(path("g" + number + ".png"),
                                   Scene(kWidth, kHeight, seed + 1000, {0, 0, kWidth, kHeight}))
                     .ok());
    using dataset::History;
    samples.push_back({path("a" + number + ".png"), {}, {}, History::kAuthentic, "authentic", source, "val"});
    samples.push_back({path("e" + number + ".png"), path("m" + number + ".png"), path("a" + number + ".png"),
                       History::kEdited, i % 2 == 0 ? "telea" : "splice", source, "val"});
    samples.push_back({path("g" + number + ".png"), {}, {}, History::kGenerated, "sd15", source, "val"});
  }
  KANTEI_CHECK(dataset::WriteAuthenticitySet(directory, samples).ok());
  return samples;
}

}  // namespace kantei::evaluate::testing
