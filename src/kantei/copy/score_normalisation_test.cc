#include "kantei/copy/score_normalisation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kantei/base/random.h"
#include "kantei/copy/descriptor_math.h"

namespace kantei::copy {
namespace {

std::vector<float> UnitRows(std::size_t rows, int dimension, std::uint64_t seed) {
  Random random(seed);
  const auto d = static_cast<std::size_t>(dimension);
  std::vector<float> values(rows * d);
  for (float& value : values) value = static_cast<float>(random.Normal());
  for (std::size_t i = 0; i < rows; ++i) EXPECT_TRUE(NormaliseRow(std::span(values).subspan(i * d, d)));
  return values;
}

ScoreNormaliser Make(Normalisation normalisation, std::vector<float> background, int dimension,
                     const NormalisationOptions& options = {}) {
  auto made = ScoreNormaliser::Create(normalisation, options, std::move(background), dimension, 1);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
  return std::move(*made);
}

double Dot(const float* a, const float* b, std::size_t d) {
  return std::inner_product(a, a + d, b, 0.0);
}

TEST(DescriptorMath, ProductsEqualPlainSumsAtOddSizes) {
  for (const auto& [a_rows, b_rows, dimension] :
       {std::tuple{1, 1, 1}, {5, 33, 7}, {13, 70, 256}, {6, 32, 16}, {64, 31, 100}}) {
    const auto a = UnitRows(static_cast<std::size_t>(a_rows), dimension, 1);
    const auto b = UnitRows(static_cast<std::size_t>(b_rows), dimension, 2);
    std::vector<float> out(static_cast<std::size_t>(a_rows * b_rows), -9);
    InnerProducts(a, b, dimension, out.data());
    for (int i = 0; i < a_rows; ++i) {
      for (int j = 0; j < b_rows; ++j) {
        const double wanted =
            Dot(a.data() + i * dimension, b.data() + j * dimension, static_cast<std::size_t>(dimension));
        ASSERT_NEAR(out[static_cast<std::size_t>(i * b_rows + j)], wanted, 1e-5)
            << i << "," << j << " d" << dimension;
      }
    }
  }
}

// Blocks and threads must not show in the values: ranks with ties would differ between runs.
TEST(DescriptorMath, AProductDoesNotDependOnItsNeighbours) {
  const int d = 48;
  const auto a = UnitRows(150, d, 3), b = UnitRows(77, d, 4);
  std::vector<float> all(150 * 77), one(1);
  ForProductBlocks(a, b, d, 3, {}, [&](std::size_t first, std::size_t last, std::span<const float> products) {
    std::copy(products.begin(), products.end(), all.begin() + static_cast<long>(first * 77));
    EXPECT_EQ(products.size(), (last - first) * 77);
  });
  for (const std::size_t i : {0u, 63u, 64u, 149u}) {
    for (const std::size_t j : {0u, 31u, 76u}) {
      InnerProducts(std::span(a).subspan(i * d, d), std::span(b).subspan(j * d, d), d, one.data());
      EXPECT_EQ(one[0], all[i * 77 + j]);
    }
  }
}

TEST(DescriptorMath, NearestRowsEqualAFullSort) {
  const int d = 8;
  auto base = UnitRows(90, d, 5);
  std::copy_n(base.begin(), d, base.begin() + 40 * d);  // a tie: row 40 equals row 0
  const auto queries = UnitRows(70, d, 6);
  const auto nearest = NearestRows(queries, base, d, 7, 2, {});
  ASSERT_EQ(nearest.size(), 70u);
  std::vector<float> products(70 * 90);
  InnerProducts(queries, base, d, products.data());
  for (std::size_t i = 0; i < 70; ++i) {
    std::vector<std::uint32_t> order(90);
    std::iota(order.begin(), order.end(), 0u);
    const float* row = products.data() + i * 90;
    std::stable_sort(order.begin(), order.end(), [&](auto x, auto y) { return row[x] > row[y]; });
    ASSERT_EQ(nearest[i].size(), 7u);
    for (std::size_t k = 0; k < 7; ++k) EXPECT_EQ(nearest[i][k].row, order[k]);
  }
  EXPECT_EQ(NearestRows(queries, base, d, 200, 1, {})[0].size(), 90u);
  EXPECT_TRUE(NearestRows(queries, {}, d, 3, 1, {})[0].empty());
}

TEST(DescriptorMath, RowsWithoutADirectionAreToldApart) {
  std::vector<float> rows = {0.6f, 0.8f, 0, 0, std::numeric_limits<float>::quiet_NaN(), 1};
  EXPECT_EQ(RowsPresent(rows, 2), (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_FALSE(NormaliseRow(std::span(rows).subspan(2, 2)));
  EXPECT_FALSE(NormaliseRow(std::span(rows).subspan(4, 2)));
}

// q = (1, 0); negatives at cosines 0.8, 0.6, 0 and -1.
const std::vector<float> kBackground = {0.8f, 0.6f, 0.6f, -0.8f, 0, 1, -1, 0};

TEST(ScoreNormalisation, StretchingByHand) {
  NormalisationOptions options;
  options.stretching_nearest = 2;  // m = 0.7, s = 2.5 · 0.7 = 1.75
  const auto laws =
      Make(Normalisation::kStretching, kBackground, 2, options).Laws(std::vector<float>{1, 0}, 1);
  ASSERT_EQ(laws.size(), 1u);
  // r = (0.6, 0.8): |1.75 q - r|² = (1.15)² + 0.8² = 1.9625.
  EXPECT_NEAR(laws[0].Score(0.6f), -1.9625, 1e-5);
  // At squared distance 1 the cosine is (α / 2)·m.
  EXPECT_NEAR(laws[0].Score(static_cast<float>(1.25 * 0.7)), -1.0, 1e-5);
}

TEST(ScoreNormalisation, AdditiveByHand) {
  const auto laws = Make(Normalisation::kAdditive, kBackground, 2).Laws(std::vector<float>{1, 0}, 1);
  EXPECT_NEAR(laws[0].Score(0.9f), 0.9 - (0.8 + 0.6 + 0.0) / 3, 1e-6);
}

TEST(ScoreNormalisation, NegativesByHand) {
  NormalisationOptions options;
  options.negatives_nearest = 2;
  options.negatives_smoothed = false;
  const auto normaliser = Make(Normalisation::kNegatives, kBackground, 2, options);
  std::vector<float> x = {1, 0, 0, 0};  // the second is a picture without a descriptor
  normaliser.Adjust(x, 1);
  // x - 0.35 · ((0.8, 0.6) + (0.6, -0.8)) / 2 = (0.755, 0.035)
  const double length = std::hypot(0.755, 0.035);
  EXPECT_NEAR(x[0], 0.755 / length, 1e-6);
  EXPECT_NEAR(x[1], 0.035 / length, 1e-6);
  EXPECT_EQ(x[2], 0);
  EXPECT_EQ(x[3], 0);
  EXPECT_EQ(normaliser.Laws(x, 1)[0].Score(0.5f), 0.5f);
}

TEST(ScoreNormalisation, SmoothedNegativesByHand) {
  NormalisationOptions options;
  options.negatives_nearest = 1;
  options.smoothing_nearest = 2;
  // Two negatives with cosine 0.6: each becomes unit(1·itself + 0.216·the other).
  const auto normaliser = Make(Normalisation::kNegatives, {1, 0, 0.6f, 0.8f}, 2, options);
  std::vector<float> x = {1, 0};
  normaliser.Adjust(x, 1);
  const double nx = 1 + 0.216 * 0.6, ny = 0.216 * 0.8, n = std::hypot(nx, ny);
  const double mx = 1 - 0.35 * nx / n, my = -0.35 * ny / n, m = std::hypot(mx, my);
  EXPECT_NEAR(x[0], mx / m, 1e-5);
  EXPECT_NEAR(x[1], my / m, 1e-5);
}

TEST(ScoreNormalisation, OrderWithinAQueryIsUnchangedByStretchingAndAddition) {
  const int d = 16;
  // Also queries that are away from every negative (mean below 0).
  auto queries = UnitRows(60, d, 8);
  auto background = UnitRows(40, d, 9);
  for (std::size_t i = 0; i < background.size(); i += 16) background[i] = -std::abs(background[i]);
  std::fill(queries.begin(), queries.begin() + d, 0.0f);
  queries[0] = 1;
  for (const auto normalisation : {Normalisation::kStretching, Normalisation::kAdditive}) {
    NormalisationOptions options;
    options.stretching_nearest = 40;  // the whole background: means near 0 and below it
    const auto laws = Make(normalisation, background, d, options).Laws(queries, 2);
    for (const ScoreLaw& law : laws) {
      EXPECT_GT(law.slope, 0);
      EXPECT_TRUE(std::isfinite(law.offset));
      EXPECT_LT(law.Score(0.3f), law.Score(0.31f));
    }
  }
}

TEST(ScoreNormalisation, AQueryNearTheBackgroundNeedsMoreSimilarity) {
  const int d = 32;
  const auto background = UnitRows(50, d, 10);
  std::vector<float> queries(background.begin(), background.begin() + d);  // equal to a negative
  const auto far = UnitRows(1, d, 99);
  queries.insert(queries.end(), far.begin(), far.end());
  for (const auto normalisation : {Normalisation::kStretching, Normalisation::kAdditive}) {
    NormalisationOptions options;
    options.stretching_nearest = 1;
    options.additive_nearest = 1;
    const auto laws = Make(normalisation, background, d, options).Laws(queries, 1);
    const float cosine = 0.9f;
    if (normalisation == Normalisation::kAdditive) {
      EXPECT_LT(laws[0].Score(cosine), laws[1].Score(cosine));
    }
    // Stretching: at the ratio test (squared distance 1) the first wants the higher cosine.
    if (normalisation == Normalisation::kStretching) {
      EXPECT_GT((-1 - laws[0].offset) / laws[0].slope, (-1 - laws[1].offset) / laws[1].slope);
    }
  }
}

TEST(ScoreNormalisation, RefusesABackgroundThatCannotServe) {
  const auto code = [](Normalisation normalisation, std::vector<float> background, int dimension) {
    const auto made = ScoreNormaliser::Create(normalisation, {}, std::move(background), dimension, 1);
    return made.ok() ? std::string("ok") : std::string(ErrorCodeName(made.error().code));
  };
  EXPECT_EQ(code(Normalisation::kNone, {}, 4), "ok");
  EXPECT_EQ(code(Normalisation::kStretching, {}, 4), "invalid_argument");
  EXPECT_EQ(code(Normalisation::kStretching, UnitRows(4, 4, 1), 4), "invalid_argument");
  EXPECT_EQ(code(Normalisation::kStretching, UnitRows(5, 4, 1), 4), "ok");
  EXPECT_EQ(code(Normalisation::kAdditive, UnitRows(5, 4, 1), 3), "invalid_argument");
  auto nan = UnitRows(9, 4, 1);
  nan[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code(Normalisation::kAdditive, nan, 4), "invalid_argument");
  // Rows of zeros are pictures without a descriptor: they do not count.
  auto blanks = UnitRows(4, 4, 1);
  blanks.resize(80);
  EXPECT_EQ(code(Normalisation::kStretching, blanks, 4), "invalid_argument");
  NormalisationOptions bad;
  bad.negatives_beta = 1;
  EXPECT_FALSE(bad.Validate().ok());
}

TEST(ScoreNormalisation, NamesAreReadBack) {
  for (const auto n : {Normalisation::kNone, Normalisation::kStretching, Normalisation::kAdditive,
                       Normalisation::kNegatives})
    EXPECT_EQ(*ParseNormalisation(NormalisationName(n)), n);
  EXPECT_FALSE(ParseNormalisation("bot").ok());
}

}  // namespace
}  // namespace kantei::copy
