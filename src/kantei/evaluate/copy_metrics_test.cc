#include "kantei/evaluate/copy_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "kantei/base/random.h"
#include "kantei/evaluate/ranked_list.h"

namespace kantei::evaluate {
namespace {

CopyScore Score(const std::vector<CopyPrediction>& predictions, const CopyTruth& truth) {
  auto score = ScoreCopyPredictions(predictions, truth);
  EXPECT_TRUE(score.ok()) << (score.ok() ? "" : score.error().message);
  return score.ok() ? *score : CopyScore{};
}

// By hand: ranks 1 (right), 2 (wrong), 3 (right), 4 (wrong); four true pairs of which two are never predicted.
TEST(CopyMetrics, AListCountedByHand) {
  const CopyTruth truth = {{"Q1", "R1"}, {"Q2", "R2"}, {"Q3", "R3"}, {"Q4", "R4"}};
  const CopyScore score =
      Score({{"Q2", "R2", 0.5}, {"Q1", "R1", 0.9}, {"Q1", "R7", 0.8}, {"Q9", "R1", 0.1}}, truth);
  EXPECT_NEAR(score.micro_average_precision, (1.0 + 2.0 / 3) / 4, 1e-12);
  EXPECT_NEAR(score.recall_at_p90, 0.25, 1e-12);
  EXPECT_EQ(score.threshold_at_p90, 0.9);
  EXPECT_EQ(score.predictions, 4);
  EXPECT_EQ(score.true_pairs, 4);
  EXPECT_EQ(score.found_pairs, 2);
  ASSERT_EQ(score.curve.size(), 4u);
  EXPECT_NEAR(score.curve[2].precision, 2.0 / 3, 1e-12);
  EXPECT_NEAR(score.curve[2].recall, 0.5, 1e-12);
  EXPECT_EQ(score.curve[2].threshold, 0.5);
}

TEST(CopyMetrics, AmongEqualScoresTheWrongOnesComeFirst) {
  const CopyTruth truth = {{"Q1", "R1"}, {"Q2", "R2"}};
  // One wrong and two right at one score: precisions 1/2 and 2/3, whatever the order given.
  std::vector<CopyPrediction> predictions = {{"Q1", "R1", 1}, {"Q2", "R2", 1}, {"Q3", "R3", 1}};
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_NEAR(Score(predictions, truth).micro_average_precision, (1.0 / 2 + 2.0 / 3) / 2, 1e-12);
    EXPECT_EQ(Score(predictions, truth).recall_at_p90, 0);
    EXPECT_TRUE(std::isinf(Score(predictions, truth).threshold_at_p90));
    std::rotate(predictions.begin(), predictions.begin() + 1, predictions.end());
  }
}

TEST(CopyMetrics, NineOfTenIsNinetyPercent) {
  CopyTruth truth;
  std::vector<CopyPrediction> predictions = {{"Qx", "R0", 100}};
  for (int i = 0; i < 9; ++i) {
    truth.push_back({"Q" + std::to_string(i), "R"});
    predictions.push_back({"Q" + std::to_string(i), "R", 50.0 - i});
  }
  const CopyScore score = Score(predictions, truth);
  EXPECT_EQ(score.recall_at_p90, 1.0);
  EXPECT_EQ(score.threshold_at_p90, 42.0);
}

// Precision may fall below 90 % and come back: the highest recall counts.
TEST(CopyMetrics, TheHighestRecallAtNinetyPercentCountsAlsoAfterADip) {
  CopyTruth truth;
  std::vector<CopyPrediction> predictions;
  for (int i = 0; i < 40; ++i) {
    const std::string query = "Q" + std::to_string(i);
    truth.push_back({query, "R"});
    predictions.push_back({query, "R", 100.0 - i});
  }
  predictions.push_back({"Qx", "R", 99.5});  // second: precision 1/2, back to 90 % at the ninth right one
  EXPECT_EQ(Score(predictions, truth).recall_at_p90, 1.0);
  EXPECT_EQ(Score(predictions, truth).threshold_at_p90, 61.0);
}

TEST(CopyMetrics, NothingFoundAndNothingToFind) {
  EXPECT_EQ(Score({}, {{"Q", "R"}}).micro_average_precision, 0);
  EXPECT_EQ(Score({{"Q", "R", 1}}, {}).micro_average_precision, 0);
  EXPECT_EQ(Score({{"Q", "R", 1}}, {}).predictions, 1);
  EXPECT_TRUE(Score({}, {}).curve.empty());
}

TEST(CopyMetrics, RefusesPairsGivenTwiceAndScoresThatAreNoNumbers) {
  const auto twice = ScoreCopyPredictions({{"Q1", "R1", 1}, {"Q1", "R1", 2}}, {});
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(twice.error().message.find("(Q1, R1)"), std::string::npos);
  EXPECT_FALSE(ScoreCopyPredictions({}, {{"Q", "R"}, {"Q", "R"}}).ok());
  const auto nan = ScoreCopyPredictions({{"Q1", "R2", std::numeric_limits<double>::quiet_NaN()}}, {});
  ASSERT_FALSE(nan.ok());
  EXPECT_EQ(nan.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(ScoreCopyPredictions({{"Q", "R", -std::numeric_limits<double>::infinity()}}, {}).ok());
}

// The definitions of 2106.09672 section 4 written down as they are read: every threshold is tried from the start.
struct Naive {
  double micro_average_precision = 0, recall_at_p90 = 0;
};
Naive ScoreNaively(std::vector<CopyPrediction> predictions, const CopyTruth& truth) {
  const std::set<std::pair<std::string, std::string>> right(truth.begin(), truth.end());
  const auto correct = [&](const CopyPrediction& p) { return right.count({p.query_id, p.reference_id}) > 0; };
  std::stable_sort(predictions.begin(), predictions.end(),
                   [&](const CopyPrediction& a, const CopyPrediction& b) {
                     return a.score > b.score || (a.score == b.score && !correct(a) && correct(b));
                   });
  Naive naive;
  double last_recall = 0;
  for (std::size_t n = 1; n <= predictions.size(); ++n) {
    double hits = 0;
    for (std::size_t i = 0; i < n; ++i) hits += correct(predictions[i]);
    const double precision = hits / static_cast<double>(n);
    const double recall = truth.empty() ? 0 : hits / static_cast<double>(truth.size());
    naive.micro_average_precision += (recall - last_recall) * precision;
    last_recall = recall;
  }
  for (const CopyPrediction& threshold : predictions) {
    double hits = 0, named = 0;
    for (const CopyPrediction& p : predictions) {
      if (p.score < threshold.score) continue;
      ++named;
      hits += correct(p);
    }
    if (hits / named >= 0.9 - 1e-12 && !truth.empty())
      naive.recall_at_p90 = std::max(naive.recall_at_p90, hits / static_cast<double>(truth.size()));
  }
  return naive;
}

TEST(CopyMetrics, AgreesWithTheDefinitionOnRandomLists) {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t queries = 1 + random.Below(12), references = 1 + random.Below(8);
    // Few distinct scores make ties; a high share of right ones makes R@P90 move.
    const std::uint64_t levels = 1 + random.Below(round % 2 == 0 ? 5 : 1000);
    CopyTruth truth;
    std::vector<CopyPrediction> predictions;
    for (std::uint64_t q = 0; q < queries; ++q) {
      const bool distractor = random.Chance(0.3);
      for (std::uint64_t r = 0; r < references; ++r) {
        const std::string query = "Q" + std::to_string(q), reference = "R" + std::to_string(r);
        const bool is_true = !distractor && random.Chance(0.3);
        if (is_true) truth.push_back({query, reference});
        if (random.Chance(is_true ? 0.8 : 0.2)) {
          const double lift = is_true ? static_cast<double>(levels) : 0;
          predictions.push_back({query, reference, static_cast<double>(random.Below(levels)) + lift * 0.5});
        }
      }
    }
    const CopyScore score = Score(predictions, truth);
    const Naive naive = ScoreNaively(predictions, truth);
    ASSERT_NEAR(score.micro_average_precision, naive.micro_average_precision, 1e-9) << "round " << round;
    ASSERT_NEAR(score.recall_at_p90, naive.recall_at_p90, 1e-9) << "round " << round;
  }
}

TEST(CopyMetrics, TheCurveIsThinnedToTwoThousandPointsAndKeepsItsEnds) {
  Random random(3);
  CopyTruth truth;
  std::vector<CopyPrediction> predictions;
  for (int i = 0; i < 9000; ++i) {
    const std::string query = "Q" + std::to_string(i);
    if (i < 4000) truth.push_back({query, "R"});
    predictions.push_back({query, "R", random.Uniform() + (i < 4000 ? 0.5 : 0)});
  }
  const CopyScore score = Score(predictions, truth);
  ASSERT_LE(score.curve.size(), 2000u);
  EXPECT_GT(score.curve.size(), 1000u);
  EXPECT_NEAR(score.curve.back().recall, 1.0, 1e-12);
  EXPECT_NEAR(score.curve.back().precision, 4.0 / 9, 1e-12);
  for (std::size_t i = 1; i < score.curve.size(); ++i) {
    ASSERT_LT(score.curve[i].threshold, score.curve[i - 1].threshold);
    ASSERT_GE(score.curve[i].recall, score.curve[i - 1].recall);
    ASSERT_LT(score.curve[i].recall - score.curve[i - 1].recall, 0.01);
  }
}

RankedList SmallList() {
  // Queries 0 and 1 have a source, 2 has none.
  const std::vector<ScoredPair> pairs = {{0.9, 0, 5}, {0.8, 2, 5}, {0.7, 1, 6}, {0.6, 1, 5}};
  const std::vector<std::vector<std::uint32_t>> truths = {{5}, {6}, {}};
  return RankPairs(pairs, truths);
}

TEST(RankedListTest, WeightsLeaveOutAndRepeatQueries) {
  const RankedList list = SmallList();
  const std::vector<std::uint32_t> without_distractor = {1, 1, 0};
  EXPECT_NEAR(ScoreList(list, without_distractor).micro_average_precision, 1.0, 1e-12);
  const std::vector<std::uint32_t> only_second = {0, 1, 1};
  EXPECT_NEAR(ScoreList(list, only_second).micro_average_precision, 0.5, 1e-12);
  // A repeated query is as a list in which it stands twice: right, right, wrong, right.
  const std::vector<std::uint32_t> repeated = {2, 1, 1};
  EXPECT_NEAR(ScoreList(list, repeated).micro_average_precision, (1 + 1 + 3.0 / 4) / 3, 1e-12);
  EXPECT_EQ(RecallAt(list, 0.9), 0.5);
  EXPECT_EQ(RecallAt(list, 0.7), 1.0);
  EXPECT_EQ(RecallAt(list, 0.9, only_second), 0.0);
}

TEST(RankedListTest, TheBootstrapIsSeededAndBracketsTheFigure) {
  Random random(11);
  std::vector<ScoredPair> pairs;
  std::vector<std::vector<std::uint32_t>> truths(400);
  for (std::uint32_t q = 0; q < 400; ++q) {
    if (q < 200) truths[q].push_back(q);
    pairs.push_back({random.Uniform() + (q < 200 ? 0.4 : 0), q, q < 200 ? q : 0});
  }
  const RankedList list = RankPairs(pairs, truths);
  const BootstrapIntervals a = Bootstrap(list, 200, 5), b = Bootstrap(list, 200, 5),
                           c = Bootstrap(list, 200, 6);
  EXPECT_EQ(a.micro_average_precision.low, b.micro_average_precision.low);
  EXPECT_NE(a.micro_average_precision.low, c.micro_average_precision.low);
  const double figure = ScoreList(list).micro_average_precision;
  EXPECT_LT(a.micro_average_precision.low, figure);
  EXPECT_GT(a.micro_average_precision.high, figure);
  EXPECT_LT(a.micro_average_precision.high - a.micro_average_precision.low, 0.2);
}

}  // namespace
}  // namespace kantei::evaluate
