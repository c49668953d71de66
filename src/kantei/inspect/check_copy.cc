#include "kantei/inspect/check_copy.h"

#include <utility>

#include "kantei/base/files.h"
#include "kantei/inspect/copy_figure.h"
#include "kantei/inspect/copy_words.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

/// More figures make a report long without making it clearer; every match stays in the table and in the JSON.
constexpr std::size_t kMaxFigures = 3;
constexpr int kEnoughFeatures = 20;
constexpr int kEnoughQuality = 50;

Text Headline(const copy::CopyFindings& findings) {
  if (findings.library_pictures == 0)
    return {"The library holds no pictures: there was nothing to compare with.",
            "ライブラリに既知画像が登録されていないため、照合を行えなかった。"};
  if (findings.matches.empty()) {
    const Text silence = findings.silenced.empty()
                             ? Text{}
                             : Text{" Matches with pictures of an ignore bank are listed but do not count.",
                                    "対象外バンクの画像との一致は記載するが、判定には含めない。"};
    return Fill({"No evidence was found that this picture shows one of the {0} known pictures; this is no "
                 "proof of absence.{1}",
                 "既知画像 {0} "
                 "点のいずれかを含むことを示す証拠は見つからなかった。ただし、これは複製でないことの証明では"
                 "ない。{1}"},
                {Same(Count(findings.library_pictures)), silence});
  }
  const copy::CopyMatch& best = findings.matches.front();
  const Text name = Same(KnownName(best.picture));
  const Text kind = best.bank_kind == store::BankKind::kAllow
                        ? Text{" known and permitted picture", "使用可の既知画像"}
                        : Text{" known picture", "既知画像"};
  switch (best.band) {
    case Band::kStrong:
      return Fill({"The evidence is strong that this picture shows all or part of the{1} “{0}”.",
                   "本画像が{1}「{0}」の全部または一部を含むことを示す強い証拠がある。"},
                  {name, kind});
    case Band::kModerate:
      return Fill({"There is moderate evidence that this picture shows all or part of the{1} “{0}”.",
                   "本画像が{1}「{0}」の全部または一部を含むことを示す中程度の証拠がある。"},
                  {name, kind});
    default:
      return Fill({"There are hints of the{1} “{0}”, too weak to decide.",
                   "{1}「{0}」との関連を示唆する兆候はあるが、証拠として弱く、判断を保留する。"},
                  {name, kind});
  }
}

Table MatchTable(const std::vector<copy::CopyMatch>& matches, Text title) {
  Table table;
  table.title = std::move(title);
  table.header = {{"Known picture", "既知画像"},     {"Bank", "バンク"},
                  {"Owner, source", "権利者・出典"}, {"Evidence", "証拠の強さ"},
                  {"Similarity", "類似度"},          {"Feature pairs", "一致点"},
                  {"Agreement", "測光一致度"},       {"PDQ distance", "PDQ 距離"}};
  for (const copy::CopyMatch& match : matches) {
    const store::Picture& picture = match.picture;
    std::string origin = picture.owner;
    if (!picture.source.empty()) origin += (origin.empty() ? "" : ", ") + picture.source;
    const bool hashed = match.found_by.find("pdq") != std::string::npos;
    table.rows.push_back(
        {Same(KnownName(picture)),
         Fill({"{0} ({1})", "{0}（{1}）"}, {Same(picture.bank), BankKindText(match.bank_kind)}), Same(origin),
         BandText(match.band), Same(Fixed(match.similarity, 2)),
         match.regions.empty() ? Same("–") : Same(std::to_string(BestInliers(match))),
         match.regions.empty() ? Same("–") : Same(Fixed(match.regions.front().agreement, 2)),
         hashed || match.pdq_distance < 256 ? Same(std::to_string(match.pdq_distance)) : Same("–")});
  }
  return table;
}

void AddFacts(const copy::CopyFindings& findings, CheckReport* report) {
  for (const copy::CopyMatch& match : findings.matches) {
    const std::string name = KnownName(match.picture);
    bool changed = false;
    for (const copy::RegionMatch& region : match.regions) changed = changed || !region.changed.empty();
    if (match.band == Band::kStrong) report->facts.push_back({Claim::kShowsKnown, name, {}});
    if (match.band >= Band::kModerate && changed)
      report->facts.push_back({Claim::kShowsKnownAltered, name, {}});
    if (match.regions.empty() && match.picture.has_features && findings.query_features >= kEnoughFeatures)
      report->facts.push_back({Claim::kHashOnly, name, {}});
  }
}

void AddGist(const copy::CopyFindings& findings, CheckReport* report) {
  if (findings.matches.empty()) return;
  const copy::CopyMatch& best = findings.matches.front();
  const std::string name = KnownName(best.picture);
  if (best.regions.empty())
    report->gist = Same(name);
  else
    report->gist = Fill({"{0} on {1} of the area", "{0}（面積比 {1}）"},
                        {Same(name), Same(Percent(best.regions.front().query_share))});
}

class CopyCheck : public Check {
 public:
  explicit CopyCheck(const copy::CopyDetector* detector) : detector_(detector) {}

  CheckReport Describe() const override { return DescribeCopy(0); }

  CheckReport Run(const Subject& subject) const override {
    const image::DecodedImage& decoded = *subject.decoded;
    auto findings = detector_->Find(decoded.pixels, decoded.original_width, decoded.original_height);
    if (!findings.ok()) {
      CheckReport report = Describe();
      report.error = findings.error();
      return report;
    }
    CopyView view;
    view.query = &decoded.pixels;
    view.sha256 = subject.sha256;
    view.full_width = decoded.original_width;
    view.full_height = decoded.original_height;
    view.preview = [this](std::int64_t picture_id) { return detector_->Preview(picture_id); };
    return ReportCopy(*findings, view);
  }

 private:
  const copy::CopyDetector* detector_;
};

}  // namespace

CheckReport DescribeCopy(std::int64_t library_pictures) {
  CheckReport report;
  report.key = "copy";
  report.name = {"Copy", "複製"};
  report.question = {"Is it a copy of a known picture?", "既知画像の複製か"};
  report.limits = {
      library_pictures > 0
          ? Fill(
                {"Only the {0} pictures of the library were compared; nothing is said about any other "
                 "picture.",
                 "照合の対象はライブラリに登録された {0} 点に限られ、それ以外の画像については何も述べない。"},
                {Same(Count(library_pictures))})
          : Text{"Only the pictures of the library can be compared; nothing is said about any other picture.",
                 "照合の対象はライブラリに登録された画像に限られ、それ以外の画像については何も述べない。"},
      {"A match does not tell which picture came first, nor whether its use was permitted.",
       "一致は、どちらの画像が先に作られたか、また利用が許諾されていたかを示すものではない。"},
      {"Another photograph of the same object or place is not a copy; very flat or blurred areas may not "
       "tell the two apart.",
       "同じ物や場所を写した別の写真は複製ではない。平坦またはぼけた部分では両者を区別できないことがある。"},
      {"Small regions, heavy distortion and redrawn pictures may be missed; known pictures of which only the "
       "hash is held can "
       "be found as a whole only.",
       "小さな領域、強い変形、描き直しは検出できないことがある。ハッシュのみ登録された既知画像は、全体の複製"
       "しか検出できない。"}};
  return report;
}

CheckReport ReportCopy(const copy::CopyFindings& findings, const CopyView& view) {
  CheckReport report = DescribeCopy(findings.library_pictures);
  report.band = findings.matches.empty() ? Band::kNone : findings.band;
  report.headline = Headline(findings);
  AddGist(findings, &report);

  const std::size_t told = std::min(findings.matches.size(), kMaxFigures);
  for (std::size_t i = 0; i < told; ++i)
    for (Text& ground : MatchGrounds(findings.matches[i], view.sha256))
      report.grounds.push_back(std::move(ground));
  if (findings.matches.size() > told)
    report.grounds.push_back(
        Fill({"{0} further matches are in the table.", "このほか {0} 件の一致を表に示す。"},
             {Same(std::to_string(findings.matches.size() - told))}));
  for (const copy::CopyMatch& match : findings.silenced)
    report.grounds.push_back(Fill({"A match with “{0}” does not count: it is in the ignore bank “{1}”.",
                                   "「{0}」との一致は、対象外バンク「{1}」の画像であるため判定に含めない。"},
                                  {Same(KnownName(match.picture)), Same(match.picture.bank)}));
  if (findings.library_pictures > 0 && findings.matches.empty()) {
    const int named = findings.candidates_pdq + findings.candidates_local + findings.candidates_descriptor;
    const Text what =
        named == 0
            ? Text{"Neither the hash nor the local features nor the descriptors pointed to a known picture.",
                   "ハッシュ、局所特徴、記述子のいずれからも候補は得られなかった。"}
            : Text{
                  "{0} candidates from the hash, {1} from local features and {3} from descriptors were "
                  "considered; {2} were compared in detail; none agreed well enough.",
                  "ハッシュによる候補 {0} 件、局所特徴による候補 {1} 件、記述子による候補 {3} 件のうち {2} "
                  "件を詳細に照合したが、十分な一致は認められなかった。"};
    report.grounds.push_back(Fill(
        what,
        {Same(std::to_string(findings.candidates_pdq)), Same(std::to_string(findings.candidates_local)),
         Same(std::to_string(findings.verified)), Same(std::to_string(findings.candidates_descriptor))}));
  }
  if (findings.missing_descriptors > 0)
    report.grounds.push_back(
        Fill({"{0} known pictures have no descriptor yet: 'kantei library reindex' makes them.",
              "既知画像 {0} 点には記述子がまだない（「kantei library reindex」で作成できる）。"},
             {Same(std::to_string(findings.missing_descriptors))}));
  if (findings.pdq_quality < kEnoughQuality)
    report.grounds.push_back(
        Fill({"The picture has little detail as a whole (PDQ quality {0} of 100): its hash means little.",
              "画像全体の濃淡変化が乏しく（PDQ 品質 {0}/100）、ハッシュの信頼性は低い。"},
             {Same(std::to_string(findings.pdq_quality))}));
  if (findings.query_features < kEnoughFeatures)
    report.grounds.push_back(
        Fill({"Only {0} local features were found: crops and collages would hardly be noticed.",
              "局所特徴が {0} 点しか得られず、切り抜きや合成を検出できる見込みは低い。"},
             {Same(std::to_string(findings.query_features))}));

  for (std::size_t i = 0; i < told; ++i) {
    Figure figure = DrawMatch(findings.matches[i], view);
    if (!figure.panels.empty()) report.exhibits.emplace_back(std::move(figure));
  }
  if (!findings.matches.empty())
    report.exhibits.emplace_back(MatchTable(findings.matches, {"Matches", "一致した既知画像"}));
  if (!findings.silenced.empty())
    report.exhibits.emplace_back(MatchTable(findings.silenced, {"Matches that do not count (ignore banks)",
                                                                "判定に含めない一致（対象外バンク）"}));
  AddFacts(findings, &report);

  Json& json = report.json;
  json["matches"] = Json::array();
  for (const copy::CopyMatch& match : findings.matches)
    json["matches"].push_back(MatchJson(match, view.sha256));
  json["silenced"] = Json::array();
  for (const copy::CopyMatch& match : findings.silenced)
    json["silenced"].push_back(MatchJson(match, view.sha256));
  json["candidates"] = {{"pdq", findings.candidates_pdq},
                        {"local", findings.candidates_local},
                        {"descriptor", findings.candidates_descriptor},
                        {"verified", findings.verified}};
  json["views"] = findings.views;
  json["missing_descriptors"] = findings.missing_descriptors;
  json["steps"] = Json::array();
  for (const copy::SearchStep& step : findings.steps)
    json["steps"].push_back({{"name", step.name},
                             {"candidates", step.candidates},
                             {"only_here", step.only_here},
                             {"confirmed", step.confirmed},
                             {"seconds", step.seconds}});
  json["library_pictures"] = findings.library_pictures;
  json["pdq"] = findings.pdq.ToHex();
  json["pdq_quality"] = findings.pdq_quality;
  json["query_features"] = findings.query_features;
  return report;
}

std::unique_ptr<Check> MakeCopyCheck(const copy::CopyDetector* detector) {
  return std::make_unique<CopyCheck>(detector);
}

}  // namespace kantei::inspect
