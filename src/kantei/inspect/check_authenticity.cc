#include "kantei/inspect/check_authenticity.h"

#include <algorithm>
#include <string_view>

#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

/// How much each declaration weighs, and its name in the JSON. Declarations are words of the file: they can
/// be forged, and so the sentences say "declared".
struct Weight {
  Claim claim;
  Band band;
  std::string_view kind;
  Text words;  ///< {0}: where it stands, {1}: what it says
};

const std::vector<Weight>& Weights() {
  static const std::vector<Weight> kWeights = {
      {Claim::kDeclaresGenerated,
       Band::kStrong,
       "digital_source_type",
       {"{0} declares the picture as made by a trained model (“{1}”).",
        "{0} が、画像は学習済みモデルによる生成物であると申告している（「{1}」）。"}},
      {Claim::kDeclaresComposite,
       Band::kStrong,
       "digital_source_type",
       {"{0} declares the picture as partly made by a trained model (“{1}”).",
        "{0} が、画像の一部は学習済みモデルによる生成物であると申告している（「{1}」）。"}},
      {Claim::kGeneratorComplete,
       Band::kStrong,
       "generator_settings",
       {"Complete settings of an image generator are embedded ({1}; {0}): prompt, seed and sampler.",
        "画像生成ソフトの設定一式（プロンプト、シード、サンプラー）が埋め込まれている（{1}、{0}）。"}},
      {Claim::kGeneratorPartial,
       Band::kModerate,
       "generator_trace",
       {"Traces of an image generator are embedded ({1}; {0}).",
        "画像生成ソフトの痕跡が埋め込まれている（{1}、{0}）。"}},
  };
  return kWeights;
}

class AuthenticityCheck : public Check {
 public:
  CheckReport Describe() const override { return DescribeAuthenticity(); }
  CheckReport Run(const Subject& subject) const override { return ReportAuthenticity(*subject.earlier); }
};

Text Headline(Band band, bool only_parts) {
  if (band == Band::kStrong && only_parts)
    return {
        "The evidence is strong that parts of the picture were made by AI: the file itself declares it. "
        "Declarations can be "
        "forged.",
        "画像の一部が AI "
        "によって生成されたことを示す強い証拠がある。ただし、ファイル自身の申告に基づくものであり、申告は偽造"
        "できる。"};
  if (band == Band::kStrong)
    return {
        "The evidence is strong that the picture was made by AI: the file itself declares it. Declarations "
        "can be forged.",
        "AI "
        "によって生成されたことを示す強い証拠がある。ただし、ファイル自身の申告に基づくものであり、申告は偽造"
        "できる。"};
  if (band == Band::kModerate)
    return {
        "There is moderate evidence that an image generator took part: it left traces in the file. Traces "
        "can be forged.",
        "画像生成ソフトの関与を示す中程度の証拠（ファイル内の痕跡）がある。ただし、痕跡は偽造できる。"};
  return {"Undecided: the metadata declare no AI making, and this version does not analyse pixels for it.",
          "判断を保留する。メタデータに AI 生成の申告はなく、本バージョンは画素に基づく AI "
          "生成・改変の分析を行わない。"};
}

}  // namespace

CheckReport DescribeAuthenticity() {
  CheckReport report;
  report.key = "authenticity";
  report.name = {"AI origin", "AI 生成・改変"};
  report.question = {"Was it made or changed by AI?", "AI による生成または改変か"};
  report.limits = {
      {"Only declarations in the file were used. Pixels are not analysed for AI making in this version.",
       "判定はファイル内の申告のみに基づく。本バージョンでは、画素に基づく AI 生成・改変の分析を行わない。"},
      {"A file without declarations may well be made by AI, and a declaration may be forged or copied from "
       "another file.",
       "申告のないファイルが AI "
       "による生成物であることもあり、申告が偽造または転写されたものであることもある。"}};
  return report;
}

CheckReport ReportAuthenticity(const std::vector<CheckReport>& earlier) {
  CheckReport report = DescribeAuthenticity();
  report.band = Band::kInconclusive;
  Json declarations = Json::array();
  bool whole = false, part = false, could_read = false;
  for (const CheckReport& check : earlier)
    could_read = could_read || (check.key == "metadata" && !check.error);
  for (const Weight& weight : Weights()) {
    for (const CheckReport& check : earlier) {
      for (const Fact& fact : check.facts) {
        if (fact.claim != weight.claim) continue;
        report.band = std::max(report.band, weight.band);
        if (weight.claim == Claim::kDeclaresComposite)
          part = true;
        else if (weight.band == Band::kStrong)
          whole = true;
        report.grounds.push_back(Fill(weight.words, {Same(fact.source), Same(Shorten(fact.value, 160))}));
        declarations.push_back({{"kind", weight.kind}, {"source", fact.source}, {"value", fact.value}});
      }
    }
  }
  if (report.grounds.empty())
    report.grounds.push_back(
        could_read
            ? Text{"Neither XMP nor C2PA declares AI making, and no image generator left its settings.",
                   "XMP、C2PA のいずれにも AI 生成の申告はなく、画像生成ソフトの設定も残っていない。"}
            : Text{"The metadata could not be read, so there was nothing to go by.",
                   "メタデータを読み取れなかったため、判断の材料がない。"});
  report.headline = Headline(report.band, part && !whole);
  if (report.band == Band::kStrong)
    report.gist = part && !whole ? Text{"declared in part", "一部につき申告あり"}
                                 : Text{"declared by the file", "ファイルの申告"};
  else if (report.band == Band::kInconclusive)
    report.gist = {"pixels not analysed", "画素は未分析"};
  report.json["basis"] = {"metadata"};
  report.json["pixel_analysis"] = false;
  report.json["declarations"] = declarations;
  return report;
}

std::unique_ptr<Check> MakeAuthenticityCheck() {
  return std::make_unique<AuthenticityCheck>();
}

}  // namespace kantei::inspect
