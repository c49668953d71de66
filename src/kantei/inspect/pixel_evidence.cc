#include "kantei/inspect/pixel_evidence.h"

#include <algorithm>
#include <cmath>

#include "kantei/authenticity/map_regions.h"
#include "kantei/image/transform.h"
#include "kantei/inspect/heat_picture.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using authenticity::AuthenticityProfile;
using authenticity::AuthenticityQuestion;
using authenticity::MapRegion;
using authenticity::QuestionCalibration;

constexpr int kPanelSide = 480;
constexpr std::size_t kMaxGrounds = 3;

Text QuestionText(AuthenticityQuestion question) {
  return question == AuthenticityQuestion::kAiMade ? Text{"made as a whole by a generator", "全体の生成"}
                                                   : Text{"changed in a part", "部分的な改変"};
}

struct Answer {
  AuthenticityQuestion question = AuthenticityQuestion::kAiMade;
  const QuestionCalibration* calibration = nullptr;
  double logit = 0, probability = 0;
  Band band = Band::kNone;
};

Answer Ask(AuthenticityQuestion question, const AuthenticityProfile& profile, const PixelView& view) {
  Answer answer;
  answer.question = question;
  answer.calibration = &profile.questions.at(question);
  answer.logit = QuestionLogit(question, view.findings.ai_made_logit, view.findings.edited_logit);
  answer.probability = answer.calibration->Probability(answer.logit, view.softness);
  answer.band =
      profile.TooSoft(view.softness) ? Band::kInconclusive : answer.calibration->BandOf(answer.probability);
  return answer;
}

Json AnswerJson(const Answer& answer) {
  return {{"probability", answer.probability},
          {"band", BandName(answer.band)},
          {"threshold", answer.calibration->threshold},
          {"inconclusive_from", answer.calibration->lower},
          {"inconclusive_to", answer.calibration->upper},
          {"logit", answer.logit},
          {"measured",
           {{"false_alarms", answer.calibration->false_alarms},
            {"false_alarms_from", answer.calibration->false_alarms_low},
            {"false_alarms_to", answer.calibration->false_alarms_high},
            {"authentic", answer.calibration->authentic},
            {"calibration_error", answer.calibration->expected_error}}}};
}

Figure DrawMaps(const PixelView& view) {
  Figure figure;
  figure.title = {"Where the pixels look made or changed", "生成または改変が疑われる箇所"};
  const image::Image plain = image::ToRgb(image::ResizeToFit(view.picture, kPanelSide));
  const auto fitted = [&](const image::Plane& plane) {
    return image::Resize(GreyOf(plane), plain.width(), plain.height());
  };
  figure.panels.push_back({plain, {"The picture", "画像"}});
  figure.panels.push_back({HeatOver(plain, fitted(view.findings.map)),
                           {"Heat map: dark 0, pale yellow 1", "ヒートマップ（暗色 0〜淡黄色 1）"}});
  if (!view.findings.confidence.values.empty())
    figure.panels.push_back(
        {image::ToRgb(fitted(view.findings.confidence)),
         {"How sure the map is of itself: white is surer", "マップの確信度（白いほど高い）"}});
  return figure;
}

Table RatesTable(const AuthenticityProfile& profile, const std::vector<Answer>& answers) {
  Table table;
  table.title = Fill({"What the probabilities were measured on: {0}", "確率の較正に用いたデータ: {0}"},
                     {Same(Shorten(profile.data, 400))});
  table.header = {{"Question", "設問"},
                  {"Probability here", "本画像の確率"},
                  {"Called so above", "判定のしきい値"},
                  {"Nothing is said from–to", "判断を保留する範囲"},
                  {"False alarms on authentic pictures", "真正画像の誤報率"},
                  {"Calibration error", "較正誤差"}};
  for (const Answer& answer : answers) {
    const QuestionCalibration& c = *answer.calibration;
    table.rows.push_back({QuestionText(answer.question), Same(Percent(answer.probability)),
                          Same(Percent(c.threshold)), Same(Percent(c.lower) + "–" + Percent(c.upper)),
                          Fill({"{0} ({1}–{2}; {3} pictures)", "{0}（{1}〜{2}、{3} 点）"},
                               {Same(Percent(c.false_alarms)), Same(Percent(c.false_alarms_low)),
                                Same(Percent(c.false_alarms_high)), Same(Count(c.authentic))}),
                          Same(Fixed(c.expected_error, 3))});
  }
  return table;
}

Json RegionsJson(const std::vector<MapRegion>& regions) {
  Json all = Json::array();
  for (const MapRegion& region : regions)
    all.push_back({{"x", region.box.x},
                   {"y", region.box.y},
                   {"width", region.box.width},
                   {"height", region.box.height},
                   {"share", region.share},
                   {"map", region.map},
                   {"confidence", region.confidence}});
  return all;
}

void AddGrounds(const std::vector<Answer>& answers, const std::vector<MapRegion>& regions,
                CheckReport* report) {
  for (const Answer& answer : answers) {
    const Text probability = Same(Percent(answer.probability));
    const Text question = QuestionText(answer.question);
    switch (answer.band) {
      case Band::kNone:
        report->grounds.push_back(Fill({"Pixels: no sign that it was {0} (probability {1}).",
                                        "画素: {0}の兆候は見られない（確率 {1}）。"},
                                       {question, probability}));
        break;
      case Band::kInconclusive:
        report->grounds.push_back(Fill({"Pixels: whether it was {0} stays open (probability {1}).",
                                        "画素: {0}の有無は判断できない（確率 {1}）。"},
                                       {question, probability}));
        break;
      default:
        report->grounds.push_back(
            Fill({"Pixels: signs that it was {0} (probability {1}).", "画素: {0}の兆候がある（確率 {1}）。"},
                 {question, probability}));
    }
  }
  const bool localised = answers.back().band >= Band::kModerate;
  for (std::size_t i = 0; localised && i < std::min(kMaxGrounds, regions.size()); ++i)
    report->grounds.push_back(
        Fill({"The marked region at {0}, {1} ({2} × {3} pixels) takes {4} of the area.",
              "座標 {0}, {1} の領域（{2} × {3} 画素）は面積の {4} を占める。"},
             {Same(std::to_string(regions[i].box.x)), Same(std::to_string(regions[i].box.y)),
              Same(std::to_string(regions[i].box.width)), Same(std::to_string(regions[i].box.height)),
              Same(Percent(regions[i].share))}));
}

}  // namespace

void AddPixelEvidence(const std::vector<PixelView>& views, const AuthenticityProfile& profile,
                      CheckReport* report) {
  const PixelView& first = views.front();
  const std::vector<Answer> answers{Ask(AuthenticityQuestion::kAiMade, profile, first),
                                    Ask(AuthenticityQuestion::kEdited, profile, first)};
  const std::vector<MapRegion> regions =
      authenticity::FindMapRegions(first.findings.map, first.findings.confidence, {});
  const bool too_soft = profile.TooSoft(first.softness);
  if (too_soft)
    report->grounds.push_back(
        Fill({"Pixels: the picture is soft, as pictures are that were enlarged or blurred (softness {0}; up "
              "to {1} the "
              "network was tested). It does not judge such pictures.",
              "画素: 拡大またはぼかし処理を受けた画像のように輪郭が甘い（軟らかさ {0}、検証済みの上限 {1}）。"
              "このような画像は判定の対象としない。"},
             {Same(Fixed(first.softness, 1)), Same(Fixed(profile.most_softness, 1))}));
  else
    AddGrounds(answers, regions, report);
  Band band = Band::kNone;
  for (const Answer& answer : answers) band = std::max(band, answer.band);
  report->band = std::max(report->band, band);
  report->limits.push_back(
      {"The network learned from a few generators and editing methods; what newer ones leave behind is "
       "unknown to it. "
       "A picture without signs may well be made or changed.",
       "本ネットワークは限られた生成器と編集手法から学習したものであり、それ以外の新しい手法の痕跡については"
       "未知である。"
       "兆候がないことは、生成や改変がなかったことを意味しない。"});
  report->limits.push_back(
      {"Strong compression, shrinking, filters and screenshots hide traces and also cause false alarms.",
       "強い圧縮、縮小、フィルター、スクリーンショットは痕跡を消すことがあり、誤報の原因にもなる。"});
  // A map beside an undecided answer would point at places all the same.
  if (band >= Band::kModerate) report->exhibits.emplace_back(DrawMaps(first));
  report->exhibits.emplace_back(RatesTable(profile, answers));

  report->json["ai_made"] = AnswerJson(answers[0]);
  report->json["edited"] = AnswerJson(answers[1]);
  report->json["softness"] = {
      {"value", first.softness}, {"limit", profile.most_softness}, {"too_soft", too_soft}};
  report->json["regions"] = RegionsJson(too_soft ? std::vector<MapRegion>{} : regions);
  report->json["detector"] = profile.detector;
  report->json["measured_on"] = profile.data;
  Json read = Json::array();
  for (const PixelView& view : views)
    read.push_back({{"view", view.name},
                    {"width", view.picture.width()},
                    {"height", view.picture.height()},
                    {"ai_made", Ask(AuthenticityQuestion::kAiMade, profile, view).probability},
                    {"edited", Ask(AuthenticityQuestion::kEdited, profile, view).probability}});
  report->json["views"] = read;
  report->maps.push_back({"map", GreyOf(first.findings.map)});
  if (!first.findings.confidence.values.empty())
    report->maps.push_back({"confidence", GreyOf(first.findings.confidence)});
}

}  // namespace kantei::inspect
