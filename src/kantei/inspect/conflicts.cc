#include <array>

#include "kantei/inspect/inspector.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

/// Two claims that do not fit together, and what to say then. {0}: what the first says, {1}: what the second
/// says.
struct Contradiction {
  Claim first, second;
  Text words;
};

const std::array<Contradiction, 13>& Contradictions() {
  static const std::array<Contradiction, 13> kTable = {{
      {Claim::kCamera,
       Claim::kDeclaresGenerated,
       {"The metadata name a camera ({0}), yet the file declares that a trained model made it ({1}).",
        "メタデータは撮影機材（{0}"
        "）を示しているが、同じファイルが学習済みモデルによる生成物であると申告している（{1}）。"}},
      {Claim::kCamera,
       Claim::kGeneratorComplete,
       {"The metadata name a camera ({0}), yet the file carries the full settings of an image generator "
        "({1}).",
        "メタデータは撮影機材（{0}）を示しているが、同じファイルに画像生成ソフトの設定一式（{1}"
        "）が残っている。"}},
      {Claim::kCamera,
       Claim::kGeneratorPartial,
       {"The metadata name a camera ({0}), yet the file carries traces of an image generator ({1}).",
        "メタデータは撮影機材（{0}）を示しているが、同じファイルに画像生成ソフトの痕跡（{1}）がある。"}},
      {Claim::kDeclaresCapture,
       Claim::kDeclaresGenerated,
       {"The file declares itself a camera capture ({0}) and also made by a trained model ({1}).",
        "ファイルは撮影画像であるとの申告（{0}）と、学習済みモデルによる生成物であるとの申告（{1}"
        "）を併せ持つ。"}},
      {Claim::kDeclaresCapture,
       Claim::kGeneratorComplete,
       {"The file declares itself a camera capture ({0}), yet carries the full settings of an image "
        "generator ({1}).",
        "ファイルは撮影画像であると申告している（{0}）が、画像生成ソフトの設定一式（{1}）が残っている。"}},
      {Claim::kDeclaresCapture,
       Claim::kGeneratorPartial,
       {"The file declares itself a camera capture ({0}), yet carries traces of an image generator ({1}).",
        "ファイルは撮影画像であると申告している（{0}）が、画像生成ソフトの痕跡（{1}）がある。"}},
      {Claim::kDeclaresCapture,
       Claim::kShowsKnownAltered,
       {"The file declares itself a camera capture ({0}), yet it shows the known picture “{1}” with parts "
        "that differ from it.",
        "ファイルは撮影画像であると申告している（{0}）が、既知画像「{1}"
        "」を含み、しかも内容の異なる部分がある。"}},
      {Claim::kShowsKnown,
       Claim::kDeclaresGenerated,
       {"The file declares itself made by a trained model ({1}), yet the evidence is strong that it shows "
        "the known picture “{0}”.",
        "ファイルは学習済みモデルによる生成物であると申告している（{1}）が、既知画像「{0}"
        "」を含むことを示す強い証拠がある。"}},
      {Claim::kShowsKnown,
       Claim::kGeneratorComplete,
       {"The file carries the settings of an image generator ({1}), yet the evidence is strong that it shows "
        "the known picture “{0}”.",
        "ファイルには画像生成ソフトの設定（{1}）が残っているが、既知画像「{0}"
        "」を含むことを示す強い証拠がある。"}},
      {Claim::kShowsKnown,
       Claim::kGeneratorPartial,
       {"The file carries traces of an image generator ({1}), yet the evidence is strong that it shows the "
        "known picture “{0}”.",
        "ファイルには画像生成ソフトの痕跡（{1}）があるが、既知画像「{0}」を含むことを示す強い証拠がある。"}},
      {Claim::kCamera,
       Claim::kRecordAgrees,
       {"The metadata name a camera ({0}), yet a record beside the picture says that it was generated ({1}).",
        "メタデータは撮影機材（{0}）を示しているが、画像に添えられた記録は生成物であると記している（{1}"
        "）。"}},
      {Claim::kDeclaresCapture,
       Claim::kRecordAgrees,
       {"The file declares itself a camera capture ({0}), yet a record beside it says that it was generated "
        "({1}).",
        "ファイルは撮影画像であると申告している（{0}）が、添えられた記録は生成物であると記している（{1}"
        "）。"}},
      {Claim::kShowsKnown,
       Claim::kRecordAgrees,
       {"A record beside the picture says that it was generated ({1}), yet the evidence is strong that it "
        "shows "
        "the known picture “{0}”.",
        "画像に添えられた記録は生成物であると記している（{1}）が、既知画像「{0}"
        "」を含むことを示す強い証拠がある。"}},
  }};
  return kTable;
}

const Fact* FindFact(const std::vector<CheckReport>& checks, Claim claim) {
  for (const CheckReport& check : checks)
    for (const Fact& fact : check.facts)
      if (fact.claim == claim) return &fact;
  return nullptr;
}

Text What(const Fact& fact) {
  const bool known_picture = fact.claim == Claim::kShowsKnown || fact.claim == Claim::kShowsKnownAltered;
  if (known_picture || fact.value.empty()) return Same(fact.source);
  return Fill({"{0}: {1}", "{0}: {1}"}, {Same(fact.source), Same(Shorten(fact.value, 120))});
}

}  // namespace

std::vector<Text> FindConflicts(const std::vector<CheckReport>& checks) {
  std::vector<Text> conflicts;
  for (const Contradiction& rule : Contradictions()) {
    const Fact* first = FindFact(checks, rule.first);
    const Fact* second = FindFact(checks, rule.second);
    if (first != nullptr && second != nullptr)
      conflicts.push_back(Fill(rule.words, {What(*first), What(*second)}));
  }
  if (const Fact* fact = FindFact(checks, Claim::kThumbnailDiffers))
    conflicts.push_back(Fill(
        {"The embedded thumbnail does not show the picture as it is now ({0}): the picture may have been "
         "changed after the thumbnail was made.",
         "埋め込みサムネイルが現在の画像と一致しない（{0}"
         "）。サムネイル作成後に画像が変更された可能性がある。"},
        {Same(fact->value)}));
  if (const Fact* fact = FindFact(checks, Claim::kRecordDiffers))
    conflicts.push_back(Fill(
        {"The record “{0}” beside the picture does not fit it: the picture or the record was changed, or "
         "they "
         "do not belong together.",
         "画像に添えられた記録「{0}」は画像と一致しない。画像または記録が変更されたか、対応しない組み合わせ"
         "である。"},
        {Same(fact->source)}));
  if (const Fact* fact = FindFact(checks, Claim::kHashOnly))
    conflicts.push_back(
        Fill({"The perceptual hash matches “{0}”, but the comparison of details does not confirm it.",
              "知覚ハッシュは「{0}」と一致するが、細部の照合では一致を確認できない。"},
             {Same(fact->source)}));
  return conflicts;
}

}  // namespace kantei::inspect
