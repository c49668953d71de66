#include "kantei/inspect/check_authenticity.h"

#include <algorithm>
#include <string_view>

#include "kantei/authenticity/softness.h"
#include "kantei/image/transform.h"
#include "kantei/inspect/trace_evidence.h"
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

/// Pictures larger than this are also read shrunk to it: tampering may show at either scale.
constexpr int kFittedSide = 1024;
constexpr int kLeastSide = 64;

class AuthenticityCheck : public Check {
 public:
  AuthenticityCheck(std::shared_ptr<const authenticity::ManipulationDetector> detector,
                    authenticity::AuthenticityProfile profile, const InspectOptions& options)
      : detector_(std::move(detector)), profile_(std::move(profile)), options_(options) {}

  CheckReport Describe() const override { return DescribeAuthenticity(); }

  CheckReport Run(const Subject& subject) const override {
    if (detector_ == nullptr) return ReportAuthenticity(*subject.earlier);
    PixelReading pixels;
    const Status read = Read(subject, &pixels);
    CheckReport report = ReportAuthenticity(*subject.earlier, pixels, profile_);
    if (!read.ok()) report.error = read.error();
    return report;
  }

 private:
  Status Read(const Subject& subject, PixelReading* pixels) const {
    const image::DecodedImage& shown = *subject.decoded;
    if (std::min(shown.original_width, shown.original_height) < kLeastSide) return {};
    image::Image native = shown.pixels;
    if (native.width() != shown.original_width || native.height() != shown.original_height) {
      KANTEI_TRY(image::DecodedImage whole,
                 image::DecodeImage(subject.file, "picture", {options_.limits, 0}));
      native = std::move(whole.pixels);
    }
    const auto add = [&](const char* name, image::Image picture) -> Status {
      picture = image::ToRgb(picture);
      KANTEI_TRY(authenticity::PixelFindings findings, detector_->Analyse(picture, options_.cancellation));
      const double softness = authenticity::Softness(picture);
      pixels->views.push_back({name, std::move(picture), std::move(findings), softness});
      return {};
    };
    const bool large = std::max(native.width(), native.height()) > kFittedSide;
    image::Image fitted = large ? image::ResizeToFit(native, kFittedSide) : image::Image();
    KANTEI_RETURN_IF_ERROR(add("native", std::move(native)));
    if (large && std::min(fitted.width(), fitted.height()) >= kLeastSide)
      KANTEI_RETURN_IF_ERROR(add("fitted", std::move(fitted)));
    const auto facts = authenticity::ReadJpegFacts(subject.file);
    KANTEI_TRY(pixels->traces,
               authenticity::FindTraces(pixels->views.front().picture, facts ? &*facts : nullptr, {},
                                        options_.cancellation));
    return {};
  }

  std::shared_ptr<const authenticity::ManipulationDetector> detector_;
  authenticity::AuthenticityProfile profile_;
  InspectOptions options_;
};

/// What the declarations say, which weighs more than pixels.
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
  return {"Undecided: the metadata declare no AI making, and the pixels were not analysed for it.",
          "判断を保留する。メタデータに AI 生成の申告はなく、画素の分析は行っていない。"};
}

Text PixelHeadline(Band band, bool too_soft) {
  if (too_soft && band == Band::kInconclusive)
    return {"Undecided: the picture is too soft, as if enlarged or blurred, for its pixels to be judged.",
            "判断を保留する。拡大またはぼかし処理を受けたように輪郭が甘く、画素からは判定できない。"};
  if (band == Band::kModerate)
    return {
        "There is moderate evidence in the pixels that the picture was made by a generator or changed in a "
        "part. "
        "The network that says so can be wrong.",
        "画素に、画像生成または部分的な改変を示す中程度の証拠がある。判定はネットワークによるものであり、誤り"
        "うる。"};
  if (band == Band::kInconclusive)
    return {"Undecided: the pixels show signs, but authentic pictures often show as many.",
            "判断を保留する。画素に兆候はあるが、真正な画像でも同程度の兆候はしばしば見られる。"};
  return {
      "The pixels show no signs of making or change that this network knows. That does not make the picture "
      "genuine.",
      "画素に、本ネットワークが知る生成・改変の兆候は見られない。ただし、画像が真正であることを示すものではな"
      "い。"};
}

}  // namespace

CheckReport DescribeAuthenticity() {
  CheckReport report;
  report.key = "authenticity";
  report.name = {"AI origin", "AI 生成・改変"};
  report.question = {"Was it made or changed by AI?", "AI による生成または改変か"};
  report.limits = {
      {"A file without declarations may well be made by AI, and a declaration may be forged or copied from "
       "another file.",
       "申告のないファイルが AI "
       "による生成物であることもあり、申告が偽造または転写されたものであることもある。"}};
  return report;
}

CheckReport ReportAuthenticity(const std::vector<CheckReport>& earlier, const PixelReading& pixels,
                               const authenticity::AuthenticityProfile& profile) {
  const std::vector<PixelView>& views = pixels.views;
  CheckReport report = DescribeAuthenticity();
  report.band = views.empty() ? Band::kInconclusive : Band::kNone;
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
  const bool declared = !declarations.empty();
  report.json["basis"] = views.empty() ? Json{"metadata"} : Json{"metadata", "pixels"};
  report.json["pixel_analysis"] = !views.empty();
  report.json["declarations"] = declarations;
  if (views.empty()) {
    report.limits.insert(report.limits.begin(),
                         {"Only declarations in the file were used; its pixels were not analysed.",
                          "判定はファイル内の申告のみに基づき、画素の分析は行っていない。"});
  } else {
    AddPixelEvidence(views, profile, &report);
    AddTraceEvidence(pixels.traces, views.front().picture, &report);
  }
  const bool too_soft = !views.empty() && profile.TooSoft(views.front().softness);
  report.headline = declared || views.empty() ? Headline(report.band, part && !whole)
                                              : PixelHeadline(report.band, too_soft);
  if (report.band == Band::kStrong)
    report.gist = part && !whole ? Text{"declared in part", "一部につき申告あり"}
                                 : Text{"declared by the file", "ファイルの申告"};
  else if (too_soft)
    report.gist = {"too soft to judge", "輪郭が甘く判定対象外"};
  else if (!views.empty())
    report.gist = Fill({"made {0}, edited {1}", "生成 {0}、改変 {1}"},
                       {Same(Percent(report.json["ai_made"]["probability"].get<double>())),
                        Same(Percent(report.json["edited"]["probability"].get<double>()))});
  else if (report.band == Band::kInconclusive)
    report.gist = {"pixels not analysed", "画素は未分析"};
  return report;
}

std::unique_ptr<Check> MakeAuthenticityCheck(
    std::shared_ptr<const authenticity::ManipulationDetector> detector,
    authenticity::AuthenticityProfile profile, const InspectOptions& options) {
  return std::make_unique<AuthenticityCheck>(std::move(detector), std::move(profile), options);
}

}  // namespace kantei::inspect
