#include "kantei/inspect/check_realism.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using authenticity::Measure;
using authenticity::RealismReference;
using authenticity::RealismScore;

constexpr std::array<const char*, 2> kShipped = {"photo", "drawn"};
/// Outside this range of percentiles a measure is said to be unusual.
constexpr double kUnusualLow = 2.5, kUnusualHigh = 97.5;

bool IsShipped(const std::string& name) {
  return std::find(kShipped.begin(), kShipped.end(), name) != kShipped.end();
}

Text MeasureName(Measure measure) {
  switch (measure) {
    case Measure::kCannyEdgeDensity:
      return {"Edge density (Canny)", "エッジ密度（Canny）"};
    case Measure::kGlcmContrast:
      return {"Texture contrast (GLCM)", "テクスチャコントラスト（GLCM）"};
    case Measure::kGlcmEnergy:
      return {"Texture energy (GLCM)", "テクスチャ均一性（GLCM）"};
    case Measure::kVarianceBlur:
      return {"Sharpness (Laplacian variance)", "鮮鋭度（ラプラシアン分散）"};
    case Measure::kMeanSpectrum:
      return {"Mean spectrum", "平均スペクトル"};
  }
  return {};
}

Text AxisName(Measure measure) {
  switch (measure) {
    case Measure::kCannyEdgeDensity:
      return {"Edges", "エッジ密度"};
    case Measure::kGlcmContrast:
      return {"Contrast", "コントラスト"};
    case Measure::kGlcmEnergy:
      return {"Energy", "均一性"};
    case Measure::kVarianceBlur:
      return {"Sharpness", "鮮鋭度"};
    case Measure::kMeanSpectrum:
      return {"Spectrum", "スペクトル"};
  }
  return {};
}

Text ReferenceName(const std::string& name) {
  if (name == "photo") return {"photo", "写真"};
  if (name == "drawn") return {"drawn", "描画"};
  return Same(name);
}

std::string Percentile(double value) {
  return Fixed(value, 0);
}

Radar MakeRadar(const RealismScore& score) {
  Radar radar;
  radar.title = Fill({"The five measures in the reference “{0}”", "基準「{0}」における 5 つの測定値"},
                     {ReferenceName(score.reference)});
  for (std::size_t i = 0; i < authenticity::kMeasures.size(); ++i)
    radar.axes.push_back({AxisName(authenticity::kMeasures[i]), std::clamp(score.percentiles[i], 0.0, 100.0),
                          Significant(score.measures[i])});
  return radar;
}

Table MakeTable(const RealismScore& primary, const RealismScore* second) {
  Table table;
  table.title = {"Measures and scores (P: percentile in the reference)",
                 "測定値とスコア（P は基準におけるパーセンタイル）"};
  table.header = {{"Measure", "測定項目"}, {"Value", "値"}};
  std::vector<const RealismScore*> scores = {&primary};
  if (second != nullptr) scores.push_back(second);
  for (const RealismScore* score : scores)
    table.header.push_back(Fill({"In “{0}”", "基準「{0}」"}, {ReferenceName(score->reference)}));
  for (std::size_t i = 0; i < authenticity::kMeasures.size(); ++i) {
    std::vector<Text> row = {MeasureName(authenticity::kMeasures[i]), Same(Significant(primary.measures[i]))};
    for (const RealismScore* score : scores) row.push_back(Same("P" + Percentile(score->percentiles[i])));
    table.rows.push_back(std::move(row));
  }
  // The scores depend on the reference: a value for each.
  std::vector<Text> published = {{"Image Realism Score, as published", "画像リアリズムスコア（論文の式）"},
                                 {}};
  std::vector<Text> robust = {{"Robust form (0 to 1; 1: typical)", "頑健版（0〜1、1 が典型的）"}, {}};
  for (const RealismScore* score : scores) {
    published.push_back(Same(Fixed(score->irs, 2) + " (P" + Percentile(score->irs_percentile) + ")"));
    robust.push_back(Same(Fixed(score->robust, 2) + " (P" + Percentile(score->robust_percentile) + ")"));
  }
  table.rows.push_back(std::move(published));
  table.rows.push_back(std::move(robust));
  return table;
}

void AddScores(const RealismScore& score, Json* json) {
  (*json)["reference"] = score.reference;
  (*json)["irs"] = score.irs;
  (*json)["irs_percentile"] = score.irs_percentile;
  (*json)["robust"] = score.robust;
  (*json)["robust_percentile"] = score.robust_percentile;
  Json percentiles, radii;
  for (std::size_t i = 0; i < authenticity::kMeasures.size(); ++i) {
    const std::string key(authenticity::MeasureKey(authenticity::kMeasures[i]));
    percentiles[key] = score.percentiles[i];
    radii[key] = score.radii[i];
  }
  (*json)["percentiles"] = percentiles;
  (*json)["radii"] = radii;
}

Text ReferenceNote(const RealismReference& reference) {
  return Fill({"Reference “{0}”: {1} pictures. {2}", "基準「{0}」: {1} 点。{2}"},
              {ReferenceName(reference.name), Same(Count(reference.pictures)),
               Same(Shorten(reference.description, 400))});
}

class RealismCheck : public Check {
 public:
  RealismCheck(Result<RealismReference> primary, std::optional<RealismReference> second)
      : primary_(std::move(primary)), second_(std::move(second)) {}

  CheckReport Describe() const override { return DescribeRealism(); }

  CheckReport Run(const Subject& subject) const override {
    if (!primary_.ok()) {
      CheckReport report = Describe();
      report.error = primary_.error();
      return report;
    }
    const auto measures = authenticity::MeasureRealism(subject.decoded->pixels);
    const RealismScore primary = authenticity::ScoreRealism(measures, *primary_);
    if (!second_) return ReportRealism(primary, *primary_, nullptr, nullptr);
    const RealismScore second = authenticity::ScoreRealism(measures, *second_);
    return ReportRealism(primary, *primary_, &second, &*second_);
  }

 private:
  Result<RealismReference> primary_;
  std::optional<RealismReference> second_;
};

}  // namespace

CheckReport DescribeRealism() {
  CheckReport report;
  report.key = "realism";
  report.name = {"Realism", "リアリズム"};
  report.question = {"How real does it look?", "どの程度、実写らしい統計を示すか"};
  report.gives_verdict = false;
  report.limits = {
      {"This describes statistics of the picture; it is no evidence of origin and never a verdict.",
       "本項は画像の統計的性質を記述するものであり、来歴の証拠ではなく、判定にも用いない。"},
      {"Blur, scaling and noise reduction raise the published score without making a picture more real.",
       "ぼかし、拡大縮小、ノイズ除去は、実写らしさと無関係に論文の式のスコアを押し上げる。"},
      {"Percentiles hold for the named reference only; another kind of picture needs its own.",
       "パーセンタイルは当該基準に対してのみ意味を持ち、種類の異なる画像には別の基準が必要である。"}};
  return report;
}

CheckReport ReportRealism(const RealismScore& primary, const RealismReference& primary_of,
                          const RealismScore* second, const RealismReference* second_of) {
  CheckReport report = DescribeRealism();
  report.headline = Fill(
      {"Robust realism score {0}: higher than that of {1}% of the pictures in the reference “{2}”. "
       "Information only.",
       "頑健版リアリズムスコアは {0} で、基準「{2}」の {1}% の画像を上回る。参考情報であり、判定ではない。"},
      {Same(Fixed(primary.robust, 2)), Same(Percentile(primary.robust_percentile)),
       ReferenceName(primary.reference)});
  report.gist = Fill({"robust {0} ({1})", "頑健版 {0}（{1}）"},
                     {Same(Fixed(primary.robust, 2)), ReferenceName(primary.reference)});
  for (std::size_t i = 0; i < authenticity::kMeasures.size(); ++i) {
    const double percentile = primary.percentiles[i];
    if (percentile > kUnusualLow && percentile < kUnusualHigh) continue;
    const bool low = percentile <= kUnusualLow;
    report.grounds.push_back(
        Fill(low ? Text{"{0} is unusually low for the reference “{1}” (percentile {2}).",
                        "{0}は基準「{1}」に照らして異例に低い（{2} パーセンタイル）。"}
                 : Text{"{0} is unusually high for the reference “{1}” (percentile {2}).",
                        "{0}は基準「{1}」に照らして異例に高い（{2} パーセンタイル）。"},
             {MeasureName(authenticity::kMeasures[i]), ReferenceName(primary.reference),
              Same(Percentile(percentile))}));
  }
  if (report.grounds.empty())
    report.grounds.push_back(
        Fill({"All five measures lie in the usual range of the reference “{0}” (percentiles 2.5 to 97.5).",
              "5 つの測定値はすべて、基準「{0}」の通常の範囲（2.5〜97.5 パーセンタイル）にある。"},
             {ReferenceName(primary.reference)}));
  report.limits.push_back(ReferenceNote(primary_of));
  if (second_of != nullptr) report.limits.push_back(ReferenceNote(*second_of));
  report.exhibits.emplace_back(MakeRadar(primary));
  report.exhibits.emplace_back(MakeTable(primary, second));

  AddScores(primary, &report.json);
  Json measures;
  for (std::size_t i = 0; i < authenticity::kMeasures.size(); ++i)
    measures[std::string(authenticity::MeasureKey(authenticity::kMeasures[i]))] = primary.measures[i];
  report.json["measures"] = measures;
  if (second != nullptr) {
    Json other;
    AddScores(*second, &other);
    report.json["second"] = other;
  }
  return report;
}

Result<std::unique_ptr<Check>> MakeRealismCheck(const std::string& reference) {
  auto primary = authenticity::FindRealismReference(reference);
  if (!primary.ok() && !IsShipped(reference)) return primary.error();
  std::optional<RealismReference> second;
  for (const char* name : kShipped) {
    if (reference == name) continue;
    auto other = authenticity::FindRealismReference(name);
    if (other.ok()) second = std::move(other).value();
    break;
  }
  return std::unique_ptr<Check>(std::make_unique<RealismCheck>(std::move(primary), std::move(second)));
}

}  // namespace kantei::inspect
