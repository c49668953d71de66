// Agreement of the measures with scikit-learn and SciPy; authenticity_metrics_expected.json is made by make_authenticity_metrics.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/evaluate/authenticity_metrics.h"
#include "kantei/evaluate/authenticity_pixel_metrics.h"

namespace kantei::evaluate {
namespace {

/// The same generator as in the script.
class Lcg {
 public:
  explicit Lcg(std::uint32_t seed) : x_(seed) {}
  int Below(int n) {
    x_ = x_ * 1664525u + 1013904223u;
    return static_cast<int>((x_ >> 16) % static_cast<std::uint32_t>(n));
  }

 private:
  std::uint32_t x_;
};

Json Expected() {
  const auto path =
      std::filesystem::path(KANTEI_SOURCE_DIR) / "tests/golden/authenticity_metrics_expected.json";
  return ParseJson(ReadTextFile(path, 1 << 20).value(), "expected").value();
}

TEST(AuthenticityMetricsGolden, ImageMeasuresAreThoseOfScikitLearn) {
  const Json expected = Expected();
  ASSERT_GE(expected.at("images").size(), 4u);
  for (const Json& c : expected.at("images")) {
    const int levels = c.at("levels"), lift = c.at("lift");
    Lcg lcg(c.at("seed").get<std::uint32_t>());
    std::vector<LabelledScore> scores;
    for (int i = 0; i < c.at("count").get<int>(); ++i) {
      const bool positive = lcg.Below(3) == 0;
      const int level = std::min(levels - 1, lcg.Below(levels) + (positive ? lift : 0));
      scores.push_back({static_cast<double>(level) / levels, positive});
    }
    EXPECT_NEAR(*AreaUnderRoc(scores), c.at("auc").get<double>(), 1e-12);
    const Decisions decisions = Decide(scores, 0.5);
    EXPECT_NEAR(decisions.Accuracy(), c.at("accuracy").get<double>(), 1e-12);
    EXPECT_NEAR(decisions.F1(), c.at("f1").get<double>(), 1e-12);
    EXPECT_NEAR(*decisions.BalancedAccuracy(), c.at("balanced_accuracy").get<double>(), 1e-12);
    const std::vector<RocPoint> curve = RocCurve(scores);
    EXPECT_EQ(curve.size(), c.at("roc_points").get<std::size_t>());
    EXPECT_NEAR(HitsAtFalseAlarms(curve, 0.01), c.at("tpr_at_1").get<double>(), 1e-12);
    EXPECT_NEAR(HitsAtFalseAlarms(curve, 0.05), c.at("tpr_at_5").get<double>(), 1e-12);
    EXPECT_NEAR(MeasureReliability(scores).expected_error, c.at("ece").get<double>(), 1e-12);
  }
}

TEST(AuthenticityMetricsGolden, PixelMeasuresAreThoseOfTheirDefinitions) {
  int with_trufor = 0;
  const Json expected = Expected();
  ASSERT_GE(expected.at("pixels").size(), 4u);
  for (const Json& c : expected.at("pixels")) {
    const int w = c.at("width"), h = c.at("height"), levels = c.at("levels");
    const auto box = c.at("box").get<std::array<int, 4>>();
    Lcg lcg(c.at("seed").get<std::uint32_t>());
    image::Plane map(w, h);
    image::Image mask(w, h, 1);
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        mask.row(y)[x] = x >= box[0] && x < box[2] && y >= box[1] && y < box[3] ? 255 : 0;
        const bool near = x >= box[0] - 3 && x < box[2] - 2 && y >= box[1] - 3 && y < box[3] - 2;
        const int level = std::min(levels, lcg.Below(levels) + (near ? levels / 3 : 0));
        map.row(y)[x] = static_cast<float>(static_cast<double>(level) / levels);
      }
    }
    const PixelScores origin = ScorePixels(map, mask), reverse = ScorePixels(map, mask, MapReading::kReverse),
                      both = ScorePixels(map, mask, MapReading::kDouble);
    const auto value = [&](const char* key) { return c.at(key).get<double>(); };
    EXPECT_NEAR(origin.f1, value("f1"), 1e-12);
    EXPECT_NEAR(origin.f1, value("sklearn_f1"), 1e-7);
    EXPECT_NEAR(origin.iou, value("iou"), 1e-12);
    EXPECT_NEAR(origin.iou, value("sklearn_iou"), 1e-7);
    EXPECT_NEAR(*origin.auc, value("auc"), 1e-9);
    EXPECT_NEAR(reverse.f1, value("reverse_f1"), 1e-12);
    EXPECT_NEAR(reverse.iou, value("reverse_iou"), 1e-12);
    EXPECT_NEAR(*reverse.auc, value("reverse_auc"), 1e-6);  // 1 - map rounds in their float32
    EXPECT_EQ(both.f1, std::max(origin.f1, reverse.f1));
    EXPECT_EQ(both.iou, std::max(origin.iou, reverse.iou));
    const auto trufor = ScorePixelsTruFor(map, mask);
    ASSERT_EQ(trufor.has_value(), c.contains("trufor_f1"));
    if (!trufor) continue;
    ++with_trufor;
    EXPECT_NEAR(trufor->f1, value("trufor_f1"), 1e-12);
    EXPECT_NEAR(trufor->best_f1, value("trufor_best_f1"), 1e-12);
  }
  EXPECT_GE(with_trufor, 3);
}

TEST(AuthenticityMetricsGolden, BinomialIntervalsAreThoseOfSciPy) {
  const Json expected = Expected();
  ASSERT_GE(expected.at("intervals").size(), 4u);
  for (const Json& c : expected.at("intervals")) {
    const BinomialInterval interval = ClopperPearson(c.at("k"), c.at("n"));
    EXPECT_NEAR(interval.low, c.at("low").get<double>(), 1e-9) << c.dump();
    EXPECT_NEAR(interval.high, c.at("high").get<double>(), 1e-9) << c.dump();
  }
}

}  // namespace
}  // namespace kantei::evaluate
